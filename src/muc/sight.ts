/** An occupant whom somebody else in the room does not want to see any more, or wants to see again (XEP-0191). */
import type { Jid } from "../domain/jid.ts";
import type { Step } from "../step/batch.ts";
import type { Rooms } from "./rooms.ts";
import { give, isShown, presenceFor, shownOf } from "./showing.ts";

/**
 * Tells sessions that are in the room of an occupant that this one is gone, or there. `occupant`: an address in a room; one that is nobody's,
 * or the viewer's own, is told to nobody. Where it is told that one is gone, the viewer must not have blocked the other yet, and where it is
 * told that one is there, not any more.
 */
export function tellOfOccupant(rooms: Rooms, step: Step, occupant: Jid, viewers: readonly string[], isThere: boolean): void {
  const room = rooms.read(step, occupant.bare);
  const nick = occupant.resource ?? "";
  const row = room?.occupants.get(nick);
  if (room === undefined || row === undefined || !isShown(room, row.role)) return;
  const now = shownOf(rooms, room, nick, row);
  const shown = isThere ? now : { ...now, presence: undefined, role: "none" as const, unavailable: true };
  for (const jid of viewers) {
    const own = room.nickOf(jid);
    const viewer = own === undefined ? undefined : room.occupants.get(own);
    if (viewer === undefined || own === nick) continue;
    give(rooms, step, jid, presenceFor(rooms, room, shown, { jid, role: viewer.role }, false));
  }
}
