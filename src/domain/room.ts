/** A room in memory: its rows, and what they say of who is in it and how everybody stands to it. Changed by facts alone. */
import { archiveContentKey, archiveKeyOf, timeOfArchiveKey } from "./archive-keys.ts";
import { roomHistoryCharsMax, roomHistoryMax } from "./limits.ts";
import { nickKey } from "./nick.ts";
import { defaultRoomConfig, type RoomConfig } from "./room-config.ts";
import type { RoomFact } from "./room-facts.ts";
import { applyRoomFact, type AffiliationRow, type OccupantRow, type RoomMeta, type RoomRows } from "./room-rows.ts";
import { roleOnEntering, type Affiliation, type OccupantRole } from "./room-standing.ts";
import { fillRows, UndoableRows, type KeyedRow, type RowMaps } from "./row-maps.ts";

/** What was said to all, as it was given to them without an addressee. */
export interface SaidMessage {
  /** In the room's archive. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** XML text in `jabber:client`. */
  readonly text: string;
}

export class Room {
  readonly host: string;
  readonly room: string;
  /** `room@host`. */
  readonly bare: string;
  /** The ticket of the last binding change: what reads the room must not leave before it is durable. */
  ticket = 0;
  /** The ticket of the last change of any kind: until it is durable, the store knows less than this. */
  lastTicket = 0;
  readonly #maps: RowMaps<RoomRows> = { affiliation: new Map(), occupant: new Map(), meta: new Map() };
  /** By full JID: the nick. */
  readonly #nicks = new Map<string, string>();
  /** By what a nick reads like: the nick of who has it. */
  readonly #alike = new Map<string, string>();
  /** By what a nick reads like: whose it is. Made when it is asked for. */
  #reserved: Map<string, string> | undefined;
  readonly #said: SaidMessage[] = [];

  /** `rows` are those of the read model, whose keys are `KIND/ID`; without any it is a room that does not exist. */
  constructor(host: string, room: string, rows: Iterable<KeyedRow> = [], said: Iterable<SaidMessage> = []) {
    this.host = host;
    this.room = room;
    this.bare = `${room}@${host}`;
    fillRows(this.#maps, rows);
    for (const message of said) this.#remember(message);
    for (const [nick, { presences }] of this.occupants) {
      this.#alike.set(nickKey(nick), nick);
      for (const jid of Object.keys(presences)) this.#nicks.set(jid, nick);
    }
  }

  /** It was created, and not destroyed since. */
  get exists(): boolean {
    return this.meta("createdAt") !== undefined;
  }

  get config(): RoomConfig {
    // A version of before may not have known all of it.
    return { ...defaultRoomConfig, ...this.meta("config") };
  }

  /** Nobody may enter but its owners (XEP-0045 section 10.1.2). */
  get locked(): boolean {
    return this.meta("locked") === true;
  }

  /** By nick. */
  get occupants(): ReadonlyMap<string, OccupantRow> {
    return this.#maps.occupant;
  }

  /** By bare JID or domain, of all who have one. */
  get affiliations(): ReadonlyMap<string, AffiliationRow> {
    return this.#maps.affiliation;
  }

  meta<Name extends keyof RoomMeta>(name: Name): RoomMeta[Name] | undefined {
    return this.#maps.meta.get(name) as RoomMeta[Name] | undefined;
  }

  /** The nick under which a session is in the room, by its full JID. */
  nickOf(fullJid: string): string | undefined {
    return this.#nicks.get(fullJid);
  }

  /** The nick in the room that reads as this one, often the very same; undefined if there is none. */
  nickLike(nick: string): string | undefined {
    return this.#alike.get(nickKey(nick));
  }

  /** The last messages, the oldest first, as far as they are given to newcomers. */
  get said(): readonly SaidMessage[] {
    return this.#said;
  }

  /** Of a bare JID; that of its domain if it has none of its own (XEP-0045 section 5.2). */
  affiliationOf(bareJid: string): Affiliation {
    const domain = bareJid.slice(bareJid.indexOf("@") + 1);
    return (this.#maps.affiliation.get(bareJid) ?? this.#maps.affiliation.get(domain))?.affiliation ?? "none";
  }

  /** undefined: may not enter. */
  roleOnEntering(bareJid: string): OccupantRole | undefined {
    return roleOnEntering(this.affiliationOf(bareJid), this.config);
  }

  /** Whose reserved nick it is, or one that reads as this one: the bare JID; undefined if nobody's. */
  reservedBy(nick: string): string | undefined {
    if (this.#reserved === undefined) {
      this.#reserved = new Map();
      // Who had it first has it.
      for (const [jid, { nick }] of [...this.#maps.affiliation].toReversed()) if (nick !== null) this.#reserved.set(nickKey(nick), jid);
    }
    return this.#reserved.get(nickKey(nick));
  }

  /** Returns the way back, for a step that fails. */
  apply(fact: RoomFact, at: number): () => void {
    const table = new UndoableRows(this.#maps);
    const before = this.#indexed(fact);
    const said = [...this.#said];
    applyRoomFact(table, fact, at);
    this.#reindex(fact);
    this.#reindexNicks(fact);
    return () => {
      table.undo();
      this.#reindexNicks(fact);
      this.#said.splice(0, this.#said.length, ...said);
      for (const [jid, nick] of before) {
        if (nick === undefined) this.#nicks.delete(jid);
        else this.#nicks.set(jid, nick);
      }
    };
  }

  /** After a fact, and after it was taken back: the rows say who is there. */
  #reindexNicks(fact: RoomFact): void {
    switch (fact.type) {
      case "AffiliationSet":
        this.#reserved = undefined;
        return;
      case "OccupantEntered":
      case "OccupantLeft":
        this.#noteNick(fact.data.nick);
        return;
      case "OccupantRenamed":
        this.#noteNick(fact.data.nick);
        this.#noteNick(fact.data.to);
        return;
      case "RoomCreated":
      case "RoomDestroyed":
        this.#reserved = undefined;
        this.#alike.clear();
        for (const nick of this.occupants.keys()) this.#noteNick(nick);
        return;
      default:
        return;
    }
  }

  #noteNick(nick: string): void {
    const key = nickKey(nick);
    if (this.occupants.has(nick)) this.#alike.set(key, nick);
    else if (this.#alike.get(key) === nick) this.#alike.delete(key);
  }

  #remember(message: SaidMessage): void {
    this.#said.push(message);
    let chars = this.#said.reduce((sum, { text }) => sum + text.length, 0);
    while (this.#said.length > roomHistoryMax || (chars > roomHistoryCharsMax && this.#said.length > 1)) chars -= this.#said.shift()!.text.length;
  }

  /** What the index has now of the sessions that a fact concerns. */
  #indexed(fact: RoomFact): readonly (readonly [string, string | undefined])[] {
    switch (fact.type) {
      case "OccupantEntered":
      case "OccupantLeft":
        return [[fact.data.jid, this.#nicks.get(fact.data.jid)]];
      case "OccupantRenamed":
        return Object.keys(this.occupants.get(fact.data.nick)?.presences ?? {}).map((jid) => [jid, fact.data.nick]);
      case "RoomCreated":
      case "RoomDestroyed":
        return [...this.#nicks];
      default:
        return [];
    }
  }

  #reindex(fact: RoomFact): void {
    switch (fact.type) {
      case "OccupantEntered":
        this.#nicks.set(fact.data.jid, fact.data.nick);
        return;
      case "OccupantLeft":
        this.#nicks.delete(fact.data.jid);
        return;
      case "OccupantRenamed":
        for (const jid of Object.keys(this.occupants.get(fact.data.to)?.presences ?? {})) this.#nicks.set(jid, fact.data.to);
        return;
      case "RoomCreated":
      case "RoomDestroyed":
        this.#nicks.clear();
        this.#said.length = 0;
        return;
      case "RoomMessageArchived": {
        const { id } = fact.data;
        const key = archiveKeyOf(id);
        const text = fact.contents?.find((content) => key !== undefined && content.key === archiveContentKey(key))?.text;
        if (key !== undefined && text !== undefined) this.#remember({ id, at: timeOfArchiveKey(key), text });
        return;
      }
      case "RoomMessageRetracted": {
        const { id } = fact.data;
        const index = this.#said.findIndex((message) => message.id === id);
        const [text] = fact.contents ?? [];
        if (index !== -1 && text !== undefined) this.#said[index] = { ...this.#said[index]!, text: text.text };
        return;
      }
      case "RoomArchiveTrimmed": {
        const { through } = fact.data;
        const kept = this.#said.filter(({ id }) => (archiveKeyOf(id) ?? "") > through);
        this.#said.splice(0, this.#said.length, ...kept);
        return;
      }
      default:
        return;
    }
  }
}
