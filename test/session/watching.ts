/** What tests of the live session share: sessions seen from outside, and their recorded life. */
import { fold, recordSnapshot, restoreSnapshot, type RecordedSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import { stateName } from "../../machines/state-name.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { sessionFactVersions } from "../../src/domain/session-facts.ts";
import type { SessionView } from "../../src/domain/session-view.ts";
import type { StoredFact } from "../../src/ports.ts";
import type { TestServer } from "../../src/testing/start-server.ts";

/** Looks until it is so. Rejects if it is not within 5 s. */
export async function eventually<Result>(look: () => Result | undefined | Promise<Result | undefined>): Promise<Result> {
  const end = Date.now() + 5_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`it did not come to be: ${String(look)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The only session, once it is in this state. */
export function sessionIn(server: TestServer, state: string): Promise<SessionView> {
  return eventually(async () => {
    const all = await server.sessions();
    if (all.length > 1) throw new Error(`one session is expected, there are ${all.length}`);
    return all.find((session) => session.state === state);
  });
}

export async function factsOf(server: TestServer, stream: string): Promise<readonly StoredFact[]> {
  return server.store.read(stream, 0, 1_000);
}

/** A recorded life: the state at each version of the stream. A snapshot is the truth from its place on. */
export function foldAll(facts: readonly StoredFact[]): readonly SessionSnapshot[] {
  const states: SessionSnapshot[] = [];
  for (const { type, data } of facts) {
    const before = states.at(-1);
    if (type === "SessionSnapshotTaken") states.push(restoreSnapshot(data as unknown as RecordedSnapshot));
    else if (type === "SessionTold" && before !== undefined) states.push(fold(before, [(data as unknown as { readonly event: SessionEvent }).event]));
    // What lies beside the machine leaves its state as it is.
    else if (Object.hasOwn(sessionFactVersions, type) && before !== undefined) states.push(before);
    else throw new Error(`a session's stream begins with a snapshot and holds no ${type}`);
  }
  return states;
}

export const bytesOf = (state: SessionSnapshot): string => JSON.stringify(recordSnapshot(state));

/** What a view shows of the machine's own state. */
export function shownOf(state: SessionSnapshot): Partial<SessionView> {
  const { username, host, resource, priority, roster } = state.context;
  return {
    state: stateName(state.value),
    type: state.hasTag("c2s") ? "c2s" : state.hasTag("c2s_unauthed") ? "c2s_unauthed" : null,
    notopen: state.hasTag("notopen"),
    username, host, resource, priority, roster,
    interested: state.hasTag("interested") || null,
  };
}
