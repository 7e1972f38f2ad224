/**
 * Which sessions the log knows, in four kinds of rows: `session/HOST/ID` → SessionRow, `live/HOST/ID` → LiveRow until it has ended,
 * `user/HOST/USERNAME/ID` → UserRow, and `ended/TIME/HOST/ID` → EndedRow in the order in which they ended.
 */

import type { SessionFacts } from "../../domain/session-facts.ts";
import type { SessionsForgotten } from "../../domain/sessions-forgotten.ts";
import type { StoredFact } from "../../ports.ts";
import type { Projection, ProjectionTable } from "../projection.ts";

export type SessionRow = {
  readonly host: string;
  readonly id: string;
  readonly username: string;
  /** null until it is bound. */
  readonly resource: string | null;
  /** When it was authenticated, ms since 1970. */
  readonly startedAt: number;
  /** null while it lives. */
  readonly endedAt: number | null;
  readonly reason: string | null;
  /** How many of the client's stanzas were handled, of a session that has ended and counted them. */
  readonly received: number | null;
};

export type LiveRow = {
  /** The version of its last snapshot in its stream: what comes before is not needed to go on. */
  readonly snapshot: number;
};

export type UserRow = { readonly startedAt: number };
/** An empty name where it is not known any more. */
export type EndedRow = { readonly username: string };

export const sessions: Projection = {
  name: "sessions",
  version: 1,
  apply(fact, table) {
    switch (fact.type) {
      case "SessionSnapshotTaken":
        return note(fact, table);
      case "SessionTold":
        return hear(fact, table);
      case "SessionEnded":
        return end(fact, table, fact.data as SessionFacts["SessionEnded"]);
      case "SessionsForgotten":
        return forget(fact.data as unknown as SessionsForgotten, table);
      default:
    }
  },
};

export const sessionKey = (host: string, id: string): string => `session/${host}/${id}`;
export const livePrefix = "live/";
const liveKey = (host: string, id: string): string => `${livePrefix}${host}/${id}`;
export const userSessionsPrefix = (host: string, username: string): string => `user/${host}/${username}/`;
export const endedPrefix = "ended/";
/** Sixteen digits hold every time, so that the keys are in its order. */
export const endedKey = (endedAt: number, host: string, id: string): string =>
  `${endedPrefix}${String(endedAt).padStart(16, "0")}/${host}/${id}`;

function note(fact: StoredFact, table: ProjectionTable): void {
  const { host, id } = partsOf(fact.stream);
  const { username, resource } = (fact.data as SessionFacts["SessionSnapshotTaken"]).context as {
    readonly username: string;
    readonly resource: string | null;
  };
  const known = table.get(sessionKey(host, id)) as SessionRow | undefined;
  if (known === undefined) {
    const row: SessionRow = { host, id, username, resource, startedAt: fact.at, endedAt: null, reason: null, received: null };
    table.set(sessionKey(host, id), row);
    table.set(`${userSessionsPrefix(host, username)}${id}`, { startedAt: fact.at } satisfies UserRow);
  } else if (resource !== null && known.resource !== resource) {
    table.set(sessionKey(host, id), { ...known, resource });
  }
  if (known === undefined || known.endedAt === null) table.set(liveKey(host, id), { snapshot: fact.version } satisfies LiveRow);
}

/** Version 0.1.0 recorded no SessionEnded: that its machine is closed is the end of a session too. */
function hear(fact: StoredFact, table: ProjectionTable): void {
  const { event, state } = fact.data as { readonly event: { readonly type: string; readonly resource?: string }; readonly state: string };
  if (state === "closed") return end(fact, table, { reason: null, received: null });
  if (event.type !== "resource.bound" || event.resource === undefined) return;
  const { host, id } = partsOf(fact.stream);
  const known = table.get(sessionKey(host, id)) as SessionRow | undefined;
  if (known !== undefined) table.set(sessionKey(host, id), { ...known, resource: event.resource });
}

/** The first end is when it ended; a later one may know more of it. */
function end(fact: StoredFact, table: ProjectionTable, { reason, received }: Pick<SessionRow, "reason" | "received">): void {
  const { host, id } = partsOf(fact.stream);
  const known = table.get(sessionKey(host, id)) as SessionRow | undefined;
  if (known === undefined) {
    // It was forgotten before it had ended. What came since is a stream too, and goes in its turn.
    table.set(endedKey(fact.at, host, id), { username: "" } satisfies EndedRow);
    return;
  }
  const endedAt = known.endedAt ?? fact.at;
  table.set(sessionKey(host, id), { ...known, endedAt, reason: reason ?? known.reason, received: received ?? known.received });
  table.delete(liveKey(host, id));
  table.set(endedKey(endedAt, host, id), { username: known.username } satisfies EndedRow);
}

function forget({ sessions }: SessionsForgotten, table: ProjectionTable): void {
  for (const { host, id, username, endedAt } of sessions) {
    const known = table.get(sessionKey(host, id)) as SessionRow | undefined;
    table.delete(sessionKey(host, id));
    table.delete(liveKey(host, id));
    table.delete(`${userSessionsPrefix(host, username)}${id}`);
    // It may have ended since the fact was thought of, or twice, if it was forgotten between.
    for (const at of [endedAt, known?.endedAt ?? null]) if (at !== null) table.delete(endedKey(at, host, id));
  }
}

/** Of `session/HOST/ID`: neither holds a "/". */
function partsOf(stream: string): { readonly host: string; readonly id: string } {
  const [, host = "", id = ""] = stream.split("/");
  return { host, id };
}
