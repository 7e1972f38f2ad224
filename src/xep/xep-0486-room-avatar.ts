/** Avatars of rooms: the pictures in a vCard that owners set and everybody may read. */
import { isEmptyVcard, vcardNamespace as xmlns } from "../domain/kept-xml.ts";
import { roomVCardBytesMax } from "../domain/limits.ts";
import type { Jid } from "../domain/jid.ts";
import { roomVCardKey } from "../domain/room-facts.ts";
import type { Room } from "../domain/room.ts";
import { affiliationOf } from "../muc/affiliation.ts";
import { tellCode } from "../muc/configuring.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import type { Rooms } from "../muc/rooms.ts";
import type { Extension } from "../router/extension.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { picturesOf } from "../xml/picture.ts";
import { serialise } from "../xml/serialise.ts";

export const roomAvatar: Extension = {
  name: "room-avatar",
  specification: {
    id: "XEP-0486",
    version: "0.1.0",
    title: "MUC Avatars",
    missing: ["Presence of the room with the hash of its avatar (section 5.2), which the specification does not encourage: it is in what the room tells of itself."],
  },
  rooms: {
    iq: [
      { xmlns, name: "vCard", types: ["get"], at: ["room"], handle: get },
      { xmlns, name: "vCard", types: ["set"], at: ["room"], handle: set },
    ],
    serviceFeatures: [xmlns],
    roomFeatures: () => [xmlns],
    // Sections 3.3 and 5.1.
    roomInfo: (room) => {
      const hashes = room.meta("vcard")?.hashes ?? [];
      return hashes.length === 0 ? [] : [{ var: "muc#roominfo_avatarhash", type: "text-multi", values: hashes }];
    },
  },
};

/** Section 3.4. */
async function get({ rooms, room, iq }: RoomIqRequest): Promise<RoomReply> {
  if (room === undefined || isHidden(rooms, room, iq.from)) return noRoom;
  const text = await rooms.vcard(room);
  return text === undefined ? { fault: { condition: "item-not-found", text: "the room has no vCard" } } : { result: adoptElement(text) };
}

/** Section 3.2. */
function set({ rooms, room, step, iq, payload }: RoomIqRequest): RoomReply {
  if (room === undefined || isHidden(rooms, room, iq.from)) return noRoom;
  // Section 6.
  if (affiliationOf(rooms, room, iq.from.bare) !== "owner") return { fault: { condition: "forbidden", text: "only owners set the vCard of a room" } };
  if (isEmptyVcard(payload)) {
    if (room.meta("vcard") === undefined) return { result: undefined };
    rooms.change(step, room, "VCardSet", { hashes: [], bytes: 0 });
  } else {
    const text = serialise(payload);
    const bytes = Buffer.byteLength(text);
    if (bytes > roomVCardBytesMax) return { fault: { condition: "policy-violation", text: `the vCard of a room has at most ${roomVCardBytesMax} bytes`, limit: "roomVCardBytesMax" } };
    const hashes = [...new Set(picturesOf(payload).map(({ hash }) => hash))];
    rooms.change(step, room, "VCardSet", { hashes, bytes }, { contents: [{ key: roomVCardKey, text }] });
  }
  return { result: undefined, afterwards: (step) => tellCode(rooms, step, room, 104) };
}

/** XEP-0045 section 7.2.10: to others than its owners a locked room does not exist. */
function isHidden(rooms: Rooms, room: Room, from: Jid): boolean {
  return room.locked && affiliationOf(rooms, room, from.bare) !== "owner";
}

const noRoom: RoomReply = { fault: { condition: "item-not-found", text: "there is no such room" } };
