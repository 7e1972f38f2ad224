/** What tells occupants apart for good, whatever their nicks are (XEP-0421). */
import type { Room } from "../domain/room.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { occupantIds } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";

/** For what a user does in a room, and for what others say of it there. */
export function occupantIdElement(rooms: Rooms, room: Room, bareJid: string): Element {
  return el("occupant-id", { xmlns: occupantIds, id: rooms.host.occupantId(room, bareJid) });
}
