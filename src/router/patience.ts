/** How long anybody waits for what an extension has promised: one that does not keep it must not hold a client for ever. */
import { extensionAnswerMs } from "../domain/limits.ts";
import type { Clock, Timer } from "../ports.ts";

export class Patience {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles as `promised` does, if that is within `extensionAnswerMs`; else as `late` says, and what comes of `promised` then is ignored. */
  within<Value>(promised: Promise<Value>, late: () => Value): Promise<Value> {
    if (this.#isOver) return promised;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(this.#clock.now() + extensionAnswerMs, () => {
        this.#timers.delete(timer);
        resolve(late());
      });
      this.#timers.add(timer);
      promised.then(resolve, reject).finally(() => {
        timer.cancel();
        this.#timers.delete(timer);
      });
    });
  }

  /** Nobody is told any more that something is late. */
  end(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
