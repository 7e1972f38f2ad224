/** Folding: the state of a session from a snapshot and the events that followed it. The same input always gives the same state. */
import type { SnapshotFrom, StateValue } from "xstate";
import { inertScope } from "./inert-scope.ts";
import type { SessionContext } from "./session-context.ts";
import { outputOf } from "./session-endings.ts";
import { sessionMachine, sessionMachineVersion } from "./session.ts";
import type { SessionEvent } from "./session-events.ts";
import { upgradeSnapshot, type AnySnapshot } from "./upgrade.ts";

export type SessionSnapshot = SnapshotFrom<typeof sessionMachine>;

/** A snapshot as it is recorded: plain JSON, with the machine and the version that recorded it. */
export interface RecordedSnapshot {
  readonly machine: "session";
  readonly version: number;
  readonly value: StateValue;
  readonly context: SessionContext;
}

export function recordSnapshot(snapshot: SessionSnapshot): RecordedSnapshot {
  return { machine: "session", version: sessionMachineVersion, value: snapshot.value, context: snapshot.context };
}

/** Takes snapshots of earlier versions too. Throws if it is of another machine, or of a version that this one does not know. */
export function restoreSnapshot(recorded: AnySnapshot): SessionSnapshot {
  const { value, context } = upgradeSnapshot(recorded);
  const state = sessionMachine.resolveState({ value: value as SessionSnapshot["value"], context });
  // XState computes an output only on the way into a final state.
  return state.status === "done" ? { ...state, output: outputOf(context) } : state;
}

/** Stops at a final state, as a live session does. */
export function fold(snapshot: SessionSnapshot, events: Iterable<SessionEvent>): SessionSnapshot {
  let state = snapshot;
  for (const event of events) {
    if (state.status !== "active") break;
    state = sessionMachine.transition(state, event, scope);
  }
  return state;
}

/** Where effects go nowhere. */
const scope = inertScope();
