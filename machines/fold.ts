/** Folding: the state of a session from a snapshot and the events that followed it. The same input always gives the same state. */
import { transition, type SnapshotFrom, type StateValue } from "xstate";
import type { SessionContext } from "./session-context.ts";
import { sessionMachine, sessionMachineVersion } from "./session.ts";
import type { SessionEvent } from "./session-events.ts";

export type SessionSnapshot = SnapshotFrom<typeof sessionMachine>;

/** A snapshot as it is recorded: plain JSON, with the machine that alone can continue it. */
export interface RecordedSnapshot {
  readonly machine: "session";
  readonly version: number;
  readonly value: StateValue;
  readonly context: SessionContext;
}

export function recordSnapshot(snapshot: SessionSnapshot): RecordedSnapshot {
  return { machine: "session", version: sessionMachineVersion, value: snapshot.value, context: snapshot.context };
}

/** Throws if the snapshot belongs to another machine or to another version of it. */
export function restoreSnapshot(recorded: RecordedSnapshot): SessionSnapshot {
  if (recorded.machine !== "session" || recorded.version !== sessionMachineVersion) {
    throw new Error(
      `a snapshot of machine ${recorded.machine} version ${recorded.version} cannot be continued by session version ${sessionMachineVersion}`,
    );
  }
  return sessionMachine.resolveState({ value: recorded.value as SessionSnapshot["value"], context: recorded.context });
}

/** Stops at a final state, as a live session does. */
export function fold(snapshot: SessionSnapshot, events: Iterable<SessionEvent>): SessionSnapshot {
  let state = snapshot;
  for (const event of events) {
    if (state.status !== "active") break;
    [state] = transition(sessionMachine, state, event);
  }
  return state;
}
