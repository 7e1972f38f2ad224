/**
 * The life of a room (XEP-0045): made by who enters it first, locked until its owner has configured it, open while somebody is in it
 * or it is to outlive that, and then no more. Who may enter, and as what, is data (`src/domain/room-standing.ts`).
 */
import { assign, setup } from "xstate";

export interface RoomLife {
  /** Sessions that are in it. */
  readonly occupants: number;
  readonly persistent: boolean;
}

export type RoomEvent =
  | { readonly type: "occupant.entered" }
  | { readonly type: "occupant.left" }
  /** Its owner has said how it is to be. */
  | { readonly type: "room.configured"; readonly persistent: boolean }
  | { readonly type: "room.destroyed" };

export const roomMachine = setup({
  types: {} as { context: RoomLife; events: RoomEvent; input: { readonly persistent: boolean } },
  guards: {
    isLast: ({ context }) => context.occupants <= 1,
    isLastOfTemporary: ({ context }) => context.occupants <= 1 && !context.persistent,
    becomesTemporary: ({ event }) => event.type === "room.configured" && !event.persistent,
  },
  actions: {
    countIn: assign({ occupants: ({ context }) => context.occupants + 1 }),
    countOut: assign({ occupants: ({ context }) => context.occupants - 1 }),
    configure: assign({
      persistent: ({ context, event }) => (event.type === "room.configured" ? event.persistent : context.persistent),
    }),
  },
}).createMachine({
  id: "room",
  context: ({ input }) => ({ occupants: 0, persistent: input.persistent }),
  initial: "locked",
  on: { "room.destroyed": ".destroyed" },
  states: {
    locked: {
      description: "Nobody but its owner may enter until it is configured (section 10.1.2).",
      on: {
        "occupant.entered": { actions: "countIn" },
        // Section 10.1.2: who leaves before has not made a room.
        "occupant.left": [{ guard: "isLast", target: "destroyed", actions: "countOut" }, { actions: "countOut" }],
        "room.configured": { target: "open.occupied", actions: "configure" },
      },
    },
    open: {
      description: "Whoever may enter it can.",
      initial: "occupied",
      states: {
        occupied: {
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
          description: "Nobody is in it; a persistent room stays so for as long as it takes.",
          on: {
            "occupant.entered": { target: "occupied", actions: "countIn" },
            // Section 4.2: a temporary room is destroyed if the last occupant exits.
            "room.configured": [{ guard: "becomesTemporary", target: "#room.destroyed", actions: "configure" }, { actions: "configure" }],
          },
        },
      },
    },
    destroyed: { type: "final", description: "Its name is free again." },
  },
});

export type RoomState = "locked" | { readonly open: "occupied" | "empty" } | "destroyed";
