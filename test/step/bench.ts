/** A batch whose store and turns are in the test's hands: commits end when the test says so, turns of the event loop too. */
import type { Append, Clock, Ids, Store } from "../../src/ports.ts";
import { Batch } from "../../src/step/batch.ts";
import { Outbox } from "../../src/step/outbox.ts";

export interface Commit {
  readonly facts: readonly Append[];
  resolve(): Promise<void>;
  reject(error: Error): Promise<void>;
}

export class Bench {
  /** Every commit that was begun, the oldest first. */
  readonly commits: Commit[] = [];
  readonly failures: Error[] = [];
  readonly pressures: boolean[] = [];
  readonly batch: Batch;
  /** Milliseconds since 1970. */
  now = 1_000;
  readonly #turns: (() => void)[] = [];
  readonly #timers = new Set<{ readonly deadline: number; readonly task: () => void }>();
  #ids = 0;

  constructor() {
    this.batch = new Batch({
      store: this.#store,
      clock: this.#clock,
      ids: this.#names,
      onFailed: (error) => this.failures.push(error),
      onPressure: (high) => this.pressures.push(high),
    });
  }

  /** The commit that is under way. */
  get commit(): Commit {
    const commit = this.commits.at(-1);
    if (commit === undefined) throw new Error("no commit was begun");
    return commit;
  }

  outbox(): { readonly outbox: Outbox; readonly written: string[] } {
    const written: string[] = [];
    return { outbox: new Outbox((texts) => written.push(texts.join(""))), written };
  }

  /** The end of this turn of the event loop. */
  turn(): void {
    for (const task of this.#turns.splice(0)) task();
  }

  wait(ms: number): void {
    this.now += ms;
    for (const timer of this.#timers) {
      if (timer.deadline <= this.now && this.#timers.delete(timer)) timer.task();
    }
  }

  readonly #store: Pick<Store, "appendMany"> = {
    appendMany: (facts) =>
      new Promise((resolve, reject) => {
        this.commits.push({
          facts,
          resolve: async () => {
            resolve({ position: 1 });
            await settled();
          },
          reject: async (error) => {
            reject(error);
            await settled();
          },
        });
      }),
  };

  readonly #clock: Clock = {
    now: () => this.now,
    at: (deadline, task) => {
      const timer = { deadline, task };
      this.#timers.add(timer);
      return { cancel: () => void this.#timers.delete(timer) };
    },
    soon: (task) => void this.#turns.push(task),
  };

  readonly #names: Ids = { next: () => `step-${++this.#ids}` };
}

/** Everything that follows from a promise at once has run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export const fact = (name: string) => ({ type: "Happened", v: 1, data: { name } });
