/** The log as an operator reads it, page by page: whoever asks does the work, and the server goes on. */
import type { HistorySource, SessionRow } from "../history/source.ts";
import { sessionKey, sessions, type UserRow, userSessionsPrefix } from "../log/projections/sessions.ts";
import type { Content, ProjectionRow, Store, StoredFact } from "../ports.ts";

export interface HistoryAdminOptions {
  readonly store: Store;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
}

/** The operations as functions, so that they can be spread into a larger API. */
export function createHistoryAdmin({ store, hosts }: HistoryAdminOptions): HistorySource {
  return {
    streamFacts: (stream, after) => page((from, limit) => store.read(stream, from, limit), after, ({ version }) => version, factChars, factsMax),
    allFacts: (after) => page((from, limit) => store.readAll(from, limit), after, ({ position }) => position, factChars, factsMax),
    streamContents: (stream, after) => page((from, limit) => store.contents(stream, from, limit), after, ({ key }) => key, contentChars, contentsMax),

    async sessionsById(prefix, after) {
      const found: SessionRow[] = [];
      for (const host of hosts.toSorted()) {
        if (found.length >= sessionsMax || (after !== undefined && host < after.host)) continue;
        const last = after?.host === host ? { after: sessionKey(host, after.id) } : {};
        const rows = await store.query(sessions.name, { prefix: sessionKey(host, prefix), limit: sessionsMax - found.length, ...last });
        found.push(...rows.map(toSession));
      }
      return found;
    },

    async sessionsOf(host, username, after) {
      const prefix = userSessionsPrefix(host, username);
      const ids = await store.query(sessions.name, { prefix, after: `${prefix}${after}`, limit: sessionsMax });
      const rows = await Promise.all(ids.map(({ key }) => store.query(sessions.name, { key: sessionKey(host, key.slice(prefix.length)) })));
      return rows.flat().map(toSession);
    },

    async newestSessionsOf(host, username, max) {
      const prefix = userSessionsPrefix(host, username);
      let newest: readonly ProjectionRow[] = [];
      for (let after = prefix; ; ) {
        const ids = await store.query(sessions.name, { prefix, after, limit: idsMax });
        const last = ids.at(-1);
        if (last === undefined) break;
        newest = [...newest, ...ids].toSorted((a, b) => startOf(b) - startOf(a)).slice(0, max);
        after = last.key;
      }
      const rows = await Promise.all(newest.map(({ key }) => store.query(sessions.name, { key: sessionKey(host, key.slice(prefix.length)) })));
      return rows.flat().map(toSession);
    },
  };
}

/** Of one answer: it is read and written while every session waits. */
const factsMax = 250;
const contentsMax = 100;
const sessionsMax = 100;
const idsMax = 1_000;
const pageCharsMax = 524_288;
/** So many are read before it is known how long they are. */
const firstMax = 16;

/** As many as fit into one answer, and one at least: what does not fit is, but for a few, not even read. */
async function page<Item, Place>(
  read: (after: Place, limit: number) => Promise<readonly Item[]>,
  after: Place,
  placeOf: (item: Item) => Place,
  charsOf: (item: Item) => number,
  max: number,
): Promise<readonly Item[]> {
  const page: Item[] = [];
  let chars = 0;
  for (let limit = firstMax; limit > 0; ) {
    const last = page.at(-1);
    const items = await read(last === undefined ? after : placeOf(last), limit);
    for (const item of items) {
      chars += charsOf(item);
      if (chars > pageCharsMax && page.length > 0) return page;
      page.push(item);
    }
    if (items.length < limit) break;
    const each = Math.max(1, chars / page.length);
    limit = Math.min(max - page.length, Math.floor((pageCharsMax - chars) / each) + 1);
  }
  return page;
}

const factChars = ({ data }: StoredFact): number => JSON.stringify(data).length;
const contentChars = ({ text }: Content): number => text.length;
const toSession = ({ value }: ProjectionRow): SessionRow => value as unknown as SessionRow;
const startOf = ({ value }: ProjectionRow): number => (value as unknown as UserRow).startedAt;
