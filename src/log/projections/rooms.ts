/**
 * Which rooms there are: `HOST/ROOM`, with what is worth knowing of one without loading it. Beside them stand, under keys that no host can
 * begin, those that everybody may find: `/HOST/ROOM`, and under `/HOST` how many they are.
 */
import type { RoomConfig } from "../../domain/room-config.ts";
import type { RoomFacts, RoomOwner } from "../../domain/room-facts.ts";
import type { Projection, ProjectionTable } from "../projection.ts";

export type RoomRow = RoomOwner & {
  readonly createdAt: number;
  /** Who made it: a bare JID. */
  readonly by: string;
  readonly name: string;
  readonly public: boolean;
  readonly persistent: boolean;
  readonly locked: boolean;
  /** Somebody was in it. A room that was left by all of them while the server ran has had its occupants leave before. */
  readonly occupied: number;
};

export type ListedRoomRow = { readonly room: string; readonly name: string };
export type ListedCountRow = { readonly count: number };

export const rooms: Projection = {
  name: "rooms",
  version: 2,
  apply(fact, table) {
    switch (fact.type) {
      case "RoomCreated": {
        const { host, room, by, config, locked } = fact.data as unknown as RoomFacts["RoomCreated"];
        return put(table, { host, room }, { host, room, createdAt: fact.at, by, ...shownOf(config), locked, occupied: 0 });
      }
      case "RoomConfigured": {
        const { changes, ...owner } = fact.data as unknown as RoomFacts["RoomConfigured"];
        return change(table, owner, (row) => ({ ...row, ...shownOf({ ...row, ...changes }), locked: false }));
      }
      case "OccupantEntered":
        return change(table, fact.data as unknown as RoomOwner, (row) => ({ ...row, occupied: row.occupied + 1 }));
      case "OccupantLeft":
        return change(table, fact.data as unknown as RoomOwner, (row) => ({ ...row, occupied: row.occupied - 1 }));
      case "OccupantsNoted": {
        const { occupants, ...owner } = fact.data as unknown as RoomFacts["OccupantsNoted"];
        const occupied = occupants.reduce((sum, { presences }) => sum + Object.keys(presences).length, 0);
        return change(table, owner, (row) => ({ ...row, occupied }));
      }
      case "RoomDestroyed":
        return put(table, fact.data as unknown as RoomOwner, undefined);
    }
  },
};

export function roomKey({ host, room }: RoomOwner): string {
  return `${host}/${room}`;
}

/** What the keys of listed rooms begin with; what follows is their name. */
export function listedPrefix(host: string): string {
  return `/${host}/`;
}

export function listedCountKey(host: string): string {
  return `/${host}`;
}

function shownOf({ name, public: isPublic, persistent }: Pick<RoomConfig, "name" | "public" | "persistent">): Pick<RoomRow, "name" | "public" | "persistent"> {
  return { name, public: isPublic, persistent };
}

function change(table: ProjectionTable, owner: RoomOwner, changed: (row: RoomRow) => RoomRow): void {
  const row = table.get(roomKey(owner)) as RoomRow | undefined;
  if (row !== undefined) put(table, owner, changed(row));
}

/** `row` undefined: there is no such room any more. */
function put(table: ProjectionTable, owner: RoomOwner, row: RoomRow | undefined): void {
  const key = roomKey(owner);
  const before = listedOf(table.get(key) as RoomRow | undefined);
  const after = listedOf(row);
  if (row === undefined) table.delete(key);
  else table.set(key, row);
  if (before?.name === after?.name) return;
  const listedKey = `${listedPrefix(owner.host)}${owner.room}`;
  if (after === undefined) table.delete(listedKey);
  else table.set(listedKey, after);
  const difference = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  if (difference === 0) return;
  const count = (table.get(listedCountKey(owner.host)) as ListedCountRow | undefined)?.count ?? 0;
  // As if there had never been one: of rooms that are over the log knows nothing any more.
  if (count + difference === 0) table.delete(listedCountKey(owner.host));
  else table.set(listedCountKey(owner.host), { count: count + difference } satisfies ListedCountRow);
}

/** Hidden rooms are in no list (XEP-0045 section 6.3), nor are those that nobody may enter yet. */
function listedOf(row: RoomRow | undefined): ListedRoomRow | undefined {
  return row === undefined || !row.public || row.locked ? undefined : { room: row.room, name: row.name };
}
