/**
 * What the inspector's page and its server say to each other: JSON, one object a WebSocket text frame. The page asks; the server tells,
 * in batches. Everything is read-only. Types alone: the server's border checks what comes (`requests.ts`).
 */
import type { RecordedSnapshot } from "../../machines/fold.ts";
import type { Counts } from "../domain/session-facts.ts";
import type { SessionSummary } from "../domain/session-summary.ts";
import type { SeenItem } from "../history/seen.ts";
import type { SessionRow } from "../history/source.ts";
import type { StoredFact } from "../ports.ts";

export type FromPage =
  /** Whether it wants the list of the sessions that live, kept up to date. */
  | { readonly type: "list"; readonly on: boolean }
  /** Everything about this session, from now on, until `unwatch`. At most `watchedMax` at once. */
  | { readonly type: "watch"; readonly session: string }
  | { readonly type: "unwatch"; readonly session: string }
  /** Whether sessions that begin from now on are watched from their first byte, as far as there is room. */
  | { readonly type: "watch-new"; readonly on: boolean }
  /** A question, answered by `answer` with the same id. */
  | { readonly type: "ask"; readonly id: number; readonly question: Question };

export type Question =
  /** Facts of a session's stream (`session/HOST/ID`) with version > `after`, a page; an empty one is the end. Answers `readonly StoredFact[]`. */
  | { readonly kind: "facts"; readonly stream: string; readonly after: number }
  /** Sessions that the log knows, alive or ended, of a user (bare JID, or the beginning of a name), or by the beginning of their id; the newest 100 for "". Answers `readonly SessionRow[]`, the newest first, at most 200. */
  | { readonly kind: "find"; readonly text: string }
  /** Facts of other streams that belong to the same step, or follow from it, near `position`. Answers `readonly StoredFact[]`. */
  | { readonly kind: "related"; readonly position: number; readonly step: string }
  /** The roster of the session's account at these positions. Answers `readonly (SessionView["roster"])[]`. */
  | { readonly kind: "rosters"; readonly host: string; readonly username: string; readonly positions: readonly number[] };

export type FromServer =
  | Hello
  /** Sessions that are new or have changed since the last one, and those that are gone. The first one after `list` has all. */
  | { readonly type: "list"; readonly at: number; readonly whole: boolean; readonly changed: readonly SessionSummary[]; readonly gone: readonly string[] }
  /** With each list, and once a second while it is wanted. `told`: events that machines were told since the server's start. */
  | { readonly type: "totals"; readonly at: number; readonly sessions: number; readonly told: number; readonly loginFailures: Readonly<Record<string, number>> }
  | WatchBegun
  | { readonly type: "watch-refused"; readonly session: string; readonly why: string }
  /**
   * `dropped`: how many things that happened this viewer has missed since the page was opened, because it did not keep up; begins of sessions
   * that it would have watched among them.
   */
  | { readonly type: "items"; readonly items: readonly WatchItem[]; readonly dropped: number }
  | { readonly type: "answer"; readonly id: number; readonly result: unknown }
  /** `message` names the thing, the value and the fix. */
  | { readonly type: "answer"; readonly id: number; readonly error: string }
  /** The store failed and was opened again: nothing is watched any more, and the list begins anew. */
  | { readonly type: "epoch" };

export interface Hello {
  readonly type: "hello";
  readonly software: string;
  readonly version: string;
  readonly hosts: readonly string[];
  /** Whether texts of stanzas are shown (`--inspect-bodies`). */
  readonly bodies: boolean;
  /** Whether the page can be a client of this server, too. */
  readonly chat: boolean;
  /** false: recorded sessions only, as `refrain inspect FILE` shows them; nothing lives here. */
  readonly live: boolean;
  /** What was opened by name, to be shown first. */
  readonly opened: readonly SessionRow[];
  /** The server's clock, ms since 1970. */
  readonly at: number;
}

/** The session as it was when the watching began; what follows comes as items. */
export interface WatchBegun {
  readonly type: "watching";
  readonly at: number;
  readonly summary: SessionSummary;
  /** Where its log is, and whose it is; null before authentication, when it has none. */
  readonly stream: string | null;
  readonly snapshot: RecordedSnapshot;
  readonly counts: Counts | null;
  readonly lang: string | null;
}

/**
 * What happened in a watched session. `told`, `wire` and `touched` come as they happen; `fact` when it is durable, which for what a
 * step recorded is a moment later: facts and the rest are brought together by their step.
 */
export type WatchItem = { readonly session: string } & (SeenItem | { readonly at: number; readonly kind: "fact"; readonly fact: StoredFact });

/** What `POST /inspect/people` answers, in `{"people":[…]}`: `password` is told this once, null for who was there already. */
export interface MadePerson {
  readonly jid: string;
  readonly password: string | null;
}

/** What `GET /inspect/people` answers: the JIDs of those that `POST` would make, because they are not there yet. */
export interface FreePeople {
  readonly free: readonly string[];
}
