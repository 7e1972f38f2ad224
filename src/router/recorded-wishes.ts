/**
 * What is kept of a client's capabilities with its session: the nodes that it wants to hear of, and of which claim it was learned. When
 * the server starts again they are known before the client has been asked anew, so that it misses nothing until it answers.
 */
import { sessionStateBytesMax } from "../domain/limits.ts";
import { interestIn, nodesWanted } from "../pubsub/node.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { sessionState } from "./session-state.ts";

type Wishes = { readonly claim: string; readonly nodes: readonly string[] };

const none: Wishes = { claim: "", nodes: [] };

/** Belongs to the extension of entity capabilities. */
export const recordedWishes = sessionState<Wishes>({
  initial: none,
  read(recorded) {
    if (typeof recorded !== "object" || recorded === null || Array.isArray(recorded)) return undefined;
    const { claim, nodes } = recorded as Readonly<Record<string, unknown>>;
    const isSound = typeof claim === "string" && Array.isArray(nodes) && nodes.every((node) => typeof node === "string");
    return isSound ? { claim, nodes } : undefined;
  },
});

/** As features; undefined where none are kept. */
export function recallWishes(session: Session): { readonly claim: string; readonly features: ReadonlySet<string> } | undefined {
  const { claim, nodes } = recordedWishes.of(session);
  return nodes.length === 0 ? undefined : { claim, features: new Set(nodes.map(interestIn)) };
}

/** Of more wishes than there is room for, the first are kept. */
export function recordWishes(step: Step, session: Session, claim: string, features: ReadonlySet<string>): void {
  const wanted = nodesWanted(features);
  if (wanted.length > 0) recordedWishes.set(step, session, { claim, nodes: fitting(claim, wanted) });
  else if (recordedWishes.of(session).nodes.length > 0) recordedWishes.set(step, session, none);
}

function fitting(claim: string, wanted: readonly string[]): readonly string[] {
  let room = sessionStateBytesMax - bytesOf({ claim, nodes: [] });
  const end = wanted.findIndex((node) => (room -= bytesOf(node) + ",".length) < 0);
  return end === -1 ? wanted : wanted.slice(0, end);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
