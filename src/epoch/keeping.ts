/** What keeps the store small while an epoch lasts: the log of sessions, the archives of accounts, and those of rooms. */
import type { Config } from "../config/schema.ts";
import { makeJid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { AccountSource } from "../log/account-source.ts";
import type { Accounts } from "../log/accounts.ts";
import { Retention } from "../log/retention.ts";
import type { RoomSource } from "../log/room-source.ts";
import type { Clock, Ids, Log, Store } from "../ports.ts";
import { ArchiveRetention } from "../router/archive-retention.ts";
import type { House } from "../router/house.ts";
import { trimRoom } from "../router/room-archive.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Batch } from "../step/batch.ts";

export interface KeepingOptions {
  readonly config: Pick<Config, "history" | "archive">;
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly batch: Batch;
  readonly house: House;
  readonly accounts: AccountCache;
  readonly storedAccounts: Accounts;
  readonly source: AccountSource;
  readonly roomSource: RoomSource;
  /** Whether the store has more to do than it can: then this waits. */
  readonly busy: () => boolean;
}

export interface Keeping {
  /** Begins in a minute. */
  start(): void;
  /** What is under way may still end. */
  stop(): void;
}

export function createKeeping({ config, store, clock, ids, log, batch, house, accounts, storedAccounts, source, roomSource, busy }: KeepingOptions): Keeping {
  const ofArchives = { clock, log, ...config.archive, busy };
  const all: readonly Keeping[] = [
    new Retention({ store, clock, ids, log, ...config.history, busy }),
    new ArchiveRetention({
      ...ofArchives,
      source,
      archive: house.archive,
      owners: (after, limit) => storedAccounts.list(undefined, { limit, ...(after !== undefined && { after }) }),
      load: (host, username) => accounts.load(host, username),
    }),
    new ArchiveRetention({
      ...ofArchives,
      source: roomSource.archive,
      archive: { trim: (room: Room, kept) => trimRoom({ batch, source: roomSource.archive, rooms: house.rooms }, room, kept) },
      owners: async (after, limit) => {
        const rooms = await roomSource.owners(after && { host: after.host, room: after.username }, limit);
        return rooms.map(({ host, room }) => ({ host, username: room }));
      },
      load: (host, room) => house.rooms.load(makeJid(room, host)),
    }),
  ];
  return {
    start: () => all.forEach((each) => each.start()),
    stop: () => all.forEach((each) => each.stop()),
  };
}
