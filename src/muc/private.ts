/** Messages from one occupant to another, by their addresses in the room (XEP-0045 section 7.5). */
import { parseJid, type Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import { roleMay } from "../domain/room-standing.ts";
import type { DeliveryNote } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { RoomMessage } from "./contract.ts";
import { mucUser } from "./namespaces.ts";
import { passed } from "./passing.ts";
import type { Rooms } from "./rooms.ts";
import { addressedTo, bareOf, give, lastOf } from "./showing.ts";

/** To all sessions of the occupant. Returns why it is not handed on. */
export function whisper(message: RoomMessage): StanzaFault | undefined {
  const { rooms, step, sender, room, nick, stanza } = message;
  const role = nick === undefined ? undefined : room.occupants.get(nick)?.role;
  if (nick === undefined || role === undefined) return { condition: "not-acceptable", text: "enter the room first" };
  if (stanza.type === "groupchat") return { condition: "bad-request", text: "messages of type groupchat are for everybody" };
  const row = room.occupants.get(stanza.to.resource ?? "");
  if (row === undefined) return { condition: "item-not-found", text: "there is nobody of that nick in the room" };
  if (!roleMay(role, "sendPrivateMessages", room.config)) return { condition: "forbidden", text: "you may not write to one occupant alone in this room" };
  const from = rooms.jidOf(room, nick);
  const jids = Object.keys(row.presences).filter((jid) => isThere(rooms, jid));
  // XEP-0191 section 3.3: as the occupant's own server answers, so not in the name of the room.
  if (jids.length === 0 || rooms.host.blocks(step, bareOf(lastOf(row)), from)) {
    sender.deliver(step, stanzaError(stanza, { condition: "service-unavailable", text: "" }));
    return undefined;
  }
  const element = addressedTo(copyOf(rooms, room, nick, stanza), lastOf(row));
  element.cnode(el("x", { xmlns: mucUser }));
  const mates = Object.keys(room.occupants.get(nick)?.presences ?? {});
  rooms.host.whispered(step, { sent: { ...stanza, element: asSent(room, stanza) }, received: { ...stanza, element, from, to: parseJid(lastOf(row)) ?? stanza.to }, mates });
  hand(rooms, step, element, jids, noteFor(rooms, stanza, jids));
  return undefined;
}

function isThere({ host }: Rooms, fullJid: string): boolean {
  const jid = parseJid(fullJid);
  return jid !== undefined && host.isThere(jid);
}

/** As its other clients and its archive have it: with what says that it is of a room, whether or not its client has said so. */
function asSent(room: Room, { element }: Stanza): Element {
  const sent = el(element.name, element.attrs);
  sent.children = [...passed(room.bare, element), el("x", { xmlns: mucUser })];
  return sent;
}

/**
 * Whose client never acknowledges it has left by then, and has no other client of that address: it goes back to the very session that
 * wrote it, from the address that this one knows (XEP-0198 section 4, RFC 6121 section 8.5.3.2.1).
 */
function noteFor(rooms: Rooms, { type, from, to }: Stanza & { readonly to: Jid }, jids: readonly string[]): DeliveryNote {
  if (type !== "chat" && type !== "normal") return { copy: true };
  return { ...rooms.host.noteFor(jids, "XEP-0045 section 7.5"), returns: { from: to.full, to: from.full } };
}

/** RFC 6120 section 8.3.1: an error goes back to whom it answers. Which of the sessions has asked is not known; the others do not know the id. */
export function returnError(rooms: Rooms, step: Step, room: Room, nick: string, stanza: Stanza & { readonly to: Jid }): void {
  const row = room.occupants.get(stanza.to.resource ?? "");
  // Else it would carry what may not be said: to somebody who has written nothing that it could answer, or wants to hear nothing.
  const mayHaveWritten = row !== undefined && roleMay(row.role, "sendPrivateMessages", room.config);
  if (!mayHaveWritten || rooms.host.blocks(step, bareOf(lastOf(row)), rooms.jidOf(room, nick))) return;
  const element = copyOf(rooms, room, nick, stanza);
  // It may be its real address.
  delete element.getChild("error")?.attrs["by"];
  hand(rooms, step, element, Object.keys(row.presences));
}

/** From the occupant's address, without an addressee. */
function copyOf(rooms: Rooms, room: Room, nick: string, { element: { name, attrs }, element, from }: Stanza): Element {
  const copy = el(name, { ...attrs, from: rooms.jidOf(room, nick).full, to: undefined });
  copy.children.push(...passed(room.bare, element));
  for (const { whispering } of rooms.extensions) whispering?.({ rooms, room, nick, bareJid: from.bare, element: copy });
  return copy;
}

function hand(rooms: Rooms, step: Step, element: Element, jids: readonly string[], note?: DeliveryNote): void {
  for (const jid of jids) give(rooms, step, jid, addressedTo(element, jid), note);
}
