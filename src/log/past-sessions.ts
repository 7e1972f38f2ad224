/** The sessions that had not ended when the log was last written, in pages, for whoever lets them go on. */
import type { Content, StoredFact } from "../ports.ts";
import type { LiveSession, SessionSource } from "./session-source.ts";

export interface PastSession {
  readonly host: string;
  readonly id: string;
  readonly startedAt: number;
  readonly snapshot: StoredFact;
  readonly later: readonly StoredFact[];
  readonly contents: readonly Content[];
}

/** Sessions of one page: read together, so that their questions to the store do not wait for each other. */
const pageSessions = 500;

/** The store's thread reads the next page while whoever asked for this one deals with it. */
export async function* pastSessions(source: SessionSource): AsyncGenerator<readonly PastSession[]> {
  let rows = await source.live("", pageSessions);
  let reading = readAll(source, rows);
  while (rows.length > 0) {
    const last = rows.at(-1);
    rows = last === undefined || rows.length < pageSessions ? [] : await source.live(`${last.host}/${last.id}`, pageSessions);
    const page = await reading;
    reading = readAll(source, rows);
    // Whoever goes no further does not hear of it.
    reading.catch(() => undefined);
    yield page;
  }
}

function readAll(source: SessionSource, rows: readonly LiveSession[]): Promise<readonly PastSession[]> {
  return Promise.all(rows.map(async ({ host, id, snapshot }) => ({ host, id, ...(await source.read(host, id, snapshot)) })));
}
