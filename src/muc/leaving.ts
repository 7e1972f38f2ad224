/** Going out of a room, by oneself or not (XEP-0045 sections 7.14, 8.2, 9.1 and 10.9). */
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, tellAll, type Shown } from "./showing.ts";

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
export function leave(rooms: Rooms, step: Step, room: Room, jid: string, { presence, ...told }: Leaving = {}): void {
  const nick = room.nickOf(jid);
  const row = nick === undefined ? undefined : room.occupants.get(nick);
  if (nick === undefined || row === undefined) return;
  const over = rooms.isOver(room, { type: "occupant.left" });
  rooms.change(step, room, "OccupantLeft", { nick, jid });
  const shown: Shown = { nick, affiliation: room.affiliationOf(bareOf(jid)), role: "none", jid, presence, unavailable: true, ...told };
  // Section 7.14: others of the same nick are still there, and so it is for everybody else.
  const remains = room.occupants.has(nick);
  tellAll(rooms, step, room, shown, { also: [jid], role: row.role, without: remains ? sessionsBut(room, jid) : [] });
  if (over) rooms.destroy(step, room, null, null);
}

/** All sessions of a nick go at once: kicked, banned, or the room is over. */
export function removeNick(rooms: Rooms, step: Step, room: Room, nick: string, told: Leaving): void {
  const row = room.occupants.get(nick);
  for (const jid of Object.keys(row?.presences ?? {})) if (room.exists) leave(rooms, step, room, jid, told);
}

function sessionsBut(room: Room, jid: string): readonly string[] {
  return [...room.occupants.values()].flatMap(({ presences }) => Object.keys(presences)).filter((other) => other !== jid);
}
