/** Presence to a room: what it means depends on who is in it under which nick (XEP-0045 section 17.3). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import { enter, enterAgain, show } from "./entering.ts";
import { isGone, leaveInError } from "./ghosts.ts";
import { leave } from "./leaving.ts";
import { muc } from "./namespaces.ts";
import { rename } from "./renaming.ts";
import type { Rooms } from "./rooms.ts";

/** `room` undefined: it does not exist. Returns what is wrong with it. */
export function takePresence(rooms: Rooms, step: Step, room: Room | undefined, presence: Stanza & { readonly to: Jid }): StanzaFault | undefined {
  const { from, to, type, element } = presence;
  const nick = room?.nickOf(from.full);
  switch (type) {
    case "available":
      if (room === undefined || nick === undefined) return enter(rooms, step, room, presence);
      // Its nick may be written otherwise in this room (section 7.2.2).
      if (element.getChild("x", muc) !== undefined && to.resource !== undefined && room.nickLike(to.resource) === nick) {
        return enterAgain(rooms, step, room, nick, presence);
      }
      return to.resource === nick ? show(rooms, step, room, nick, presence) : rename(rooms, step, room, nick, presence);
    case "unavailable":
      // Section 7.14; who is not in it is not heard.
      if (room !== undefined) leave(rooms, step, room, from.full, { presence: element });
      return undefined;
    case "error":
      if (room !== undefined && isGone(element, "room")) leaveInError(rooms, step, room, from.full);
      return undefined;
    default:
      // Section 17.3: no other presence is a request to enter or to leave.
      return undefined;
  }
}
