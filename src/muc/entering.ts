/** Entering a room, and making one by entering it (XEP-0045 sections 7.2 and 10.1). */
import type { Jid } from "../domain/jid.ts";
import { roomPresenceBytesMax } from "../domain/limits.ts";
import type { Room } from "../domain/room.ts";
import type { OccupantRole } from "../domain/room-standing.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import { giveHistory, historyAsked } from "./history.ts";
import { muc, mucUser } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { give, isShown, presenceFor, shownOf, tellAll } from "./showing.ts";

type Addressed = Stanza & { readonly to: Jid };

/** Presence from a session that is not in the room. Returns what is wrong with it. `room` undefined: there is none yet. */
export function enter(rooms: Rooms, step: Step, room: Room | undefined, presence: Addressed): StanzaFault | undefined {
  const { from, to, element } = presence;
  const nick = to.resource;
  // Section 7.2.1.
  if (nick === undefined) return { condition: "jid-malformed", text: "name the nick that you want: room@service/nick" };
  const join = element.getChild("x", muc);
  const kept = keptPresence(element);
  if (kept === undefined) return { condition: "policy-violation", text: `presence to a room has at most ${roomPresenceBytesMax} bytes` };
  if (room === undefined) {
    const fault = mayCreate(rooms, from);
    if (fault !== undefined) return fault;
    // Section 10.1.2: locked until its owner has configured it; 10.1.1: who does not speak of rooms cannot, and has an open one.
    const made = rooms.create(step, to, from.bare, {}, join !== undefined);
    place(rooms, step, made, presence, nick, "moderator", kept, [201]);
    return undefined;
  }
  const role = mayEnter(rooms, room, presence, nick, join);
  if (typeof role !== "string") return role;
  place(rooms, step, room, presence, nick, role, kept, []);
  return undefined;
}

/** Its role, or why not. */
function mayEnter(rooms: Rooms, room: Room, { from }: Addressed, nick: string, join: Element | undefined): OccupantRole | StanzaFault {
  const affiliation = room.affiliationOf(from.bare);
  const isOwner = affiliation === "owner";
  // Section 7.2.15.
  if (room.locked && !isOwner) return { condition: "item-not-found", text: "the room is not yet configured" };
  // Section 7.2.8.
  if (affiliation === "outcast") return { condition: "forbidden", text: "you are banned from this room" };
  const role = room.roleOnEntering(from.bare);
  // Section 7.2.7.
  if (role === undefined) return { condition: "registration-required", text: "only members may enter this room" };
  const { password, maxUsers } = room.config;
  // Section 7.2.6.
  if (password !== null && !isOwner && join?.getChildText("password", muc) !== password) return { condition: "not-authorized", text: "the room has a password, and this is not it" };
  const holder = room.occupants.get(nick);
  const sameUser = holder !== undefined && Object.keys(holder.presences).every((jid) => jid.startsWith(`${from.bare}/`));
  const reserved = room.reservedBy(nick);
  // Section 7.2.9.
  if ((holder !== undefined && !sameUser) || (reserved !== undefined && reserved !== from.bare)) {
    return { condition: "conflict", text: "somebody else has this nick" };
  }
  const most = maxUsers > 0 ? Math.min(maxUsers, rooms.host.limits.occupants) : rooms.host.limits.occupants;
  // Section 7.2.10: owners and admins come in all the same.
  if (holder === undefined && room.occupants.size >= most && !isOwner && affiliation !== "admin") {
    return { condition: "service-unavailable", text: "as many are in the room as it takes", type: "wait" };
  }
  return role;
}

/** Section 10.1.1. */
function mayCreate({ host: { limits } }: Rooms, from: Jid): StanzaFault | undefined {
  const allowed = limits.creation === "everybody" || limits.admins.includes(from.bare);
  return allowed ? undefined : { condition: "not-allowed", text: "you may not make rooms here" };
}

/** In the order of section 7.1: who is there, the newcomer to them, the newcomer itself, what was said, the subject. */
function place(rooms: Rooms, step: Step, room: Room, { from, element }: Addressed, nick: string, role: OccupantRole, kept: string, codes: readonly number[]): void {
  for (const [other, row] of room.occupants) {
    if (other === nick || !isShown(room, row.role)) continue;
    give(rooms, step, from.full, presenceFor(rooms, room, shownOf(room, other, row), { jid: from.full, role }, false));
  }
  rooms.change(step, room, "OccupantEntered", { nick, jid: from.full, role, presence: kept });
  const shown = shownOf(room, nick, room.occupants.get(nick)!, from.full);
  const { whois, archive } = room.config;
  const selfCodes = [...codes, ...(whois === "anyone" ? [100] : []), ...(archive ? [170] : [])];
  tellAll(rooms, step, room, shown, { without: Object.keys(room.occupants.get(nick)!.presences) });
  give(rooms, step, from.full, presenceFor(rooms, room, { ...shown, selfCodes }, { jid: from.full, role: shown.role as OccupantRole }, true));
  giveHistory(rooms, step, room, from.full, historyAsked(element));
}

/** Presence of who is in the room already: the same, shown anew (section 7.7). */
export function show(rooms: Rooms, step: Step, room: Room, nick: string, { from, element }: Addressed): StanzaFault | undefined {
  const kept = keptPresence(element);
  if (kept === undefined) return { condition: "policy-violation", text: `presence to a room has at most ${roomPresenceBytesMax} bytes` };
  rooms.change(step, room, "OccupantShown", { nick, jid: from.full, presence: kept }, { binding: false });
  tellAll(rooms, step, room, shownOf(room, nick, room.occupants.get(nick)!, from.full));
  return undefined;
}

/** What the others are given of it: nothing of what it said to the room, and nothing that only the room may say. undefined: too much. */
function keptPresence(element: Element): string | undefined {
  const kept = el("presence", { xmlns: clientNamespace });
  for (const child of element.children) {
    if (typeof child === "string" || [muc, mucUser].includes(child.getNS() ?? "")) continue;
    kept.children.push(child);
  }
  const text = serialise(kept);
  return Buffer.byteLength(text) <= roomPresenceBytesMax ? text : undefined;
}
