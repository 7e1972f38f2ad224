/**
 * Where a stanza went: what the log holds of it, found in one pass over all facts. A stanza leaves a fact where it is put into the
 * queue of a session that counts stanzas, where it is put aside for a user who is not there, and where it is archived; what becomes of
 * it then follows from later facts of the same stream.
 */
import { archiveKeyOf } from "../domain/archive-keys.ts";
import type { AccountFacts } from "../domain/facts.ts";
import { belongsTo } from "../domain/jid.ts";
import type { RoomFacts } from "../domain/room-facts.ts";
import type { SessionFacts } from "../domain/session-facts.ts";
import type { StoredFact } from "../ports.ts";
import { placeOf, type ArchivedFound } from "./archived-message.ts";
import { dataOf, eventOf, type Place } from "./session-fold.ts";
import { sessionIdOf } from "./session-past.ts";

export interface MessageQuery {
  readonly id: string;
  /** Prepared addresses, bare or full, of who sent it and of who was to have it. */
  readonly from?: string;
  readonly to?: string;
}

/** One place where the stanza was. */
export interface Passage extends Place {
  readonly step: string;
  readonly cause: string | null;
  readonly kind: "message" | "presence" | "iq";
  readonly type: string;
  readonly from: string | null;
  readonly why: string | null;
  readonly copy: boolean;
  /** `queue`: of a session that counts; `offline`, `archive`: of an account. */
  readonly where: "queue" | "offline" | "archive";
  readonly stream: string;
  /** Of an archived message, which has a key instead: 0. */
  readonly number: number;
  /** Whose it is: a full JID where that is known, else the bare one. */
  readonly owner: string;
  /** What happened to it there, in order; the last one says how it ended. */
  readonly events: readonly PassageEvent[];
  /** The id of the session that sent it, if it was one of this server. */
  readonly sender: string | null;
}

export interface PassageEvent extends Place {
  readonly step: string;
  readonly what:
    /** The session lost its stream, and waits for its client. */
    | "hibernated"
    /** It was resumed, and this was sent again. */
    | "resent"
    | "acknowledged"
    /** Another session of the account has it: here it is a copy, which nobody misses. */
    | "taken"
    /** Too much waited for the client: this is kept no longer. */
    | "dropped"
    /** The session ended, and its client had not acknowledged it. */
    | "session-over"
    /** The archive does not keep it any longer. */
    | "trimmed"
    /** It is not kept for the user any more: delivered, or dropped. */
    | "removed"
    /** The account was deleted with all that was kept for it. */
    | "account-deleted";
}

/** Events after which nothing more can happen to it there. */
const lastEvents: ReadonlySet<PassageEvent["what"]> = new Set(["acknowledged", "dropped", "session-over", "trimmed", "removed", "account-deleted"]);

/** Takes all facts of the log in order. Small: of sessions only those that live, of stanzas only those that are looked for. */
export class MessageTrace {
  readonly #query: MessageQuery;
  readonly #archived: ArchivedFound;
  /** The keys of those archived messages, by where they are. */
  readonly #keys = new Map<Passage, string>();
  readonly #passages: MutablePassage[] = [];
  /** By stream, those to which something can still happen. */
  readonly #open = new Map<string, MutablePassage[]>();
  /** By stream, who the session is, as far as it is known yet. */
  readonly #sessions = new Map<string, { readonly bare: string; readonly resource: string | null }>();
  #facts = 0;
  #others = 0;

  /** `archived`: the archived messages that are meant, which the log does not tell. */
  constructor(query: MessageQuery, archived: ArchivedFound = { texts: new Map(), begins: undefined }) {
    this.#query = query;
    this.#archived = archived;
  }

  /** Facts that were looked at. */
  get facts(): number {
    return this.#facts;
  }

  /** Places where stanzas with the id were that are not from and for whom the query asks. */
  get others(): number {
    return this.#others;
  }

  /** In the order in which the stanza came there. */
  get passages(): readonly Passage[] {
    return this.#passages;
  }

  take(fact: StoredFact): void {
    this.#facts += 1;
    if (fact.stream.startsWith("session/")) this.#takeSession(fact);
    else this.#takeAccount(fact);
  }

  #takeSession(fact: StoredFact): void {
    const { stream, type } = fact;
    this.#know(fact);
    if (type === "StanzaQueued") return this.#queued(fact, dataOf(fact, "StanzaQueued"));
    if (type === "StanzasAcknowledged") {
      const { acknowledged } = dataOf(fact, "StanzasAcknowledged");
      this.#tell(fact, "acknowledged", ({ number }) => number <= acknowledged);
    } else if (type === "StanzasTaken") {
      const taken = new Set(dataOf(fact, "StanzasTaken").numbers);
      this.#tell(fact, "taken", ({ number }) => taken.has(number));
    } else if (type === "QueueDropped") {
      const { through } = dataOf(fact, "QueueDropped");
      this.#tell(fact, "dropped", ({ number }) => number <= through);
    } else if (type === "SessionEnded") {
      this.#tell(fact, "session-over");
      this.#sessions.delete(stream);
    } else if (type === "SessionTold") {
      this.#told(fact);
    }
  }

  /** What is left in its queue is given away when it leaves its connected state, in the same step. */
  #told(fact: StoredFact): void {
    const { state } = dataOf(fact, "SessionTold");
    if (state === "closing" || state === "closed") this.#tell(fact, "session-over");
    else if (eventOf(fact).type === "link.attached") this.#tell(fact, "resent");
    else if (state.includes("hibernating")) this.#tell(fact, "hibernated", ({ events }) => events.at(-1)?.what !== "hibernated");
  }

  #takeAccount(fact: StoredFact): void {
    switch (fact.type) {
      case "OfflineMessageStored":
        return this.#stored(fact, fact.data as unknown as AccountFacts["OfflineMessageStored"]);
      case "MessageArchived":
        return this.#keptInArchive(fact, fact.data as unknown as AccountFacts["MessageArchived"]);
      case "RoomMessageArchived":
        return this.#keptInRoom(fact, fact.data as unknown as RoomFacts["RoomMessageArchived"]);
      case "ArchiveTrimmed":
      case "RoomArchiveTrimmed": {
        const { through } = fact.data as unknown as AccountFacts["ArchiveTrimmed"] | RoomFacts["RoomArchiveTrimmed"];
        return this.#tell(fact, "trimmed", (passage) => (this.#keys.get(passage) ?? "~") <= through);
      }
      case "OfflineMessagesRemoved": {
        const { numbers } = fact.data as unknown as AccountFacts["OfflineMessagesRemoved"];
        return this.#tell(fact, "removed", ({ number, where }) => where === "offline" && numbers.includes(number));
      }
      case "AccountDeleted":
        return this.#tell(fact, "account-deleted");
    }
  }

  #queued(fact: StoredFact, data: SessionFacts["StanzaQueued"]): void {
    if (data.id !== this.#query.id) return;
    const { bare = "", resource = null } = this.#sessions.get(fact.stream) ?? {};
    const { kind, type, from, why, copy, number } = data;
    this.#begin(fact, { kind, type, from, why, copy, where: "queue", number, owner: resource === null ? bare : `${bare}/${resource}` });
  }

  #stored(fact: StoredFact, { id, from, why, number, host, username }: AccountFacts["OfflineMessageStored"]): void {
    if (id !== this.#query.id) return;
    this.#begin(fact, { kind: "message", type: "", from, why, copy: false, where: "offline", number, owner: `${username}@${host}` });
  }

  #keptInArchive(fact: StoredFact, { id, host, username, with: contact }: AccountFacts["MessageArchived"]): void {
    const key = archiveKeyOf(id) ?? "";
    const text = this.#archived.texts.get(placeOf(fact.stream, key));
    const isTold = this.#archived.begins !== undefined && id.startsWith(this.#archived.begins);
    if (!isTold && text?.id !== this.#query.id) return;
    const owner = `${username}@${host}`;
    const { from, to } = text ?? { from: contact, to: owner };
    // Also what the owner has sent stands there.
    if (!this.#isWanted(from, to ?? owner, "")) return void (this.#others += 1);
    const { position, at, step, cause, stream } = fact;
    const rest = { kind: "message", type: text?.type ?? "", from, why: null, copy: false, where: "archive", number: 0, owner } as const;
    const passage = { position, at, step, cause, stream, ...rest, events: [], sender: this.#sessionOf(from) };
    this.#keys.set(passage, key);
    this.#add(passage);
  }

  /** The log does not tell which id the speaker gave it, so it is found by that of the archive alone. */
  #keptInRoom(fact: StoredFact, { id, host, room, with: speaker }: RoomFacts["RoomMessageArchived"]): void {
    if (this.#archived.begins === undefined || !id.startsWith(this.#archived.begins)) return;
    const owner = `${room}@${host}`;
    if (!this.#isWanted(speaker, owner, "")) return void (this.#others += 1);
    const { position, at, step, cause, stream } = fact;
    const rest = { kind: "message", type: "groupchat", from: speaker, why: null, copy: false, where: "archive", number: 0, owner } as const;
    const passage = { position, at, step, cause, stream, ...rest, events: [], sender: this.#sessionOf(speaker) };
    this.#keys.set(passage, archiveKeyOf(id) ?? "");
    this.#add(passage);
  }

  #add(passage: MutablePassage): void {
    this.#passages.push(passage);
    this.#open.set(passage.stream, [...(this.#open.get(passage.stream) ?? []), passage]);
  }

  #begin({ position, at, step, cause, stream }: StoredFact, rest: Omit<Passage, "position" | "at" | "step" | "cause" | "stream" | "events" | "sender">): void {
    if (!this.#isWanted(rest.from, rest.owner, rest.type)) {
      this.#others += 1;
      return;
    }
    this.#add({ position, at, step, cause, stream, ...rest, events: [], sender: this.#sessionOf(rest.from) });
  }

  /** An error that comes back has the addresses the other way round. */
  #isWanted(sender: string | null, owner: string, type: string): boolean {
    const { from, to } = this.#query;
    const [source, target] = type === "error" ? [owner, sender ?? ""] : [sender ?? "", owner];
    return (from === undefined || matches(source, from)) && (to === undefined || matches(target, to));
  }

  #tell({ stream, position, at, step }: StoredFact, what: PassageEvent["what"], concerns: (passage: Passage) => boolean = () => true): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    for (const passage of open) if (concerns(passage)) passage.events.push({ position, at, step, what });
    const left = open.filter(({ events }) => !events.some(({ what }) => lastEvents.has(what)));
    if (left.length > 0) this.#open.set(stream, left);
    else this.#open.delete(stream);
  }

  #know(fact: StoredFact): void {
    if (fact.type === "SessionSnapshotTaken") {
      const { username, host, resource } = dataOf(fact, "SessionSnapshotTaken").context as unknown as KnownContext;
      const known = this.#sessions.get(fact.stream);
      this.#sessions.set(fact.stream, { bare: `${username}@${host}`, resource: resource ?? known?.resource ?? null });
    } else if (fact.type === "SessionTold") {
      const event = eventOf(fact);
      const known = this.#sessions.get(fact.stream);
      if (event.type === "resource.bound" && known !== undefined) this.#sessions.set(fact.stream, { ...known, resource: event.resource });
    }
  }

  /** The session that has this full JID now. One that is closing still seems to have it, so the last one counts. */
  #sessionOf(fullJid: string | null): string | null {
    let found: string | null = null;
    for (const [stream, { bare, resource }] of this.#sessions) if (`${bare}/${resource}` === fullJid) found = sessionIdOf(stream);
    return found;
  }
}

type MutablePassage = Omit<Passage, "events"> & { readonly events: PassageEvent[] };

interface KnownContext {
  readonly username: string;
  readonly host: string;
  readonly resource: string | null;
}

function matches(address: string, wanted: string): boolean {
  return address === wanted || (!wanted.includes("/") && belongsTo(address, wanted));
}

/** The passage from which this one follows: its stay there ended in the same step, or in the one that led to this one. */
export function cameFrom(passage: Passage, all: readonly Passage[]): Passage | undefined {
  if (passage.where === "archive") return undefined;
  return all.find((other) => {
    if (other.where === "archive") return false;
    const end = other.events.at(-1);
    return other !== passage && end !== undefined && lastEvents.has(end.what) && end.what !== "acknowledged" &&
      (end.step === passage.step || end.step === passage.cause);
  });
}

/** Whether something can still happen to it there. */
export function isWaiting({ events }: Passage): boolean {
  return !events.some(({ what }) => lastEvents.has(what));
}
