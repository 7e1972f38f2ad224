/** The live clock with a hand that can be moved on, so that nobody waits for a deadline of minutes. */
import { liveClock } from "../../src/live.ts";
import type { Clock, Timer } from "../../src/ports.ts";

interface Armed {
  readonly deadline: number;
  readonly task: () => void;
  readonly keepAlive: boolean;
  live: Timer;
}

export class HandClock implements Clock {
  #offsetMs = 0;
  readonly #armed = new Set<Armed>();

  now(): number {
    return liveClock.now() + this.#offsetMs;
  }

  at(deadline: number, task: () => void, keepAlive = false): Timer {
    const armed: Armed = { deadline, task, keepAlive, live: { cancel: () => undefined } };
    this.#armed.add(armed);
    this.#arm(armed);
    return {
      cancel: () => {
        armed.live.cancel();
        this.#armed.delete(armed);
      },
    };
  }

  soon(task: () => void): void {
    liveClock.soon(task);
  }

  /** Time passes: whatever is due meanwhile runs now, in the order of the deadlines. */
  forward(ms: number): void {
    this.#offsetMs += ms;
    for (const armed of this.#armed) armed.live.cancel();
    const due = [...this.#armed].filter(({ deadline }) => deadline <= this.now()).toSorted((a, b) => a.deadline - b.deadline);
    for (const armed of due) if (this.#armed.has(armed)) this.#run(armed);
    for (const armed of this.#armed) this.#arm(armed);
  }

  #arm(armed: Armed): void {
    armed.live.cancel();
    armed.live = liveClock.at(armed.deadline - this.#offsetMs, () => this.#run(armed), armed.keepAlive);
  }

  #run(armed: Armed): void {
    this.#armed.delete(armed);
    armed.live.cancel();
    armed.task();
  }
}
