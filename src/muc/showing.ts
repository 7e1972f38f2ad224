/** What the occupants of a room are told of each other (XEP-0045 sections 7.2.2 to 7.2.4, 7.7 and 17.3). */
import type { Room } from "../domain/room.ts";
import type { OccupantRow } from "../domain/room-rows.ts";
import type { Affiliation, Role } from "../domain/room-standing.ts";
import { parseJid } from "../domain/jid.ts";
import type { DeliveryNote } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { share } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { affiliationOf } from "./affiliation.ts";
import { mucUser } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";

/** One occupant as the others are to see it. */
export interface Shown {
  readonly nick: string;
  readonly affiliation: Affiliation;
  readonly role: Role;
  /** The full JID of the session that it is about. */
  readonly jid: string;
  /** Presence as the occupant sent it; undefined for one that has nothing to say any more. */
  readonly presence: Element | undefined;
  readonly unavailable?: boolean;
  /** What has happened, beside the state (section 16.6.2). */
  readonly codes?: readonly number[];
  /** Codes for the occupant itself alone. */
  readonly selfCodes?: readonly number[];
  /** The nick that it has from now on. */
  readonly newNick?: string;
  readonly reason?: string | undefined;
  /** The nick of who has done it. */
  readonly actor?: string | undefined;
  /** Children of the user element beside the item, such as `<destroy/>`. */
  readonly more?: readonly Element[];
}

/** The state of an occupant that is in the room. */
export function shownOf(rooms: Rooms, room: Room, nick: string, row: OccupantRow, jid = lastOf(row)): Shown {
  return { nick, affiliation: affiliationOf(rooms, room, bareOf(jid)), role: row.role, jid, presence: presenceOf(row, jid) };
}

/** Who is told. `role`: its own, which says how much it may see. */
export interface Recipient {
  readonly jid: string;
  readonly role: Role;
}

/** The presence of one occupant for one recipient. `self`: it is the recipient's own. */
export function presenceFor(rooms: Rooms, room: Room, shown: Shown, recipient: Recipient, self: boolean): Element {
  return presencesOf(rooms, room, shown)(recipient, self);
}

/** The same for many recipients: what they are given differs only in who may see the real JID, and in whose own presence it is. */
function presencesOf(rooms: Rooms, room: Room, shown: Shown): (recipient: Recipient, self: boolean) => Element {
  const everybodySees = room.config.whois === "anyone";
  const made = new Map<number, Element>();
  return (recipient, self) => {
    const seesJid = everybodySees || recipient.role === "moderator" || self;
    const kind = (seesJid ? 1 : 0) + (self ? 2 : 0);
    let element = made.get(kind);
    if (element === undefined) made.set(kind, (element = makePresence(rooms, room, shown, seesJid, self)));
    return addressedTo(element, recipient.jid);
  };
}

/** Without an addressee. */
function makePresence(rooms: Rooms, room: Room, shown: Shown, seesJid: boolean, self: boolean): Element {
  const codes = [...(shown.codes ?? []), ...(self ? [110, ...(shown.selfCodes ?? [])] : [])];
  const item = el(
    "item",
    { affiliation: shown.affiliation, role: shown.role, jid: seesJid ? shown.jid : undefined, nick: shown.newNick },
    shown.actor === undefined ? undefined : el("actor", { nick: shown.actor }),
    shown.reason === undefined ? undefined : el("reason", {}, shown.reason),
  );
  const element = el("presence", {
    xmlns: clientNamespace,
    from: rooms.jidOf(room, shown.nick).full,
    type: shown.unavailable ? "unavailable" : undefined,
    "xml:lang": shown.presence?.attrs["xml:lang"] as string | undefined,
  });
  for (const child of shown.presence?.children ?? []) element.children.push(child);
  element.cnode(el("x", { xmlns: mucUser }, item, ...(shown.more ?? []), ...codes.toSorted((a, b) => a - b).map((code) => el("status", { code: String(code) }))));
  const bareJid = bareOf(shown.jid);
  for (const { showing } of rooms.extensions) showing?.({ rooms, room, nick: shown.nick, bareJid, element });
  return element;
}

/** With the same children: they must not be changed from now on. */
export function addressedTo({ name, attrs, children }: Element, to: string): Element {
  const copy = el(name, { ...attrs, to });
  copy.children = children;
  return copy;
}

export interface Telling {
  /** Who is told though it is in the room no more, or not counted as being there. */
  readonly also?: readonly string[];
  /** Who is told by somebody else. */
  readonly without?: readonly string[];
  /** That decides whether the others are told at all, where it is not the one that is shown. */
  readonly role?: Role;
  /** The session whose stanza this answers, and the id of that: it finds its own again by it (section 7.2.2). */
  readonly answers?: { readonly jid: string; readonly id: string | undefined };
}

/** Tells every occupant, the one whom it is about last (section 7.2.2). */
export function tellAll(rooms: Rooms, step: Step, room: Room, shown: Shown, { also = [], without = [], role = shown.role, answers }: Telling = {}): void {
  const told = isShown(room, role);
  const presences = presencesOf(rooms, room, shown);
  const own: string[] = [];
  for (const [nick, row] of room.occupants) {
    const self = nick === shown.nick || nick === shown.newNick;
    for (const jid of Object.keys(row.presences)) {
      if (without.includes(jid)) continue;
      if (self) own.push(jid);
      else if (told) give(rooms, step, jid, shareChildren(presences({ jid, role: row.role }, false)));
    }
  }
  for (const jid of [...own, ...also]) {
    const element = presences({ jid, role: shown.role }, true);
    if (jid === answers?.jid && answers.id !== undefined) element.attrs["id"] = answers.id;
    give(rooms, step, jid, element);
  }
}

/** Many are given the same. */
function shareChildren(element: Element): Element {
  for (const child of element.children) if (typeof child !== "string") share(child);
  return element;
}

/** Section 10.1.3, muc#roomconfig_presencebroadcast: whether others are told of occupants with this role. */
export function isShown(room: Room, role: Role): boolean {
  return role === "none" || room.config.presenceOf.includes(role);
}

/** To a session, if it is still there. By itself it is of the moment: if the client never gets it, nobody misses it. */
export function give(rooms: Rooms, step: Step, to: string, element: Element, note: DeliveryNote = { copy: true }): boolean {
  const jid = parseJid(to);
  return jid !== undefined && rooms.host.give(step, jid, element, note);
}

/** What a session said of itself last. */
export function presenceOf(row: OccupantRow, jid: string): Element | undefined {
  let known = parsed.get(row);
  if (known === undefined) parsed.set(row, (known = new Map()));
  let element = known.get(jid);
  if (element === undefined) {
    const text = row.presences[jid];
    if (text === undefined) return undefined;
    known.set(jid, (element = shareChildren(adoptElement(text))));
  }
  return element;
}

/** Rows never change: another one takes their place. */
const parsed = new WeakMap<OccupantRow, Map<string, Element>>();

/** The session that has spoken last speaks for all of its nick. */
export function lastOf(row: OccupantRow): string {
  return Object.keys(row.presences).at(-1) ?? "";
}

export function bareOf(fullJid: string): string {
  const slash = fullJid.indexOf("/");
  return slash === -1 ? fullJid : fullJid.slice(0, slash);
}

/** The JIDs of everybody in the room. */
export function sessionsOf(room: Room): readonly { readonly nick: string; readonly row: OccupantRow; readonly jid: string }[] {
  return [...room.occupants].flatMap(([nick, row]) => Object.keys(row.presences).map((jid) => ({ nick, row, jid })));
}

