/** Messages from one occupant to another, by their addresses in the room (XEP-0045 section 7.5). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import { roleMay } from "../domain/room-standing.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { RoomMessage } from "./contract.ts";
import { mucUser } from "./namespaces.ts";
import { passed } from "./passing.ts";
import type { Rooms } from "./rooms.ts";
import { addressedTo, give } from "./showing.ts";

/** To all sessions of the occupant. Returns why it is not handed on. */
export function whisper(message: RoomMessage): StanzaFault | undefined {
  const { rooms, step, room, nick, stanza } = message;
  const role = nick === undefined ? undefined : room.occupants.get(nick)?.role;
  if (nick === undefined || role === undefined) return { condition: "not-acceptable", text: "enter the room first" };
  if (stanza.type === "groupchat") return { condition: "bad-request", text: "messages of type groupchat are for everybody" };
  const to = stanza.to.resource ?? "";
  if (!room.occupants.has(to)) return { condition: "item-not-found", text: "there is nobody of that nick in the room" };
  if (!roleMay(role, "sendPrivateMessages", room.config)) return { condition: "forbidden", text: "you may not write to one occupant alone in this room" };
  const element = copyOf(rooms, room, nick, stanza);
  element.cnode(el("x", { xmlns: mucUser }));
  hand(rooms, step, room, to, element);
  return undefined;
}

/** RFC 6120 section 8.3.1: an error goes back to whom it answers. Which of the sessions has asked is not known; the others do not know the id. */
export function returnError(rooms: Rooms, step: Step, room: Room, nick: string, stanza: Stanza & { readonly to: Jid }): void {
  const element = copyOf(rooms, room, nick, stanza);
  // It may be its real address.
  delete element.getChild("error")?.attrs["by"];
  hand(rooms, step, room, stanza.to.resource ?? "", element);
}

/** From the occupant's address, without an addressee. */
function copyOf(rooms: Rooms, room: Room, nick: string, { element: { name, attrs }, element, from }: Stanza): Element {
  const copy = el(name, { ...attrs, from: rooms.jidOf(room, nick).full, to: undefined });
  copy.children.push(...passed(room.bare, element));
  for (const { whispering } of rooms.extensions) whispering?.({ rooms, room, nick, bareJid: from.bare, element: copy });
  return copy;
}

function hand(rooms: Rooms, step: Step, room: Room, nick: string, element: Element): void {
  for (const jid of Object.keys(room.occupants.get(nick)?.presences ?? {})) give(rooms, step, jid, addressedTo(element, jid));
}
