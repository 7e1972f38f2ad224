import { describe, expect, it } from "vitest";
import { sessionMachine } from "../../../machines/session.ts";
import { asAnyModel, checkMachine, modelOf, sessionModel, verdictText } from "../../../src/testing/index.ts";
import { everyWay, turnstile } from "./machines.ts";

describe("Coverage of transitions", () => {
  it("knows every way in which one is taken", () => {
    const { coverage, problems } = checkMachine(everyWay, [], { runs: 200, seed: 1 });
    expect(problems).toEqual(["the transition lift.high/up/0 is never taken"]);
    expect(coverage.transitions.map(({ id, scripts, exhaustive }) => [id, scripts > 0, exhaustive])).toEqual([
      ["lift/up/0", true, true],
      ["lift.low/xstate.after.1000.everyWay.lift.low/0", true, true],
      ["lift.low//0", true, true],
      ["lift.high/up/0", false, false],
      ["lift.high/up/1", true, true],
      ["ear.calm/noise.*/0", true, true],
      ["ear.awake/*/0", true, true],
    ]);
  });

  it("counts the scripts that took it, and no more than there were", () => {
    const { coverage, runs } = checkMachine(sessionModel, [], { runs: 200, seed: 1, exhaustive: false });
    const scripts = new Map(coverage.transitions.map(({ id, scripts }) => [id, scripts]));
    expect(Math.max(...scripts.values())).toBeLessThanOrEqual(runs);
    // Most scripts open their stream well, some of them badly.
    expect(scripts.get("awaitingStream/stream.opened/2")).toBeGreaterThan(runs / 2);
  });
});

describe("Coverage by what no host tells", () => {
  const model = { ...asAnyModel(modelOf(turnstile(), [], { events: [{ type: "push" }] })), illegal: () => [{ type: "coin" }, { type: "retire" }], isEnd: () => true };
  const ids = (options: object) =>
    checkMachine(model, [], { seed: 1, ...options }).coverage.transitions.map(({ id, scripts, exhaustive, legal }) => [id, exhaustive || scripts > 0, legal]);

  it("is not coverage by what hosts do tell; nor is what follows it", () => {
    const expected = [["*/retire/0", true, false], ["locked/coin/0", true, false], ["locked/push/0", true, true], ["open/push/0", true, false], ["open/coin/0", true, false]];
    expect(ids({ runs: 0 })).toEqual(expected);
    expect(ids({ runs: 2_000, exhaustive: false })).toEqual(expected);
  });

  it("is none of 100 %, and is no failure", () => {
    const verdict = checkMachine(model, [], { runs: 0 });
    expect(verdict.ok).toBe(true);
    expect(verdictText(verdict, model)).toMatch(/transitions taken: 1 of 5\n( {4}- only by what no host tells: .*\n){4}/);
  });

  it("is not needed for the session", () => {
    const { coverage } = checkMachine({ ...sessionModel, invariants: [] }, [], { runs: 0 });
    expect(coverage.transitions.filter(({ legal }) => !legal)).toEqual([]);
  });
});

describe("Coverage of guards", () => {
  it("tells which were seen to hold and to fail, by the transition that has them", () => {
    const { coverage } = checkMachine(everyWay, [], { runs: 0 });
    expect(coverage.guards).toEqual([
      { id: "(inline guard) in lift/up/0", held: true, failed: true },
      { id: "isHigh in lift.low//0", held: true, failed: true },
      { id: "(inline guard) in lift.high/up/0", held: false, failed: true },
      { id: "isHigh in lift.high/up/1", held: true, failed: false },
    ]);
  });

  it("agrees with the guards themselves, asked or not", () => {
    const said = new Map<string, { held: boolean; failed: boolean }>();
    const guards = Object.entries(sessionMachine.implementations.guards as Record<string, (...args: readonly unknown[]) => boolean>);
    const listening = Object.fromEntries(guards.map(([name, guard]) => [name, (...args: readonly unknown[]) => {
      const holds = guard(...args);
      const known = said.get(name) ?? { held: false, failed: false };
      said.set(name, { held: known.held || holds, failed: known.failed || !holds });
      return holds;
    }]));
    const machine = sessionMachine.provide({ guards: listening as never });
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      said.clear();
      const { coverage } = checkMachine({ ...sessionModel, machine, invariants: [] }, [], { runs: 15, seed, maxLength: 12, exhaustive: false });
      const byName = new Map<string, { held: boolean; failed: boolean }>();
      for (const { id, held, failed } of coverage.guards) {
        const name = id.split(" in ")[0]!;
        const known = byName.get(name) ?? { held: false, failed: false };
        byName.set(name, { held: known.held || held, failed: known.failed || failed });
      }
      const asked = [...byName].filter(([, { held, failed }]) => held || failed);
      expect(new Map(asked)).toEqual(said);
    }
  });
});

describe("Coverage of pairs", () => {
  it("counts those that were taken one after the other, of those that can be", () => {
    const { coverage } = checkMachine(everyWay, [], { runs: 0 });
    expect(coverage.pairs.taken).toBe(0);
    const full = checkMachine(everyWay, [], { runs: 500, seed: 1, maxLength: 60 }).coverage.pairs;
    expect(full).toEqual({ taken: coverage.pairs.possible, possible: coverage.pairs.possible });
  });

  it("does not say how many there can be without having looked", () => {
    const { pairs } = checkMachine(everyWay, [], { runs: 500, seed: 1, exhaustive: false }).coverage;
    expect(pairs.taken).toBeGreaterThan(3);
    expect(pairs.possible).toBe(0);
  });
});
