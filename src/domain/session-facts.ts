/** The facts of a session's life, from authentication to its end, and what its stream keeps beside them. */
import type { Json } from "./json.ts";

/** What stream management has counted (XEP-0198 section 4): whole numbers that never wrap; on the wire they do. */
export interface Counts {
  /** Stanzas of the client that were handled. */
  readonly received: number;
  /** Stanzas that were put into the client's queue. */
  readonly sent: number;
  /** Of those, how many the client has acknowledged. */
  readonly acknowledged: number;
}

/** Each fact of a session's stream with the shape of its data. */
export interface SessionFacts {
  /**
   * The state whole: what comes before it is not needed to continue. `machine` and `version` say which machine alone can;
   * `counts` is null unless the session counts stanzas.
   */
  readonly SessionSnapshotTaken: {
    readonly machine: "session";
    readonly version: number;
    readonly value: Json;
    readonly context: Json;
    readonly counts: Counts | null;
    /** The language of the client's stream (RFC 6120 section 4.7.4). */
    readonly lang: string | null;
  };
  /** The machine was told an event; `state` is the name of the one that it is in since. */
  readonly SessionTold: { readonly event: Json; readonly state: string };
  /** A stanza was put into the queue of a session that counts; its text is the content `queue/NUMBER`. */
  readonly StanzaQueued: {
    /** Its place, from 1. */
    readonly number: number;
    readonly kind: "message" | "presence" | "iq";
    /** Empty for none. */
    readonly type: string;
    readonly id: string | null;
    readonly from: string | null;
    /** A copy of what has another disposition, such as a carbon: nobody misses it. */
    readonly copy: boolean;
    /** The rule by which it came here; null where it is an answer. */
    readonly why: string | null;
  };
  /** The client's stanzas up to this number were handled: once a batch, in the commit that holds what followed from them. */
  readonly StanzasCounted: { readonly received: number };
  /** The client has acknowledged the stanzas up to this number. */
  readonly StanzasAcknowledged: { readonly acknowledged: number };
  /** Another session of the account has these, which this one still keeps: from now on they are copies, by the contents `taken/NUMBER`. */
  readonly StanzasTaken: { readonly numbers: readonly number[] };
  /** Those up to this number are kept no longer: too much was unacknowledged, or the session is over and they are somebody else's care. */
  readonly QueueDropped: { readonly through: number };
  /** A stanza waits until its client looks, and the next server would not know of it; its text is the content `held/NUMBER`. */
  readonly StanzaHeld: {
    /** Its place among those that wait, from 1. */
    readonly number: number;
    readonly kind: "message" | "presence" | "iq";
    /** Empty for none. */
    readonly type: string;
    readonly id: string | null;
    readonly from: string | null;
    /** The number of the one that it has outdated, which waits no longer; null for none. */
    readonly replaces: number | null;
  };
  /** Those up to this number wait no longer: they are in the client's queue. */
  readonly HeldStanzasReleased: { readonly through: number };
  /** Nothing follows. `received` is null unless the session counted stanzas. */
  readonly SessionEnded: { readonly reason: string; readonly received: number | null };
}

export type SessionFactType = keyof SessionFacts;

/** The current version of the shape of each fact's data. */
export const sessionFactVersions = {
  SessionSnapshotTaken: 2,
  SessionTold: 1,
  StanzaQueued: 1,
  StanzasCounted: 1,
  StanzasAcknowledged: 1,
  StanzasTaken: 1,
  QueueDropped: 1,
  StanzaHeld: 1,
  HeldStanzasReleased: 1,
  SessionEnded: 1,
} as const satisfies Record<SessionFactType, number>;

/** The key of the last available presence of a session that counts, as it was sent. */
export const presenceKey = "presence";

/** The key of a queued stanza. Numbers sort as text: sixteen digits hold every safe integer. */
export function queueKey(number: number): string {
  return `queue/${String(number).padStart(16, "0")}`;
}

/** The number in such a key; undefined for another key. */
export function numberOfQueueKey(key: string): number | undefined {
  return key.startsWith("queue/") ? Number(key.slice("queue/".length)) : undefined;
}

/** The key that says of a queued stanza that another session has it. */
export function takenKey(number: number): string {
  return `taken/${queueKey(number).slice("queue/".length)}`;
}

/** The number in such a key; undefined for another key. */
export function numberOfTakenKey(key: string): number | undefined {
  return key.startsWith("taken/") ? Number(key.slice("taken/".length)) : undefined;
}

/** All that is kept of the stanzas up to this number. */
export function queueThrough(number: number): readonly { readonly from: string; readonly through: string }[] {
  return [{ from: queueKey(0), through: queueKey(number) }, { from: takenKey(0), through: takenKey(number) }];
}

/** The key of a stanza that waits until its client looks. */
export function heldKey(number: number): string {
  return `held/${queueKey(number).slice("queue/".length)}`;
}

/** The number in such a key; undefined for another key. */
export function numberOfHeldKey(key: string): number | undefined {
  return key.startsWith("held/") ? Number(key.slice("held/".length)) : undefined;
}

/** All those up to this number. */
export function heldThrough(number: number): readonly { readonly from: string; readonly through: string }[] {
  return [{ from: heldKey(0), through: heldKey(number) }];
}

/** The numbers of those that wait, one fact further. */
export function evolveHeld(held: Set<number>, { type, data }: { readonly type: string; readonly data: unknown }): void {
  if (type === "StanzaHeld") {
    const { number, replaces } = data as SessionFacts["StanzaHeld"];
    held.add(number);
    if (replaces !== null) held.delete(replaces);
  } else if (type === "HeldStanzasReleased") {
    const { through } = data as SessionFacts["HeldStanzasReleased"];
    for (const number of held) if (number <= through) held.delete(number);
  }
}

/** What is recorded of an identifier that somebody else has chosen: enough to find it by. */
export function recordedId(id: string | undefined): string | null {
  return id === undefined ? null : id.slice(0, recordedIdCharsMax);
}

const recordedIdCharsMax = 256;

/** A queued stanza as it is kept: with what is needed to give it to somebody else. */
export interface KeptStanza {
  /** When it was queued, ms since 1970. */
  readonly at: number;
  readonly copy: boolean;
  /** The name of what other sessions of the account keep as well; undefined where it is this one's alone. */
  readonly sharedId: string | undefined;
  /** Where it goes if nobody acknowledges it, where that is not to be read off the stanza. */
  readonly returns?: ReturnPath | undefined;
  /** XML text in `jabber:client`. */
  readonly text: string;
}

/** The way back of a stanza that came under another address than its sender's. */
export interface ReturnPath {
  /** The full JID that it was sent to, as its sender knows it. */
  readonly from: string;
  /** The full JID of its sender. */
  readonly to: string;
}

/** The text of the content `queue/NUMBER`. */
export function queuedText({ at, copy, sharedId, returns, text }: KeptStanza): string {
  const way = returns === undefined || copy ? "" : `back:${encodeURIComponent(returns.from)}>${encodeURIComponent(returns.to)} `;
  return `${at} ${copy ? "copy" : sharedId === undefined ? "own" : `shared:${sharedId}`} ${way}${text}`;
}

/** What `queuedText` was given. Throws if it made no such text. */
export function parseQueuedText(queued: string): KeptStanza {
  const match = /^(\d+) (?:(copy)|own|shared:([^ ]+)) (?:back:([^ >]+)>([^ ]+) )?/.exec(queued);
  if (match === null) throw new Error("expected a queued stanza, with when it was queued and whose care it is, got something else");
  const [whole, at, copy, sharedId, from, to] = match;
  const returns = from === undefined || to === undefined ? {} : { returns: { from: decodeURIComponent(from), to: decodeURIComponent(to) } };
  return { at: Number(at), copy: copy !== undefined, sharedId, ...returns, text: queued.slice(whole.length) };
}

/** Every content of a stream. */
export const allContents = { from: "", through: "\u{10ffff}" } as const;
