/** What holds in the life of a room whatever it is told (XEP-0045 sections 4.2, 7.2, 10.1 and 10.9). */
import type { SnapshotFrom } from "xstate";
import type { RoomEffect, RoomEvent } from "../../../machines/room-events.ts";
import type { roomMachine } from "../../../machines/room.ts";
import { stateName } from "../../../machines/state-name.ts";
import type { Invariant, ModelStep } from "./machine-model.ts";

export type RoomSnapshot = SnapshotFrom<typeof roomMachine>;
export type RoomStep = ModelStep<RoomSnapshot, RoomEvent, RoomEffect>;

/** A room as these sections have it, in words of its own. */
interface Expected {
  readonly state: "locked" | "open.occupied" | "open.empty" | "destroyed";
  readonly occupants: number;
  readonly persistent: boolean;
}

export const roomInvariants: readonly Invariant<RoomSnapshot, RoomEvent, RoomEffect>[] = [
  {
    name: "A room that is made is locked, and nobody is counted yet.",
    source: "XEP-0045 section 10.1.2",
    step: ({ before, after }) => (before !== undefined ? undefined : unlike(after, { state: "locked", occupants: 0, persistent: after.context.persistent })),
  },
  {
    name: "It is locked until it is configured, open while somebody is in it or it is persistent, and over by its last occupant or its owner.",
    source: "XEP-0045 sections 4.2, 10.1 and 10.9",
    step: ({ before, event, after }) => (before === undefined || event === undefined ? undefined : unlike(after, expectedAfter(seen(before), event))),
  },
  {
    name: "Nobody is in an empty room, and it is persistent.",
    source: "XEP-0045 section 4.2",
    state: ({ value, context }) => {
      if (stateName(value) !== "open.empty") return undefined;
      if (context.occupants !== 0) return `${context.occupants} are in it`;
      return context.persistent ? undefined : "it is temporary";
    },
  },
  {
    name: "There are never fewer occupants than none.",
    source: "XEP-0045 section 7.14",
    state: ({ context }) => (context.occupants < 0 ? `there are ${context.occupants}` : undefined),
  },
  {
    name: "It is forgotten when it is over, once, and never before.",
    source: "XEP-0045 section 10.9",
    step: ({ before, after, effects }) => {
      const ends = before?.status !== "done" && after.status === "done";
      const times = effects.filter(({ type }) => type === "forget.room").length;
      return times === (ends ? 1 : 0) && times === effects.length ? undefined : `asked ${times} times`;
    },
  },
];

function expectedAfter(room: Expected, event: RoomEvent): Expected {
  const { state, occupants } = room;
  const over = { ...room, state: "destroyed" } as const;
  if (state === "destroyed") return room;
  switch (event.type) {
    case "room.destroyed":
      return over;
    case "occupant.entered":
      return { ...room, occupants: occupants + 1, state: state === "open.empty" ? "open.occupied" : state };
    case "occupant.left": {
      // Nobody leaves an empty room.
      if (state === "open.empty") return room;
      const left = { ...room, occupants: Math.max(0, occupants - 1) };
      if (left.occupants > 0) return left;
      return { ...left, state: state === "open.occupied" && room.persistent ? "open.empty" : "destroyed" };
    }
    case "room.configured": {
      const { persistent } = event;
      if (state === "open.empty") return { ...room, persistent, state: persistent ? state : "destroyed" };
      return { ...room, persistent, state: "open.occupied" };
    }
  }
}

function seen({ value, context }: RoomSnapshot): Expected {
  return { state: stateName(value) as Expected["state"], occupants: context.occupants, persistent: context.persistent };
}

function unlike(after: RoomSnapshot, expected: Expected): string | undefined {
  const [is, was] = [seen(after), expected].map((room) => `${room.state}, ${room.occupants} in it, ${room.persistent ? "persistent" : "temporary"}`);
  return is === was ? undefined : `expected ${was}, got ${is}`;
}
