/**
 * Changes of role and affiliation (XEP-0045 sections 8, 9 and 10.3 to 10.8): what is recorded, and who is told of it. Whether somebody
 * may make them is asked before (`standing-faults.ts`).
 *
 * All that a request changes is recorded first, so that everybody is told of what came of it, once. Who is removed is told at once;
 * the others when the one who asked has its answer (sections 8.2 and 8.3).
 */
import { parseJid, type Jid } from "../domain/jid.ts";
import type { OccupantRow } from "../domain/room-rows.ts";
import { isAtLeast, isOfOffice, roleAfter, type Affiliation, type Role } from "../domain/room-standing.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { affiliationOf } from "./affiliation.ts";
import { invite } from "./inviting.ts";
import { mucUser } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, give, isShown, lastOf, presenceFor, sessionsOf, shownOf, tellAll, type Shown } from "./showing.ts";

/** Who makes a change. */
export interface Actor {
  readonly bareJid: string;
  readonly affiliation: Affiliation;
  /** The highest that the user has in the room; none: it is not there. */
  readonly role: Role;
  /** Its nick in the room. */
  readonly nick: string | undefined;
}

export interface RoleChange {
  /** Of somebody who is in the room. */
  readonly nick: string;
  /** none: to be removed. */
  readonly role: Role;
  readonly reason?: string | undefined;
}

export interface AffiliationChange {
  /** A bare JID or a domain. */
  readonly jid: string;
  readonly affiliation: Affiliation;
  /** Reserved for this user; null for none any more; undefined: as it was. Who is banned or on no list has none. */
  readonly nick?: string | null | undefined;
  readonly reason?: string | undefined;
}

/** Tells those who are still there, once, in the same step. */
export type TellOthers = (step: Step) => void;

/** The session that asks, and whatever else of the user is in the room (section 8: it is the bare JID that counts). */
export function actorOf(rooms: Rooms, room: Room, { full, bare }: Jid): Actor {
  const own = [...room.occupants].filter(([, row]) => bareOf(lastOf(row)) === bare);
  const role = own.reduce<Role>((most, [, row]) => (isAtLeast(row.role, most) ? row.role : most), "none");
  return { bareJid: bare, affiliation: affiliationOf(rooms, room, bare), role, nick: room.nickOf(full) ?? own[0]?.[0] };
}

/** Each nick is in the room, and named once. */
export function setRoles(rooms: Rooms, step: Step, room: Room, actor: Actor, changes: readonly RoleChange[]): TellOthers {
  const outcomes = changes.flatMap(({ nick, role, reason }): Outcome[] => {
    const row = room.occupants.get(nick);
    if (row === undefined || row.role === role) return [];
    const affiliation = affiliationOf(rooms, room, bareOf(lastOf(row)));
    return [{ nick, before: row, affiliation, role, reason, codes: role === "none" ? [307] : [] }];
  });
  return settle(rooms, step, room, outcomes, actor.nick);
}

/** Each address is named once. `invite`: whether new members of a members-only room are told that they are (section 9.5). */
export function setAffiliations(
  rooms: Rooms,
  step: Step,
  room: Room,
  actor: Actor,
  changes: readonly AffiliationChange[],
  { invite = true }: { readonly invite?: boolean } = {},
): TellOthers {
  const standing = (jid: string): Affiliation => affiliationOf(rooms, room, jid);
  const present = [...room.occupants].map(([nick, before]) => ({ nick, before, bareJid: bareOf(lastOf(before)), was: standing(bareOf(lastOf(before))) }));
  const inside = new Set(present.map(({ bareJid }) => bareJid));
  const listed = changes.map((change) => ({ ...change, was: standing(change.jid) }));
  const made = listed.filter((change) => record(rooms, step, room, change));
  const reasons = new Map(made.map(({ jid, reason }) => [jid, reason]));
  const outcomes = present.flatMap(({ nick, before, bareJid, was }): Outcome[] => {
    const affiliation = standing(bareJid);
    if (affiliation === was) return [];
    const role = roleAfter(was, affiliation, before.role, room.config);
    // Section 9.1 for the banned; section 9.4 for those who only may not be there any more: they are told once.
    const codes = role !== "none" ? [] : [affiliation === "outcast" ? 301 : 321];
    const reason = reasons.get(bareJid) ?? reasons.get(bareJid.slice(bareJid.indexOf("@") + 1));
    return [{ nick, before, affiliation, role, reason, codes }];
  });
  const tell = settle(rooms, step, room, outcomes, actor.nick);
  return (step) => {
    tell(step);
    if (!room.exists) return;
    for (const { jid, was } of made) {
      const now = standing(jid);
      if (inside.has(jid) || now === was) continue;
      if (isOfOffice(was) || isOfOffice(now)) tellOfAbsent(rooms, step, room, jid, now);
      if (invite && room.config.membersOnly && now === "member" && was === "none") inviteMember(rooms, step, room, actor, jid);
    }
  };
}

/**
 * After the configuration has changed (section 10.2): who may not be in a members-only room is removed, and everybody is told. `nick`: of
 * the owner who has changed it.
 */
export function enforceMembersOnly(rooms: Rooms, step: Step, room: Room, nick?: string): void {
  if (!room.config.membersOnly) return;
  const outcomes = [...room.occupants].flatMap(([nick, before]): Outcome[] => {
    const affiliation = affiliationOf(rooms, room, bareOf(lastOf(before)));
    return affiliation === "none" ? [{ nick, before, affiliation, role: "none", reason: undefined, codes: [322] }] : [];
  });
  settle(rooms, step, room, outcomes, nick)(step);
}

/** What becomes of one occupant. */
interface Outcome {
  readonly nick: string;
  /** Its row from before. */
  readonly before: OccupantRow;
  /** From now on. */
  readonly affiliation: Affiliation;
  readonly role: Role;
  readonly reason: string | undefined;
  /** Of who is removed. */
  readonly codes: readonly number[];
}

/** Returns whether anything is different. */
function record(rooms: Rooms, step: Step, room: Room, { jid, affiliation, nick: wanted, reason }: AffiliationChange): boolean {
  const row = room.affiliations.get(jid);
  // Section 9.1: a banned user's nick is free again.
  const nick = affiliation === "none" || affiliation === "outcast" ? null : wanted === undefined ? (row?.nick ?? null) : wanted;
  const isSame = row === undefined ? affiliation === "none" : row.affiliation === affiliation && row.nick === nick && (reason === undefined || row.reason === reason);
  if (!isSame) rooms.change(step, room, "AffiliationSet", { jid, affiliation, nick, reason: reason ?? null });
  return !isSame;
}

/** Records roles and departures, tells those who are removed, and returns what tells the others. */
function settle(rooms: Rooms, step: Step, room: Room, outcomes: readonly Outcome[], actor: string | undefined): TellOthers {
  let over = false;
  for (const { nick, before, role } of outcomes) {
    if (role === "none") {
      for (const jid of Object.keys(before.presences)) {
        over = rooms.isOver(room, { type: "occupant.left" });
        rooms.change(step, room, "OccupantLeft", { nick, jid });
      }
    } else if (role !== before.role) rooms.change(step, room, "RoleSet", { nick, role });
  }
  for (const outcome of outcomes) {
    if (outcome.role !== "none") continue;
    for (const jid of Object.keys(outcome.before.presences)) give(rooms, step, jid, presenceFor(rooms, room, removed(outcome, jid, actor), { jid, role: "none" }, true));
  }
  if (over) rooms.destroy(step, room, null, null);
  return (step) => {
    for (const outcome of outcomes) tellOf(rooms, step, room, outcome, actor);
    for (const outcome of outcomes) if (outcome.role === "moderator" && outcome.before.role !== "moderator") showJids(rooms, step, room, outcome.nick);
  };
}

function removed({ nick, affiliation, reason, codes }: Outcome, jid: string, actor: string | undefined): Shown {
  return { nick, affiliation, role: "none", jid, presence: undefined, unavailable: true, codes, reason, actor };
}

function tellOf(rooms: Rooms, step: Step, room: Room, outcome: Outcome, actor: string | undefined): void {
  const { nick, before, role, reason } = outcome;
  if (role === "none") return tellAll(rooms, step, room, removed(outcome, lastOf(before), actor), { role: before.role });
  const row = room.occupants.get(nick);
  if (row === undefined) return;
  const shown: Shown = { ...shownOf(rooms, room, nick, row), reason, actor };
  // Whose presence is not told any more (section 10.1.3, muc#roomconfig_presencebroadcast) is gone for the others.
  const isHidden = isShown(room, before.role) && !isShown(room, role);
  if (isHidden) tellAll(rooms, step, room, { ...shown, presence: undefined, role: "none", unavailable: true }, { without: Object.keys(row.presences) });
  tellAll(rooms, step, room, shown);
}

/** Section 8: a moderator knows from presence who is who; of those who were there before it comes once more. */
function showJids(rooms: Rooms, step: Step, room: Room, moderator: string): void {
  const row = room.occupants.get(moderator);
  if (row === undefined || room.config.whois === "anyone") return;
  for (const [nick, other] of room.occupants) {
    if (nick === moderator || !isShown(room, other.role)) continue;
    const shown = shownOf(rooms, room, nick, other);
    for (const jid of Object.keys(row.presences)) give(rooms, step, jid, presenceFor(rooms, room, shown, { jid, role: row.role }, false));
  }
}

/** Sections 10.3, 10.6 and 10.7: of somebody who is not in the room those are told who may see real JIDs. */
function tellOfAbsent(rooms: Rooms, step: Step, room: Room, bareJid: string, affiliation: Affiliation): void {
  for (const { jid, row } of sessionsOf(room)) {
    if (room.config.whois !== "anyone" && row.role !== "moderator") continue;
    const item = el("item", { affiliation, jid: bareJid, role: "none" });
    give(rooms, step, jid, el("message", { xmlns: clientNamespace, from: room.bare, to: jid, id: rooms.host.nextId() }, el("x", { xmlns: mucUser }, item)));
  }
}

/** Section 9.5. Who cannot be invited is a member all the same. */
function inviteMember(rooms: Rooms, step: Step, room: Room, { bareJid, nick }: Actor, invitee: string): void {
  const [jid, to] = [parseJid(bareJid), parseJid(invitee)];
  if (jid !== undefined && to?.local !== undefined) invite(rooms, step, room, { jid, nick }, to, {}, { deliver: () => {} });
}
