/** What the server reads of sessions: those that can go on after a restart, and those that have ended. */

import { sessionStream } from "../domain/facts.ts";
import type { EndedPlace } from "../domain/sessions-compacted.ts";
import type { ForgottenSession } from "../domain/sessions-forgotten.ts";
import type { Content, ProjectionRow, Store, StoredFact } from "../ports.ts";
import {
  endedKey, endedPrefix, livePrefix, sessionKey, sessions, userSessionsPrefix, type EndedRow, type LiveRow, type SessionRow,
} from "./projections/sessions.ts";

export interface LiveSession {
  readonly host: string;
  readonly id: string;
  /** The version of its last snapshot. */
  readonly snapshot: number;
}

export interface RecordedSession {
  /** When it was authenticated, ms since 1970; when the snapshot was taken, of a session that was forgotten meanwhile. */
  readonly startedAt: number;
  readonly snapshot: StoredFact;
  /** Every fact after it, in order. */
  readonly later: readonly StoredFact[];
  /** In the order of their keys. */
  readonly contents: readonly Content[];
}

/** Facts, contents or rows of one question: few sessions need a second one. */
const pageRows = 256;

export class SessionSource {
  readonly #store: Store;

  /** The store must have the projection `sessions`. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** Sessions that have not ended, in the order of the bytes of `HOST/ID`: those behind `after`, empty for the first ones. */
  async live(after: string, limit: number): Promise<readonly LiveSession[]> {
    const rows = await this.#store.query(sessions.name, { prefix: livePrefix, limit, after: `${livePrefix}${after}` });
    return rows.map(({ key, value }) => {
      const [host = "", id = ""] = key.slice(livePrefix.length).split("/");
      return { host, id, snapshot: (value as LiveRow).snapshot };
    });
  }

  /** Rejects if there is no snapshot of that version. Asked for many sessions at once it is answered faster. */
  async read(host: string, id: string, snapshot: number): Promise<RecordedSession> {
    const stream = sessionStream(host, id);
    const [[first, ...later], contents, row] = await Promise.all([this.#facts(stream, snapshot - 1), this.#contents(stream), this.#row(host, id)]);
    if (first?.type !== "SessionSnapshotTaken" || first.version !== snapshot) {
      throw new Error(`${stream}: expected a snapshot at version ${snapshot}, found ${first?.type ?? "nothing"}`);
    }
    return { startedAt: row?.startedAt ?? first.at, snapshot: first, later, contents };
  }

  /** A session that has ended and is not yet forgotten. */
  async ended(host: string, id: string): Promise<Pick<SessionRow, "username" | "received"> | undefined> {
    const row = await this.#row(host, id);
    return row === undefined || row.endedAt === null ? undefined : { username: row.username, received: row.received };
  }

  /** Sessions that have ended up to `at` (ms since 1970), the first ones first: those behind `after`. */
  async endedUntil(at: number, limit: number, after?: EndedPlace): Promise<readonly (ForgottenSession & EndedPlace)[]> {
    const behind = after === undefined ? {} : { after: endedKey(after.endedAt, after.host, after.id) };
    const rows = await this.#store.query(sessions.name, { prefix: endedPrefix, limit, ...behind });
    return rows.map(toForgotten).filter(({ endedAt }) => endedAt <= at);
  }

  /** All that the log knows of a user, in the order of their ids. */
  async ofUser(host: string, username: string): Promise<readonly ForgottenSession[]> {
    const prefix = userSessionsPrefix(host, username);
    const found: ForgottenSession[] = [];
    for (let page: readonly ProjectionRow[] = []; ; ) {
      const after = page.at(-1)?.key;
      page = await this.#store.query(sessions.name, { prefix, limit: pageRows, ...(after === undefined ? {} : { after }) });
      const ids = page.map(({ key }) => key.slice(prefix.length));
      const rows = await Promise.all(ids.map((id) => this.#row(host, id)));
      for (const [index, id] of ids.entries()) found.push({ host, id, username, endedAt: rows[index]?.endedAt ?? null });
      if (page.length < pageRows) return found;
    }
  }

  async #row(host: string, id: string): Promise<SessionRow | undefined> {
    const [row] = await this.#store.query(sessions.name, { key: sessionKey(host, id) });
    return row?.value as SessionRow | undefined;
  }

  async #facts(stream: string, after: number): Promise<readonly StoredFact[]> {
    const first = await this.#store.read(stream, after, pageRows);
    if (first.length < pageRows) return first;
    const facts = [...first];
    for (let page = first; page.length === pageRows; facts.push(...page)) page = await this.#store.read(stream, facts.at(-1)?.version ?? after, pageRows);
    return facts;
  }

  async #contents(stream: string): Promise<readonly Content[]> {
    const first = await this.#store.contents(stream, "", pageRows);
    if (first.length < pageRows) return first;
    const contents = [...first];
    for (let page = first; page.length === pageRows; contents.push(...page)) page = await this.#store.contents(stream, contents.at(-1)?.key ?? "", pageRows);
    return contents;
  }
}

/** Its key tells when it ended, and which one it was. */
function toForgotten({ key, value }: ProjectionRow): ForgottenSession & EndedPlace {
  const [at = "", host = "", id = ""] = key.slice(endedPrefix.length).split("/");
  return { host, id, username: (value as EndedRow).username, endedAt: Number(at) };
}
