/** Going out of a room, by oneself or not (XEP-0045 sections 7.14, 8.2, 9.1 and 10.9). */
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { affiliationOf } from "./affiliation.ts";
import { keptPresence } from "./entering.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, give, lastOf, presenceFor, shownOf, tellAll, type Shown } from "./showing.ts";

/** How it is told. */
export interface Leaving {
  /** What the occupant said last. */
  readonly presence?: Element | undefined;
  readonly codes?: readonly number[];
  readonly reason?: string | undefined;
  readonly actor?: string | undefined;
  readonly more?: readonly Element[];
}

/** One session goes. If it is the last of its nick, the others are told; if it is the last of a temporary room, that is over. */
export function leave(rooms: Rooms, step: Step, room: Room, jid: string, leaving: Leaving = {}): void {
  const nick = room.nickOf(jid);
  if (nick !== undefined) depart(rooms, step, room, nick, [jid], leaving);
}

/** All sessions of a nick go at once: kicked, banned, or the room is over. */
export function removeNick(rooms: Rooms, step: Step, room: Room, nick: string, leaving: Leaving): void {
  depart(rooms, step, room, nick, Object.keys(room.occupants.get(nick)?.presences ?? {}), leaving);
}

function depart(rooms: Rooms, step: Step, room: Room, nick: string, jids: readonly string[], { presence, ...told }: Leaving): void {
  const row = room.occupants.get(nick);
  if (row === undefined) return;
  let over = false;
  for (const jid of jids) {
    over = rooms.isOver(room, { type: "occupant.left" });
    rooms.change(step, room, "OccupantLeft", { nick, jid });
  }
  const last = lastOf(row);
  const jid = jids.includes(last) ? last : (jids.at(-1) ?? last);
  // What it says at its end is passed on as all else is; of too much nothing is.
  const said = presence === undefined ? undefined : keptPresence(room, presence)?.element;
  const shown: Shown = { nick, affiliation: affiliationOf(rooms, room, bareOf(jid)), role: "none", jid, presence: said, unavailable: true, ...told };
  const remaining = room.occupants.get(nick);
  if (remaining === undefined) {
    // Section 10.1.3: who leaves a room before it is configured has not made it.
    const more = over && room.locked ? [...(shown.more ?? []), el("destroy")] : (shown.more ?? []);
    tellAll(rooms, step, room, { ...shown, more }, { also: jids, role: row.role });
    if (over) rooms.destroy(step, room, null, null);
    return;
  }
  // Section 7.2.8: others of the same nick are still there, and so it is for everybody else.
  for (const jid of jids) give(rooms, step, jid, presenceFor(rooms, room, shown, { jid, role: "none" }, true));
  // But who has spoken for all of them is gone: what another says of itself is new.
  const speaker = lastOf(remaining);
  if (jid === last && row.presences[speaker] !== row.presences[jid]) tellAll(rooms, step, room, shownOf(rooms, room, nick, remaining));
}
