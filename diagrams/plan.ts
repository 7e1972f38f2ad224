/**
 * What of a chart is drawn where: which transitions are arrows, and which are written inside a state.
 *
 * An arrow for each transition would bury the way a machine normally goes under its ways out. So the states that the
 * whole machine can go to (targets of the root's own transitions) are its *ends*: the root is drawn as the box "any
 * state" beside them, with arrows, and every other state writes its ways to an end inside its own box. Where there would still be
 * more arrows than an eye can follow, only those that lead on in the document's order are drawn, and a state writes its ways back
 * inside its box. Where a state ignores many events, one line stands for all of them. Nothing is left out: each transition of the chart
 * is in exactly one arrow or one line, which names it.
 */
import { childrenOf, isInside } from "./chart.ts";
import type { Chart, ChartState, ChartTransition } from "./chart.ts";

export interface Plan {
  readonly id: string;
  /** Top-level boxes; the first list is the machine's way, the second "any state" and the ends. */
  readonly way: readonly Box[];
  readonly ends: readonly Box[];
  readonly arrows: readonly Arrow[];
}

export interface Box {
  /** The state's path; the root's box is "*", the initial dot of a state is its path and ".^". */
  readonly id: string;
  readonly kind: "state" | "final" | "composite" | "parallel" | "region" | "any" | "initial";
  readonly title: string;
  /** Said in passing, behind the title. */
  readonly aside: string | null;
  readonly tags: readonly string[];
  /** The state's description, for a tooltip and for readers who cannot see. */
  readonly description: string | null;
  readonly notes: readonly Note[];
  readonly children: readonly Box[];
}

/** Lines inside a box under one heading. */
export interface Note {
  readonly heading: string;
  readonly kind: "to" | "stays" | "ignores" | "does";
  readonly lines: readonly Line[];
}

export interface Line {
  /** An event; under "does", an action. */
  readonly event: string;
  /** A guard's name, or "else"; null where the event alone decides. */
  readonly guard: string | null;
  /** The names of the transitions that it stands for; none under "does". */
  readonly transitions: readonly string[];
  /** How often they were taken, in a picture that tells that. */
  readonly mark?: Mark;
}

export interface Mark {
  readonly text: string;
  readonly heat: Heat;
}

/** From what was never taken to what nearly always is. */
export const heats = ["never", "seldom", "some", "often", "mostly"] as const;
export type Heat = (typeof heats)[number];

export interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly lines: readonly Line[];
}

export const anyState = "*";

/** Not counting those from the initial dots. */
export const arrowsMax = 24;

const ignoredLinesMax = 4;

export function planOf(chart: Chart): Plan {
  const ends = endsOf(chart);
  const top = childrenOf(chart, "");
  const root = chart.states.find((state) => state.path === "");
  const hasAnswers = chart.transitions.some((transition) => transition.source === "");
  const pointsTo = arrowTargets(chart, ends);
  const boxOf = (state: ChartState) => box(chart, pointsTo, state);
  const any = root !== undefined && hasAnswers ? [boxOf(root)] : [];
  return {
    id: chart.id,
    way: [...dot(root), ...top.filter((state) => !ends.has(state.path)).map(boxOf)],
    ends: [...any, ...top.filter((state) => ends.has(state.path)).map(boxOf)],
    arrows: [...starts(chart), ...arrows(chart, pointsTo)],
  };
}

/** `sasl.failed`, `always` for none, and in words what XState makes up itself. */
export function eventName(event: string): string {
  if (event === "") return "always";
  if (event === "*") return "any other event";
  const [, kind, rest] = /^xstate\.(after|done\.state|done\.actor|error\.actor)\.(.*)$/.exec(event) ?? [];
  if (kind === undefined || rest === undefined) return event;
  const [first = "", last = ""] = [rest.split(".")[0], rest.split(".").at(-1)];
  if (kind === "after") return /^\d+$/.test(first) ? `after ${first} ms` : `after ${first}`;
  return `${kind.split(".")[0]}(${last})`;
}

export function lineOf(transition: ChartTransition): Line {
  const guard = transition.guard ?? (transition.otherwise ? "else" : null);
  return { event: eventName(transition.event), guard, transitions: [transition.id] };
}

function endsOf(chart: Chart): ReadonlySet<string> {
  const targets = new Set(chart.transitions.filter(({ source }) => source === "").flatMap(({ targets }) => targets));
  const first = chart.states.find((state) => state.path === "")?.initial;
  return new Set(
    childrenOf(chart, "")
      .filter(({ path, kind }) => targets.has(path) && path !== first && (kind === "atomic" || kind === "final"))
      .map(({ path }) => path),
  );
}

function box(chart: Chart, pointsTo: ArrowTarget, state: ChartState): Box {
  const isRoot = state.path === "";
  const inner = isRoot ? [] : childrenOf(chart, state.path);
  return {
    id: idOf(state.path),
    kind: kindOf(chart, state),
    title: isRoot ? "any state" : state.key,
    aside: isRoot ? "by default" : null,
    tags: state.tags,
    description: state.description,
    notes: notesOf(chart, pointsTo, state),
    children: [...(isRoot ? [] : dot(state)), ...inner.map((child) => box(chart, pointsTo, child))],
  };
}

function kindOf(chart: Chart, state: ChartState): Box["kind"] {
  if (state.path === "") return "any";
  if (chart.states.some(({ path, kind }) => path === state.parent && path !== "" && kind === "parallel")) return "region";
  return ({ atomic: "state", history: "state", final: "final", compound: "composite", parallel: "parallel" } as const)[state.kind];
}

function dot(state: ChartState | undefined): Box[] {
  if (!state?.initial) return [];
  const id = `${idOf(state.path)}.^`;
  return [{ id, kind: "initial", title: "", aside: null, tags: [], description: null, notes: [], children: [] }];
}

function starts(chart: Chart): Arrow[] {
  return chart.states.flatMap(({ path, initial }) =>
    initial === null ? [] : [{ id: `${idOf(path)}.^ > ${initial}`, from: `${idOf(path)}.^`, to: initial, lines: [] }],
  );
}

/** Transitions between the same two states share an arrow. */
function arrows(chart: Chart, pointsTo: ArrowTarget): Arrow[] {
  const merged = new Map<string, Arrow>();
  for (const transition of chart.transitions) {
    const to = pointsTo(transition);
    if (to === null) continue;
    const from = idOf(transition.source);
    const id = `${from} > ${to}`;
    merged.set(id, { id, from, to, lines: [...(merged.get(id)?.lines ?? []), lineOf(transition)] });
  }
  return [...merged.values()];
}

/** The one state that an arrow for this transition points to; null if it is written inside its state instead. */
type ArrowTarget = (transition: ChartTransition) => string | null;

function arrowTargets(chart: Chart, ends: ReadonlySet<string>): ArrowTarget {
  const every: ArrowTarget = (transition) => arrowTarget(chart, ends, transition);
  if (arrows(chart, every).length <= arrowsMax) return every;
  const order = new Map(chart.states.map(({ path }, at) => [path, at]));
  return (transition) => {
    const to = every(transition);
    return to !== null && (order.get(to) ?? 0) > (order.get(transition.source) ?? 0) ? to : null;
  };
}

function arrowTarget(chart: Chart, ends: ReadonlySet<string>, { source, targets }: ChartTransition): string | null {
  const [to] = targets;
  if (to === undefined || targets.length > 1 || to === source) return null;
  if (source === "" || ends.has(source)) return ends.has(to) ? to : null;
  if (ends.has(to) || isInside(to, source) || isInside(source, to)) return null;
  return chart.states.some(({ path }) => path === to) ? to : null;
}

function notesOf(chart: Chart, pointsTo: ArrowTarget, state: ChartState): Note[] {
  const written = chart.transitions.filter(
    (transition) => transition.source === state.path && pointsTo(transition) === null,
  );
  const own = written.filter(({ targets }) => targets.length === 0 || targets.includes(state.path));
  const again = own.filter(({ targets, reenter }) => targets.length > 0 && (reenter || state.initial !== null));
  const stays = own.filter((transition) => !transition.ignored && !again.includes(transition));
  const ways = new Map<string, Line[]>();
  for (const transition of written.filter((transition) => !own.includes(transition))) {
    const heading = transition.targets.map(lastKey).join(" + ");
    ways.set(heading, [...(ways.get(heading) ?? []), lineOf(transition)]);
  }
  const does = (actions: readonly string[]) => actions.map((event): Line => ({ event, guard: null, transitions: [] }));
  const notes: Note[] = [
    { heading: "entry", kind: "does", lines: does(state.path === "" ? [] : state.entry) },
    { heading: "exit", kind: "does", lines: does(state.exit) },
    { heading: "stays", kind: "stays", lines: stays.map(lineOf) },
    { heading: "enters again", kind: "stays", lines: again.map(lineOf) },
    { heading: "ignores", kind: "ignores", lines: ignoredLines(own.filter(({ ignored }) => ignored)) },
    ...[...ways].map(([heading, lines]): Note => ({ heading, kind: "to", lines })),
  ];
  return notes.filter(({ lines }) => lines.length > 0);
}

/** What is ignored matters least: more than a few are one line. */
function ignoredLines(ignored: readonly ChartTransition[]): Line[] {
  if (ignored.length <= ignoredLinesMax) return ignored.map(lineOf);
  return [{ event: `${ignored.length} events`, guard: null, transitions: ignored.map(({ id }) => id) }];
}

function lastKey(path: string): string {
  return path.split(".").at(-1) ?? path;
}

function idOf(path: string): string {
  return path === "" ? anyState : path;
}
