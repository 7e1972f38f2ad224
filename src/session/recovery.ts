/**
 * What a start makes of the sessions that the log knows of: those that can be resumed wait for it, all others end, and whoever saw
 * them is told. Nobody is let in before.
 */
import { fold, restoreSnapshot, type RecordedSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import { fullJid } from "../../machines/session-context.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { parseJid } from "../domain/jid.ts";
import { resumptionGraceMs } from "../domain/limits.ts";
import { numberOfQueueKey, parseQueuedText, presenceKey, type Counts, type SessionFacts } from "../domain/session-facts.ts";
import type { Content, StoredFact } from "../ports.ts";
import { adoptElement } from "../xml/parse-element.ts";
import type { SessionEnvironment } from "./environment.ts";
import type { RestoredSession, SessionHost } from "./host.ts";
import type { Population } from "./population.ts";
import { SharedStanza } from "./shared-stanza.ts";
import { StanzaQueue, type QueuedStanza } from "./stanza-queue.ts";

/** A session that had not ended, as the log has it. */
export interface PastSession {
  readonly host: string;
  readonly id: string;
  /** Its last snapshot. */
  readonly snapshot: StoredFact;
  /** What came after it, in order. */
  readonly later: readonly StoredFact[];
  readonly contents: readonly Content[];
}

export interface Recovery {
  /** Sessions that wait to be resumed. */
  readonly resumable: number;
  /** Sessions that ended with the last run. */
  readonly ended: number;
}

/** Rejects if the log cannot tell how a session was: nothing is known of it then, and going on would lose it. */
export async function recoverSessions(
  environment: SessionEnvironment,
  sessions: Population,
  past: AsyncIterable<readonly PastSession[]>,
): Promise<Recovery> {
  const hosts: SessionHost[] = [];
  const shared = new Map<string, SharedStanza>();
  for await (const page of past) {
    const restored = page.map((session) => restore(session, shared));
    // Whoever has a session is in memory.
    await Promise.all(restored.map(({ snapshot: { context } }) => loadAccount(environment, context.host, context.username)));
    for (const session of restored) hosts.push(bringBack(environment, sessions, session));
  }
  // Those who wait first: they are told of the others' end.
  const resumable = hosts.filter(({ context }) => context.management === "resumable");
  const ending = hosts.filter(({ context }) => context.management !== "resumable");
  for (const session of [...resumable, ...ending]) {
    session.tellLater(null, ({ at }) => ({ type: "server.recovered", at, until: at + resumptionGraceMs }));
  }
  await environment.batch.settle();
  return { resumable: resumable.filter(({ closed }) => !closed).length, ended: ending.length };
}

/** `shared`: what several sessions keep, by its name; those who keep the same meet there. */
function restore({ id, snapshot, later, contents }: PastSession, shared: Map<string, SharedStanza>): RestoredSession {
  const recorded = snapshot.data as unknown as SessionFacts["SessionSnapshotTaken"];
  const events = later.flatMap(({ type, data }) => (type === "SessionTold" ? [(data as unknown as { readonly event: SessionEvent }).event] : []));
  const presence = contents.find(({ key }) => key === presenceKey);
  return {
    id,
    snapshot: stateAfter(id, recorded, events),
    since: snapshot.at,
    lang: recorded.lang ?? undefined,
    presence: presence && adoptElement(presence.text),
    queue: recorded.counts === null ? undefined : queueOf(recorded.counts, later, contents, shared),
  };
}

function stateAfter(id: string, recorded: SessionFacts["SessionSnapshotTaken"], events: readonly SessionEvent[]): SessionSnapshot {
  try {
    return fold(restoreSnapshot(recorded as unknown as RecordedSnapshot), events);
  } catch (error) {
    throw new Error(`session ${id}: its recorded state cannot be restored: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function queueOf(before: Counts, later: readonly StoredFact[], contents: readonly Content[], known: Map<string, SharedStanza>): StanzaQueue {
  const counts = later.reduce(countsAfter, before);
  const stanzas = contents.flatMap(({ key, text }): readonly QueuedStanza[] => {
    const number = numberOfQueueKey(key);
    if (number === undefined || number <= counts.acknowledged) return [];
    const { sharedId, ...kept } = parseQueuedText(text);
    return [{ number, ...kept, shared: sharedId === undefined ? undefined : sharedStanza(known, sharedId) }];
  });
  return new StanzaQueue(counts, stanzas);
}

function sharedStanza(known: Map<string, SharedStanza>, id: string): SharedStanza {
  const stanza = known.get(id) ?? new SharedStanza(id);
  known.set(id, stanza);
  return stanza;
}

function countsAfter(counts: Counts, { type, data }: StoredFact): Counts {
  switch (type) {
    case "StanzaQueued":
      return { ...counts, sent: (data as unknown as SessionFacts["StanzaQueued"]).number };
    case "StanzasCounted":
      return { ...counts, received: (data as unknown as SessionFacts["StanzasCounted"]).received };
    case "StanzasAcknowledged":
      return { ...counts, acknowledged: (data as unknown as SessionFacts["StanzasAcknowledged"]).acknowledged };
    default:
      return counts;
  }
}

async function loadAccount({ accounts }: SessionEnvironment, host: string | null, username: string | null): Promise<void> {
  if (host !== null && username !== null) await accounts.load(host, username);
}

function bringBack(environment: SessionEnvironment, sessions: Population, restored: RestoredSession): SessionHost {
  const session = sessions.restore(environment, restored);
  const { context } = restored.snapshot;
  if (context.resource !== null) {
    const jid = parseJid(fullJid(context));
    if (jid !== undefined) environment.registry.add(jid.bare, context.resource, session);
  }
  return session;
}
