/** Whose past is asked for: a session by its id or the beginning of it, an account, the sessions of one of its resources, or a room. */
import { accountStream, sessionStream } from "../domain/facts.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { roomStream } from "../domain/room-facts.ts";
import { HistoryError } from "./errors.ts";
import { time } from "./plain-words.ts";
import { type HistorySource, type SessionRow, sessionsById, sessionsOf } from "./source.ts";

export interface Subject {
  /** For people: the id of the session, or the JID. */
  readonly name: string;
  /** The account's own stream, if it is asked for; or a room's, by its JID. */
  readonly account: string | null;
  /** In the order in which they began. */
  readonly sessions: readonly SessionRow[];
  /** The JID, if it is one: sessions that begin later belong to the subject too. */
  readonly jid: Jid | null;
}

/** Characters of an id that are enough to name a session. */
export const idCharsMin = 6;
/** Sessions that are named where it is not clear which one is meant. */
const namedMax = 10;

/** Rejects with HistoryError. */
export async function findSubject(source: HistorySource, text: string): Promise<Subject> {
  if (!text.includes("@")) {
    if (/^[^\s/@]+\.[^\s/@]+$/.test(text)) {
      throw new HistoryError(`${JSON.stringify(text)}: a domain has no log of its own, and of an external component nothing is kept; name a session, an account or a room, such as romeo@localhost`);
    }
    const session = await findSession(source, text);
    return { name: session.id, account: null, sessions: [session], jid: null };
  }
  const jid = parseJid(text);
  if (jid?.local === undefined) throw malformed(text);
  const sessions = (await sessionsOf(source, jid.domain, jid.local)).filter(({ resource }) => jid.resource === undefined || resource === jid.resource);
  const account = jid.resource === undefined ? accountStream(jid.domain, jid.local) : null;
  const known = sessions.length > 0 || (account !== null && (await source.streamFacts(account, 0)).length > 0);
  const room = roomStream({ host: jid.domain, room: jid.local });
  if (!known && jid.resource === undefined && (await source.streamFacts(room, 0)).length > 0) return { name: jid.full, account: room, sessions, jid };
  if (!known) {
    throw new HistoryError(`${jid.full}: the log knows nothing of it; \`refrain user list\` shows the accounts, and what has expired is gone`);
  }
  return { name: jid.full, account, sessions, jid };
}

/**
 * One session: by its id, a beginning of it that no other has, or a JID: the one that lives, else the last one of a full JID, or the only one of
 * a bare JID. Rejects with HistoryError.
 */
export async function findSession(source: HistorySource, text: string): Promise<SessionRow> {
  if (text.includes("@")) return sessionOf(source, text);
  if (!/^[\w-]+$/.test(text)) throw malformed(text);
  if (text.length < idCharsMin) {
    throw new HistoryError(`session ${JSON.stringify(text)}: too short; give at least ${idCharsMin} characters of its id, as \`refrain sessions\` shows it`);
  }
  const found = await sessionsById(source, text, namedMax + 1);
  const whole = found.find(({ id }) => id === text);
  if (whole !== undefined) return whole;
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new HistoryError(`session ${JSON.stringify(text)}: none has such an id; \`refrain log JID\` shows those of an account, and what has expired is gone`);
  }
  const named = found.slice(0, namedMax).map((row) => `\n  ${row.id}  ${sessionName(row)}`).join("");
  throw new HistoryError(`session ${JSON.stringify(text)}: more than one has such an id; give more of it${named}${found.length > namedMax ? "\n  …" : ""}`);
}

export function streamOf({ host, id }: Pick<SessionRow, "host" | "id">): string {
  return sessionStream(host, id);
}

/** Its full JID, or as much of that as there was. */
export function sessionName({ username, host, resource }: Pick<SessionRow, "username" | "host" | "resource">): string {
  return `${username}@${host}${resource === null ? "" : `/${resource}`}`;
}

async function sessionOf(source: HistorySource, text: string): Promise<SessionRow> {
  const { name, sessions, jid } = await findSubject(source, text);
  const living = sessions.filter(({ endedAt }) => endedAt === null);
  const candidates = (living.length > 0 ? living : sessions).toReversed();
  const [newest] = candidates;
  if (newest === undefined) throw new HistoryError(`${name}: no session of it is in the log`);
  if (candidates.length === 1 || jid?.resource !== undefined) return newest;
  const named = candidates.slice(0, namedMax).map((row) => `\n  ${row.id}  ${sessionName(row)}  began ${time(row.startedAt)}, ${lifeWords(row)}`).join("");
  const which = living.length > 0 ? `${living.length} of its sessions live` : `${sessions.length} of its sessions are in the log`;
  throw new HistoryError(`${name}: ${which}; name one by its id, or by its full JID${named}${candidates.length > namedMax ? "\n  …" : ""}`);
}

function lifeWords({ endedAt }: SessionRow): string {
  return endedAt === null ? "lives" : `ended ${time(endedAt)}`;
}

function malformed(text: string): HistoryError {
  return new HistoryError(`${JSON.stringify(text)}: expected the id of a session, such as \`refrain sessions\` shows, or a JID such as romeo@localhost`);
}
