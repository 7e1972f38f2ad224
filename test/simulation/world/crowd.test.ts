import { describe, expect, it } from "vitest";
import { planCrowd } from "./make-plan.ts";
import type { WorldCounts } from "./plan.ts";
import { playWorld } from "./world.ts";

/** As many people as a moment of tests allows; `npm run simulate -- --room 1000` has as many as a room is to bear. */
const occupants = 16;

describe("XEP-0045 section 7: one room in which everybody is, with faults", () => {
  const totals = new Map<string, number>();

  it.each([1, 2, 3])("is the same for all of them when it is over, in the world of seed %i", async (seed) => {
    const { problems, transcript, counts } = await playWorld(planCrowd(seed, occupants));
    expect(problems, transcript.slice(-80).join("\n")).toEqual([]);
    for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count);
  });

  it("has everything that a plan of it can hold", () => {
    const wanted: Partial<WorldCounts> = { entrances: 3 * occupants, words: 100, pages: 12, resumptions: 30, crashes: 6, linkFaults: 12, diskFaults: 1 };
    for (const [name, count] of Object.entries(wanted)) expect(totals.get(name) ?? 0, name).toBeGreaterThanOrEqual(count);
  });
});
