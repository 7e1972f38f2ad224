/** Group chat: the domains of rooms, and what of it belongs to no other document. */
import { RoomService } from "../muc/room-service.ts";
import { muc } from "../muc/namespaces.ts";
import type { Extension } from "../router/extension.ts";

export const rooms: Extension = {
  name: "rooms",
  specification: { id: "XEP-0045", version: "1.35.5", title: "Multi-User Chat" },
  services: (house) => {
    const { enabled, subdomain } = house.limits.rooms;
    return enabled ? house.hosts.map((host) => new RoomService(`${subdomain}.${host}`, house.rooms)) : [];
  },
  rooms: { serviceFeatures: [muc] },
};
