/** The log as an operator reads it, page by page: whoever asks does the work, and the server goes on. */
import { byStart, type HistorySource, type SessionRow } from "../history/source.ts";
import { endedKey, endedPrefix, livePrefix, sessionKey, sessions, type UserRow, userSessionsPrefix } from "../log/projections/sessions.ts";
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
      return sessionsAt(store, ids.map(({ key }) => sessionKey(host, key.slice(prefix.length))));
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
      return sessionsAt(store, newest.map(({ key }) => sessionKey(host, key.slice(prefix.length))));
    },

    async newestSessions(max) {
      const living = await store.query(sessions.name, { prefix: livePrefix, limit: idsMax });
      const ended = await lastEnded(store, Math.min(max, idsMax));
      // Of other hosts, which were configured once, there may be some too.
      const keys = [
        ...living.map(({ key }) => key.slice(livePrefix.length)),
        ...ended.map(({ key }) => key.slice(key.indexOf("/", endedPrefix.length) + 1)),
      ].map((place) => place.split("/") as [string, string]).filter(([host]) => hosts.includes(host));
      return byStart(await sessionsAt(store, keys.map(([host, id]) => sessionKey(host, id)))).slice(0, max);
    },

    async newestSessionsOfNames(host, beginning, max) {
      const users = userSessionsPrefix(host, beginning).slice(0, -1);
      const ids = await store.query(sessions.name, { prefix: users, limit: idsMax });
      const newest = ids.toSorted((a, b) => startOf(b) - startOf(a)).slice(0, max);
      return sessionsAt(store, newest.map(({ key }) => sessionKey(host, key.slice(key.lastIndexOf("/") + 1))));
    },
  };
}

async function sessionsAt(store: Store, keys: readonly string[]): Promise<readonly SessionRow[]> {
  return (await Promise.all(keys.map((key) => store.query(sessions.name, { key })))).flat().map(toSession);
}

/** At most `max` of the sessions that have ended, the last ones. Rows are read forwards alone, so the time that so many ended after is sought. */
async function lastEnded(store: Store, max: number): Promise<readonly ProjectionRow[]> {
  const endedFrom = (time: number) => store.query(sessions.name, { prefix: endedPrefix, after: endedKey(time, "", ""), limit: max });
  const first = await endedFrom(0);
  if (first.length < max) return first;
  // Since `early` so many ended, since `late` fewer.
  let [early, late] = [0, Number.MAX_SAFE_INTEGER];
  while (late - early > 1) {
    const between = early + Math.floor((late - early) / 2);
    if ((await endedFrom(between)).length < max) late = between;
    else early = between;
  }
  const last = await endedFrom(late);
  return [...last, ...(await endedFrom(early)).slice(0, max - last.length)];
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
