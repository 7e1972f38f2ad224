/** Folding: the state of a session from a snapshot and the events that followed it. The same input always gives the same state. */
import { transition, type AnyEventObject, type SnapshotFrom, type StateValue } from "xstate";
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

type Scope = Parameters<typeof sessionMachine.transition>[2];

/**
 * Where effects go nowhere. XState makes one for each event of `transition`, with an actor and its initial state, which takes several
 * times as long as the event itself; nothing of it is changed by an event, so that one does for all.
 */
const scope = inertScope();

function inertScope(): Scope {
  let made: Scope | undefined;
  const curious = {
    config: {},
    getInitialSnapshot: () => state,
    getPersistedSnapshot: () => state,
    transition: (known: typeof state, _: AnyEventObject, given: unknown) => {
      made = given as Scope;
      return known;
    },
  };
  const state = { status: "active" as const, output: undefined, error: undefined };
  transition(curious, state, { type: "any" });
  return { ...made!, actionExecutor: () => undefined };
}
