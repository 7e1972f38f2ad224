/** An account that is about to be no more: nothing in any room is for its name any longer, so that nobody who takes it later inherits that. */
import { makeJid } from "../domain/jid.ts";
import type { RoomOwner } from "../domain/room-facts.ts";
import type { Room } from "../domain/room.ts";
import type { Rooms } from "./rooms.ts";
import { setAffiliations } from "./standing.ts";

/**
 * Takes a user, by bare JID, from the lists of all rooms, with the nicks that are reserved there. A room that has lost its last owner so
 * stays as it is: the administrators of the server own every room. Resolves when all of it is on the disk.
 */
export async function forgetUser(rooms: Rooms, bareJid: string): Promise<void> {
  const { host } = rooms;
  let lastTicket = 0;
  /** Returns whether there is nothing left to do. */
  const forget = (of: RoomOwner): boolean =>
    host.run(null, (step) => {
      const room = rooms.read(step, jidOf(of).bare);
      if (room?.affiliations.has(bareJid) === true) {
        setAffiliations(rooms, step, room, nobody, [{ jid: bareJid, affiliation: "none" }], { invite: false })(step);
        lastTicket = Math.max(lastTicket, room.lastTicket);
      }
      return room !== undefined;
    });
  // What has changed lately is in memory alone.
  for (const { host, room } of [...rooms.known()].filter((room: Room) => room.affiliations.has(bareJid))) forget({ host, room });
  for await (const owner of host.store.listing(bareJid)) {
    // Others that were loaded meanwhile may have taken its place in memory.
    while ((await rooms.load(jidOf(owner))) !== undefined && !forget(owner));
  }
  await host.durable(lastTicket);
}

const jidOf = ({ host, room }: RoomOwner) => makeJid(room, host);

/** It is the room that does it. */
const nobody = { bareJid: "", affiliation: "owner", role: "none", nick: undefined } as const;
