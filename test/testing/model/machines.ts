/** Small machines with something wrong in them, and some with nothing. */
import { assign, createMachine, emit, raise, setup } from "xstate";

/** Opens with a coin, closes behind who passes. `closes`: whether it does. */
export const turnstile = (closes = true) =>
  setup({
    types: { events: {} as { readonly type: "coin" } | { readonly type: "push" } | { readonly type: "retire" }, emitted: {} as { readonly type: "let.pass" } },
    actions: { letPass: emit({ type: "let.pass" }) },
  }).createMachine({
    id: "turnstile",
    initial: "locked",
    on: { retire: ".retired" },
    states: {
      locked: { on: { coin: "open", push: {} } },
      open: { on: { push: closes ? { target: "locked", actions: "letPass" } : { actions: "letPass" }, coin: {} } },
      retired: { type: "final" },
    },
  });

/** A state without a way out, one that nobody enters, and a transition that nothing takes. */
export const trap = createMachine({
  id: "trap",
  initial: "free",
  states: {
    free: { on: { step: "caught", leave: "gone" } },
    caught: { on: { step: {} } },
    attic: { on: { leave: "gone" } },
    gone: { type: "final" },
  },
});

/** Counts without end. */
export const counter = setup({ types: { context: {} as { readonly count: number }, events: {} as { readonly type: "more" } } }).createMachine({
  id: "counter",
  context: { count: 0 },
  on: { more: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
});

/** Goes round for ever between its left and its right. */
export const circling = (initial: "still" | "left") =>
  createMachine({
    id: "circling",
    initial,
    states: { still: { on: { go: "left" } }, left: { always: { target: "right", actions: emit({ type: "turn" }) } }, right: { always: "left" } },
  });

/** Breaks when it is told the third thing. */
export const brittle = setup({ types: { context: {} as { readonly count: number } } }).createMachine({
  id: "brittle",
  context: { count: 0 },
  on: {
    touch: {
      actions: assign({
        count: ({ context }) => {
          if (context.count === 2) throw new Error("too much");
          return context.count + 1;
        },
      }),
    },
  },
});

/** Every way of XState to take a transition: regions, eventless ones, raised events, wildcards, delays, guards within. */
export const everyWay = setup({
  types: { context: {} as { readonly level: number }, events: {} as { readonly type: "up" } | { readonly type: "noise.loud" } | { readonly type: "noise.soft" } },
  guards: { isHigh: ({ context }) => context.level >= 2 },
}).createMachine({
  id: "everyWay",
  context: { level: 0 },
  type: "parallel",
  states: {
    lift: {
      initial: "low",
      on: { up: { guard: ({ context }) => context.level < 3, actions: assign({ level: ({ context }) => context.level + 1 }) } },
      states: {
        low: { always: { guard: "isHigh", target: "high" }, after: { 1_000: { target: "low", reenter: true } } },
        high: { entry: raise({ type: "noise.loud" }), on: { up: [{ guard: ({ context }) => context.level === 7 }, { guard: "isHigh", target: "top" }] } },
        top: {},
      },
    },
    ear: {
      initial: "calm",
      states: {
        calm: { on: { "noise.*": "awake" } },
        awake: { on: { "*": "calm" } },
      },
    },
  },
});

/** Goes one way the first time it is told, and another way from then on: chance within. */
export function unsteady() {
  let told = 0;
  return createMachine({
    id: "unsteady",
    initial: "start",
    states: {
      start: { on: { go: [{ guard: () => (told += 1) % 2 === 1, target: "left" }, { target: "right" }] } },
      left: { on: { go: "start" } },
      right: { on: { go: "start" } },
    },
  });
}
