/** The states of the session's machine as people read them, and how many sessions are in each. */
import { sessionMachine } from "../../../machines/session.ts";
import type { SessionSummary } from "../../domain/session-summary.ts";
import { statesIn } from "../sessions/phase.ts";

export interface MachineState {
  /** `negotiating.offering`. */
  readonly path: string;
  /** Its own name, which no other state has. */
  readonly name: string;
  /** How deep it lies, from 0. */
  readonly depth: number;
  readonly description: string;
  readonly tags: readonly string[];
  /** A region of a parallel state: always active with its parent, so that nothing is to be counted. */
  readonly isRegion: boolean;
}

interface Node {
  readonly key: string;
  readonly path: readonly string[];
  readonly description?: string | undefined;
  readonly type: string;
  readonly tags: readonly string[];
  readonly states: Readonly<Record<string, Node>>;
}

/** In the order of a life. */
export const lifecycle: readonly MachineState[] = childrenOf(sessionMachine.root as unknown as Node, 0);

/** All tags of the machine's states. */
export const machineTags: readonly string[] = [...new Set(lifecycle.flatMap(({ tags }) => tags))];
export const machineEvents: number = sessionMachine.events.length;

function childrenOf(parent: Node, depth: number): readonly MachineState[] {
  return Object.values(parent.states).flatMap((node) => [
    {
      path: node.path.join("."),
      name: node.key,
      depth,
      description: node.description ?? "",
      tags: node.tags,
      isRegion: parent.type === "parallel",
    },
    ...childrenOf(node, depth + 1),
  ]);
}

/** How many sessions are in each state, by the state's name; those of a parent are counted for it too. */
export function countByState(sessions: Iterable<SessionSummary>): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const { state } of sessions) names.set(state, (names.get(state) ?? 0) + 1);
  const counts = new Map<string, number>();
  for (const [name, count] of names) for (const state of statesIn(name)) counts.set(state, (counts.get(state) ?? 0) + count);
  return counts;
}
