/** The sessions that had not ended when the log was last written, in pages, for whoever lets them go on. */
import type { Content, StoredFact } from "../ports.ts";
import type { SessionSource } from "./session-source.ts";

export interface PastSession {
  readonly host: string;
  readonly id: string;
  readonly snapshot: StoredFact;
  readonly later: readonly StoredFact[];
  readonly contents: readonly Content[];
}

/** Sessions of one page: read together, so that their questions to the store do not wait for each other. */
const pageSessions = 500;

export async function* pastSessions(source: SessionSource): AsyncGenerator<readonly PastSession[]> {
  for (let after = ""; ; ) {
    const rows = await source.live(after, pageSessions);
    yield await Promise.all(rows.map(async ({ host, id, snapshot }) => ({ host, id, ...(await source.read(host, id, snapshot)) })));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSessions) return;
    after = `${last.host}/${last.id}`;
  }
}
