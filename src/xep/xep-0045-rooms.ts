/** Group chat: the domains of rooms, and what of it belongs to no other document. */
import { RoomService } from "../muc/room-service.ts";
import { muc } from "../muc/namespaces.ts";
import type { Extension } from "../router/extension.ts";

export const rooms: Extension = {
  name: "rooms",
  specification: {
    id: "XEP-0045",
    version: "1.35.5",
    title: "Multi-User Chat",
    missing: [
      "Roles do not outlast a visit, in moderated rooms neither, nor does voice that was granted or taken: who comes back has the role that its affiliation gives (section 5.1).",
      "Nicks are not locked down: whoever has one reserved may use another (sections 7.6 and 7.12).",
      "History is what the room archives: a room that does not has none to give (section 7.2.13).",
      "What somebody repeats from a chat of before with delays of its own has the room's stamps in history, as all that is said (section 7.9).",
      "An error to an occupant's address takes nobody out of a room that does not remember having told everybody what it answers: what one occupant alone has written drives nobody out (section 18.1.2).",
      "Occupants are not told that the service stops: they come back to the same room when they resume (section 11.2).",
    ],
  },
  services: (house) => {
    const { enabled, subdomain } = house.limits.rooms;
    return enabled ? house.hosts.map((host) => new RoomService(`${subdomain}.${host}`, house.rooms)) : [];
  },
  rooms: { serviceFeatures: [muc] },
};
