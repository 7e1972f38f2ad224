/** The archives of rooms: read as those of accounts are, and bound to the rooms that are in memory. */
import type { KeptMessages } from "../domain/archive-query.ts";
import type { Room } from "../domain/room.ts";
import type { RoomArchive, Rooms } from "../muc/rooms.ts";
import type { Batch } from "../step/batch.ts";
import { createArchiveIds } from "./archive-ids.ts";
import { overdue, readEnds, readPage, type ArchiveOwner, type ArchiveSource } from "./archive-pages.ts";

interface Parts {
  readonly batch: Batch;
  readonly source: ArchiveSource;
  /** From which the ids that everybody is told are made: 16 bytes. */
  readonly archiveKey: Uint8Array;
}

export function createRoomArchive({ batch, source, archiveKey }: Parts): RoomArchive {
  const told = createArchiveIds(archiveKey);
  return {
    toldOf: (id) => told.toldOf(id),
    async page(room, query) {
      await batch.durable(room.lastTicket);
      return readPage(source, told, ownerOf(room), query);
    },
    async ends(room) {
      await batch.durable(room.lastTicket);
      return readEnds(source, told, ownerOf(room));
    },
    async find(room, id) {
      await batch.durable(room.lastTicket);
      const page = await readPage(source, told, ownerOf(room), { ids: [id], page: { max: 1 } });
      const [message] = "missing" in page ? [] : page.messages;
      const [row] = message === undefined ? [] : await source.archivedAt(room.host, room.room, [told.keyOf(id) ?? ""]);
      return message === undefined || row === undefined ? undefined : { ...message, logId: row.id };
    },
  };
}

/** The oldest messages of a room that are not to be kept any longer are no more: as `Archive.trim` of an account. */
export async function trimRoom({ batch, source, rooms }: { readonly batch: Batch; readonly source: ArchiveSource; readonly rooms: Rooms }, room: Room, kept: KeptMessages): Promise<number> {
  await batch.durable(room.lastTicket);
  const before = room.meta("archiveTrimmed");
  const [rows, former] = [await overdue(source, room.host, room.room, kept), await source.archiveTrimmed(room.host, room.room)];
  const last = rows.at(-1);
  if (last === undefined) return 0;
  const forgotten = [...rows.flatMap(({ fact }) => fact ?? []), ...(former === undefined ? [] : [former])];
  return batch.run(null, (step) => {
    // It has gone meanwhile, or somebody else has trimmed it.
    if (rooms.read(step, room.bare) !== room || !room.exists || room.meta("archiveTrimmed") !== before) return 0;
    // Nobody waits for it: what comes back after a crash is trimmed again.
    const data = { through: last.key, forgotten: (room.meta("archiveForgotten") ?? 0) + forgotten.length };
    rooms.change(step, room, "RoomArchiveTrimmed", data, { binding: false, forgotten });
    return rows.length;
  });
}

function ownerOf({ host, room }: Room): ArchiveOwner {
  return { host, username: room };
}
