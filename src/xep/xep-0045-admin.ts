/**
 * What moderators, admins and owners ask of a room: lists of who has a role or an affiliation, and changes of them (XEP-0045
 * sections 8, 9 and 10.3 to 10.8).
 */
import { parseJid, prepareResource } from "../domain/jid.ts";
import { roomChangesMax, roomReasonCharsMax } from "../domain/limits.ts";
import { nickKey } from "../domain/nick.ts";
import { affiliationPrivileges, affiliations, roles, type Affiliation, type OccupantRole, type Role } from "../domain/room-standing.ts";
import type { Room } from "../domain/room.ts";
import { affiliationOf } from "../muc/affiliation.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { mucAdmin } from "../muc/namespaces.ts";
import type { Rooms } from "../muc/rooms.ts";
import { bareOf, lastOf } from "../muc/showing.ts";
import { affiliationFaults, roleFaults } from "../muc/standing-faults.ts";
import { actorOf, setAffiliations, setRoles, type Actor, type AffiliationChange, type RoleChange, type TellOthers } from "../muc/standing.ts";
import type { Extension } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

export const roomStanding: Extension = {
  name: "room-standing",
  specification: {
    id: "XEP-0045",
    version: "1.35.5",
    title: "Multi-User Chat",
    missing: ["A ban is of a user or of a domain, never of one resource alone (section 9.2 would have those matched first)."],
  },
  rooms: {
    iq: [
      { xmlns: mucAdmin, name: "query", types: ["get"], at: ["room"], handle: list },
      { xmlns: mucAdmin, name: "query", types: ["set"], at: ["room"], handle: change },
    ],
  },
};

function list({ rooms, room, iq, payload }: RoomIqRequest): RoomReply {
  if (room === undefined) return noRoom;
  const [item, ...more] = payload.getChildren("item", mucAdmin);
  const { affiliation, role } = attrsOf(item);
  if (item === undefined || more.length > 0 || (affiliation === undefined) === (role === undefined)) return malformed("ask for one affiliation, or for one role");
  const actor = actorOf(rooms, room, iq.from);
  if (isHidden(room, actor)) return noRoom;
  if (role !== undefined) return isOccupantRole(role) ? listOfRole(rooms, room, actor, role) : malformed(`there is no list of ${role}`);
  return isListed(affiliation) ? listOfAffiliation(room, actor, affiliation) : malformed(`there is no list of ${affiliation}`);
}

/** Section 7.2.10: to others than its owners a locked room does not exist. */
function isHidden(room: Room, { affiliation }: Actor): boolean {
  return room.locked && affiliation !== "owner";
}

/** Section 8.5, and for moderators section 9.8. One item for each nick, however many sessions it has. */
function listOfRole(rooms: Rooms, room: Room, actor: Actor, role: OccupantRole): RoomReply {
  const may = role === "moderator" ? affiliationPrivileges.assignModerator[actor.affiliation] : actor.role === "moderator";
  if (!may) return forbidden;
  // Section 17.4.
  const items = [...room.occupants].flatMap(([nick, row]) => {
    const jid = lastOf(row);
    return row.role === role ? [el("item", { affiliation: affiliationOf(rooms, room, bareOf(jid)), jid, nick, role })] : [];
  });
  return answer(items);
}

/** Section 17.4: by bare JID, with the nick that is reserved, without the role. */
function listOfAffiliation(room: Room, actor: Actor, affiliation: Exclude<Affiliation, "none">): RoomReply {
  if (!mayRead(room, actor, affiliation)) return forbidden;
  const items = [...room.affiliations].flatMap(([jid, { affiliation: theirs, nick, reason }]) => {
    if (theirs !== affiliation) return [];
    // Section 9.2.
    const why = affiliation === "outcast" && reason !== null ? el("reason", {}, reason) : undefined;
    return [el("item", { affiliation, jid, nick: nick ?? undefined }, why)];
  });
  return answer(items);
}

function mayRead({ config }: Room, { affiliation, role }: Actor, list: Exclude<Affiliation, "none">): boolean {
  // Sections 10.5 and 10.8; sections 9.2 and 9.5.
  const isEditor = affiliation === "owner" || (affiliation === "admin" && (list === "member" || list === "outcast"));
  if (isEditor || list === "outcast") return isEditor;
  // Section 5.2.1: where real JIDs are hidden, the lists with them are too, but from those who see them anyway.
  if (config.whois !== "anyone" && role !== "moderator") return false;
  // In a semi-anonymous room those of admins and owners are for owners alone.
  if (config.whois !== "anyone" && list !== "member") return false;
  // Section 9.5: members who are not in the room have it as if they were.
  const asIf = role !== "none" ? role : affiliationPrivileges.retrieveMemberList[affiliation] ? "participant" : "none";
  return asIf !== "none" && config.memberList.includes(asIf);
}

/** All of it, or nothing (section 9.2). */
function change({ rooms, room, step, iq, payload }: RoomIqRequest): RoomReply {
  if (room === undefined) return noRoom;
  const items = payload.getChildren("item", mucAdmin);
  if (items.length === 0) return malformed("name somebody");
  if (items.length > roomChangesMax) return { fault: { condition: "policy-violation", text: `change at most ${roomChangesMax} roles or affiliations at once`, limit: "roomChangesMax" } };
  const actor = actorOf(rooms, room, iq.from);
  if (isHidden(room, actor)) return noRoom;
  const read = items.map(readItem);
  const unreadable = refusal(items, read.map((item) => ("fault" in item ? item.fault : undefined)));
  if (unreadable !== undefined) return unreadable;
  const byRole = read.flatMap((item) => ("role" in item ? [item] : []));
  const byAffiliation = read.flatMap((item) => ("affiliation" in item ? [item] : []));
  if (byRole.length > 0 && byAffiliation.length > 0) return malformed("change roles or affiliations, not both at once");
  const isOfRoles = byRole.length > 0;
  const refused = refusal(items, isOfRoles ? roleFaults(rooms, room, actor, byRole) : affiliationFaults(rooms, room, actor, byAffiliation));
  if (refused !== undefined) return refused;
  const tell: TellOthers = isOfRoles ? setRoles(rooms, step, room, actor, byRole) : setAffiliations(rooms, step, room, actor, byAffiliation);
  return { result: undefined, afterwards: tell };
}

/** The first fault, with the items that have it (section 8.4). */
function refusal(items: readonly Element[], faults: readonly (StanzaFault | undefined)[]): RoomReply | undefined {
  const fault = faults.find((fault) => fault !== undefined);
  if (fault === undefined) return undefined;
  const offending = items.filter((_, index) => faults[index]?.condition === fault.condition);
  return { fault, payload: el("query", { xmlns: mucAdmin }, ...offending) };
}

function readItem(item: Element): RoleChange | AffiliationChange | { readonly fault: StanzaFault } {
  const { affiliation, role, jid, nick } = attrsOf(item);
  const reason = item.getChild("reason", mucAdmin)?.getText() || undefined;
  if (reason !== undefined && reason.length > roomReasonCharsMax) {
    return { fault: { condition: "policy-violation", text: `a reason has at most ${roomReasonCharsMax} characters`, limit: "roomReasonCharsMax" } };
  }
  // Section 17.4: never both.
  if ((affiliation === undefined) === (role === undefined)) return fault("bad-request", "give a role or an affiliation, not both");
  if (role !== undefined) {
    if (!isRole(role)) return fault("bad-request", `${role} is no role`);
    if (nick === undefined) return fault("bad-request", "name the nick whose role it is");
    const prepared = prepareResource(nick);
    return prepared === undefined ? fault("jid-malformed", "this can be nobody's nick") : { nick: prepared, role, reason };
  }
  if (!isAffiliation(affiliation)) return fault("bad-request", `${affiliation} is no affiliation`);
  if (jid === undefined) return fault("bad-request", "give the bare JID whose affiliation it is");
  const parsed = parseJid(jid);
  if (parsed === undefined) return fault("jid-malformed", "this is no JID");
  // Section 9.5: an empty one takes the reserved nick away.
  const reserved = nick === undefined ? undefined : nick === "" ? null : prepareResource(nick);
  if (nick !== undefined && (reserved === undefined || (reserved !== null && nickKey(reserved) === ""))) return fault("jid-malformed", "this can be nobody's nick");
  // Section 10.3: of a full JID it is the bare one.
  return { jid: parsed.bare, affiliation, nick: reserved, reason };
}

interface ItemAttrs {
  readonly affiliation?: string;
  readonly role?: string;
  readonly jid?: string;
  readonly nick?: string;
}

function attrsOf(item: Element | undefined): ItemAttrs {
  return (item?.attrs ?? {}) as ItemAttrs;
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);
const isOccupantRole = (text: string): text is OccupantRole => isRole(text) && text !== "none";
const isAffiliation = (text: string | undefined): text is Affiliation => (affiliations as readonly (string | undefined)[]).includes(text);
/** Section 5.2: there is no list of those who are on none. */
const isListed = (text: string | undefined): text is Exclude<Affiliation, "none"> => isAffiliation(text) && text !== "none";

const noRoom: RoomReply = { fault: { condition: "item-not-found", text: "there is no such room" } };
const forbidden: RoomReply = { fault: { condition: "forbidden", text: "this list is not for you" } };

function fault(condition: StanzaFault["condition"], text: string): { readonly fault: StanzaFault } {
  return { fault: { condition, text } };
}

function malformed(text: string): RoomReply {
  return fault("bad-request", text);
}

function answer(items: readonly Element[]): RoomReply {
  return { result: el("query", { xmlns: mucAdmin }, ...items) };
}
