/** Rooms: what is kept beside their streams belongs to them, and nothing that is recorded as kept is missing. */

import { archivePrefix } from "../../domain/archive-keys.ts";
import { roomVCardKey, type RoomFacts } from "../../domain/room-facts.ts";
import type { Content, StoredFact } from "../../ports.ts";
import { fixes, type LogCheck, type Report } from "./findings.ts";

export class RoomsCheck implements LogCheck {
  readonly #report: Report;
  /** Rooms that are there, and whether a vCard of theirs is still to be found. */
  readonly #rooms = new Map<string, { vcard: boolean }>();

  constructor(report: Report) {
    this.#report = report;
  }

  see({ stream, type, data }: StoredFact): void {
    if (!stream.startsWith("room/")) return;
    if (type === "RoomDestroyed") this.#rooms.delete(stream);
    else if (type === "RoomCreated") this.#rooms.set(stream, { vcard: false });
    else if (type === "VCardSet" && this.#rooms.has(stream)) this.#rooms.set(stream, { vcard: (data as unknown as RoomFacts["VCardSet"]).bytes > 0 });
  }

  content(stream: string, { key }: Content): void {
    if (!stream.startsWith("room/")) return;
    const thing = `content ${key} of ${stream}`;
    const room = this.#rooms.get(stream);
    if (room === undefined) this.#report({ thing, problem: "there is no such room", fix: fixes.salvage });
    // Of these there may be very many: they are held against the read model.
    else if (key.startsWith(archivePrefix)) return;
    else if (key !== roomVCardKey) this.#report({ thing, problem: "nothing of a room has such a key", fix: fixes.salvage });
    else if (!room.vcard) this.#report({ thing, problem: "no fact says that the room has a vCard", fix: fixes.salvage });
    else room.vcard = false;
  }

  end(): void {
    for (const [stream, { vcard }] of this.#rooms) {
      if (vcard) this.#report({ thing: `vCard of ${stream}`, problem: "a fact says that there is one, and its text is not kept", fix: fixes.salvage });
    }
  }
}
