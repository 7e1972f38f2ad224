/** The generated part of a check: scripts are run until one of them breaks a rule, which is then made as short as it can be. */
import fc from "fast-check";
import type { CheckOptions } from "./check-options.ts";
import type { CoverageRecord } from "./coverage.ts";
import type { Breach, Judge } from "./judge.ts";
import type { AnyModel } from "./machine-model.ts";
import { minimised } from "./minimise.ts";
import { scriptArbitrary, type LivedScript } from "./script.ts";
import type { Stepper } from "./stepper.ts";
import type { Counterexample } from "./verdict.ts";

/** Asked before each script. "stop": what was run so far is all. */
export type Turn = () => "stop" | undefined | Promise<"stop" | undefined>;

export interface ScriptsOrder {
  readonly model: AnyModel;
  readonly stepper: Stepper;
  readonly judge: Judge;
  readonly record: CoverageRecord;
  readonly options: CheckOptions & { readonly runs: number };
}

export interface Ran {
  readonly runs: number;
  readonly events: number;
  readonly illegalEvents: number;
  readonly seed: number;
  readonly interrupted: boolean;
  readonly counterexample: Counterexample | undefined;
}

/** Scripts between two words of progress. */
const progressEvery = 50;

export function runScripts(order: ScriptsOrder): Ran {
  const round = new Round(order);
  return round.end(fc.check(fc.property(round.scripts, round.holds), round.parameters));
}

/** The same scripts. */
export async function runScriptsInTurns(order: ScriptsOrder, turn: Turn): Promise<Ran> {
  const round = new Round(order);
  const holds = async (script: LivedScript): Promise<boolean> => {
    if ((await turn()) === "stop") throw new fc.PreconditionFailure(true);
    return round.holds(script);
  };
  return round.end(await fc.check(fc.asyncProperty(round.scripts, holds), round.parameters));
}

class Round {
  readonly scripts: fc.Arbitrary<LivedScript>;
  readonly parameters: fc.Parameters<[LivedScript]>;
  readonly #order: ScriptsOrder;
  readonly #ran = { runs: 0, events: 0, illegalEvents: 0 };
  #hasFailed = false;
  #wrong: { readonly error: unknown } | undefined;

  constructor(order: ScriptsOrder) {
    const { runs, seed, path, maxLength } = order.options;
    this.#order = order;
    this.scripts = scriptArbitrary(order.model, maxLength === undefined ? {} : { maxLength }, order.stepper);
    this.parameters = { numRuns: runs, ...(seed === undefined ? {} : { seed }), ...(path === undefined ? {} : { path }) };
  }

  readonly holds = (script: LivedScript): boolean => {
    const { judge } = this.#order;
    // A rule that is wrong is wrong in a smaller script too.
    if (this.#wrong !== undefined) return true;
    let breach: Breach | undefined;
    try {
      breach = judge.ofScript(script.steps);
    } catch (error) {
      this.#wrong = { error };
      return false;
    }
    // Those that follow only make it smaller.
    if (!this.#hasFailed) this.#count(script);
    this.#hasFailed ||= breach !== undefined;
    judge.counting = !this.#hasFailed;
    return breach === undefined;
  };

  end(details: fc.RunDetails<[LivedScript]>): Ran {
    const { model, stepper, judge } = this.#order;
    if (this.#wrong !== undefined) throw this.#wrong.error;
    const ran = { ...this.#ran, seed: details.seed, interrupted: details.interrupted };
    const failing = details.counterexample?.[0];
    if (failing === undefined) return { ...ran, counterexample: undefined };
    const { breach, events, steps, removals } = minimised(model, stepper, failing, (steps) => judge.ofScript(steps));
    return {
      ...ran,
      counterexample: {
        invariant: breach.invariant,
        problem: breach.problem,
        script: { start: failing.start, events },
        steps,
        seed: details.seed,
        path: details.counterexamplePath ?? "",
        runs: ran.runs,
        shrinks: details.numShrinks + removals,
      },
    };
  }

  #count({ steps, events, illegal }: LivedScript): void {
    const { record, options: { runs, onProgress } } = this.#order;
    const ran = this.#ran;
    ran.runs += 1;
    ran.events += events.length;
    ran.illegalEvents += illegal.filter(Boolean).length;
    record.script(steps, illegal);
    for (const { after } of steps) record.rest(after);
    if (ran.runs % progressEvery === 0) onProgress?.({ phase: "scripts", done: ran.runs, total: runs });
  }
}
