/** Work of many that is done piece by piece: one piece of each at a time, few at once in all, the others in their order. */
export class Turns<Worker extends string | object> {
  readonly #atOnce: number;
  readonly #work: (worker: Worker) => Promise<boolean>;
  readonly #waiting = new Set<Worker>();
  /** Those that are at work, and whether they have more to do by what was said meanwhile. */
  readonly #working = new Map<Worker, boolean>();

  /** `work` does the next piece of one, and resolves to whether there is more. It must not reject. */
  constructor(atOnce: number, work: (worker: Worker) => Promise<boolean>) {
    this.#atOnce = atOnce;
    this.#work = work;
  }

  /** It has something to do: at its next turn, of which it has one however often this is said. */
  wake(worker: Worker): void {
    if (this.#working.has(worker)) this.#working.set(worker, true);
    else this.#waiting.add(worker);
    this.#fill();
  }

  #fill(): void {
    for (const worker of this.#waiting) {
      if (this.#working.size >= this.#atOnce) return;
      this.#waiting.delete(worker);
      this.#working.set(worker, false);
      void this.#do(worker);
    }
  }

  async #do(worker: Worker): Promise<void> {
    const hasMore = await this.#work(worker);
    if (this.#working.get(worker) === true || hasMore) this.#waiting.add(worker);
    this.#working.delete(worker);
    this.#fill();
  }
}
