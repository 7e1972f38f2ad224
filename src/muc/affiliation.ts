/** How somebody stands to a room: its list, and above that the administrators of the server, who own every room. */
import type { Room } from "../domain/room.ts";
import { roleOnEntering, type Affiliation, type OccupantRole } from "../domain/room-standing.ts";
import type { Rooms } from "./rooms.ts";

/** Of a bare JID. The one answer to what somebody may do, and to what others are told of it. */
export function affiliationOf(rooms: Rooms, room: Room, bareJid: string): Affiliation {
  return rooms.host.limits.admins.includes(bareJid) ? "owner" : room.affiliationOf(bareJid);
}

/** The role in which somebody would come in now (XEP-0045 section 5.1.2). undefined: may not enter. */
export function roleOnEnteringOf(rooms: Rooms, room: Room, bareJid: string): OccupantRole | undefined {
  return roleOnEntering(affiliationOf(rooms, room, bareJid), room.config);
}
