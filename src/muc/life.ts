/** Where a room is in its life, found out from what it is: the machine decides, and is kept nowhere. */
import { transition } from "xstate";
import type { RoomEffect, RoomEvent } from "../../machines/room-events.ts";
import { roomMachine, type RoomState } from "../../machines/room.ts";
import type { Room } from "../domain/room.ts";

/** As a state of the machine. */
export function stateOf(room: Room): RoomState {
  if (!room.exists) return "destroyed";
  if (room.locked) return "locked";
  return { open: room.occupants.size > 0 ? "occupied" : "empty" };
}

/** What the machine asks for at an event. */
export function effectsOf(room: Room, event: RoomEvent): readonly RoomEffect["type"][] {
  const occupants = [...room.occupants.values()].reduce((sum, { presences }) => sum + Object.keys(presences).length, 0);
  const before = roomMachine.resolveState({ value: stateOf(room), context: { occupants, persistent: room.config.persistent } });
  const [, actions] = transition(roomMachine, before, event);
  return actions.flatMap(({ type, params }) => (String(type) === "xstate.emit" ? [(params as unknown as { readonly event: RoomEffect }).event.type] : []));
}
