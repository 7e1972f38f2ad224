/** Which rooms there are: `HOST/ROOM`, with what is worth knowing of one without loading it. */
import type { RoomConfig } from "../../domain/room-config.ts";
import type { RoomFacts, RoomOwner } from "../../domain/room-facts.ts";
import type { Projection, ProjectionTable } from "../projection.ts";

export type RoomRow = RoomOwner & {
  readonly createdAt: number;
  readonly name: string;
  readonly public: boolean;
  readonly persistent: boolean;
  /** Somebody was in it. A room that was left by all of them while the server ran has had its occupants leave before. */
  readonly occupied: number;
};

export const rooms: Projection = {
  name: "rooms",
  version: 1,
  apply(fact, table) {
    switch (fact.type) {
      case "RoomCreated": {
        const { host, room, config } = fact.data as unknown as RoomFacts["RoomCreated"];
        table.set(roomKey({ host, room }), { host, room, createdAt: fact.at, ...shownOf(config), occupied: 0 } satisfies RoomRow);
        return;
      }
      case "RoomConfigured": {
        const { changes, ...owner } = fact.data as unknown as RoomFacts["RoomConfigured"];
        return change(table, owner, (row) => ({ ...row, ...shownOf({ ...row, ...changes }) }));
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
        return table.delete(roomKey(fact.data as unknown as RoomOwner));
    }
  },
};

export function roomKey({ host, room }: RoomOwner): string {
  return `${host}/${room}`;
}

function shownOf({ name, public: isPublic, persistent }: Pick<RoomConfig, "name" | "public" | "persistent">): Pick<RoomRow, "name" | "public" | "persistent"> {
  return { name, public: isPublic, persistent };
}

function change(table: ProjectionTable, owner: RoomOwner, changed: (row: RoomRow) => RoomRow): void {
  const row = table.get(roomKey(owner)) as RoomRow | undefined;
  if (row !== undefined) table.set(roomKey(owner), changed(row));
}
