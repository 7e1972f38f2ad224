/** A change of a room's configuration (XEP-0045 section 10.2): what is recorded, and what follows from it for those who are there. */
import type { Jid } from "../domain/jid.ts";
import { roomChangesMax } from "../domain/limits.ts";
import type { RoomConfig } from "../domain/room-config.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";
import { readConfigForm, type ChosenConfig } from "./config-form.ts";
import { destroyRoom } from "./destroying.ts";
import { mucUser } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { give, isShown, sessionsOf, shownOf, tellAll } from "./showing.ts";
import { affiliationFaults } from "./standing-faults.ts";
import { actorOf, enforceMembersOnly, setAffiliations, type AffiliationChange, type TellOthers } from "./standing.ts";

/**
 * All that an owner has filled in, or nothing. Who may is asked before. Unlocks the room (section 10.1.2). Returns what tells everybody,
 * when the owner has its answer.
 */
export function configure(rooms: Rooms, step: Step, room: Room, owner: Jid, fields: ReadonlyMap<string, readonly string[]>): TellOthers | StanzaFault {
  const chosen = readConfigForm(fields, room, rooms.host.limits.occupants);
  if ("condition" in chosen) return chosen;
  const standings = standingsOf(room, chosen);
  if (standings.length > roomChangesMax) return { condition: "policy-violation", text: `change at most ${roomChangesMax} owners and admins at once`, limit: "roomChangesMax" };
  const actor = actorOf(rooms, room, owner);
  const fault = affiliationFaults(rooms, room, actor, standings).find((fault) => fault !== undefined);
  if (fault !== undefined) return fault;
  const { changes } = chosen;
  const before = room.config;
  const isOver = rooms.isOver(room, { type: "room.configured", persistent: changes.persistent ?? before.persistent });
  if (room.locked || Object.keys(changes).length > 0) rooms.change(step, room, "RoomConfigured", { changes });
  const tellStandings = setAffiliations(rooms, step, room, actor, standings);
  return (step) => {
    tellStandings(step);
    if (changes.membersOnly === true && room.exists) enforceMembersOnly(rooms, step, room, actor.nick);
    if (!room.exists) return;
    if (isOver) return destroyRoom(rooms, step, room, owner.bare, {});
    if (changes.presenceOf !== undefined) tellShownAndHidden(rooms, step, room, before);
    for (const code of codesOf(changes)) tellCode(rooms, step, room, code);
  };
}

/** Section 10.2: who loses ownership by the form is an admin, and who is no admin any more is a member. */
function standingsOf({ affiliations }: Room, chosen: ChosenConfig): readonly AffiliationChange[] {
  const [owners, admins] = [chosen.owners, chosen.admins].map((jids) => jids && new Set(jids));
  const wanted = new Map<string, AffiliationChange["affiliation"]>();
  for (const [jid, { affiliation }] of affiliations) {
    if (affiliation === "owner" && owners?.has(jid) === false) wanted.set(jid, "admin");
    if (affiliation === "admin" && admins?.has(jid) === false) wanted.set(jid, "member");
  }
  for (const jid of admins ?? []) if (affiliations.get(jid)?.affiliation !== "owner") wanted.set(jid, "admin");
  for (const jid of owners ?? []) wanted.set(jid, "owner");
  return [...wanted].flatMap(([jid, affiliation]) => (affiliations.get(jid)?.affiliation === affiliation ? [] : [{ jid, affiliation }]));
}

/** Section 10.2.1. What a room keeps of what is said is what it says of it to newcomers too (section 7.2.12). */
function codesOf(changes: Partial<RoomConfig>): readonly number[] {
  const { archive, whois, ...others } = changes;
  return [
    ...(archive === undefined ? [] : [archive ? 170 : 171]),
    ...(whois === undefined ? [] : [whois === "anyone" ? 172 : 173]),
    ...(Object.keys(others).length === 0 ? [] : [104]),
  ];
}

/** To everybody who is there: something about the room has changed. */
export function tellCode(rooms: Rooms, step: Step, room: Room, code: number): void {
  for (const { jid } of sessionsOf(room)) {
    const status = el("x", { xmlns: mucUser }, el("status", { code: String(code) }));
    give(rooms, step, jid, el("message", { xmlns: clientNamespace, type: "groupchat", id: rooms.host.nextId(), from: room.bare, to: jid }, status));
  }
}

/** Whose presence was told and is not any more is gone for the others; whose was not has come. */
function tellShownAndHidden(rooms: Rooms, step: Step, room: Room, { presenceOf }: RoomConfig): void {
  for (const [nick, row] of room.occupants) {
    const [was, is] = [presenceOf.includes(row.role), isShown(room, row.role)];
    const shown = shownOf(rooms, room, nick, row);
    const own = Object.keys(row.presences);
    if (is && !was) tellAll(rooms, step, room, shown, { without: own });
    else if (was && !is) tellAll(rooms, step, room, { ...shown, presence: undefined, role: "none", unavailable: true }, { without: own });
  }
}
