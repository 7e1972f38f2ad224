/** Totals of the server since its start: each epoch begins to count events anew. */
import type { Observation, Totals } from "../session/observation.ts";

const nothing: Totals = { sessions: 0, told: 0, loginFailures: {} };

export class RunningTotals {
  /** Events of the epochs that are over, as far as they were looked at. */
  #toldBefore = 0;
  #of: Observation | undefined;
  /** Of the epoch that was looked at last: between two, what has been counted until then is still told. */
  #last = nothing;

  now(observation: Observation | undefined): Totals {
    this.follow(observation);
    this.#last = observation?.totals() ?? { ...this.#last, sessions: 0, told: 0 };
    return { ...this.#last, told: this.#toldBefore + this.#last.told };
  }

  /** From now on; of the epoch before nothing is kept but its numbers. */
  follow(observation: Observation | undefined): void {
    if (observation === this.#of) return;
    if (this.#of !== undefined) {
      this.#last = this.#of.totals();
      this.#toldBefore += this.#last.told;
    }
    this.#of = observation;
  }
}
