/** Where the past is read from: the store of a running server, or one that was opened for it. */
import type { SessionRow } from "../log/projections/sessions.ts";
import type { Content, StoredFact } from "../ports.ts";

export type { SessionRow };

/** Answers come in pages of a bounded size, in order; an empty one is the end. */
export interface HistorySource {
  /** Facts of one stream with version > `after`. */
  streamFacts(stream: string, after: number): Promise<readonly StoredFact[]>;
  /** Facts of all streams with position > `after`. */
  allFacts(after: number): Promise<readonly StoredFact[]>;
  /** What a stream still keeps beside its facts, with keys > `after`. */
  streamContents(stream: string, after: string): Promise<readonly Content[]>;
  /** Sessions whose id begins so, on whatever host; ordered by host and id, those after `after`. */
  sessionsById(prefix: string, after?: SessionKey): Promise<readonly SessionRow[]>;
  /** The sessions of a user, ordered by id, those with an id > `after`. */
  sessionsOf(host: string, username: string, after: string): Promise<readonly SessionRow[]>;
  /** At most `max` sessions of a user, the newest first. Not of a source that would have to read all of them for that. */
  newestSessionsOf?(host: string, username: string, max: number): Promise<readonly SessionRow[]>;
  /**
   * At most `max` sessions, the newest first: of those that have ended the last ones, and of those that live. Where a source would have to read
   * thousands of those that live, it looks at some of them.
   */
  newestSessions?(max: number): Promise<readonly SessionRow[]>;
  /** At most `max` sessions of users whose names begin so, the newest first; where very many do, of some of them. */
  newestSessionsOfNames?(host: string, beginning: string, max: number): Promise<readonly SessionRow[]>;
}

export type SessionKey = Pick<SessionRow, "host" | "id">;

/** Facts of one stream with version > `after`, a page at a time. */
export async function* factPages(source: HistorySource, stream: string, after = 0): AsyncGenerator<readonly StoredFact[]> {
  for (let last = after; ; ) {
    const page = await source.streamFacts(stream, last);
    if (page.length === 0) return;
    yield page;
    last = page.at(-1)!.version;
  }
}

export async function* factsOf(source: HistorySource, stream: string, after = 0): AsyncGenerator<StoredFact> {
  for await (const page of factPages(source, stream, after)) yield* page;
}

/** Every fact with position > `after`. While one page is looked at, the next one is read. */
export async function* everyFact(source: HistorySource, after = 0): AsyncGenerator<StoredFact> {
  let page = await source.allFacts(after);
  while (page.length > 0) {
    const next = source.allFacts(page.at(-1)!.position);
    next.catch(() => {});
    yield* page;
    page = await next;
  }
}

/** What a stream still keeps, by key: all of it, or what comes after `first`. */
export async function contentsOf(source: HistorySource, stream: string, first = ""): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let after = first; ; ) {
    const page = await source.streamContents(stream, after);
    const last = page.at(-1);
    if (last === undefined) return found;
    for (const { key, text } of page) found.set(key, text);
    after = last.key;
  }
}

/** All sessions of a user, in the order in which they began. */
export async function sessionsOf(source: HistorySource, host: string, username: string): Promise<readonly SessionRow[]> {
  const found: SessionRow[] = [];
  for (let after = ""; ; ) {
    const page = await source.sessionsOf(host, username, after);
    const last = page.at(-1);
    if (last === undefined) return found.toSorted((a, b) => a.startedAt - b.startedAt);
    found.push(...page);
    after = last.id;
  }
}

/** At most `max` sessions of a user, the newest first. */
export async function newestSessionsOf(source: HistorySource, host: string, username: string, max: number): Promise<readonly SessionRow[]> {
  if (source.newestSessionsOf !== undefined) return source.newestSessionsOf(host, username, max);
  return (await sessionsOf(source, host, username)).toReversed().slice(0, max);
}

/** At most `max` sessions, the newest first; of a source that does not know which these are, of those that it tells first. */
export async function newestSessions(source: HistorySource, max: number): Promise<readonly SessionRow[]> {
  if (source.newestSessions !== undefined) return source.newestSessions(max);
  return byStart(await sessionsById(source, "", max));
}

/** The newest first. */
export function byStart(rows: readonly SessionRow[]): readonly SessionRow[] {
  return rows.toSorted((a, b) => b.startedAt - a.startedAt);
}

/** At most `max` sessions whose id begins so. */
export async function sessionsById(source: HistorySource, prefix: string, max: number): Promise<readonly SessionRow[]> {
  const found: SessionRow[] = [];
  let page = await source.sessionsById(prefix);
  while (page.length > 0 && found.length < max) {
    found.push(...page);
    page = await source.sessionsById(prefix, page.at(-1)!);
  }
  return found.slice(0, max);
}
