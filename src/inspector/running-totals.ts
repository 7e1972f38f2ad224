/** Totals of the server since its start: each epoch begins to count anew. */
import type { Observation, Totals } from "../session/observation.ts";

const nothing: Totals = { sessions: 0, told: 0, loginFailures: {} };

export class RunningTotals {
  /** Of the epochs that are over, as far as they were looked at. */
  #before = nothing;
  #of: Observation | undefined;

  now(observation: Observation | undefined): Totals {
    this.follow(observation);
    const now = observation?.totals() ?? nothing;
    return { ...sum(this.#before, now), sessions: now.sessions };
  }

  /** From now on; of the epoch before nothing is kept but its numbers. */
  follow(observation: Observation | undefined): void {
    if (observation === this.#of) return;
    if (this.#of !== undefined) this.#before = sum(this.#before, this.#of.totals());
    this.#of = observation;
  }
}

function sum(a: Totals, b: Totals): Totals {
  const loginFailures = { ...a.loginFailures };
  for (const [reason, count] of Object.entries(b.loginFailures)) loginFailures[reason] = (loginFailures[reason] ?? 0) + count;
  return { sessions: a.sessions + b.sessions, told: a.told + b.told, loginFailures };
}
