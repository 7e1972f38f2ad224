/** A machine told one event at a time, without an actor: what became of it, what it asked for, which transitions it took. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition } from "xstate";
import { inertScope } from "../../../machines/inert-scope.ts";
import { transitionId } from "../../../machines/transition-id.ts";
import type { ModelStep } from "./machine-model.ts";

export interface Stepper {
  /** The start of a life. */
  readonly begin: (input: unknown) => ModelStep;
  readonly tell: (before: AnyMachineSnapshot, event: AnyEventObject) => ModelStep;
}

/** Is told of each microstep: the state before it, the event, and the transitions that were selected. */
export type MicrostepWitness = (before: AnyMachineSnapshot, event: AnyEventObject, transitions: readonly AnyTransitionDefinition[]) => void;

/**
 * Effects are what the machine emits, as it is; another action is an effect of the type that it is named by, with its `params`, and is
 * not carried out. An event that arrives after the end changes nothing. A machine that comes to no rest (`always` in a circle, events
 * that raise each other) has thrown; of what it did only the beginning is told.
 */
export function stepperOf(machine: AnyStateMachine, witness?: MicrostepWitness): Stepper {
  let effects: AnyEventObject[] = [];
  let taken: string[] = [];
  let microsteps = 0;
  let known: AnyMachineSnapshot | undefined;
  const scope = { ...inertScope(), actionExecutor: (action: Action) => void effects.push(effectOf(action)) };
  scope.system.inspect((inspected) => {
    if (inspected.type !== "@xstate.microstep") return;
    const { _transitions: transitions = [], event, snapshot } = inspected as unknown as Microstep;
    for (const transition of transitions) taken.push(nameOf(transition));
    if (known !== undefined) witness?.(known, event, transitions);
    known = snapshot;
    microsteps += 1;
    if (microsteps <= microstepsMax) return;
    const circle = [...new Set(taken.slice(-toldMax))].join(", ");
    effects = effects.slice(0, toldMax);
    taken = taken.slice(0, toldMax);
    throw new Error(`it comes to no rest: after ${microstepsMax} microsteps it still takes ${circle}`);
  });

  const step = (before: AnyMachineSnapshot | undefined, event: AnyEventObject | undefined, run: () => AnyMachineSnapshot): ModelStep => {
    effects = [];
    taken = [];
    microsteps = 0;
    known = before;
    const after = run();
    return { before, event, after, effects, taken };
  };

  return {
    begin: (input) => step(undefined, undefined, () => machine.getInitialSnapshot(scope as never, input as never) as AnyMachineSnapshot),
    tell: (before, event) => {
      if (before.status !== "active") return { before, event, after: before, effects: [], taken: [] };
      try {
        return step(before, event, () => machine.transition(before as never, event as never, scope as never) as AnyMachineSnapshot);
      } catch (error) {
        return { before, event, after: before, effects, taken, thrown: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** Of one event: what is not at rest by then will never be. XState itself has no bound. */
const microstepsMax = 1_000;
/** Effects and transitions that are told of a machine that comes to no rest. */
const toldMax = 20;

interface Action {
  readonly type: string;
  readonly params?: unknown;
}

interface Microstep {
  readonly event: AnyEventObject;
  readonly snapshot: AnyMachineSnapshot;
  /** XState marks them as its own, and its types do not have them. */
  readonly _transitions?: readonly AnyTransitionDefinition[];
}

function effectOf({ type, params }: Action): AnyEventObject {
  if (type === "xstate.emit") return (params as { readonly event: AnyEventObject }).event;
  return params === undefined ? { type } : { type, params };
}

const names = new WeakMap<AnyTransitionDefinition, string>();

/** `transitionId`, found out once for each transition. */
function nameOf(transition: AnyTransitionDefinition): string {
  let name = names.get(transition);
  if (name === undefined) names.set(transition, (name = transitionId(transition)));
  return name;
}
