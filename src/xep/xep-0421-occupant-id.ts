/**
 * Ids of occupants: the same for the same user in the same room, whatever the nick is. They are added to everything that an occupant says
 * and shows; what clients claim is taken out where a stanza comes into a room (src/muc/passing.ts).
 */
import type { Room } from "../domain/room.ts";
import { occupantIdElement } from "../muc/occupant-ids.ts";
import { occupantIds } from "../muc/namespaces.ts";
import type { Rooms } from "../muc/rooms.ts";
import type { Extension } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";

interface Said {
  readonly rooms: Rooms;
  readonly room: Room;
  readonly bareJid: string;
  readonly element: Element;
}

export const occupantId: Extension = {
  name: "occupant-id",
  specification: { id: "XEP-0421", version: "1.0.1", title: "Occupant identifiers for semi-anonymous MUCs" },
  rooms: {
    showing: add,
    whispering: add,
    saying({ rooms, room, stanza, element }) {
      add({ rooms, room, bareJid: stanza.from.bare, element });
      return undefined;
    },
    // XEP-0421 section 4: no room is without them.
    serviceFeatures: [occupantIds],
    roomFeatures: () => [occupantIds],
  },
};

function add({ rooms, room, bareJid, element }: Said): void {
  element.cnode(occupantIdElement(rooms, room, bareJid));
}
