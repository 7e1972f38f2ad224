/**
 * A session's stream, folded: what the session was at each of its facts. The machine's part is folded by the machine itself,
 * the rest is counted here. What the stream says of itself on the way, in states' names and later snapshots, is checked.
 */
import { fold, recordSnapshot, restoreSnapshot, type RecordedSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { stateName } from "../../machines/state-name.ts";
import type { Counts, SessionFacts, SessionFactType } from "../domain/session-facts.ts";
import type { Json, StoredFact } from "../ports.ts";
import { differences } from "./differences.ts";
import { HistoryError } from "./errors.ts";

/** What a session was after one of its facts. */
export interface SessionMoment {
  readonly stream: string;
  /** Of that fact: its place in the whole log and in the stream, and its time. */
  readonly position: number;
  readonly version: number;
  readonly at: number;
  /** The machine, with its state and context. */
  readonly machine: SessionSnapshot;
  /** null unless the session counts stanzas. */
  readonly counts: Counts | null;
  /** Those that were queued since the first snapshot and are not acknowledged, oldest first. */
  readonly queue: readonly QueuedStanza[];
  /** Facts were taken out since the last snapshot, when the log was compacted: the counts and the queue are those of before. */
  readonly compacted: boolean;
  /** false once its queue was full: nothing is kept for it any more, nor recorded of what it is sent. */
  readonly keepsQueue: boolean;
  /** The language of the client's stream. */
  readonly lang: string | null;
  /** Where it last became available, and the fact that holds its presence; null while it is not. */
  readonly available: { readonly since: Place; readonly last: Place } | null;
  readonly ended: SessionFacts["SessionEnded"] | null;
}

export interface Place {
  readonly position: number;
  readonly at: number;
}

export type QueuedStanza = SessionFacts["StanzaQueued"] & Place;

/** The stream says of itself something else than what the facts before it give. */
export interface Disagreement {
  readonly position: number;
  readonly version: number;
  /** What it is about: `context.priority`, `state`, `counts.sent`. */
  readonly what: string;
  readonly folded: Json | undefined;
  readonly recorded: Json | undefined;
}

export interface Fold {
  /** undefined before the first snapshot of the stream. */
  readonly moment: SessionMoment | undefined;
  readonly disagreements: readonly Disagreement[];
}

/** One fact further. Pure. Throws HistoryError if a snapshot belongs to another machine, or to a version that this one cannot continue. */
export function evolveSession(before: SessionMoment | undefined, fact: StoredFact): Fold {
  if (fact.type === "SessionSnapshotTaken") return takeSnapshot(before, fact);
  if (before === undefined) return { moment: undefined, disagreements: [] };
  const { position, version, at } = fact;
  const compacted = before.compacted || version > before.version + 1;
  const moved = { ...before, position, version, at, compacted };
  switch (fact.type as SessionFactType) {
    case "SessionTold":
      return tell(moved, fact);
    case "StanzaQueued": {
      const data = dataOf(fact, "StanzaQueued");
      const queue = before.keepsQueue ? [...before.queue, { ...data, position, at }] : before.queue;
      return agreed({ ...moved, queue, counts: { ...countsOf(before), sent: data.number } });
    }
    case "StanzasCounted":
      return agreed({ ...moved, counts: { ...countsOf(before), received: dataOf(fact, "StanzasCounted").received } });
    case "StanzasAcknowledged": {
      const { acknowledged } = dataOf(fact, "StanzasAcknowledged");
      const queue = before.queue.filter(({ number }) => number > acknowledged);
      const counts = countsOf(before);
      // What a session without a queue was sent is not recorded; that its client has it is.
      return agreed({ ...moved, queue, counts: { ...counts, sent: Math.max(counts.sent, acknowledged), acknowledged } });
    }
    case "StanzasTaken": {
      const taken = new Set(dataOf(fact, "StanzasTaken").numbers);
      return agreed({ ...moved, queue: before.queue.map((stanza) => (taken.has(stanza.number) ? { ...stanza, copy: true } : stanza)) });
    }
    case "QueueDropped": {
      const { through } = dataOf(fact, "QueueDropped");
      return agreed({ ...moved, queue: before.queue.filter(({ number }) => number > through) });
    }
    case "SessionEnded":
      return agreed({ ...moved, ended: dataOf(fact, "SessionEnded") });
    default:
      return agreed(moved);
  }
}

/** The data of a fact of this type. */
export function dataOf<Type extends SessionFactType>(fact: StoredFact, _type: Type): SessionFacts[Type] {
  return fact.data as unknown as SessionFacts[Type];
}

/** The event that a SessionTold holds. */
export function eventOf(fact: StoredFact): SessionEvent {
  return dataOf(fact, "SessionTold").event as unknown as SessionEvent;
}

function tell(before: SessionMoment, fact: StoredFact): Fold {
  const event = eventOf(fact);
  const machine = fold(before.machine, [event]);
  const moment = {
    ...before,
    machine,
    // It counts from the moment when it was told to (XEP-0198 section 4).
    counts: before.counts ?? (machine.context.management === "off" ? null : noCounts),
    keepsQueue: before.keepsQueue && event.type !== "queue.overflowed",
    available: availability(before, machine, fact, event.type === "presence.changed"),
  };
  const [folded, recorded] = [stateName(machine.value), dataOf(fact, "SessionTold").state];
  return { moment, disagreements: folded === recorded ? [] : [{ ...placeIn(fact), what: "state", folded, recorded }] };
}

function availability({ available }: SessionMoment, { context }: SessionSnapshot, { position, at }: StoredFact, changed: boolean): SessionMoment["available"] {
  if (context.presence === null) return null;
  if (available !== null && !changed) return available;
  return { since: available?.since ?? { position, at }, last: { position, at } };
}

function takeSnapshot(before: SessionMoment | undefined, fact: StoredFact): Fold {
  const data = dataOf(fact, "SessionSnapshotTaken");
  const { stream, position, version, at } = fact;
  const machine = restore(fact);
  const { counts } = data;
  const queue = before?.queue ?? [];
  const moment: SessionMoment = {
    stream, position, version, at, machine, counts,
    queue: counts === null ? [] : queue.filter(({ number }) => number > counts.acknowledged),
    compacted: false,
    keepsQueue: before?.keepsQueue ?? true,
    lang: data.lang,
    available: machine.context.presence === null ? null : (before?.available ?? { since: { position, at }, last: { position, at } }),
    ended: before?.ended ?? null,
  };
  return { moment, disagreements: before === undefined ? [] : compare(before, moment).map((found) => ({ ...placeIn(fact), ...found })) };
}

function restore(fact: StoredFact): SessionSnapshot {
  try {
    return restoreSnapshot(fact.data as unknown as RecordedSnapshot);
  } catch (error) {
    throw new HistoryError(`position ${fact.position} of the log: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What a snapshot says, beside what the facts before it give. */
function compare(folded: SessionMoment, recorded: SessionMoment): readonly Omit<Disagreement, "position" | "version">[] {
  // Of the client's stanzas it knows those that are counted at the end of the batch that it is in, too.
  const received = Math.max(folded.counts?.received ?? 0, recorded.counts?.received ?? 0);
  if (folded.compacted || recorded.version > folded.version + 1) return compareStates(folded, recorded);
  const before = { ...stateOf(folded), counts: folded.counts && recorded.counts && { ...folded.counts, received } };
  // A session that keeps no queue goes on counting what it sends, and records none of it.
  const sent = folded.keepsQueue ? {} : { sent: folded.counts?.sent ?? 0 };
  const after = { ...stateOf(recorded), counts: recorded.counts && { ...recorded.counts, ...sent, received } };
  return toDisagreements(differences(before as unknown as Json, after as unknown as Json));
}

function compareStates(folded: SessionMoment, recorded: SessionMoment): readonly Omit<Disagreement, "position" | "version">[] {
  return toDisagreements(differences(stateOf(folded) as unknown as Json, stateOf(recorded) as unknown as Json));
}

function toDisagreements(found: ReturnType<typeof differences>): readonly Omit<Disagreement, "position" | "version">[] {
  return found.map(({ path, before, after }) => ({ what: path, folded: before, recorded: after }));
}

function stateOf({ machine }: SessionMoment) {
  const { value, context } = recordSnapshot(machine);
  return { state: stateName(value), context };
}

const noCounts: Counts = { received: 0, sent: 0, acknowledged: 0 };

const countsOf = ({ counts }: SessionMoment): Counts => counts ?? noCounts;

function agreed(moment: SessionMoment): Fold {
  return { moment, disagreements: [] };
}

function placeIn({ position, version }: StoredFact) {
  return { position, version };
}
