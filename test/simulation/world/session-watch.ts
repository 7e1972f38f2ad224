/** Holds each step that the machine of each session takes against the rules that `refrain check` knows, while the whole server lives. */
import { sessionMachine } from "../../../machines/session.ts";
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import type { Observation } from "../../../src/session/observation.ts";
import type { SessionWatcher } from "../../../src/session/watching.ts";
import { asAnyModel, type Invariant } from "../../../src/testing/model/machine-model.ts";
import { Judge } from "../../../src/testing/model/judge.ts";
import { sessionModel } from "../../../src/testing/model/session-model.ts";
import { stepperOf } from "../../../src/testing/model/stepper.ts";

const stepper = stepperOf(sessionMachine);

export class SessionWatch {
  readonly #judge: Judge;
  readonly #problem: (rule: string, text: string) => void;
  #observation: Observation | undefined;

  /** `rules`: besides those of `refrain check`. */
  constructor(problem: (rule: string, text: string) => void, rules: readonly Invariant[] = []) {
    this.#judge = new Judge([...asAnyModel(sessionModel).invariants, ...rules]);
    this.#problem = problem;
  }

  /** Those of a server that has come back are others. */
  follow(observation: Observation): void {
    if (this.#observation === observation) return;
    this.#observation = observation;
    for (const { id } of observation.summaries()) this.#watch(id, (watcher) => observation.watch(id, watcher));
    observation.watchBegins((session) => this.#watch(session.id, (watcher) => session.watch(watcher)));
  }

  #watch(id: string, begin: (watcher: SessionWatcher) => { readonly snapshot: SessionSnapshot } | undefined): void {
    const nothing = (): void => undefined;
    let known: SessionSnapshot | undefined;
    const told = (_: unknown, event: SessionEvent, __: unknown, snapshot: SessionSnapshot): void => {
      if (known !== undefined) this.#check(id, known, event, snapshot);
      known = snapshot;
    };
    known = begin({ opened: nothing, received: nothing, ended: nothing, wrote: nothing, closed: nothing, told })?.snapshot;
  }

  #check(id: string, before: SessionSnapshot, event: SessionEvent, live: SessionSnapshot): void {
    // Told again without an actor: what it asks for is seen so, and that the actor came to the same.
    const step = stepper.tell(before, event);
    const breach = this.#judge.ofStep(step, 0);
    if (breach !== undefined) this.#problem(breach.invariant.name, `session ${id}, ${event.type} in ${JSON.stringify(before.value)}: ${breach.problem}`);
    const [there, here] = [live, step.after as SessionSnapshot].map(({ value, status }) => JSON.stringify({ value, status }));
    if (there !== here) this.#problem("A machine comes from the same state by the same event to the same", `session ${id}, ${event.type}: ${there}, and without an actor ${here}`);
  }
}
