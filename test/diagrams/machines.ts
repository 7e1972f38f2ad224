/** Machines with all that a statechart can have, for the drawing to be tested on more than the machines of this project. */
import { and, createMachine, not, setup } from "xstate";

/** Every kind of state and transition that XState knows. */
export const everything = setup({
  guards: { isOpen: () => true, isLate: () => false },
  actions: { ring: () => {}, knock: () => {} },
}).createMachine({
  id: "everything",
  initial: "outside",
  on: { "house.fell": { target: ".gone", actions: "ring" }, "dog.barked": { actions: "ring" } },
  states: {
    outside: {
      description: "In front of the door.",
      tags: ["cold"],
      entry: "knock",
      exit: ["ring", "knock"],
      after: { 1000: { target: "inside" } },
      on: {
        "door.opened": [
          { guard: "isOpen", target: "inside" },
          { guard: and(["isLate", not("isOpen")]), target: "gone" },
          { actions: "knock" },
        ],
        "rain.fell": {},
        "bell.rung": { target: "outside", reenter: true },
      },
    },
    inside: {
      initial: "hall",
      on: { "door.opened": { target: ".kitchen" } },
      onDone: "outside",
      states: {
        hall: { always: { guard: "isLate", target: "kitchen" }, on: { "*": "kitchen", "smoke.seen": "#everything.outside" } },
        kitchen: { on: { "meal.eaten": "left", "door.shut": "#everything.both" } },
        left: { type: "final" },
        before: { type: "history" },
      },
    },
    both: {
      type: "parallel",
      on: { "door.opened": "inside" },
      states: {
        reading: { initial: "first", states: { first: { on: { "page.turned": "second" } }, second: { on: { "page.turned": "first" } } } },
        listening: {},
      },
    },
    gone: { type: "final" },
  },
});

/** A root that is parallel itself. */
export const twoLamps = setup({}).createMachine({
  id: "two-lamps",
  type: "parallel",
  states: {
    left: { initial: "off", states: { off: { on: { "left.switched": "on" } }, on: { on: { "left.switched": "off" } } } },
    right: { initial: "off", states: { off: { on: { "right.switched": "on" } }, on: { on: { "right.switched": "off" } } } },
  },
});

/** Each of `count` states leads to each other one. */
export function everyoneToEveryone(count: number) {
  const places = Array.from({ length: count }, (_, at) => at);
  const states = places.map((here) => {
    const on = Object.fromEntries(places.filter((there) => there !== here).map((there) => [`call.${there}`, `state${there}`]));
    return [`state${here}`, { on }] as const;
  });
  return createMachine({ id: `everyone-${count}`, initial: "state0", states: Object.fromEntries(states) });
}
