/** Rooms in memory: those with somebody in them, and those that were asked for lately. */
import type { Room } from "../domain/room.ts";
import { roomExtrasOf, roomFactVersions, roomStream, type RoomFact } from "../domain/room-facts.ts";
import { idleRoomsMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import { EntityCache } from "../step/entity-cache.ts";

export class RoomCache extends EntityCache<Room, RoomFact> {
  /** `load` resolves with undefined for a room that does not exist. `isDurable`: whether all that its changes recorded is on the disk. */
  constructor(load: (host: string, room: string) => Promise<Room | undefined>, isDurable: (room: Room) => boolean) {
    super({
      noun: "room",
      load,
      inUse: (room) => room.occupants.size > 0 || !isDurable(room),
      record: (room, fact) => ({
        stream: roomStream(room),
        fact: { type: fact.type, v: roomFactVersions[fact.type], data: fact.data as unknown as Json, ...roomExtrasOf(fact) },
      }),
      idleMax: idleRoomsMax,
    });
  }
}
