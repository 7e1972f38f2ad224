/**
 * Every state that a machine can be in, up to what its guards and actions can tell apart, and everything that can be told in each:
 * found by `xstate/graph`, breadth first, so that the way to each state is a shortest one. Always the same for the same model.
 *
 * What a state does not answer is told too, though it leads nowhere: that nothing comes of it is a rule like others, and an answer that
 * only forbids (`{}`) is a transition as well.
 */
import type { ActorLogic, AnyEventObject } from "xstate";
import { getShortestPaths } from "xstate/graph";
import { defaults } from "./check-options.ts";
import { clockAfter } from "./clock.ts";
import type { AnyModel, ModelStep } from "./machine-model.ts";
import { live } from "./script.ts";
import { stepperOf, type Stepper } from "./stepper.ts";
import type { Script } from "./verdict.ts";
import { eventJson } from "./wary-model.ts";

/** One event in one state. */
export interface Edge {
  readonly step: ModelStep;
  /** The key of the state that it led to. */
  readonly to: string;
  /** No host tells it in that state. */
  readonly illegal: boolean;
}

export interface Reached {
  readonly key: string;
  readonly snapshot: Snapshot;
  /** A shortest way here. */
  readonly script: Script;
  readonly path: readonly ModelStep[];
  /** The way needs something that no host tells. */
  readonly illegal: boolean;
  readonly edges: readonly Edge[];
}

export interface Exploration {
  /** By key, in the order in which they were found. */
  readonly states: ReadonlyMap<string, Reached>;
  /** There are more states than were to be looked at. */
  readonly tooMany: boolean;
}

export interface ExploreOptions {
  /** States at most. Default: 2,000. */
  readonly statesMax?: number;
  /** Told how many states there are so far, now and then. */
  readonly onProgress?: (states: number) => void;
}

/** Throws where the same events lead elsewhere the second time: a machine that asks the clock, or chance, cannot be explored. */
export function explore(model: AnyModel, { statesMax = defaults.statesMax, onProgress }: ExploreOptions = {}, stepper = stepperOf(model.machine)): Exploration {
  const states = new Map<string, Reached>();
  let tooMany = false;
  const wanted = (count: number, key: string): boolean => {
    if (states.has(key)) return false;
    tooMany ||= states.size + count >= statesMax;
    onProgress?.(states.size + count);
    return !tooMany;
  };
  const at = clockAfter(model.startAt, { type: "" });
  let roots: readonly Root[] = model.starts.map(({ input }, start) => ({ snapshot: stepper.begin(input).after, script: { start, events: [] }, at, illegal: false }));
  // What a broken host tells leads on too, once all is known that a good one does.
  while (roots.length > 0) {
    const found = explorePart(model, stepper, roots, wanted);
    for (const reached of found) states.set(reached.key, reached);
    roots = found.flatMap(({ script, edges }) =>
      edges.filter(({ illegal, to }) => illegal && !states.has(to)).map(({ step }) => {
        const events = [...script.events, step.event!];
        return { snapshot: step.after, script: { ...script, events }, at: timeAfter(model, events), illegal: true };
      }));
  }
  return { states, tooMany };
}

/** Where a part of the graph begins, and the way there. */
interface Root {
  readonly snapshot: Snapshot;
  readonly script: Script;
  /** When the next event is told. */
  readonly at: number;
  readonly illegal: boolean;
}

type Snapshot = ModelStep["after"];

/** All states that legal events lead to from any of the roots; `wanted` is asked before one is looked into. */
function explorePart(model: AnyModel, stepper: Stepper, roots: readonly Root[], wanted: (count: number, key: string) => boolean): readonly Reached[] {
  const times = new WeakMap<object, number>(roots.map(({ snapshot, at }) => [snapshot, at]));
  const edges = new Map<object, Edge[]>();
  const visited = new Map<string, Snapshot>();
  const keys = new WeakMap<object, string>();
  const keyOf = (snapshot: Snapshot): string => {
    const known = keys.get(snapshot);
    if (known !== undefined) return known;
    const key = model.keyOf(snapshot);
    keys.set(snapshot, key);
    return key;
  };
  const tell = (before: Snapshot, event: AnyEventObject, illegal: boolean): Snapshot => {
    const step = stepper.tell(before, event);
    if (!times.has(step.after)) times.set(step.after, clockAfter(times.get(before)!, event));
    const known = edges.get(before) ?? [];
    edges.set(before, known);
    known.push({ step, to: keyOf(step.after), illegal });
    return step.after;
  };
  // A logic of its own: it begins with the choice of a root, what each event did is kept, and a machine that throws is no end of it.
  const choice = { status: "active" } as Snapshot;
  const logic = {
    config: {},
    transition: (before: Snapshot, event: AnyEventObject) => (before === choice ? roots[event["root"] as number]!.snapshot : tell(before, event, false)),
    getInitialSnapshot: () => choice,
    getPersistedSnapshot: () => choice,
  } as unknown as ActorLogic<Snapshot, AnyEventObject>;
  const paths = getShortestPaths(logic, {
    fromState: choice,
    serializeState: (snapshot) => (snapshot === choice ? "the choice of a root" : `state ${keyOf(snapshot)}`),
    serializeEvent: (event) => eventJson(model, event),
    events: (snapshot) => {
      if (snapshot === choice) return roots.map((_, root) => ({ type: "begin", root }));
      return snapshot.status === "active" ? model.events(snapshot, times.get(snapshot)!) : [];
    },
    stopWhen: (snapshot) => {
      if (snapshot === choice) return false;
      const key = keyOf(snapshot);
      const isWanted = wanted(visited.size, key);
      if (isWanted) visited.set(key, snapshot);
      return !isWanted;
    },
  });
  return paths.flatMap(({ state, steps }) => {
    if (state === choice) return [];
    const key = keyOf(state);
    const snapshot = visited.get(key);
    if (snapshot === undefined) return [];
    // The first of its steps is the choice, the second what was chosen.
    const root = roots[steps[1]!.event["root"] as number]!;
    const script = { start: root.script.start, events: [...root.script.events, ...steps.slice(2).map(({ event }) => event)] };
    const path = live(model, script, stepper);
    if (keyOf(path.at(-1)!.after) !== key) throw new Error(unsteady(model, key));
    if (snapshot.status === "active") for (const event of model.illegal?.(snapshot, times.get(snapshot)!) ?? []) tell(snapshot, event, true);
    return [{ key, snapshot, script, path, illegal: root.illegal, edges: edges.get(snapshot) ?? [] }];
  });
}

function timeAfter(model: AnyModel, events: readonly AnyEventObject[]): number {
  return events.reduce(clockAfter, clockAfter(model.startAt, { type: "" }));
}

function unsteady({ name }: AnyModel, key: string): string {
  return `${name}: the same events led to ${key} once, and elsewhere the second time; let time and chance arrive in events`;
}
