/** The log as an operator reads it, page by page: whoever asks does the work, and the server goes on. */
import type { HistorySource, SessionRow } from "../history/source.ts";
import { sessionKey, sessions, userSessionsPrefix } from "../log/projections/sessions.ts";
import type { Content, ProjectionRow, Store, StoredFact } from "../ports.ts";

export interface HistoryAdminOptions {
  readonly store: Store;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
}

/** The operations as functions, so that they can be spread into a larger API. */
export function createHistoryAdmin({ store, hosts }: HistoryAdminOptions): HistorySource {
  return {
    streamFacts: async (stream, after) => page(await store.read(stream, after, factsMax), factChars),
    allFacts: async (after) => page(await store.readAll(after, factsMax), factChars),
    streamContents: async (stream, after) => page(await store.contents(stream, after, contentsMax), contentChars),

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
  };
}

/** Of one answer: it is read and written while every session waits. */
const factsMax = 250;
const contentsMax = 100;
const sessionsMax = 100;
const pageCharsMax = 524_288;

/** As many as fit into one answer, and one at least. */
function page<Item>(items: readonly Item[], charsOf: (item: Item) => number): readonly Item[] {
  let chars = 0;
  const end = items.findIndex((item) => (chars += charsOf(item)) > pageCharsMax);
  return end === -1 ? items : items.slice(0, Math.max(1, end));
}

const factChars = ({ data }: StoredFact): number => JSON.stringify(data).length;
const contentChars = ({ text }: Content): number => text.length;
const toSession = ({ value }: ProjectionRow): SessionRow => value as unknown as SessionRow;
