/** What is said to everybody in a room, and its subject (XEP-0045 sections 7.4 and 8.1). */
import { archiveContentKey, nextArchiveKey } from "../domain/archive-keys.ts";
import { roleMay, type OccupantRole } from "../domain/room-standing.ts";
import type { Element } from "../xml/element.ts";
import { serialise, share } from "../xml/serialise.ts";
import { stanzaIdElement } from "../xml/stanza-id.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";
import { affiliationOf } from "./affiliation.ts";
import type { RoomMessage } from "./contract.ts";
import { passed } from "./passing.ts";
import { addressedTo, bareOf, give, sessionsOf } from "./showing.ts";
import { withSpeaker } from "./speakers.ts";

/** A message of type groupchat to the room. Returns why it is not said. */
export function say(message: RoomMessage): StanzaFault | undefined {
  const { rooms, step, room, stanza, nick } = message;
  // Section 7.4: only occupants are heard.
  const row = nick === undefined ? undefined : room.occupants.get(nick);
  if (nick === undefined || row === undefined) return { condition: "not-acceptable", text: "enter the room first" };
  const element = el("message", { xmlns: clientNamespace, type: "groupchat", id: stanza.id, from: rooms.jidOf(room, nick).full, "xml:lang": langOf(stanza.element) });
  for (const child of passed(room.bare, stanza.element)) if (typeof child !== "string") element.children.push(child);
  const subject = isSubject(stanza.element);
  // Sections 7.4 and 8.1.
  if (!roleMay(row.role, "sendToAll", room.config)) return { condition: "forbidden", text: "visitors are not heard in this room" };
  if (subject && !roleMay(row.role, "modifySubject", room.config)) return { condition: "forbidden", text: "only moderators change the subject" };
  for (const { saying } of rooms.extensions) {
    const fault = saying?.({ ...message, nick, element });
    if (fault !== undefined) return fault;
  }
  // XEP-0313 section 6.1.2: subjects are kept too.
  if (subject || isWorthKeeping(element)) archive(message, element, { jid: stanza.from.full, role: row.role });
  if (subject) rooms.change(step, room, "SubjectSet", { nick, stanza: serialise(element) });
  tell(message, element);
  return undefined;
}

/** In the room's own name, or an occupant's: `by`. From now on it has the id under which it is kept. */
export function archive(
  { rooms, step, room }: Pick<RoomMessage, "rooms" | "step" | "room">,
  element: Element,
  by?: { readonly jid: string; readonly role: OccupantRole },
): void {
  if (!room.config.archive) return;
  const key = nextArchiveKey(room.meta("archiveLast"), step.at);
  const id = `${key}-${rooms.host.nextId()}`;
  // XEP-0359 section 3: under the id that it has in the room's archive.
  element.cnode(stanzaIdElement(room.bare, rooms.host.archive.toldOf(id)));
  const text = by === undefined ? serialise(element) : serialise(withSpeaker(element, room, { ...by, affiliation: affiliationOf(rooms, room, bareOf(by.jid)) }));
  const from = String(element.attrs["from"]);
  rooms.change(step, room, "RoomMessageArchived", { id, with: from, bytes: Buffer.byteLength(text) }, { contents: [{ key: archiveContentKey(key), text }] });
}

/** To everybody who is in the room, the speaker too. */
export function tell({ rooms, step, room }: Pick<RoomMessage, "rooms" | "step" | "room">, element: Element): void {
  for (const child of element.children) if (typeof child !== "string") share(child);
  for (const { jid } of sessionsOf(room)) give(rooms, step, jid, addressedTo(element, jid));
}

/** Section 8.1, and section 7.2.15: a subject and nothing to read beside it. Nothing of another namespace counts: no client reads it as such. */
export function isSubject(element: Element): boolean {
  const has = (name: string) => element.getChild(name, clientNamespace) !== undefined;
  return has("subject") && !has("body") && !has("thread");
}

/** As personal archives (XEP-0313 section 6.1.1), with what the sender thinks of it (XEP-0334 section 4). */
function isWorthKeeping(element: Element): boolean {
  if (["no-store", "no-permanent-store"].some((hint) => element.getChild(hint, "urn:xmpp:hints") !== undefined)) return false;
  return element.getChild("store", "urn:xmpp:hints") !== undefined || element.getChild("body") !== undefined || element.children.some(isOfNote);
}

/** What other clients want to know of later: not that somebody types. */
function isOfNote(child: Element | string): boolean {
  return typeof child !== "string" && !["http://jabber.org/protocol/chatstates", "urn:xmpp:sid:0", "urn:xmpp:hints", "urn:xmpp:occupant-id:0"].includes(child.getNS() ?? "");
}

function langOf(element: Element): string | undefined {
  return element.attrs["xml:lang"] as string | undefined;
}

