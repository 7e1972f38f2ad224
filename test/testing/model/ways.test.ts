import { describe, expect, it } from "vitest";
import { asAnyModel, modelOf, pathsText, sessionModel, subscriptionModel } from "../../../src/testing/index.ts";
import { explore } from "../../../src/testing/model/explore.ts";
import { endless } from "../../../src/testing/model/ways.ts";
import { counter, trap, turnstile } from "./machines.ts";

const exploredOf = (model: ReturnType<typeof asAnyModel>) => [...explore(model).states.values()];

describe("The graph of all states", () => {
  it("is the same each time, and each way in it is one that can be told", () => {
    const [first, second] = [exploredOf(asAnyModel(subscriptionModel)), exploredOf(asAnyModel(subscriptionModel))];
    expect(first.map(({ key, script }) => [key, script])).toEqual(second.map(({ key, script }) => [key, script]));
    for (const { key, script, path } of first) {
      expect(path).toHaveLength(script.events.length + 1);
      expect(subscriptionModel.keyOf(path.at(-1)!.after as never)).toBe(key);
    }
  });

  it("begins with all starts at once: what is nearer to the second is reached from there", () => {
    const secure = exploredOf({ ...asAnyModel(sessionModel), illegal: () => [] }).filter(({ snapshot }) => snapshot.context.secure as boolean);
    // By STARTTLS it would be two events more.
    expect(Math.min(...secure.filter(({ snapshot }) => snapshot.value === "awaitingStream").map(({ script }) => script.events.length))).toBe(0);
    const { script } = secure.find(({ snapshot }) => snapshot.matches({ negotiating: "authenticating" }))!;
    expect([script.start, script.events.map(({ type }) => type)]).toEqual([1, ["stream.opened", "sasl.started"]]);
  });

  it("goes on from what only a broken host tells, and says so", () => {
    const model = { ...asAnyModel(modelOf(turnstile(), [], { events: [{ type: "coin" }, { type: "push" }] })), illegal: () => [{ type: "retire" }] };
    expect(exploredOf(model).map(({ snapshot, illegal }) => [snapshot.value, illegal])).toEqual([["locked", false], ["open", false], ["retired", true]]);
  });
});

describe("Ways to an end", () => {
  it("are asked for where there is one", () => {
    expect(endless(asAnyModel(modelOf(trap)), explore(asAnyModel(modelOf(trap))))).toEqual(['["caught",{}]']);
    const endlessly = asAnyModel(modelOf(counter, [], { keyOf: ({ context }) => String(context.count % 3) }));
    expect(endless(endlessly, explore(endlessly))).toEqual([]);
    const never = { ...endlessly, isEnd: () => false };
    expect(endless(never, explore(never))).toEqual(["0", "1", "2"]);
    const somewhere = { ...endlessly, isEnd: ({ context }: { readonly context: { readonly count: number } }) => context.count === 1 };
    expect(endless(somewhere as never, explore(somewhere as never))).toEqual([]);
  });
});

describe("The shortest ways, to be read", () => {
  it("are a block for each transition, with the state after each event", () => {
    expect(pathsText(modelOf(trap))).toBe(
      [
        "free/step/0\n  start → free\n  step → caught\n",
        "free/leave/0\n  start → free\n  leave → gone\n",
        "caught/step/0\n  start → free\n  step → caught\n  step → caught\n",
        "attic/leave/0\n  no way leads here\n",
      ].join("\n"),
    );
  });

  it("say times from the start on", () => {
    const text = pathsText({ ...sessionModel, startAt: 1_000_000 }).split("\n\n").find((block) => block.startsWith("*/timer.expired/0"));
    expect(text).toContain('timer.expired name "negotiation", deadline 30000 ms → closing');
  });
});
