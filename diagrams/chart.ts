/**
 * A machine as plain data: its states and transitions, read from an XState machine object and nothing else.
 * Mermaid, the picture and the page are all drawn from this, so they cannot tell different stories.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { transitionId } from "../machines/transition-id.ts";

export interface Chart {
  /** The machine's id. */
  readonly id: string;
  /** In document order, the root first. */
  readonly states: readonly ChartState[];
  /** In document order; for one event of one state the first whose guard holds is taken. */
  readonly transitions: readonly ChartTransition[];
}

export type StateKind = "atomic" | "compound" | "parallel" | "final" | "history";

export interface ChartState {
  /** Keys from the root, joined by dots; the root's is "". */
  readonly path: string;
  readonly key: string;
  /** Path of the state around it; null for the root. */
  readonly parent: string | null;
  readonly kind: StateKind;
  /** Path of the state that is entered first; null where nothing is nested, or all is (parallel). */
  readonly initial: string | null;
  readonly tags: readonly string[];
  readonly description: string | null;
  /** Names of the actions on entry and on exit. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

export interface ChartTransition {
  /** The same name as a running machine tells of it, and no other transition's. */
  readonly id: string;
  readonly source: string;
  /** Empty string: taken without an event (`always`). */
  readonly event: string;
  readonly guard: string | null;
  /** No guard of its own, but others are asked before it. */
  readonly otherwise: boolean;
  readonly actions: readonly string[];
  /** Empty for an internal transition: the state is not left. */
  readonly targets: readonly string[];
  /** The source is left and entered again even where the target is the source itself or lies inside it. */
  readonly reenter: boolean;
  /** Does nothing at all: the event is expected here, and ignored. */
  readonly ignored: boolean;
}

export function chartOf(machine: AnyStateMachine): Chart {
  const nodes = descendants(machine.root);
  return { id: machine.id, states: nodes.map(stateOf), transitions: nodes.flatMap(transitionsOf) };
}

/** The states directly inside `path`. */
export function childrenOf(chart: Chart, path: string): readonly ChartState[] {
  return chart.states.filter((state) => state.parent === path);
}

/** Whether `path` lies inside `ancestor`, at any depth. Nothing lies inside itself. */
export function isInside(path: string, ancestor: string): boolean {
  return path !== ancestor && (ancestor === "" || path.startsWith(`${ancestor}.`));
}

/** Every event that some state has an answer to, in document order. */
export function eventsOf(chart: Chart): readonly string[] {
  return [...new Set(chart.transitions.map((transition) => transition.event))].filter((event) => event !== "");
}

function descendants(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(descendants)];
}

function stateOf(node: AnyStateNode): ChartState {
  const first = node.type === "compound" ? node.initial?.target?.[0] : undefined;
  return {
    path: pathOf(node),
    key: node.key,
    parent: node.parent === undefined ? null : pathOf(node.parent),
    kind: node.type,
    initial: first === undefined ? null : pathOf(first),
    tags: [...node.tags],
    description: node.description ?? null,
    // Not node.entry: XState adds to that the timers of `after`, which are transitions here.
    entry: [node.config.entry ?? []].flat().map(nameOf),
    exit: [node.config.exit ?? []].flat().map(nameOf),
  };
}

function transitionsOf(node: AnyStateNode): ChartTransition[] {
  const answers: (readonly [string, AnyStateNode["always"]])[] = [["", node.always], ...node.transitions];
  return answers.flatMap(([event, candidates]) =>
    (candidates ?? []).map((candidate, at): ChartTransition => {
      const targets = (candidate.target ?? []).map(pathOf);
      return {
        id: transitionId(candidate),
        source: pathOf(node),
        event,
        guard: candidate.guard === undefined ? null : guardName(candidate.guard),
        otherwise: candidate.guard === undefined && at > 0,
        actions: candidate.actions.map(nameOf),
        targets,
        reenter: candidate.reenter === true,
        ignored: targets.length === 0 && candidate.actions.length === 0,
      };
    }),
  );
}

function pathOf(node: AnyStateNode): string {
  return node.path.join(".");
}

/** A string, `{ type }`, a built-in (a function with a type), or a function written in place. */
function nameOf(thing: unknown): string {
  if (typeof thing === "string") return thing;
  const { type, name } = thing as { readonly type?: unknown; readonly name?: unknown };
  if (typeof type === "string") return type;
  return typeof name === "string" && name !== "" ? name : "anonymous";
}

/** `and([…])`, `or([…])` and `not(…)` are functions that carry the guards they combine. */
function guardName(guard: unknown): string {
  const parts = (guard as { readonly guards?: readonly unknown[] }).guards;
  return parts === undefined ? nameOf(guard) : `${nameOf(guard)}(${parts.map(guardName).join(", ")})`;
}
