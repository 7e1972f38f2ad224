/**
 * The life of a room (XEP-0045): made by who enters it first, locked until its owner has configured it, open while somebody is in it
 * or it is to outlive that, and then no more. Who may enter, and as what, is data (`src/domain/room-standing.ts`).
 */
import { assign, emit, setup } from "xstate";
import type { RoomEffect, RoomEvent } from "./room-events.ts";

export interface RoomLife {
  /** Sessions that are in it. */
  readonly occupants: number;
  readonly persistent: boolean;
}

export const roomMachine = setup({
  types: {} as { context: RoomLife; events: RoomEvent; emitted: RoomEffect; input: { readonly persistent: boolean } },
  guards: {
    isLast: ({ context }) => context.occupants <= 1,
    isLastOfTemporary: ({ context }) => context.occupants <= 1 && !context.persistent,
    becomesTemporary: ({ event }) => event.type === "room.configured" && !event.persistent,
  },
  actions: {
    countIn: assign({ occupants: ({ context }) => context.occupants + 1 }),
    // Nobody can leave who is not there: of one that is told of so none is less than none.
    countOut: assign({ occupants: ({ context }) => Math.max(0, context.occupants - 1) }),
    configure: assign({
      persistent: ({ context, event }) => (event.type === "room.configured" ? event.persistent : context.persistent),
    }),
    forgetRoom: emit({ type: "forget.room" }),
  },
}).createMachine({
  id: "room",
  context: ({ input }) => ({ occupants: 0, persistent: input.persistent }),
  initial: "locked",
  on: { "room.destroyed": { target: ".destroyed" } },
  states: {
    locked: {
      description: "Made by who has entered it first; nobody else may enter until it is configured (XEP-0045 section 10.1.2).",
      on: {
        "occupant.entered": { actions: "countIn" },
        // Section 10.1.2: who leaves before has not made a room.
        "occupant.left": [{ guard: "isLast", target: "destroyed", actions: "countOut" }, { actions: "countOut" }],
        "room.configured": { target: "open.occupied", actions: "configure" },
      },
    },
    open: {
      description: "Whoever may enter it can (XEP-0045 section 7.2).",
      initial: "occupied",
      states: {
        occupied: {
          description: "Somebody is in it, and told of what happens there (XEP-0045 section 7).",
          on: {
            "occupant.entered": { actions: "countIn" },
            "occupant.left": [
              { guard: "isLastOfTemporary", target: "#room.destroyed", actions: "countOut" },
              { guard: "isLast", target: "empty", actions: "countOut" },
              { actions: "countOut" },
            ],
            "room.configured": { actions: "configure" },
          },
        },
        empty: {
          description: "Nobody is in it; a persistent room stays so for as long as it takes (XEP-0045 section 4.2).",
          on: {
            "occupant.entered": { target: "occupied", actions: "countIn" },
            // Section 4.2: a temporary room is destroyed if the last occupant exits.
            "room.configured": { guard: "becomesTemporary", target: "#room.destroyed", actions: "configure" },
          },
        },
      },
    },
    destroyed: { type: "final", description: "There is no such room, and its name is free (XEP-0045 section 10.9).", entry: "forgetRoom" },
  },
});

export type RoomMachine = typeof roomMachine;
export type RoomState = "locked" | { readonly open: "occupied" | "empty" } | "destroyed";
