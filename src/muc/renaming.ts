/** Another nick (XEP-0045 section 7.6). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import { show } from "./entering.ts";
import type { Rooms } from "./rooms.ts";
import { shownOf, tellAll } from "./showing.ts";

/** Returns why not. All sessions that share the old one have the new one. */
export function rename(rooms: Rooms, step: Step, room: Room, nick: string, presence: Stanza & { readonly to: Jid }): StanzaFault | undefined {
  const { from, to } = presence;
  const wanted = to.resource;
  if (wanted === undefined) return { condition: "jid-malformed", text: "name the nick that you want: room@service/nick" };
  const reserved = room.reservedBy(wanted);
  if (room.occupants.has(wanted) || (reserved !== undefined && reserved !== from.bare)) {
    return { condition: "conflict", text: "somebody else has this nick" };
  }
  const row = room.occupants.get(nick)!;
  const before = shownOf(room, nick, row, from.full);
  tellAll(rooms, step, room, { ...before, presence: undefined, unavailable: true, codes: [303], newNick: wanted });
  rooms.change(step, room, "OccupantRenamed", { nick, to: wanted });
  return show(rooms, step, room, wanted, presence);
}
