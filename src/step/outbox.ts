/**
 * What is to leave for one peer, in order. Each text waits until the commit that it depends on is durable;
 * none overtakes an earlier one. What may leave is written at once, together.
 */
export class Outbox {
  readonly #write: (texts: readonly string[]) => void;
  readonly #onError: (error: unknown) => void;
  #texts: string[] = [];
  #tickets: number[] = [];
  /** The highest ticket in the queue: later texts wait at least as long. */
  #last = 0;
  #chars = 0;
  /** Texts that were pushed, and that have been written, since the beginning. */
  #pushed = 0;
  #written = 0;
  /** Oldest first. */
  #whenWritten: { readonly after: number; readonly task: () => void; readonly otherwise: (() => void) | undefined }[] = [];

  /** `onError` is told what `write`, or a task that waited for it, threw: one peer's trouble is nobody else's. */
  constructor(write: (texts: readonly string[]) => void, onError: (error: unknown) => void = rethrow) {
    this.#write = write;
    this.#onError = onError;
  }

  /** Characters that wait for a commit or for the end of the batch. */
  get waitingChars(): number {
    return this.#chars;
  }

  push(text: string, ticket: number): void {
    if (ticket > this.#last) this.#last = ticket;
    this.#texts.push(text);
    this.#tickets.push(this.#last);
    this.#chars += text.length;
    this.#pushed += 1;
  }

  /** Writes everything up to the first text whose commit is not yet durable. Returns whether anything is left. */
  flush(durable: number): boolean {
    if (this.#texts.length === 0) return false;
    if (this.#last <= durable) {
      const texts = this.#texts;
      this.#texts = [];
      this.#tickets = [];
      this.#chars = 0;
      this.#written = this.#pushed;
      this.#attempt(() => this.#write(texts));
      this.#runTasks();
      return false;
    }
    const ready = this.#tickets.findIndex((ticket) => ticket > durable);
    if (ready > 0) {
      const texts = this.#texts.splice(0, ready);
      this.#tickets.splice(0, ready);
      for (const { length } of texts) this.#chars -= length;
      this.#written += ready;
      this.#attempt(() => this.#write(texts));
      this.#runTasks();
    }
    return true;
  }

  /**
   * Runs `task` when everything pushed so far has been written: at once if it has been. Not at all if the outbox is cleared; `otherwise`
   * runs where what it waits for will never be durable.
   */
  whenWritten(task: () => void, otherwise?: () => void): void {
    if (this.#written === this.#pushed) task();
    else this.#whenWritten.push({ after: this.#pushed, task, otherwise });
  }

  #runTasks(): void {
    while (this.#whenWritten[0] !== undefined && this.#whenWritten[0].after <= this.#written) {
      const { task } = this.#whenWritten.shift()!;
      this.#attempt(task);
    }
  }

  /** Nothing of it will leave: what it waits for will never be durable. */
  fail(): void {
    const waiting = this.#whenWritten;
    this.clear();
    for (const { otherwise } of waiting) if (otherwise !== undefined) this.#attempt(otherwise);
  }

  /** Nothing of it will leave: the peer is gone. */
  clear(): void {
    this.#whenWritten = [];
    this.#written = this.#pushed;
    this.#last = 0;
    this.#texts = [];
    this.#tickets = [];
    this.#chars = 0;
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#onError(error);
    }
  }
}

function rethrow(error: unknown): never {
  throw error;
}
