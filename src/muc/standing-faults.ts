/** Why a change of role or affiliation may not be made: one answer for each that is asked for, in their order; undefined where it may. */
import { roomAffiliationsBytesMax, roomAffiliationsMax, roomToldMax } from "../domain/limits.ts";
import { nickKey } from "../domain/nick.ts";
import type { AffiliationRow } from "../domain/room-rows.ts";
import { decideAffiliation, decideRole, isOfOffice } from "../domain/room-standing.ts";
import type { Room } from "../domain/room.ts";
import type { StanzaFault } from "../xml/stanza.ts";
import { affiliationOf } from "./affiliation.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, lastOf, sessionsOf } from "./showing.ts";
import type { Actor, AffiliationChange, RoleChange } from "./standing.ts";

/** XEP-0045 sections 8.2 to 8.5 and 9.6 to 9.8. */
export function roleFaults(rooms: Rooms, room: Room, actor: Actor, changes: readonly RoleChange[]): readonly (StanzaFault | undefined)[] {
  const named = new Set<string>();
  const faults = changes.map(({ nick, role }): StanzaFault | undefined => {
    if (named.has(nick)) return twice;
    named.add(nick);
    // Who may change nothing is not told who is there.
    if (actor.role !== "moderator" && actor.affiliation !== "admin" && actor.affiliation !== "owner") return { condition: "forbidden", text: "only moderators change roles" };
    const row = room.occupants.get(nick);
    if (row === undefined) return { condition: "item-not-found", text: "there is nobody of that nick in the room" };
    const bareJid = bareOf(lastOf(row));
    return decideRole(actor, { affiliation: affiliationOf(rooms, room, bareJid), role: row.role }, role, bareJid === actor.bareJid);
  });
  return withWhole(faults, () => costFault(room, changes.length, changes.length));
}

/** Sections 9.1 to 9.5 and 10.3 to 10.8, and what a room has room for. */
export function affiliationFaults(rooms: Rooms, room: Room, actor: Actor, changes: readonly AffiliationChange[]): readonly (StanzaFault | undefined)[] {
  const named = new Set<string>();
  const nicks = new Set<string>();
  const faults = changes.map((change): StanzaFault | undefined => {
    const { jid, affiliation, nick = null } = change;
    if (named.has(jid)) return twice;
    named.add(jid);
    // By the list: an administrator of the server who is not on it may be put there. What they may do is theirs all the same.
    const listed = room.affiliations.get(jid)?.affiliation ?? "none";
    const isServerAdmin = rooms.host.limits.admins.includes(jid);
    const refusal = decideAffiliation(actor.affiliation, isServerAdmin ? "owner" : listed, affiliation, jid === actor.bareJid);
    if (refusal !== undefined) return refusal;
    if (isServerAdmin && affiliation === "outcast") return { condition: "not-allowed", text: "administrators of the server cannot be banned" };
    if (!jid.includes("@") && (affiliation === "owner" || affiliation === "admin")) {
      return { condition: "jid-malformed", text: "admins and owners are users: give the bare JID of one" };
    }
    if (nick === null || affiliation === "none" || affiliation === "outcast") return undefined;
    const taken = nicks.has(nickKey(nick)) || isTaken(room, nick, jid);
    nicks.add(nickKey(nick));
    return taken ? { condition: "conflict", text: "somebody else has this nick" } : undefined;
  });
  return withWhole(faults, () => wholeFault(room, changes) ?? costFault(room, changes.length, toldOf(room, changes)));
}

/** Where each of them might be made: what speaks against all of them together. */
function withWhole(faults: readonly (StanzaFault | undefined)[], find: () => StanzaFault | undefined): readonly (StanzaFault | undefined)[] {
  const whole = faults.some((fault) => fault !== undefined) ? undefined : find();
  return whole === undefined ? faults : faults.map(() => whole);
}

const twice: StanzaFault = { condition: "bad-request", text: "name everybody once" };

/** Whether a nick, or one that reads alike, is another's. */
function isTaken(room: Room, nick: string, bareJid: string): boolean {
  const reserved = room.reservedBy(nick);
  if (reserved !== undefined && reserved !== bareJid) return true;
  const row = room.occupants.get(room.nickLike(nick) ?? "");
  return row !== undefined && bareOf(lastOf(row)) !== bareJid;
}

/** What the list would be like with all of them made. */
function wholeFault(room: Room, changes: readonly AffiliationChange[]): StanzaFault | undefined {
  const before = room.affiliations;
  const after = new Map<string, Pick<AffiliationRow, "affiliation" | "nick" | "reason">>(before);
  for (const { jid, affiliation, nick = before.get(jid)?.nick ?? null, reason = null } of changes) {
    if (affiliation === "none") after.delete(jid);
    else after.set(jid, { affiliation, nick, reason });
  }
  // Sections 10.4 and 10.5: administrators of the server are none of the room's owners here.
  if (hasOwner(before) && !hasOwner(after)) return { condition: "conflict", text: "the room would have no owner any more" };
  if (after.size > before.size && after.size > roomAffiliationsMax) {
    return { condition: "resource-constraint", text: `a room has at most ${roomAffiliationsMax} users and domains on its lists`, limit: "roomAffiliationsMax" };
  }
  const bytes = bytesOf(after);
  if (bytes > roomAffiliationsBytesMax && bytes > bytesOf(before)) {
    return { condition: "resource-constraint", text: `the lists of a room have at most ${roomAffiliationsBytesMax} bytes`, limit: "roomAffiliationsBytesMax" };
  }
  return undefined;
}

function hasOwner(rows: ReadonlyMap<string, Pick<AffiliationRow, "affiliation">>): boolean {
  return [...rows.values()].some(({ affiliation }) => affiliation === "owner");
}

function bytesOf(rows: ReadonlyMap<string, Pick<AffiliationRow, "nick" | "reason">>): number {
  let bytes = 0;
  for (const [jid, { nick, reason }] of rows) bytes += Buffer.byteLength(jid) + Buffer.byteLength(nick ?? "") + Buffer.byteLength(reason ?? "");
  return bytes;
}

/** Section 14.6. `told`: what of it is told to everybody in the room. One change may be made whatever it costs: a domain has to be banned. */
function costFault(room: Room, changes: number, told: number): StanzaFault | undefined {
  const sessions = sessionsOf(room).length;
  if (changes <= 1 || told * sessions <= roomToldMax) return undefined;
  const most = Math.max(1, Math.floor(roomToldMax / sessions));
  return { condition: "policy-violation", text: `everybody in the room is told of each of these changes: make at most ${most} at once`, limit: "roomToldMax" };
}

/** Of who is in the room all are told, under each nick; of others where it is an admin or owner. */
function toldOf(room: Room, changes: readonly AffiliationChange[]): number {
  const inside = new Map<string, number>();
  for (const row of room.occupants.values()) {
    const bareJid = bareOf(lastOf(row));
    for (const jid of [bareJid, bareJid.slice(bareJid.indexOf("@") + 1)]) inside.set(jid, (inside.get(jid) ?? 0) + 1);
  }
  return changes.reduce((sum, { jid, affiliation }) => {
    const isTold = isOfOffice(affiliation) || isOfOffice(room.affiliations.get(jid)?.affiliation ?? "none");
    return sum + (inside.get(jid) ?? (isTold ? 1 : 0));
  }, 0);
}
