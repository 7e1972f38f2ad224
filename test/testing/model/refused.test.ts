import { createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { assertMachine, checkMachine, modelOf, replayScript } from "../../../src/testing/index.ts";
import { turnstile } from "./machines.ts";

/** As JavaScript may call it. */
const check = checkMachine as (model: unknown, rules?: unknown, options?: unknown) => unknown;
const machine = turnstile();
const model = modelOf(machine);

describe("Options that make no sense are refused, for nothing would be checked", () => {
  it.each([
    [{ runs: 0, exhaustive: false }, RangeError, "options runs: 0 and exhaustive: false leave nothing to be checked; give 1 run or more, or leave out exhaustive: false"],
    [{ runs: -1 }, RangeError, "option runs: expected a whole number from 0 to 2147483647, got -1; leave it out for 1000"],
    [{ runs: Number.NaN }, RangeError, "option runs: expected a whole number from 0 to 2147483647, got NaN; leave it out for 1000"],
    [{ runs: "ten" }, TypeError, 'option runs: expected a whole number from 0 to 2147483647, got "ten"; leave it out for 1000'],
    [{ seed: "abc" }, TypeError, 'option seed: expected a number, as a verdict names it, got "abc"; leave it out for another one each time'],
    [{ seed: Number.NaN }, RangeError, "option seed: expected a number, as a verdict names it, got NaN; leave it out for another one each time"],
    [{ maxLength: 0 }, RangeError, "option maxLength: expected a whole number from 1 to 2147483647, got 0; leave it out for 60"],
    [{ statesMax: 1.5 }, RangeError, "option statesMax: expected a whole number from 1 to 2147483647, got 1.5; leave it out for 2000"],
    [{ exhaustive: "no" }, TypeError, 'option exhaustive: expected true or false, got "no"; leave it out for true'],
    [{ seed: 1, path: "first" }, TypeError, 'option path: expected the path of a counterexample, such as "8:1", got "first"; leave it out to try all scripts'],
    [{ path: "8:1" }, TypeError, 'option path: "8:1" says nothing without the seed that it was found with; give seed too, or leave it out'],
    [{ onProgress: 5 }, TypeError, "option onProgress: expected a function, got 5; leave it out to be told nothing"],
    [5, TypeError, "options: expected an object, got 5; leave them out for { runs: 1000, maxLength: 60, exhaustive: true, statesMax: 2000 }"],
  ])("%j", (options, kind, message) => {
    expect(() => check(machine, [], options)).toThrow(new kind(message));
    expect(() => assertMachine(machine, [], options as never)).toThrow(new kind(message));
  });

  it("and those that are there and undefined are as if they were not", () => {
    expect(check(machine, [], { runs: 3, seed: undefined, exhaustive: undefined, statesMax: undefined })).toMatchObject({ ok: true, asked: { runs: 3, maxLength: 60, exhaustive: true, statesMax: 2_000 } });
  });
});

describe("A rule that is none is refused", () => {
  const sentence = "expected a sentence or undefined";
  it.each([
    ["none at all", { runs: 5 }, "rules: expected a list, got { runs: 5 }; write [] for no rules besides the model's own"],
    ["a function", [function neverOpen() {}], 'rule 0: expected an object with a name, got [Function: neverOpen]; write { name: "…", step: neverOpen }'],
    ["null", [{ name: "fine", step: (): undefined => undefined }, null], 'rule 1: expected an object, got null; write { name: "…", step: (step) => … }'],
    ["without a name", [{ step: (): undefined => undefined }], "rule 0: name: expected a sentence for people, got undefined; say what holds"],
    ["that looks at nothing", [{ name: "It opens.", check: () => undefined }], 'rule "It opens.": expected state, step or life, got [ \'check\' ]; without one of them it looks at nothing'],
    ["of a text", [{ name: "It opens.", state: "open" }], 'rule "It opens.": state: expected a function, got "open"; give one, or leave it out'],
    ["that answers false", [{ name: "It opens.", step: (): unknown => false }], `rule "It opens.": ${sentence}, got false`],
    ["that answers a promise", [{ name: "It opens.", state: async () => undefined }], `rule "It opens.": ${sentence}, got Promise { undefined }`],
    ["that answers an empty text", [{ name: "It opens.", state: () => "" }], `rule "It opens.": ${sentence}, got ""`],
    ["whose life answers null", [{ name: "It opens.", life: () => () => null }], `rule "It opens.": ${sentence}, got null`],
    ["whose life is no witness", [{ name: "It opens.", life: () => undefined }], 'rule "It opens.": life: expected a function that is told each step, got undefined'],
    ["that applies in a number of cases", [{ name: "It opens.", when: () => 1, step: (): undefined => undefined }], 'rule "It opens.": when: expected true or false, got 1'],
  ])("%s", (_, rules, message) => {
    for (const exhaustive of [true, false]) expect(() => check(machine, rules, { runs: 10, exhaustive })).toThrow(new TypeError(message));
  });

  it("but one whose life cannot begin is broken, as one that throws is", () => {
    const verdict = checkMachine(machine, [{ name: "Sober.", life: () => { throw new Error("hic"); } }]);
    expect(verdict.counterexample).toMatchObject({ problem: "the rule itself threw: hic", script: { events: [] } });
  });
});

describe("A model that is none is refused", () => {
  const expected = "expected a machine of XState, or a model ({ name, machine, … }), got";
  const fix = "see MachineModel, or let modelOf(machine) make one";
  it.each([
    ["nothing", undefined, `${expected} undefined; give what createMachine() or setup().createMachine() returned`],
    ["an empty object", {}, /^expected a machine of XState, .* got \{\}; give what createMachine/],
    ["of no machine", { ...model, machine: {} }, `model turnstile: machine: expected a machine of XState, got {}; ${fix}`],
    ["without a start", { ...model, starts: [] }, `model turnstile: starts: expected one start or more, each { name, input }, got []; ${fix}`],
    ["without a time", { ...model, startAt: undefined }, `model turnstile: startAt: expected milliseconds since 1970, got undefined; ${fix}`],
    ["without events", { ...model, events: [] }, `model turnstile: events: expected a function, got []; ${fix}`],
    ["whose events are nothing", { ...model, events: () => undefined }, "model turnstile: events: expected a list of events, got undefined; return [] where nothing can be told"],
    ["whose illegal events are texts", { ...model, illegal: () => ["coin"] }, 'model turnstile: illegal: expected events, each { type: "…" }, got "coin" among them'],
    ["whose events are numbers with a BigInt", { ...model, events: () => [{ type: "coin", pence: 1n }] }, /^model turnstile: the event \{ type: 'coin', pence: 1n \} cannot be written as JSON \(.*BigInt.*\); let events carry JSON only$/],
    ["whose states have no text", { ...model, keyOf: () => 5 }, "model turnstile: keyOf: expected a text, got 5; write what tells states apart with JSON.stringify"],
  ])("%s", (_, given, message) => {
    expect(() => check(given, [], { runs: 5 })).toThrow(TypeError);
    expect(() => check(given, [], { runs: 5 })).toThrow(message);
  });

  it("of a machine whose events are nothing", () => {
    expect(() => check(machine, [], { events: () => undefined })).toThrow("model turnstile: events: expected a list of events, got undefined");
    expect(() => check(machine, [], { events: 7 })).toThrow("model turnstile: events: expected a list of events, got 7");
  });

  it("of a machine whose context is no JSON, until it says what matters in it", () => {
    const counts = createMachine({ id: "counts", context: { count: 1n }, on: { touch: { actions: () => {} } } });
    expect(() => checkMachine(counts)).toThrow(/^keyOf: the context \{ count: 1n \} cannot be written as JSON \(.*BigInt.*\); give a keyOf that tells what matters in it$/);
    expect(checkMachine(counts, [], { runs: 5, keyOf: ({ context }) => String(context.count) }).ok).toBe(true);
  });

  it("in a replay as well", () => {
    expect(() => replayScript({ ...model, invariants: [{ name: "Nothing." }] }, { start: 0, events: [] })).toThrow('rule "Nothing.": expected state, step or life');
  });
});
