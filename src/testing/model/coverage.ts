/** What was exercised: transitions, guards on both their sides, and which transition follows which. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import type { Exploration } from "./explore.ts";
import type { ModelStep } from "./machine-model.ts";
import { guardNameOf, hears, statesOf, transitionsOfMachine } from "./transitions.ts";
import type { Coverage } from "./verdict.ts";

export class CoverageRecord {
  readonly transitions: readonly string[];
  readonly #scripts = new Map<string, number>();
  readonly #exhaustive = new Set<string>();
  /** In a life of nothing but what a host could tell. */
  readonly #legal = new Set<string>();
  readonly #guards = new Map<AnyTransitionDefinition, { readonly id: string; held: boolean; failed: boolean }>();
  readonly #pairs = new Set<string>();
  readonly #nodes: readonly AnyStateNode[];
  readonly #candidates = new Map<string, readonly (readonly AnyTransitionDefinition[])[]>();
  #possible: ReadonlySet<string> | undefined;

  constructor(machine: AnyStateMachine) {
    const all = transitionsOfMachine(machine);
    this.transitions = [...all.keys()];
    for (const [id, transition] of all) {
      const name = guardNameOf(transition);
      if (name !== undefined) this.#guards.set(transition, { id: `${name} in ${id}`, held: false, failed: false });
    }
    this.#nodes = [machine.root as AnyStateNode, ...statesOf(machine)];
  }

  /** All that was taken, by anybody. */
  get taken(): ReadonlySet<string> {
    return new Set([...this.#exhaustive, ...this.#scripts.keys()]);
  }

  /** `illegal`: by event, whether no host tells it in that state. The first step is the start. */
  script(steps: readonly ModelStep[], illegal: readonly boolean[]): void {
    let last: string | undefined;
    for (const [index, step] of steps.entries()) {
      // What nothing answered makes no life another one.
      if (index > 0 && illegal[index - 1] === true && step.taken.length > 0) break;
      for (const id of step.taken) this.#legal.add(id);
    }
    const taken = steps.flatMap((step) => step.taken);
    for (const id of taken) {
      if (last !== undefined) this.#pairs.add(pairOf(last, id));
      last = id;
    }
    for (const id of new Set(taken)) this.#scripts.set(id, (this.#scripts.get(id) ?? 0) + 1);
  }

  exhaustive(exploration: Exploration): void {
    for (const { path, edges, illegal } of exploration.states.values()) {
      for (const { taken } of [...path, ...edges.map(({ step }) => step)]) for (const id of taken) this.#exhaustive.add(id);
      if (illegal) continue;
      for (const { taken } of [...path, ...edges.filter((edge) => !edge.illegal).map(({ step }) => step)]) for (const id of taken) this.#legal.add(id);
    }
    this.#possible = possiblePairs(exploration);
  }

  /**
   * A microstep: of the transitions that a state has for an event, those before the one that was selected have a guard that failed; so
   * have all where none was selected in it, nor in a state within it, for an inner state is asked first.
   */
  readonly microstep = ({ _nodes: nodes }: AnyMachineSnapshot, event: AnyEventObject, selected: readonly AnyTransitionDefinition[]): void => {
    for (const candidates of this.#guardedCandidates(event.type)) {
      const { source } = candidates[0]!;
      if (!nodes.includes(source as never)) continue;
      if (selected.some((transition) => transition.source !== source && isWithin(transition.source, source))) continue;
      for (const candidate of candidates) {
        const isSelected = selected.includes(candidate);
        const guard = this.#guards.get(candidate);
        if (guard !== undefined) guard[isSelected ? "held" : "failed"] = true;
        if (isSelected) break;
      }
    }
    for (const transition of selected) if (transition.eventType === "") this.#held(transition);
  };

  /** At rest: each eventless transition of the states that it is in has a guard that fails. */
  rest({ _nodes: nodes, status }: AnyMachineSnapshot): void {
    if (status !== "active") return;
    for (const { always = [] } of nodes) {
      for (const transition of always) {
        const guard = this.#guards.get(transition);
        if (guard !== undefined) guard.failed = true;
      }
    }
  }

  get coverage(): Coverage {
    const possible = this.#possible;
    const taken = possible === undefined ? this.#pairs.size : [...this.#pairs].filter((pair) => possible.has(pair)).length;
    return {
      transitions: this.transitions.map((id) => ({ id, scripts: this.#scripts.get(id) ?? 0, exhaustive: this.#exhaustive.has(id), legal: this.#legal.has(id) })),
      guards: [...this.#guards.values()].map(({ id, held, failed }) => ({ id, held, failed })),
      pairs: { taken, possible: possible?.size ?? 0 },
    };
  }

  #held(transition: AnyTransitionDefinition): void {
    const guard = this.#guards.get(transition);
    if (guard !== undefined) guard.held = true;
  }

  /** By state, in the order in which XState asks: those for exactly this event, then those for more, the longest name first. */
  #guardedCandidates(type: string): readonly (readonly AnyTransitionDefinition[])[] {
    const known = this.#candidates.get(type);
    if (known !== undefined) return known;
    const found = this.#nodes.map(({ transitions }) => {
      const names = [...transitions.keys()].filter((name) => hears(name, type)).toSorted((a, b) => b.length - a.length);
      const exact = names.filter((name) => name === type);
      return [...exact, ...names.filter((name) => name !== type)].flatMap((name) => transitions.get(name) ?? []);
    });
    const guarded = found.filter((candidates) => candidates.some(({ guard }) => guard !== undefined));
    this.#candidates.set(type, guarded);
    return guarded;
  }
}

/** Which transition can follow which, events between them that change nothing left out. */
function possiblePairs({ states }: Exploration): ReadonlySet<string> {
  const before = new Map<string, Set<string>>();
  const pairs = new Set<string>();
  const arrive = (key: string, id: string): void => {
    const known = before.get(key) ?? new Set();
    before.set(key, known);
    known.add(id);
  };
  for (const { key, path, edges } of states.values()) {
    if (path.length === 1 && path[0]!.taken.length > 0) arrive(key, path[0]!.taken.at(-1)!);
    for (const { step, to } of edges) if (step.taken.length > 0) arrive(to, step.taken.at(-1)!);
  }
  for (const { key, edges } of states.values()) {
    for (const { step } of edges) {
      const [first] = step.taken;
      if (first === undefined) continue;
      for (const last of before.get(key) ?? []) pairs.add(pairOf(last, first));
      step.taken.slice(1).forEach((id, index) => pairs.add(pairOf(step.taken[index]!, id)));
    }
  }
  return pairs;
}

const pairOf = (first: string, second: string): string => `${first} ${second}`;

function isWithin(node: AnyStateNode, whole: AnyStateNode): boolean {
  for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent) if (at === whole) return true;
  return false;
}
