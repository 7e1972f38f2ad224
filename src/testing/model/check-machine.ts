/** Everything that is known of a machine, held against everything that it can be told: exhaustively, then by generated scripts. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { defaults, requireOptions, type CheckOptions } from "./check-options.ts";
import { CoverageRecord } from "./coverage.ts";
import { explore, type Exploration } from "./explore.ts";
import { Judge, type Breach } from "./judge.ts";
import { asAnyModel, type AnyModel, type Invariant, type MachineModel } from "./machine-model.ts";
import { modelOf, type AboutMachine, type InvariantOf } from "./model-of.ts";
import { runScripts, runScriptsInTurns, type Ran, type Turn } from "./run-scripts.ts";
import { live, type LivedScript } from "./script.ts";
import { stepperOf, type Stepper } from "./stepper.ts";
import type { Counterexample, Script, Verdict } from "./verdict.ts";
import { requireModel, requireRules, waryModel } from "./wary-model.ts";
import { problemsOf } from "./ways.ts";

/**
 * Checks a model: `sessionModel`, `subscriptionModel`, `roomModel`, one with another machine in it (`{ ...sessionModel, machine }`), or one of your own.
 * `invariants` are held besides the model's own.
 *
 * Throws TypeError or RangeError for options, a model or rules that make no sense, nothing being said of the machine then: what was
 * wrong, what it was, and what it can be. A rule that answers neither a sentence nor nothing is such a one.
 */
export function checkMachine<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  model: MachineModel<Snapshot, Event, Effect>,
  invariants?: readonly Invariant<Snapshot, Event, Effect>[],
  options?: CheckOptions,
): Verdict;
/** Checks any machine; `options` say what it can be told. Effects are what it emits, other actions by name. */
export function checkMachine<Machine extends AnyStateMachine>(
  machine: Machine,
  invariants?: readonly InvariantOf<Machine>[],
  options?: CheckOptions & AboutMachine<Machine>,
): Verdict;
export function checkMachine(
  modelOrMachine: AnyModel | AnyStateMachine,
  invariants: readonly Invariant[] = [],
  options: CheckOptions & AboutMachine<AnyStateMachine> = {},
): Verdict {
  requireOptions(options);
  return check(waryModel(anyModelOf(modelOrMachine, invariants, options)), options);
}

/** A script in a model again: what became of it, and the rule that it breaks. Throws TypeError for a model or rules that make no sense. */
export function replayScript<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  model: MachineModel<Snapshot, Event, Effect>,
  script: Script,
): { readonly steps: LivedScript["steps"]; readonly breach: Breach | undefined } {
  const wary = waryModel(anyModelOf(asAnyModel(model), [], {}));
  const steps = live(wary, script);
  return { steps, breach: new Judge(wary.invariants).ofScript(steps) };
}

/** The model that is checked: the one given, or one made of the machine. Throws TypeError where it or a rule makes no sense. */
export function anyModelOf(modelOrMachine: AnyModel | AnyStateMachine, invariants: readonly Invariant[], about: AboutMachine<AnyStateMachine>): AnyModel {
  requireRules(invariants);
  requireModel(modelOrMachine);
  if (!("machine" in modelOrMachine)) return asAnyModel(modelOf(modelOrMachine, invariants as readonly InvariantOf<AnyStateMachine>[], about));
  return { ...modelOrMachine, invariants: [...modelOrMachine.invariants, ...invariants] };
}

function check(model: AnyModel, options: CheckOptions): Verdict {
  const begun = begin(model, options);
  return verdictOf(begun, wantsScripts(begun) ? runScripts(begun) : noScripts(begun));
}

/**
 * `checkMachine` for who has to do something else meanwhile: `turn` is asked before each script, and may take its time. Once it answers "stop",
 * the verdict is of the scripts until then, and says so.
 */
export async function checkInTurns(modelGiven: AnyModel, options: CheckOptions, turn: Turn): Promise<Verdict> {
  requireOptions(options);
  const begun = begin(waryModel(anyModelOf(modelGiven, [], {})), options);
  return verdictOf(begun, wantsScripts(begun) ? await runScriptsInTurns(begun, turn) : noScripts(begun));
}

/** A check whose exhaustive part is done. */
interface Begun {
  readonly model: AnyModel;
  readonly stepper: Stepper;
  readonly judge: Judge;
  readonly record: CoverageRecord;
  readonly found: Explored | undefined;
  readonly options: CheckOptions & Required<Pick<CheckOptions, keyof typeof defaults>>;
}

function begin(model: AnyModel, asked: CheckOptions): Begun {
  const options = { ...defaults, ...given(asked) };
  const record = new CoverageRecord(model.machine);
  const stepper = stepperOf(model.machine, record.microstep);
  const judge = new Judge(model.invariants);
  return { model, stepper, judge, record, options, found: options.exhaustive ? exploreAndJudge(model, stepper, judge, record, options) : undefined };
}

function wantsScripts({ found, options }: Begun): boolean {
  return found?.counterexample === undefined && options.runs > 0;
}

function noScripts({ options: { seed = 0 } }: Begun): Ran {
  return { runs: 0, events: 0, illegalEvents: 0, seed, interrupted: false, counterexample: undefined };
}

function verdictOf({ model, judge, record, found, options }: Begun, scripts: Ran): Verdict {
  const { exhaustive, runs, maxLength, statesMax, onProgress } = options;
  const counterexample = found?.counterexample ?? scripts.counterexample;
  const problems = found === undefined || counterexample !== undefined ? [] : problemsOf(model, found.exploration, record.transitions, record.taken);
  onProgress?.({ phase: "scripts", done: scripts.runs, total: runs });
  return {
    machine: model.name,
    ok: counterexample === undefined && problems.length === 0,
    seed: scripts.seed,
    runs: scripts.runs,
    events: scripts.events,
    illegalEvents: scripts.illegalEvents,
    asked: { runs, maxLength, exhaustive, statesMax },
    states: found?.exploration.states.size ?? 0,
    steps: found?.steps ?? 0,
    cutShort: found?.exploration.tooMany ?? false,
    invariants: judge.invariants.map(({ name, source, when }, index) => ({
      name,
      ...(source === undefined ? {} : { source }),
      checked: judge.checked[index]!,
      counts: when === undefined && index > 0 ? "asked" : "applied",
    })),
    coverage: record.coverage,
    ...(counterexample === undefined ? {} : { counterexample }),
    ...(scripts.interrupted ? { interrupted: true } : {}),
    problems,
  };
}

/** Without what is there and undefined, as JavaScript may have it. */
function given(options: CheckOptions): CheckOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

interface Explored {
  readonly exploration: Exploration;
  readonly steps: number;
  readonly counterexample: Counterexample | undefined;
}

function exploreAndJudge(model: AnyModel, stepper: Stepper, judge: Judge, record: CoverageRecord, options: CheckOptions): Explored {
  const { statesMax, onProgress, seed = 0 } = options;
  const exploration = explore(
    model,
    { ...(statesMax === undefined ? {} : { statesMax }), ...(onProgress === undefined ? {} : { onProgress: (done) => onProgress({ phase: "states", done }) }) },
    stepper,
  );
  record.exhaustive(exploration);
  let steps = 0;
  let counterexample: Counterexample | undefined;
  for (const { script, path, snapshot, edges } of exploration.states.values()) {
    record.rest(snapshot);
    // The last step on the way to a state was an event in the state before: only a start has none.
    const starts = path.length === 1 ? [{ lived: path, events: script.events }] : [];
    for (const { lived, events } of [...starts, ...edges.map(({ step }) => ({ lived: [...path, step], events: [...script.events, step.event!] }))]) {
      steps += 1;
      const last = lived.length - 1;
      const { before, taken } = lived[last]!;
      // An event that nothing answers adds nothing to a life.
      const changes = before === undefined || taken.length > 0;
      const breach = judge.ofStep(lived[last]!, last) ?? (changes ? judge.ofLife(lived, last) : undefined);
      if (breach === undefined) continue;
      const better = counterexample === undefined || events.length < counterexample.script.events.length;
      if (better) counterexample = { invariant: breach.invariant, problem: breach.problem, script: { start: script.start, events }, steps: lived, seed, path: "", runs: 0, shrinks: 0 };
    }
  }
  return { exploration, steps, counterexample };
}

