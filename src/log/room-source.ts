/** What the server reads of rooms while it runs. */
import { archiveContentKey, timeOfArchiveKey } from "../domain/archive-keys.ts";
import { roomHistoryMax } from "../domain/limits.ts";
import { Room, type SaidMessage } from "../domain/room.ts";
import { roomStream, roomVCardKey, type RoomOwner } from "../domain/room-facts.ts";
import type { Json, ProjectionRow, Store } from "../ports.ts";
import { ArchiveSource } from "./archive-source.ts";
import { archive, archiveRowsPrefix, type WholeArchiveRow } from "./projections/archive.ts";
import { roomRows, roomRowsPrefix } from "./projections/room-rows.ts";
import { listedCountKey, listedPrefix, roomKey, rooms, type ListedCountRow, type ListedRoomRow, type RoomRow } from "./projections/rooms.ts";

interface ListRange {
  readonly after?: string;
  readonly before?: string;
  /** The last ones first. */
  readonly reverse?: boolean;
  /** From 1. */
  readonly limit: number;
}

/** The rooms of all hosts begin after this, in the order of their keys: before them is what is listed. */
const beforeRooms = "/\u{10ffff}";

/** Rows of one query. */
const pageRows = 1_000;

export class RoomSource {
  /** What was said, to be read again: the owners of these archives are rooms, by their names. */
  readonly archive: ArchiveSource;
  readonly #store: Store;

  /** The store must have the projections `rooms`, `room-rows` and `archive`. */
  constructor(store: Store) {
    this.#store = store;
    this.archive = new ArchiveSource(store, (host, room) => roomStream({ host, room }));
  }

  /** undefined if there is no such room. */
  async load(owner: RoomOwner): Promise<Room | undefined> {
    const known = await this.#store.query(rooms.name, { key: roomKey(owner) });
    if (known.length === 0) return undefined;
    const prefix = roomRowsPrefix(owner);
    const rows: { key: string; value: Json }[] = [];
    for await (const { key, value } of this.#all(roomRows.name, prefix)) rows.push({ key: key.slice(prefix.length), value });
    return new Room(owner.host, owner.room, rows, await this.#lastSaid(owner, roomHistoryMax));
  }

  /** All rooms of a host, in the order of their names. */
  async *list(host: string): AsyncIterable<RoomRow> {
    for await (const { value } of this.#all(rooms.name, `${host}/`)) yield value as unknown as RoomRow;
  }

  /** Rooms of all hosts, in the order of their keys, those after `after`. */
  async owners(after: RoomOwner | undefined, limit: number): Promise<readonly RoomOwner[]> {
    const rows = await this.#store.query(rooms.name, { after: after === undefined ? beforeRooms : roomKey(after), prefix: "", limit });
    return rows.map(({ value }) => ({ host: (value as RoomRow).host, room: (value as RoomRow).room }));
  }

  /** Those on whose lists a bare JID is. Looks at every room there is. */
  async *listing(bareJid: string): AsyncIterable<RoomOwner> {
    for (let after: RoomOwner | undefined; ; ) {
      const page = await this.owners(after, pageRows);
      for (const owner of page) {
        const rows = await this.#store.query(roomRows.name, { key: `${roomRowsPrefix(owner)}affiliation/${bareJid}` });
        if (rows.length > 0) yield owner;
      }
      after = page.at(-1);
      if (page.length < pageRows || after === undefined) return;
    }
  }

  /** Those that everybody may find, in the order of their names' UTF-8 bytes: some of them. `after` and `before` are names. */
  async listed(host: string, { after, before, reverse = false, limit }: ListRange): Promise<readonly ListedRoomRow[]> {
    const prefix = listedPrefix(host);
    const bounds = { ...(after === undefined ? {} : { after: `${prefix}${after}` }), ...(before === undefined ? {} : { before: `${prefix}${before}` }) };
    const rows = await this.#store.query(rooms.name, { prefix, reverse, limit, ...bounds });
    return rows.map(({ value }) => value as ListedRoomRow);
  }

  /** How many they are. */
  async listedCount(host: string): Promise<number> {
    const [row] = await this.#store.query(rooms.name, { key: listedCountKey(host) });
    return (row?.value as ListedCountRow | undefined)?.count ?? 0;
  }

  /** XML text; undefined if the room has none. */
  async vcard(owner: RoomOwner): Promise<string | undefined> {
    return (await this.#store.texts(roomStream(owner), [roomVCardKey]))[0];
  }

  /** What was said last, the oldest first; texts that were trimmed meanwhile are left out. */
  async #lastSaid(owner: RoomOwner, limit: number): Promise<readonly SaidMessage[]> {
    const prefix = archiveRowsPrefix(owner.host, owner.room);
    const rows = (await this.#store.query(archive.name, { prefix, reverse: true, limit })).toReversed();
    const keys = rows.map(({ key }) => key.slice(prefix.length));
    const texts = await this.#store.texts(roomStream(owner), keys.map(archiveContentKey));
    return rows.flatMap(({ value }, index) => {
      const text = texts[index];
      return text === undefined ? [] : [{ id: (value as WholeArchiveRow).id, at: timeOfArchiveKey(keys[index]!), text }];
    });
  }

  async *#all(projection: string, prefix: string): AsyncIterable<ProjectionRow> {
    for (let after: string | undefined; ; ) {
      const page: readonly ProjectionRow[] = await this.#store.query(projection, { prefix, limit: pageRows, ...(after === undefined ? {} : { after }) });
      yield* page;
      after = page.at(-1)?.key;
      if (page.length < pageRows || after === undefined) return;
    }
  }
}
