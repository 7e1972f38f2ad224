import { describe, expect, it } from "vitest";
import type { ModelStep } from "../../../src/testing/model/machine-model.ts";
import { planWorld } from "./make-plan.ts";
import type { WorldCounts } from "./plan.ts";
import { playWorld } from "./world.ts";

/** Small worlds of one to three minutes; together they have everything that can happen. */
const seeds = [10, 25, 27, 29, 38, 46, 47, 53];

describe("The whole server simulated, with people and everything that can go wrong", () => {
  const totals = new Map<string, number>();

  it.each(seeds)("keeps every rule in the world of seed %i", async (seed) => {
    const { problems, transcript, counts } = await playWorld(planWorld(seed, "small"));
    expect(problems, transcript.slice(-80).join("\n")).toEqual([]);
    for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count);
  });

  it("has in these worlds everything that a plan can hold", () => {
    const wanted: Partial<WorldCounts> = { messages: 150, copies: 40, pages: 100, items: 40, pauses: 30, presences: 150, rosterChanges: 80, resumptions: 40, crashes: 10, restarts: 3, linkFaults: 20, diskFaults: 5, misdeeds: 15, entrances: 60, words: 60 };
    for (const [name, count] of Object.entries(wanted)) expect(totals.get(name) ?? 0, name).toBeGreaterThanOrEqual(count);
  });
});

describe("Rules of the session's machine", () => {
  const seen = (name: string, holds: (step: ModelStep) => boolean) => ({ name, step: (step: ModelStep) => (holds(step) ? "so it does" : undefined) });

  it.each([
    ["that one logs in", ({ event }: ModelStep) => event?.type === "sasl.succeeded"],
    ["that one is resumed", ({ event, effects }: ModelStep) => event?.type === "link.attached" && effects.length > 0],
    ["that one has come to its end", ({ after }: ModelStep) => after.status === "done"],
  ])("are held at each step of each session of the living server: %s", async (name, holds) => {
    const { problems } = await playWorld(planWorld(53, "small"), { sessionRules: [seen(name, holds)] });
    expect(problems[0]?.rule).toBe(name);
  });
});

describe("A world is its plan: the same one always comes to the same, byte by byte", () => {
  it("twice in one process, whatever was played between", async () => {
    const plan = planWorld(53, "small");
    const first = await playWorld(plan);
    const other = await playWorld(planWorld(27, "small"));
    const second = await playWorld(plan);
    expect(second.digest).toBe(first.digest);
    expect(second).toEqual(first);
    expect(other.digest).not.toBe(first.digest);
  });

  it("and a plan with a happening less is a plan still", async () => {
    const plan = planWorld(25, "small");
    const fewer = { ...plan, happenings: plan.happenings.filter((_, index) => index % 3 !== 1) };
    const { problems, digest } = await playWorld(fewer);
    expect(problems).toEqual([]);
    expect(digest).not.toBe((await playWorld(plan)).digest);
  });
});
