/** What the graph of all states says about a machine as a whole: what is dead in it, and what has no end. */
import { stateName } from "../../../machines/state-name.ts";
import type { Edge, Exploration, Reached } from "./explore.ts";
import type { AnyModel, ModelStep } from "./machine-model.ts";
import { statesOf } from "./transitions.ts";

/** Keys of states that have no way to an end, in the order in which they were found. */
export function endless(model: AnyModel, { states }: Exploration): readonly string[] {
  const isEnd = endOf(model);
  const from = new Map<string, string[]>();
  for (const { key, edges } of states.values()) {
    for (const { to } of edges.filter(({ illegal }) => !illegal)) {
      const sources = from.get(to) ?? [];
      from.set(to, sources);
      sources.push(key);
    }
  }
  const ends = [...states.values()].filter(({ snapshot }) => isEnd(snapshot)).map(({ key }) => key);
  if (ends.length === 0 && model.isEnd === undefined) return [];
  const leads = new Set(ends);
  for (const key of leads) for (const source of from.get(key) ?? []) leads.add(source);
  return [...states.keys()].filter((key) => !leads.has(key));
}

/** What is wrong with the machine as a whole, each in a sentence. `taken`: transitions that were seen, by name. */
export function problemsOf(model: AnyModel, exploration: Exploration, transitions: Iterable<string>, taken: ReadonlySet<string>): readonly string[] {
  const { states, tooMany } = exploration;
  const entered = new Set([...states.values()].flatMap(({ snapshot: { _nodes: nodes } }) => nodes.map(({ id }) => id)));
  // A choice of history is no state to be in.
  const neverEntered = statesOf(model.machine).filter(({ id, type }) => type !== "history" && !entered.has(id));
  const neverTaken = [...transitions].filter((id) => !taken.has(id));
  // What was cut short has not seen all there is to see.
  if (tooMany) return [`there are more than ${states.size} states; let keyOf tell only what guards and actions can tell apart`];
  const unended = endless(model, exploration);
  return [
    ...neverEntered.map(({ path }) => `the state ${path.join(".")} is never entered`),
    ...neverTaken.map((id) => `the transition ${id} is never taken`),
    ...unended.map((key) => `no way leads from the state ${nameOf(states.get(key)!)} to an end`).filter((text, index, all) => all.indexOf(text) === index),
  ];
}

/** A shortest way by which each transition is taken, by its name; illegal ways are none. */
export function waysTo({ states }: Exploration): ReadonlyMap<string, { readonly reached: Reached; readonly edge: Edge }> {
  const ways = new Map<string, { readonly reached: Reached; readonly edge: Edge }>();
  const nearest = [...states.values()].filter(({ illegal }) => !illegal).toSorted((a, b) => a.script.events.length - b.script.events.length);
  for (const reached of nearest) {
    for (const edge of reached.edges) {
      if (edge.illegal) continue;
      for (const id of edge.step.taken) if (!ways.has(id)) ways.set(id, { reached, edge });
    }
  }
  return ways;
}

function endOf({ isEnd }: AnyModel): (snapshot: ModelStep["after"]) => boolean {
  return isEnd ?? (({ status }) => status !== "active");
}

function nameOf({ snapshot }: Reached): string {
  return stateName(snapshot.value);
}
