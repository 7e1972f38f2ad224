/** The life of a room, with everything that can happen to it. */
import type { RoomEffect, RoomEvent } from "../../../machines/room-events.ts";
import { roomMachine } from "../../../machines/room.ts";
import type { MachineModel } from "./machine-model.ts";
import { roomInvariants, type RoomSnapshot } from "./room-invariants.ts";

/** One more than any guard tells apart from many. */
const crowd = 3;

const configured = [true, false].map((persistent): RoomEvent => ({ type: "room.configured", persistent }));
const [entered, left, destroyed]: readonly [RoomEvent, RoomEvent, RoomEvent] = [{ type: "occupant.entered" }, { type: "occupant.left" }, { type: "room.destroyed" }];

/** The model of `roomMachine`. */
export const roomModel: MachineModel<RoomSnapshot, RoomEvent, RoomEffect> = {
  name: "room",
  machine: roomMachine,
  starts: [
    { name: "temporary", input: { persistent: false } },
    { name: "persistent", input: { persistent: true } },
  ],
  startAt: 0,
  events: (snapshot) => (snapshot.status === "done" ? [] : [...ordinary(snapshot), destroyed]),
  // Else most lives would be short.
  likely: (snapshot) => (snapshot.status === "done" ? [] : ordinary(snapshot)),
  // Of somebody who was never there.
  illegal: ({ status, context: { occupants } }) => (status === "done" || occupants > 0 ? [] : [left]),
  keyOf: ({ value, context, status }) => (status === "done" ? "destroyed" : JSON.stringify([value, context.occupants, context.persistent])),
  invariants: roomInvariants,
};

function ordinary({ value, context: { occupants } }: RoomSnapshot): readonly RoomEvent[] {
  // It is made by entering it: nobody can configure it before.
  if (value === "locked" && occupants === 0) return [entered];
  return [...(occupants < crowd ? [entered] : []), ...(occupants > 0 ? [left] : []), ...configured];
}
