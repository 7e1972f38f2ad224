import { enqueueActions } from "xstate";
import { describe, expect, it } from "vitest";
import { sessionMachine } from "../../../machines/session.ts";
import { asAnyModel, assertMachine, checkMachine, modelOf, replayScript, sessionModel, type Invariant } from "../../../src/testing/index.ts";
import { checkInTurns } from "../../../src/testing/model/check-machine.ts";
import { brittle, circling, counter, everyWay, trap, turnstile, unsteady } from "./machines.ts";

/** A session whose second hibernation has no deadline. */
const forgetful = sessionMachine.provide({
  actions: {
    disarmResumption: enqueueActions(({ context, enqueue }) => {
      const { resumption, ...timers } = context.timers;
      enqueue.assign({ timers, wasResumed: true } as object);
      if (resumption !== undefined) enqueue.emit({ type: "disarm.timer", name: "resumption" });
    }),
    armResumption: enqueueActions(({ context, event, enqueue }) => {
      const { resumption = event.at + context.resumptionMs, ...timers } = context.timers;
      if ("wasResumed" in context) return;
      const deadline = event.type === "server.recovered" ? Math.max(resumption, event.until) : resumption;
      enqueue.assign({ timers: { ...timers, resumption: deadline } });
      enqueue.emit({ type: "arm.timer", name: "resumption", deadline });
    }),
  },
});

/** The shortest way into it: to a connected session that is counted from its first moment on, lost, taken up, and lost again. */
const shortestFault = ["stream.opened", "sasl2.started", "sasl.succeeded", "resource.bound", "link.lost", "link.attached", "link.lost"];
/** What chance leads to, without what can be left out: it is counted for because it asks for that later. */
const simplestFault = ["stream.opened", "sasl2.started", "sasl.succeeded", "resource.bound", "management.requested", "link.lost", "link.attached", "link.lost"];
/** What a link can be lost by. */
const losses: ReadonlySet<string> = new Set(["link.lost", "server.stopping", "server.recovered"]);

describe("A fault in a changed session machine", () => {
  it("is found by few scripts, and shrinks to the fewest events that show it", () => {
    const verdict = checkMachine({ ...sessionModel, machine: forgetful }, [], { seed: 6, runs: 1_000, exhaustive: false });
    const { counterexample: found } = verdict;
    expect(verdict).toMatchObject({ ok: false, machine: "client-session", seed: 6, states: 0 });
    expect(verdict.runs).toBeLessThan(200);
    expect(found!.script.events.map(({ type }) => (losses.has(type) ? "link.lost" : type))).toEqual(simplestFault);
    expect(found!.steps).toHaveLength(simplestFault.length + 1);
    expect(found).toMatchObject({ seed: 6, runs: verdict.runs, invariant: { name: expect.stringContaining("can resume"), source: "XEP-0198 section 5" } });
  });

  it("is found by the shortest way, where every state is looked at: what it knows besides tells its states apart", () => {
    const { counterexample: found, states } = checkMachine({ ...sessionModel, machine: forgetful }, [], { runs: 0 });
    expect(found).toMatchObject({ path: "", runs: 0, shrinks: 0, invariant: { name: expect.stringContaining("can resume") } });
    expect(found!.script.events).toHaveLength(shortestFault.length);
    expect(states).toBeGreaterThan(100);
  }, 60_000);

  it("is found again by its seed and path, and by its script", () => {
    const model = { ...sessionModel, machine: forgetful };
    const { counterexample: found } = checkMachine(model, [], { seed: 7, exhaustive: false });
    const again = checkMachine(model, [], { seed: 7, path: found!.path, exhaustive: false });
    expect(again).toMatchObject({ runs: 1, counterexample: { script: found!.script, invariant: found!.invariant, problem: found!.problem } });
    expect(replayScript(model, found!.script).breach).toMatchObject({ invariant: found!.invariant, problem: found!.problem, step: found!.script.events.length });
    expect(replayScript(sessionModel, found!.script).breach).toBeUndefined();
  });

  it("is said by assertMachine, on no more than a screen", () => {
    let said = "";
    try {
      assertMachine({ ...sessionModel, machine: forgetful }, [], { seed: 6, exhaustive: false });
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(/can resume until the time that was promised[^]*XEP-0198 section 5[^]*stream\.opened, sasl2\.started[^]*again: assertMachine with \{ seed: 6, path: /);
    expect(said.split("\n").length).toBeLessThanOrEqual(34);
  });
});

const passesOnce: Invariant = {
  name: "Who has paid passes once.",
  life: () => {
    let paid = 0;
    return ({ event, effects, taken }) => {
      if (event?.type === "coin" && taken[0] === "locked/coin/0") paid += 1;
      if (effects.some(({ type }) => type === "let.pass")) paid -= 1;
      return paid < 0 ? "somebody passed without paying" : undefined;
    };
  },
};

describe("A machine of somebody else", () => {
  it("needs no more than its rules: events are those that it knows", () => {
    const verdict = assertMachine(turnstile(), [passesOnce], { runs: 100, seed: 1 });
    expect(verdict).toMatchObject({ ok: true, machine: "turnstile", runs: 100, states: 3, steps: 1 + 2 * 3, problems: [] });
    expect(verdict.coverage.transitions.map(({ id, exhaustive }) => [id, exhaustive])).toEqual(
      ["*/retire/0", "locked/coin/0", "locked/push/0", "open/push/0", "open/coin/0"].map((id) => [id, true]));
    expect(verdict.invariants.map(({ name }) => name)).toEqual(["The machine answers every event without an error.", passesOnce.name]);
  });

  it("is found wanting by the shortest way, where every state is looked at", () => {
    const closes: Invariant = { name: "It closes behind who passes.", step: ({ before, event, after }) => (before?.matches("open") && event?.type === "push" && after.matches("open") ? "it stays open" : undefined) };
    const { ok, runs, counterexample } = checkMachine(turnstile(false), [closes]);
    expect({ ok, runs }).toEqual({ ok: false, runs: 0 });
    expect(counterexample).toMatchObject({ problem: "it stays open", path: "", invariant: { name: closes.name }, script: { events: [{ type: "coin" }, { type: "push" }] } });
  });

  it("is found wanting by a longer one, where only the past can tell", () => {
    const { ok, runs, counterexample } = checkMachine(turnstile(false), [passesOnce], { seed: 1 });
    expect({ ok, some: runs > 0 }).toEqual({ ok: false, some: true });
    // One who passes is in order; the second is not, and the state is the same as before.
    expect(counterexample).toMatchObject({ problem: "somebody passed without paying", script: { events: [{ type: "coin" }, { type: "push" }, { type: "push" }] } });
  });

  it("is typed by itself", () => {
    const verdict = checkMachine(turnstile(), [{ name: "It opens for coins.", step: ({ before, event, after }) =>
      (before?.matches("locked") && after.matches("open") && event?.type !== "coin" ? `opened by ${event?.type}` : undefined) }],
    { events: [{ type: "coin" }, { type: "push" }], runs: 10 });
    expect(verdict.problems).toEqual(["the state retired is never entered", "the transition */retire/0 is never taken"]);
    // @ts-expect-error: it knows no such event
    checkMachine(turnstile(), [], { events: [{ type: "kick" }], runs: 0 });
  });

  it("is told what is dead in it, and what has no end", () => {
    expect(checkMachine(trap, [], { runs: 20 })).toMatchObject({
      ok: false,
      problems: ["the state attic is never entered", "the transition attic/leave/0 is never taken", "no way leads from the state caught to an end"],
    });
  });

  it("is told that it has too many states, until it says what matters in them", () => {
    const verdict = checkMachine(counter, [], { runs: 10, statesMax: 50 });
    expect(verdict).toMatchObject({ ok: false, cutShort: true, states: 50 });
    expect(verdict.problems).toEqual([
      "there are more than 50 states; let keyOf tell only what guards and actions can tell apart",
    ]);
    expect(checkMachine(counter, [], { runs: 10, keyOf: () => "counting" })).toMatchObject({ ok: true, cutShort: false, states: 1 });
  });

  it("is wrong where it throws, whoever asks", () => {
    const expected = { invariant: { name: "The machine answers every event without an error." }, problem: "it threw: too much" };
    for (const exhaustive of [true, false]) {
      const { counterexample } = checkMachine(brittle, [], { exhaustive, seed: 1, ...(exhaustive ? { statesMax: 100 } : {}) });
      expect(counterexample).toMatchObject({ ...expected, script: { events: [{ type: "touch" }, { type: "touch" }, { type: "touch" }] } });
      expect(counterexample!.steps.at(-1)).toMatchObject({ thrown: "too much", before: { context: { count: 2 } }, after: { context: { count: 2 } } });
    }
  });

  it("is wrong where it comes to no rest, told something or from its start on", () => {
    for (const exhaustive of [true, false]) {
      const { counterexample } = checkMachine(circling("still"), [], { exhaustive, seed: 1, maxLength: 5 });
      expect(counterexample).toMatchObject({ problem: "it threw: it comes to no rest: after 1000 microsteps it still takes left//0, right//0", script: { events: [{ type: "go" }] } });
      expect(counterexample!.steps.at(-1)!.taken.length).toBeLessThan(50);
      const begun = checkMachine(circling("left"), [], { exhaustive, seed: 1 }).counterexample;
      expect(begun).toMatchObject({ problem: "it is in error: it comes to no rest: after 1000 microsteps it still takes right//0, left//0", script: { events: [] } });
    }
  });

  it("is refused where it asks for chance itself", () => {
    expect(() => checkMachine(unsteady())).toThrow(/unsteady: the same events led to .* once, and elsewhere the second time; let time and chance arrive in events/);
  });
});

describe("A rule", () => {
  it("that throws is broken", () => {
    const verdict = checkMachine(turnstile(), [{ name: "Sober.", state: () => { throw new Error("hic"); } }]);
    expect(verdict.counterexample).toMatchObject({ problem: "the rule itself threw: hic", script: { events: [] }, steps: [{}] });
  });

  it("is held against each step of each script, and of every state", () => {
    let told = 0;
    const count: Invariant = { name: "Counted.", step: () => void (told += 1) };
    const verdict = checkMachine(turnstile(), [count], { runs: 50, seed: 3 });
    const expected = verdict.steps + verdict.events + verdict.runs;
    expect([told, verdict.invariants[1]!.checked]).toEqual([expected, expected]);
    expect(verdict.invariants[1]!.counts).toBe("asked");
  });

  it("that says when it applies is asked then only, and counted then only", () => {
    let told = 0;
    const applied: Invariant = { name: "Coins are taken.", when: ({ event }) => event?.type === "coin", step: () => void (told += 1) };
    const never: Invariant = { name: "Never.", when: () => false, state: () => "it is wrong" };
    const { ok, invariants, events, steps } = checkMachine(turnstile(), [applied, never], { runs: 50, seed: 3 });
    expect(ok).toBe(true);
    expect(invariants.slice(1)).toEqual([{ name: "Coins are taken.", checked: told, counts: "applied" }, { name: "Never.", checked: 0, counts: "applied" }]);
    expect(told).toBeGreaterThan(2);
    expect(told).toBeLessThan(events + steps);
  });

  it("about a life is told all of it, and counted where it applies", () => {
    let told = 0;
    const rule: Invariant = { name: "Witnessed.", when: ({ event }) => event?.type === "coin", life: () => () => void (told += 1) };
    const { invariants, events, runs } = checkMachine(turnstile(), [rule], { runs: 50, seed: 3, exhaustive: false });
    expect(told).toBe(events + runs);
    expect(invariants[1]!.checked).toBeGreaterThan(10);
    expect(invariants[1]!.checked).toBeLessThan(told);
  });

  it("is not counted again for what makes a counterexample smaller", () => {
    const { counterexample, invariants, events, runs } = checkMachine(turnstile(), [{ name: "Nobody retires.", step: ({ event }) => (event?.type === "retire" ? "one did" : undefined) }], { seed: 1, exhaustive: false });
    expect(counterexample!.script.events).toEqual([{ type: "retire" }]);
    expect(invariants[1]!.checked).toBeLessThanOrEqual(events + runs);
  });
});

describe("A check in turns", () => {
  const model = asAnyModel(modelOf(turnstile(), [passesOnce], { events: [{ type: "push" }, { type: "coin" }] }));
  const options = { runs: 300, seed: 5, exhaustive: false };

  it("comes to the same as one in one go, whether all holds or not", async () => {
    const turn = async () => undefined;
    expect(await checkInTurns(model, options, turn)).toEqual(checkMachine(model, [], options));
    const broken = { ...model, machine: turnstile(false) };
    const verdict = await checkInTurns(broken, options, turn);
    expect(verdict.ok).toBe(false);
    expect(JSON.stringify(verdict)).toBe(JSON.stringify(checkMachine(broken, [], options)));
  });

  it("is of the scripts until it was stopped, and says that it was", async () => {
    let turns = 0;
    const verdict = await checkInTurns(model, { ...options, runs: 1_000_000 }, () => ((turns += 1) > 120 ? "stop" : undefined));
    expect(verdict).toMatchObject({ ok: true, interrupted: true, runs: 120, seed: 5, asked: { runs: 1_000_000 } });
    expect({ ...verdict, interrupted: undefined, asked: undefined }).toEqual({ ...checkMachine(model, [], { ...options, runs: 120 }), asked: undefined });
    expect(checkMachine(model, [], options).interrupted).toBeUndefined();
  });

  it("is as strict about what it is asked", async () => {
    await expect(checkInTurns(model, { runs: -1 }, () => undefined)).rejects.toThrow(RangeError);
  });
});

describe("Progress", () => {
  it("is told of states, then of scripts, to the end", () => {
    const said: string[] = [];
    checkMachine(everyWay, [], { runs: 120, onProgress: (progress) => said.push(`${progress.phase} ${progress.done}`) });
    expect(said.filter((text) => text.startsWith("states")).length).toBeGreaterThan(3);
    expect(said.filter((text) => text.startsWith("scripts"))).toEqual(["scripts 50", "scripts 100", "scripts 120"]);
    expect(said.findIndex((text) => text.startsWith("scripts"))).toBe(said.filter((text) => text.startsWith("states")).length);
  });
});
