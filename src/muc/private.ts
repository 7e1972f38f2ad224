/** From one occupant to another, by their addresses in the room (XEP-0045 section 7.5; RFC 6120 section 10.3 for the rest). */
import type { Jid } from "../domain/jid.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import { el } from "../xml/stanza.ts";
import type { RoomMessage } from "./contract.ts";
import { mucUser } from "./namespaces.ts";
import { give } from "./showing.ts";

/** Messages and iqs. Returns why it is not handed on. */
export function handOn({ rooms, step, room, nick, stanza }: Omit<RoomMessage, "stanza"> & { readonly stanza: Stanza & { readonly to: Jid } }): StanzaFault | undefined {
  if (nick === undefined) return { condition: "not-acceptable", text: "enter the room first" };
  // Section 7.5.
  if (stanza.kind === "message" && stanza.type === "groupchat") return { condition: "bad-request", text: "messages of type groupchat are for everybody" };
  const row = room.occupants.get(stanza.to.resource ?? "");
  if (row === undefined) return { condition: "item-not-found", text: "there is nobody of that nick in the room" };
  if (stanza.kind !== "message") return { condition: "service-unavailable", text: "" };
  const element = el("message", { ...stanza.element.attrs, from: rooms.jidOf(room, nick).full });
  for (const child of stanza.element.children) if (typeof child === "string" || child.getNS() !== mucUser) element.children.push(child);
  element.cnode(el("x", { xmlns: mucUser }));
  for (const jid of Object.keys(row.presences)) {
    const copy = el(element.name, { ...element.attrs, to: jid });
    copy.children = element.children;
    give(rooms, step, jid, copy);
  }
  return undefined;
}
