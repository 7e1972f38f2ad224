/** Another nick (XEP-0045 section 7.6). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import { enterAgain, keptPresence, nickFault, nickTaken, show, tooMuch } from "./entering.ts";
import { muc } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { shownOf, tellAll } from "./showing.ts";

/** Returns why not. All sessions that share the old one have the new one. */
export function rename(rooms: Rooms, step: Step, room: Room, nick: string, presence: Stanza & { readonly to: Jid }): StanzaFault | undefined {
  const { from, to, element } = presence;
  const wanted = to.resource;
  const fault = nickFault(wanted);
  if (wanted === undefined || fault !== undefined) return fault;
  const taken = nickTaken(room, wanted, from.bare);
  if (taken !== undefined) return taken;
  const own = room.nickLike(wanted);
  // One nick of a user does not become another one of the same user: they have roles of their own.
  if (own !== undefined && own !== nick) return { condition: "conflict", text: "another of your sessions has this nick" };
  if (keptPresence(room, element) === undefined) return tooMuch;
  const before = shownOf(rooms, room, nick, room.occupants.get(nick)!, from.full);
  tellAll(rooms, step, room, { ...before, presence: undefined, unavailable: true, codes: [303], newNick: wanted });
  rooms.change(step, room, "OccupantRenamed", { nick, to: wanted });
  return element.getChild("x", muc) === undefined
    ? show(rooms, step, room, wanted, presence)
    : enterAgain(rooms, step, room, wanted, presence, { renamed: true });
}
