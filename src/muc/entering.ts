/** Entering a room, and making one by entering it (XEP-0045 sections 7.2 and 10.1). */
import type { Jid } from "../domain/jid.ts";
import { roomAdminsBeyondMax, roomPresenceBytesMax } from "../domain/limits.ts";
import { nickKey } from "../domain/nick.ts";
import type { Room } from "../domain/room.ts";
import type { OccupantRow } from "../domain/room-rows.ts";
import type { OccupantRole } from "../domain/room-standing.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import { affiliationOf, roleOnEnteringOf } from "./affiliation.ts";
import { passwordFault } from "./guessing.ts";
import { giveHistory, historyAsked } from "./history.ts";
import { muc, mucUser } from "./namespaces.ts";
import { passed } from "./passing.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, give, isShown, lastOf, presenceFor, shownOf, tellAll } from "./showing.ts";

type Addressed = Stanza & { readonly to: Jid };

/** Presence from a session that is not in the room. Returns what is wrong with it. `room` undefined: there is none yet. */
export function enter(rooms: Rooms, step: Step, room: Room | undefined, presence: Addressed): StanzaFault | undefined {
  const { from, to, element } = presence;
  const nick = to.resource;
  const fault = nickFault(nick);
  if (nick === undefined || fault !== undefined) return fault;
  const join = element.getChild("x", muc);
  // Section 7.2.18: it does not speak of rooms, or believes to be in this one.
  if (join === undefined) {
    give(rooms, step, from.full, strangerPresence(to, from));
    return undefined;
  }
  if (room === undefined) {
    const fault = mayCreate(rooms, from);
    if (fault !== undefined) return fault;
    const kept = keptPresence(to, element);
    if (kept === undefined) return tooMuch;
    // Section 10.1.2: locked until its owner has configured it.
    const made = rooms.create(step, to, from.bare, {}, true);
    place(rooms, step, made, presence, { nick, role: "moderator", codes: [201] }, kept.text);
    return undefined;
  }
  const admitted = admit(rooms, room, presence, nick, join, step.at);
  if ("condition" in admitted) return admitted;
  const kept = keptPresence(room, element);
  if (kept === undefined) return tooMuch;
  place(rooms, step, room, presence, admitted, kept.text);
  return undefined;
}

/** Section 7.2.1; section 17.1: a nick can be seen. */
export function nickFault(nick: string | undefined): StanzaFault | undefined {
  if (nick === undefined) return { condition: "jid-malformed", text: "name the nick that you want: room@service/nick" };
  return nickKey(nick) === "" ? { condition: "jid-malformed", text: "a nick is more than spaces" } : undefined;
}

/** Section 7.2.8: why somebody else has this nick, or one that reads like it; undefined if nobody has. */
export function nickTaken(room: Room, nick: string, bareJid: string): StanzaFault | undefined {
  const like = room.nickLike(nick);
  const holder = like === undefined ? undefined : userOf(room.occupants.get(like)!);
  if (holder !== undefined && holder !== bareJid) return { condition: "conflict", text: "somebody else has this nick" };
  const reserved = room.reservedBy(nick);
  return reserved === undefined || reserved === bareJid ? undefined : { condition: "conflict", text: "this nick is reserved by somebody else" };
}

/** Whose sessions these are: one user's all. */
function userOf(row: OccupantRow): string {
  return bareOf(lastOf(row));
}

/** Under which nick somebody enters and how, with what only the newcomer is told of it. */
interface Admission {
  readonly nick: string;
  readonly role: OccupantRole;
  readonly codes: readonly number[];
}

function admit(rooms: Rooms, room: Room, { from }: Addressed, nick: string, join: Element, at: number): Admission | StanzaFault {
  const affiliation = affiliationOf(rooms, room, from.bare);
  // Section 7.2.10.
  if (room.locked && affiliation !== "owner") return { condition: "item-not-found", text: "the room is not yet configured" };
  // Section 7.2.7.
  if (affiliation === "outcast") return { condition: "forbidden", text: "you are banned from this room" };
  const role = roleOnEnteringOf(rooms, room, from.bare);
  // Section 7.2.6.
  if (role === undefined) return { condition: "registration-required", text: "only members may enter this room" };
  // Section 7.2.5: whoever it is.
  const fault = passwordFault(room, from.bare, join.getChildText("password", muc), at);
  if (fault !== undefined) return fault;
  const taken = nickTaken(room, nick, from.bare);
  if (taken !== undefined) return taken;
  // Section 7.2.8: the nick that the user has already, as it is written there.
  const own = room.nickLike(nick);
  if (own !== undefined) return { nick: own, role: room.occupants.get(own)!.role, codes: own === nick ? [] : [210] };
  const { maxUsers } = room.config;
  const most = maxUsers > 0 ? Math.min(maxUsers, rooms.host.limits.occupants) : rooms.host.limits.occupants;
  // Section 7.2.9: owners and admins come in all the same.
  const beyond = affiliation === "owner" || affiliation === "admin" ? roomAdminsBeyondMax : 0;
  if (room.occupants.size >= most + beyond) return { condition: "service-unavailable", text: "as many are in the room as it takes", type: "wait", limit: "rooms.occupants" };
  return { nick, role, codes: [] };
}

/** Sections 10.1.1 and 14.6. */
function mayCreate(rooms: Rooms, { bare }: Jid): StanzaFault | undefined {
  const { creation, perUser, admins } = rooms.host.limits;
  if (admins.includes(bare)) return undefined;
  if (creation !== "everybody") return { condition: "not-allowed", text: "you may not make rooms here" };
  const tooMany = rooms.madeBy(bare) >= perUser;
  return tooMany ? { condition: "resource-constraint", text: `there are ${perUser} rooms that you have made, and no more can be: destroy one first`, limit: "rooms.perUser" } : undefined;
}

function place(rooms: Rooms, step: Step, room: Room, presence: Addressed, { nick, role, codes }: Admission, kept: string): void {
  const jid = presence.from.full;
  rooms.change(step, room, "OccupantEntered", { nick, jid, role, presence: kept });
  tellAll(rooms, step, room, shownOf(rooms, room, nick, room.occupants.get(nick)!, jid), { without: [jid] });
  welcome(rooms, step, room, nick, presence, codes);
}

/**
 * Section 17.3: who enters and is in the room already has lost sight of it, and is told all anew; the others, if it says something new.
 * `renamed`: it has another nick than before, of which nobody knows yet.
 */
export function enterAgain(rooms: Rooms, step: Step, room: Room, nick: string, presence: Addressed, { renamed = false } = {}): StanzaFault | undefined {
  const { from: { full: jid }, to, element } = presence;
  const kept = keptPresence(room, element);
  if (kept === undefined) return tooMuch;
  const changed = room.occupants.get(nick)!.presences[jid] !== kept.text;
  if (changed) rooms.change(step, room, "OccupantShown", { nick, jid, presence: kept.text }, { binding: false });
  if (changed || renamed) tellAll(rooms, step, room, shownOf(rooms, room, nick, room.occupants.get(nick)!, jid), { without: [jid] });
  welcome(rooms, step, room, nick, presence, nick === to.resource ? [] : [210]);
  return undefined;
}

/** What a newcomer is told, in the order of section 7.1: who is there, itself, what was said, the subject. */
function welcome(rooms: Rooms, step: Step, room: Room, nick: string, { from: { full: jid }, id, element }: Addressed, codes: readonly number[]): void {
  const own = room.occupants.get(nick)!;
  for (const [other, row] of room.occupants) {
    if (other === nick || !isShown(room, row.role)) continue;
    give(rooms, step, jid, presenceFor(rooms, room, shownOf(rooms, room, other, row), { jid, role: own.role }, false));
  }
  const { whois, archive } = room.config;
  // Sections 7.2.3 and 7.2.12.
  const selfCodes = [...codes, ...(whois === "anyone" ? [100] : []), ...(archive ? [170] : [])];
  const self = presenceFor(rooms, room, { ...shownOf(rooms, room, nick, own, jid), selfCodes }, { jid, role: own.role }, true);
  if (id !== undefined) self.attrs["id"] = id;
  give(rooms, step, jid, self);
  giveHistory(rooms, step, room, jid, historyAsked(element));
}

/** Presence of who is in the room already: the same, shown anew (section 7.7). */
export function show(rooms: Rooms, step: Step, room: Room, nick: string, { from, id, element }: Addressed): StanzaFault | undefined {
  const kept = keptPresence(room, element);
  if (kept === undefined) return tooMuch;
  const jid = from.full;
  rooms.change(step, room, "OccupantShown", { nick, jid, presence: kept.text }, { binding: false });
  tellAll(rooms, step, room, shownOf(rooms, room, nick, room.occupants.get(nick)!, jid), { answers: { jid, id } });
  return undefined;
}

/** Section 7.2.18: out of a room in which it was not. */
function strangerPresence(room: Jid, to: Jid): Element {
  const item = el("item", { affiliation: "none", role: "none" }, el("reason", {}, "You are not in the room."));
  const codes = ["110", "307", "333"].map((code) => el("status", { code }));
  return el("presence", { xmlns: clientNamespace, type: "unavailable", from: room.full, to: to.full }, el("x", { xmlns: mucUser }, item, ...codes));
}

/** What the others are given of it: nothing of what it said to the room, and nothing that only the room may say. undefined: too much. */
export function keptPresence(room: Pick<Jid, "bare">, element: Element): { readonly element: Element; readonly text: string } | undefined {
  const kept = el("presence", { xmlns: clientNamespace, "xml:lang": element.attrs["xml:lang"] as string | undefined });
  for (const child of passed(room.bare, element)) if (typeof child !== "string") kept.children.push(child);
  const text = serialise(kept);
  return Buffer.byteLength(text) <= roomPresenceBytesMax ? { element: kept, text } : undefined;
}

export const tooMuch: StanzaFault = { condition: "policy-violation", text: `presence to a room has at most ${roomPresenceBytesMax} bytes`, limit: "roomPresenceBytesMax" };
