/** Ends what a deleted account is in rooms where no server does it. */
import { liveClock, liveIds } from "../live.ts";
import { RoomSource } from "../log/room-source.ts";
import { RoomCache } from "../muc/room-cache.ts";
import type { Store } from "../ports.ts";
import { Batch } from "../step/batch.ts";

/** As `forgetUser`; there is nobody to be told. Resolves when that is durable. */
export async function forgetInRoomsOffline(store: Store, bareJid: string): Promise<void> {
  const source = new RoomSource(store);
  const rooms = new RoomCache((host, room) => source.load({ host, room }), () => true);
  const batch = new Batch({ store, clock: liveClock, ids: liveIds, onFailed: () => {}, onPressure: () => {} });
  for await (const owner of source.listing(bareJid)) {
    const room = await rooms.load(owner.host, owner.room);
    if (room === undefined) continue;
    const data = { host: owner.host, room: owner.room, jid: bareJid, affiliation: "none", nick: null, reason: null } as const;
    await batch.durable(batch.run(null, (step) => {
      rooms.change(step, room, { type: "AffiliationSet", data }, true);
      return room.lastTicket;
    }));
  }
}
