/**
 * What a start makes of the sessions that the log knows of: those that can be resumed wait for it, all others end, and whoever saw
 * them is told. Nobody is let in before.
 */
import { fold, restoreSnapshot, type RecordedSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { resumptionGraceMs } from "../domain/limits.ts";
import { numberOfHeldKey, numberOfQueueKey, numberOfTakenKey, parseQueuedText, presenceKey, type Counts, type SessionFacts } from "../domain/session-facts.ts";
import type { Content, StoredFact } from "../ports.ts";
import { adoptElement } from "../xml/parse-element.ts";
import type { SessionEnvironment } from "./environment.ts";
import type { SessionHost } from "./host.ts";
import type { Population } from "./population.ts";
import type { RestoredSession } from "./restored-session.ts";
import { SharedStanza } from "./shared-stanza.ts";
import { StanzaQueue, type QueuedStanza } from "./stanza-queue.ts";

/** A session that had not ended, as the log has it. */
export interface PastSession {
  readonly host: string;
  readonly id: string;
  /** When it began, ms since 1970. */
  readonly startedAt: number;
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
  const shared = new Map<string, SharedStanza>();
  const waiting: SessionHost[] = [];
  const ending: SessionHost[] = [];
  for await (const page of past) {
    // The store reads the accounts while the states are folded: whoever has a session is in memory.
    const loaded = Promise.all(page.map(({ snapshot }) => loadAccount(environment, contextOf(snapshot))));
    loaded.catch(() => undefined);
    const restored = page.map((session) => restore(session, shared));
    await loaded;
    for (const session of restored) {
      const host = sessions.restore(environment, session);
      if (host.connected && host.context.management === "resumable") {
        environment.registry.add(host.jid.bare, host.resource, host);
        waiting.push(host);
      } else ending.push(host);
    }
  }
  const until = environment.clock.now() + resumptionGraceMs;
  for (const session of waiting) session.recovered(until);
  // Those who wait are told of the others' end, and get what the others have left; nobody else is there to be given anything.
  for (const session of ending) {
    await loadAccount(environment, session.context);
    session.recovered(until);
  }
  await environment.batch.settle();
  if (environment.batch.failed) throw new Error("the store failed while sessions were recovered");
  return { resumable: waiting.filter(({ closed }) => !closed).length, ended: ending.length };
}

/** Of a snapshot of any version. */
function contextOf({ data }: StoredFact): { readonly host: string | null; readonly username: string | null } {
  return (data as unknown as { readonly context: { readonly host: string | null; readonly username: string | null } }).context;
}

/** `shared`: what several sessions keep, by its name; those who keep the same meet there. */
function restore(past: PastSession, shared: Map<string, SharedStanza>): RestoredSession {
  try {
    return restored(past, shared);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fix = "start the release that recorded it, or let `refrain log verify` and `refrain log salvage` look at the log";
    throw new Error(`session ${past.id} of ${past.host}: what is recorded of it cannot be restored (${why}); ${fix}`, { cause: error });
  }
}

function restored({ id, startedAt, snapshot, later, contents }: PastSession, shared: Map<string, SharedStanza>): RestoredSession {
  const recorded = snapshot.data as unknown as SessionFacts["SessionSnapshotTaken"];
  const events = later.flatMap(({ type, data }) => (type === "SessionTold" ? [(data as unknown as { readonly event: SessionEvent }).event] : []));
  const presence = contents.find(({ key }) => key === presenceKey);
  return {
    id,
    snapshot: fold(restoreSnapshot(recorded as unknown as RecordedSnapshot), events),
    since: startedAt,
    lang: recorded.lang ?? undefined,
    presence: presence && adoptElement(presence.text),
    queue: recorded.counts === null ? undefined : queueOf(recorded.counts, later, contents, shared),
    held: contents.flatMap(({ key, text }) => {
      const number = numberOfHeldKey(key);
      return number === undefined ? [] : [{ number, element: adoptElement(text) }];
    }),
  };
}

function queueOf(before: Counts, later: readonly StoredFact[], contents: readonly Content[], known: Map<string, SharedStanza>): StanzaQueue {
  const counts = later.reduce(countsAfter, before);
  const taken = new Set(contents.map(({ key }) => numberOfTakenKey(key)));
  const stanzas = contents.flatMap(({ key, text }): readonly QueuedStanza[] => {
    const number = numberOfQueueKey(key);
    if (number === undefined || number <= counts.acknowledged) return [];
    const { at, copy, sharedId, returns, text: stanza } = parseQueuedText(text);
    if (copy || taken.has(number)) return [{ number, text: stanza, at, copy: true }];
    return [{ number, text: stanza, at, copy, shared: sharedId === undefined ? undefined : sharedStanza(known, sharedId), returns }];
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

async function loadAccount({ accounts }: SessionEnvironment, { host, username }: ReturnType<typeof contextOf>): Promise<void> {
  if (host !== null && username !== null) await accounts.load(host, username);
}
