import { sessionMachine } from "refrain/machines";
import { assertMachine, checkMachine, sessionModel } from "refrain/testing";
import { expect, it } from "vitest";
import { createMachine } from "xstate";

const patience = 60_000; // every reachable state, then 1,000 scripts: some seconds

it("keeps a rule of mine", () => {
  assertMachine(sessionModel, [{
    name: "Nobody hears of a session that is not bound.",
    step: ({ before, effects }) =>
      effects.some(({ type }) => type === "broadcast.presence") && !before?.hasTag("connected") ? "somebody did" : undefined,
  }]);
}, patience);

it("shows what a change of mine would break", () => {
  const machine = sessionMachine.provide({ guards: { isResumable: () => true } });
  expect(() => assertMachine({ ...sessionModel, machine })).toThrow("only such a one hibernates");
}, patience);

it("checks any other machine", () => {
  const door = createMachine({
    initial: "closed",
    states: {
      open: { on: { shut: "closed" } },
      closed: { on: { push: "open", lock: "locked" } },
      locked: { on: { unlock: "closed", push: "open" } },
    },
  });
  const { counterexample } = checkMachine(door, [{
    name: "A locked door stays shut.",
    step: ({ before, after }) => (before?.matches("locked") && after.matches("open") ? "it opened" : undefined),
  }], { isEnd: () => true }); // it has no final state, and needs none
  expect(counterexample?.script.events).toMatchObject([{ type: "lock" }, { type: "push" }]);
});
