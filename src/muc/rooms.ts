/** All rooms: in memory as far as somebody needs them, changed by facts alone. */
import type { RoomEvent } from "../../machines/room-events.ts";
import type { ArchivedMessage, ArchiveEnds, ArchiveMissing, ArchivePage, ArchiveQuery } from "../domain/archive-query.ts";
import { defaultRoomConfig, type RoomConfig } from "../domain/room-config.ts";
import { isOfOccupants, type RoomFact, type RoomFactType, type RoomFacts, type RoomOwner } from "../domain/room-facts.ts";
import { Room } from "../domain/room.ts";
import { makeJid, type Jid } from "../domain/jid.ts";
import { unnotedFactsMin } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Log } from "../ports.ts";
import type { Sender } from "../service/services.ts";
import type { DeliveryNote } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza } from "../xml/stanza.ts";
import type { RoomExtension } from "./contract.ts";
import { effectsOf } from "./life.ts";
import { Relay } from "./relay.ts";
import { RoomCache } from "./room-cache.ts";

/** Where rooms are read from. */
export interface RoomStore {
  /** undefined if there is no such room. */
  load(owner: RoomOwner): Promise<Room | undefined>;
  /** All rooms of a domain. `occupied`: the sessions that were in it when it was recorded last. */
  list(host: string): AsyncIterable<RoomOwner & { readonly by: string; readonly occupied: number }>;
  /** Those that everybody may find, in the order of their names' UTF-8 bytes: some of them. `after` and `before` are names. */
  listed(host: string, range: { readonly after?: string; readonly before?: string; readonly reverse?: boolean; readonly limit: number }): Promise<readonly ListedRoom[]>;
  listedCount(host: string): Promise<number>;
  /** Those on whose lists a bare JID was when it was recorded last. */
  listing(bareJid: string): AsyncIterable<RoomOwner>;
  /** XML text; undefined if the room has none. */
  vcard(owner: RoomOwner): Promise<string | undefined>;
}

/** What was said in rooms, to be read again (XEP-0313). */
export interface RoomArchive {
  /** The id that everybody is told of what has this id in the log. */
  toldOf(id: string): string;
  /** Includes what was said before the call. `with` is an address in the room. */
  page(room: Room, query: ArchiveQuery): Promise<ArchivePage | ArchiveMissing>;
  /** undefined for an empty archive. */
  ends(room: Room): Promise<ArchiveEnds | undefined>;
  /** The message that was told under this id, with its id in the log; undefined if there is none. */
  find(room: Room, told: string): Promise<(ArchivedMessage & { readonly logId: string }) | undefined>;
}

/** A room that everybody may find. */
export interface ListedRoom {
  readonly room: string;
  /** For people; empty where it has none. */
  readonly name: string;
}

/** Choices of the operator. */
export interface RoomLimits {
  /** Who may make a room. */
  readonly creation: "everybody" | "admins";
  /** Rooms that one user has made and that are still there; more are not made. */
  readonly perUser: number;
  /** Occupants of one room. */
  readonly occupants: number;
  /** Administrators of the server, by bare JID: they own every room. */
  readonly admins: readonly string[];
}

/** A message from one occupant to another (XEP-0045 section 7.5). */
export interface Whispered {
  /** As it was sent, with what says that it is of a room. */
  readonly sent: Stanza & { readonly to: Jid };
  /** As it will be given, to one of the sessions; what is added to its element they all get. */
  readonly received: Stanza & { readonly to: Jid };
  /** The full JIDs of the sender's sessions that are the same occupant, the sending one included. */
  readonly mates: readonly string[];
}

/** What rooms need of the rest of the server. */
export interface RoomsHost {
  /** As `promised`, if that is settled within `extensionAnswerMs`; else operators are told of `what`, and it is as `late` says. */
  patient<Value>(promised: Promise<Value>, what: string, late: () => Value): Promise<Value>;
  /** Counts, for operators, what a limit has refused without a fault that names it. */
  readonly refused: CountRefusal;
  readonly log: Log;
  /** Of this server. */
  readonly software: { readonly name: string; readonly version: string };
  readonly limits: RoomLimits;
  /** The domains of accounts. */
  readonly hosts: readonly string[];
  readonly store: RoomStore;
  readonly archive: RoomArchive;
  /** Stanzas, and bytes of them, that are kept for a client until it acknowledges them: what is given in one go must find room there. */
  readonly queue: { readonly queueStanzas: number; readonly queueBytes: number };
  nextId(): string;
  /** What a user is known by in a room, whatever the nick is (XEP-0421): the same for ever, and nothing is to be learned from it. */
  occupantId(room: Room, bareJid: string): string;
  /** Runs a step: for what is done after a wait. */
  run<Result>(cause: string | null, work: (step: Step) => Result): Result;
  /** Resolves when what has this ticket is on the disk. */
  durable(ticket: number): Promise<void>;
  isDurable(ticket: number): boolean;
  /** Puts an element into the queue of a connected session, or gives it to the service of its domain. Returns whether there is such a one. */
  give(step: Step, to: Jid, element: Element, note?: DeliveryNote): boolean;
  /** What a message for all of these sessions, full JIDs of one user, has to say of itself, so that whoever has it has it for all. */
  noteFor(jids: readonly string[], why: string): DeliveryNote;
  /** Whether a user of this server has blocked an address of a room (XEP-0191). */
  blocks(step: Step, bareJid: string, address: Jid): boolean;
  /** Whether there is such a session, with or without a link; of other servers' and components' it is believed. */
  isThere(jid: Pick<Jid, "full" | "bare" | "resource">): boolean;
  /** Does the work in a step of its own, after `delayMs`; what waits is in memory alone. Returns the way to call it off. */
  later(step: Step, delayMs: number, work: (step: Step) => void): () => void;
  /** What becomes of a message from one user to another, by their addresses in a room, beside its delivery, which is about to be. */
  whispered(step: Step, message: Whispered): void;
  /** Sends a message or presence to an account as if a session had sent it. What comes back goes to `sender`. */
  send(step: Step, stanza: Stanza & { readonly to: Jid }, sender: Sender): void;
  /**
   * Asks an account what it answers to everybody, with a request from an address of a room, for a session. The answer goes to `sender`,
   * now or later. Returns false, and asks nobody, where one of the two is not of this server.
   */
  askAccount(step: Step, iq: Stanza & { readonly to: Jid }, asker: Jid, sender: Sender): boolean;
}

export class Rooms {
  readonly host: RoomsHost;
  readonly extensions: readonly RoomExtension[];
  /** Requests of occupants to each other. */
  readonly relay: Relay;
  readonly #cache: RoomCache;
  /** By bare JID: rooms that there are, whoever owns them by now. */
  readonly #made = new Map<string, number>();
  /** By bare JID: the ticket of the end of a room, until it is on the disk. */
  readonly #ended = new Map<string, number>();

  constructor(host: RoomsHost, extensions: readonly RoomExtension[]) {
    this.host = host;
    this.extensions = extensions;
    this.relay = new Relay(this);
    this.#cache = new RoomCache(
      (domain, room) => host.store.load({ host: domain, room }),
      ({ lastTicket }) => host.isDurable(lastTicket),
    );
  }

  /** A room that is in memory: every room with an occupant is. */
  read(step: Step, bareJid: string): Room | undefined {
    return this.#cache.read(step, bareJid);
  }

  /** All that are in memory. */
  known(): Iterable<Room> {
    return this.#cache.all();
  }

  /** Loads a room; undefined if it does not exist. */
  async load({ domain, local, bare }: Jid): Promise<Room | undefined> {
    if (local === undefined) return undefined;
    // Until the store knows of the end of a room, it would bring it back.
    const ended = this.#ended.get(bare);
    if (ended !== undefined) await this.host.durable(ended);
    return this.#cache.load(domain, local);
  }

  /** How many rooms there are that somebody has made. */
  madeBy(bareJid: string): number {
    return this.#made.get(bareJid) ?? 0;
  }

  /** The room's own vCard, with what was set before the call: XML text; undefined if there is none. */
  async vcard(room: Room): Promise<string | undefined> {
    if (room.meta("vcard") === undefined) return undefined;
    await this.host.durable(room.lastTicket);
    return this.host.store.vcard(room);
  }

  /** Makes a room that does not exist: whoever asks has looked for it, in memory and in the store. */
  create(step: Step, jid: Jid, by: string, config: Partial<RoomConfig>, locked: boolean): Room {
    const room = new Room(jid.domain, jid.local ?? "", []);
    this.#cache.add(step, room);
    this.#countMade(step, by, 1);
    this.change(step, room, "RoomCreated", { by, config: { ...defaultRoomConfig, ...config }, locked });
    this.change(step, room, "AffiliationSet", { jid: by, affiliation: "owner", nick: null, reason: null });
    return room;
  }

  /** Records a fact. What is sent in this step waits for it, unless it is told not to be binding. */
  change<Type extends RoomFactType>(
    step: Step,
    room: Room,
    type: Type,
    data: Omit<RoomFacts[Type], keyof RoomOwner>,
    { binding = true, ...beside }: { readonly binding?: boolean } & Pick<RoomFact, "contents" | "forgotten"> = {},
  ): void {
    const fact = { type, data: { host: room.host, room: room.room, ...data }, ...beside } as unknown as RoomFact;
    this.#cache.change(step, room, fact, binding);
    if (fact.type === "OccupantLeft") this.relay.end(step, fact.data.jid, room);
    if (isOfOccupants(type)) this.#noteOccupants(step, room);
  }

  /** Nothing is left of it; those who were in it have been told. */
  destroy(step: Step, room: Room, by: string | null, reason: string | null): void {
    const maker = room.meta("madeBy");
    if (maker !== undefined) this.#countMade(step, maker, -1);
    this.change(step, room, "RoomDestroyed", { by, reason });
    this.#cache.forget(room.bare);
    const ended = room.lastTicket;
    this.#ended.set(room.bare, ended);
    const settled = (): void => {
      if (this.#ended.get(room.bare) === ended) this.#ended.delete(room.bare);
    };
    step.afterwards(() => void this.host.durable(ended).then(settled, settled));
    step.ifDiscarded(() => {
      settled();
      if (this.#cache.get(room.bare) === undefined) this.#cache.add(step, room);
    });
  }

  /** Whether an event is the end of the room: the machine of its life asks for it to be forgotten, which `destroy` does. */
  isOver(room: Room, event: RoomEvent): boolean {
    return effectsOf(room, event).includes("forget.room");
  }

  jidOf(room: Room, nick?: string): Jid {
    return makeJid(room.room, room.host, nick);
  }

  /** Those of a domain in which somebody was when the server stopped, or the power went; and how many everybody has made. */
  async loadOccupied(domain: string): Promise<void> {
    for await (const { host, room, by, occupied } of this.host.store.list(domain)) {
      this.#made.set(by, this.madeBy(by) + 1);
      if (occupied > 0) await this.#cache.load(host, room);
    }
  }

  #countMade(step: Step, by: string, difference: 1 | -1): void {
    const count = (difference: number): void => {
      const made = this.madeBy(by) + difference;
      if (made > 0) this.#made.set(by, made);
      else this.#made.delete(by);
    };
    count(difference);
    step.ifDiscarded(() => count(-difference));
  }

  /** Facts of who came and went say nothing any more once it is said who is there. */
  #noteOccupants(step: Step, room: Room): void {
    const unnoted = room.meta("unnoted") ?? 0;
    const occupants = room.occupants;
    if (unnoted < unnotedFactsMin || unnoted < occupants.size * 4) return;
    const noted = [...occupants].map(([nick, { role, presences }]) => ({ nick, role, presences }));
    const before = room.meta("forgotten");
    // The one from before goes, too.
    const forgotten = before === undefined ? unnoted : before + 1 + unnoted;
    this.change(step, room, "OccupantsNoted", { occupants: noted, forgotten });
  }
}
