import { sessionMachine } from "refrain/machines";
import { assertMachine, sessionModel } from "refrain/testing";
import { expect, it } from "vitest";

const options = { runs: 500, exhaustive: false }; // without it every reachable state, too: some seconds

it("keeps a rule of mine", () => {
  assertMachine(sessionModel, [{
    name: "Nobody hears of a session that is not bound.",
    step: ({ before, effects }) =>
      effects.some(({ type }) => type === "broadcast.presence") && !before?.hasTag("connected") ? "somebody did" : undefined,
  }], options);
});

it("shows what a change of mine would break", () => {
  const machine = sessionMachine.provide({ guards: { isResumable: () => true } });
  expect(() => assertMachine({ ...sessionModel, machine }, [], options)).toThrow("only such a one hibernates");
});
