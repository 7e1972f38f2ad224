/** What a room is in memory, as rows: `HOST/ROOM/KIND/ID`. Loading a room is reading its prefix. */
import { roomFactVersions, type RoomFact, type RoomOwner } from "../../domain/room-facts.ts";
import { applyRoomFact, roomRowKinds, type RoomRows } from "../../domain/room-rows.ts";
import type { Projection } from "../projection.ts";
import { PrefixedTable } from "./prefixed-table.ts";

export const roomRows: Projection = {
  name: "room-rows",
  version: 2,
  apply(fact, table) {
    if (!Object.hasOwn(roomFactVersions, fact.type)) return;
    const owner = fact.data as unknown as RoomOwner;
    applyRoomFact(new PrefixedTable<RoomRows>(table, roomRowsPrefix(owner), roomRowKinds), fact as unknown as RoomFact, fact.at);
  },
};

/** What comes before the kind in the keys of one room. */
export function roomRowsPrefix({ host, room }: RoomOwner): string {
  return `${host}/${room}/`;
}
