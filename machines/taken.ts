/** Which transitions an event takes: what a live session's inspection tells, found out again from a recording. */
import type { SessionSnapshot } from "./fold.ts";
import { inertScope } from "./inert-scope.ts";
import { sessionMachine } from "./session.ts";
import type { SessionEvent } from "./session-events.ts";
import { transitionsOf } from "./transition-id.ts";

/** Their names (`transitionId`), in order; none where the machine has no answer to the event, or has ended. */
export function transitionsTaken(snapshot: SessionSnapshot, event: SessionEvent): readonly string[] {
  if (snapshot.status !== "active") return [];
  taken = [];
  sessionMachine.transition(snapshot, event, scope);
  return taken;
}

/** What the event at hand has taken so far. */
let taken: string[];

/** One of its own: folding elsewhere is not inspected. */
const scope = inertScope();
scope.system.inspect((inspected) => {
  taken.push(...transitionsOf(inspected));
});
