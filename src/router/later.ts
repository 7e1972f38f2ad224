/** What is to be done after a while: work that no input leads to. It is in memory alone, so nothing of it is there after the next start. */
import type { Clock, Log, Timer } from "../ports.ts";
import type { Batch, Step } from "../step/batch.ts";

export interface LaterOptions {
  readonly batch: Batch;
  readonly clock: Clock;
  readonly log: Log;
}

export class Later {
  readonly #options: LaterOptions;
  readonly #timers = new Set<Timer>();
  #isOver = false;

  constructor(options: LaterOptions) {
    this.#options = options;
  }

  /** Does the work in a step of its own, `delayMs` after this one; not at all if this one fails. Returns the way to call it off. */
  after(step: Step, delayMs: number, work: (step: Step) => void): () => void {
    if (this.#isOver) return () => undefined;
    const { id: cause, at } = step;
    const callOff = (): void => {
      timer.cancel();
      this.#timers.delete(timer);
    };
    const timer = this.#options.clock.at(at + delayMs, () => {
      this.#timers.delete(timer);
      this.#run(cause, work);
    });
    this.#timers.add(timer);
    step.ifDiscarded(callOff);
    return callOff;
  }

  /** Nothing more is done. */
  end(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #run(cause: string, work: (step: Step) => void): void {
    const { batch, log } = this.#options;
    if (batch.failed) return;
    try {
      batch.run(cause, work);
    } catch (error) {
      log.error({ err: error }, "what was to be done later could not be done");
    }
  }
}
