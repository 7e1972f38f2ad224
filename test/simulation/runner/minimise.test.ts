import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Happening, HappeningKind, WorldPlan } from "../world/plan.ts";
import { broken, noCounts, type Played } from "./messages.ts";
import { minimise, type Minimised } from "./minimise.ts";
import { deviceCount, planSchema } from "./plan-schema.ts";

const rule = "Nobody is sad";
type Check = (plan: WorldPlan) => boolean;

describe("A failing world that is made smaller", () => {
  it("still breaks the rule, and not if any one of its happenings is left out", () =>
    fc.assert(
      fc.asyncProperty(plans, checks, async (plan, breaks) => {
        fc.pre(breaks(plan));
        const { plan: smallest, isDone, report } = await minimised(plan, breaks);
        expect(isDone).toBe(true);
        expect(breaks(smallest)).toBe(true);
        expect(report?.problems[0]?.rule).toBe(rule);
        for (let i = 0; i < smallest.happenings.length; i += 1) expect(breaks({ ...smallest, happenings: smallest.happenings.toSpliced(i, 1) })).toBe(false);
      }),
      { numRuns: 30 },
    ));

  it("is in no respect more than it was, and all that were played were plans", () =>
    fc.assert(
      fc.asyncProperty(plans, checks, async (plan, breaks) => {
        fc.pre(breaks(plan));
        const { plan: smallest } = await minimised(plan, (played) => {
          expect(planSchema.safeParse(played).error).toBeUndefined();
          return breaks(played);
        });
        for (const measure of [
          (plan: WorldPlan) => plan.accounts,
          (plan: WorldPlan) => deviceCount(plan.devices),
          (plan: WorldPlan) => plan.lengthMs,
          (plan: WorldPlan) => plan.network.delayMs[1],
          (plan: WorldPlan) => plan.disk.commitMs[1],
          (plan: WorldPlan) => plan.happenings.length,
          (plan: WorldPlan) => plan.happenings.reduce((sum, { choice }) => sum + choice, 0),
        ]) expect(measure(smallest)).toBeLessThanOrEqual(measure(plan));
      }),
      { numRuns: 20 },
    ));

  it("is the same however many are played at once, and each time", () =>
    fc.assert(
      fc.asyncProperty(plans, checks, async (plan, breaks) => {
        fc.pre(breaks(plan));
        const one = await minimised(plan, breaks, 1);
        expect((await minimised(plan, breaks, 3)).plan).toEqual(one.plan);
        expect((await minimised(plan, breaks, 1)).played).toBe(one.played);
      }),
      { numRuns: 6 },
    ));

  it("keeps what matters and nothing else: two devices of two accounts, their order, one number", async () => {
    const breaks: Check = ({ happenings }) => {
      const first = happenings.findIndex(({ kind, choice }) => kind === "link" && choice % 16 === 6);
      return happenings.some(({ kind, device }, i) => first >= 0 && i > first && kind === "act" && device !== happenings[first]!.device);
    };
    const plan: WorldPlan = {
      ...quiet,
      accounts: 3,
      devices: [2, 1, 2],
      lengthMs: 600_000,
      happenings: Array.from({ length: 200 }, (_, i) => ({ at: i * 2_345, kind: kinds[i % 4]!, device: (i * 7) % 5, choice: i * 31 })),
    };
    const { plan: smallest } = await minimised(plan, breaks);
    expect(smallest).toEqual({
      ...quiet,
      accounts: 2,
      devices: [1, 1],
      lengthMs: 0,
      network: { delayMs: [0, 0] },
      disk: { commitMs: [0, 0] },
      happenings: [{ at: 0, kind: "link", device: expect.any(Number), choice: 6 }, { at: 0, kind: "act", device: expect.any(Number), choice: 0 }],
    });
  });

  it("ends where the rule was broken", async () => {
    const happenings = [1_000, 2_000, 3_000].map((at): Happening => ({ at, kind: "act", device: 0, choice: 0 }));
    const played: WorldPlan[] = [];
    await minimise({ ...quiet, happenings }, {
      rule,
      isOver: () => played.length >= 2,
      players: [(plan) => {
        played.push(plan);
        return Promise.resolve({ ...broken(rule, ""), problems: [{ rule, text: "", at: 2_500 }] });
      }],
    });
    expect(played[1]).toMatchObject({ lengthMs: 2_500, happenings: happenings.slice(0, 2) });
  });

  it("is the smallest met so far if the time is over", async () => {
    const plan: WorldPlan = { ...quiet, happenings: Array.from({ length: 64 }, (_, i) => ({ at: i, kind: "act", device: 0, choice: i })) };
    const breaks: Check = ({ happenings }) => happenings.filter(({ choice }) => choice > 40).length >= 3;
    const { plan: smaller, isDone, played } = await minimised(plan, breaks, 2, 12);
    expect(isDone).toBe(false);
    expect(played).toBeLessThanOrEqual(13);
    expect(breaks(smaller)).toBe(true);
    expect(smaller.happenings.length).toBeLessThan(64);
  });

  it("is not one that breaks another rule instead", async () => {
    const happenings: readonly Happening[] = [{ at: 0, kind: "act", device: 0, choice: 0 }];
    const player = ({ happenings }: WorldPlan): Promise<Played> => Promise.resolve(broken(happenings.length === 0 ? "Another rule" : rule, ""));
    const { plan } = await minimise({ ...quiet, happenings }, { rule, isOver: () => false, players: [player] });
    expect(plan.happenings).toHaveLength(1);
  });

  it("has no report if the rule holds when the world is played again", async () => {
    const { report, played, plan } = await minimised(quiet, () => false);
    expect([report, played, plan]).toEqual([undefined, 1, quiet]);
  });
});

const kinds: readonly HappeningKind[] = ["act", "misbehave", "link", "server"];

const quiet: WorldPlan = {
  seed: 1, accounts: 1, devices: [1], lengthMs: 60_000, network: { delayMs: [5, 50] }, disk: { commitMs: [1, 20] }, happenings: [],
};

const plans: fc.Arbitrary<WorldPlan> = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }).chain((devices) =>
  fc.record({
    seed: fc.nat(),
    accounts: fc.constant(devices.length),
    devices: fc.constant(devices),
    lengthMs: fc.integer({ min: 60_000, max: 100_000 }),
    network: fc.record({ delayMs: range }),
    disk: fc.record({ commitMs: range }),
    happenings: fc
      .array(fc.record({ at: fc.nat(60_000), kind: fc.constantFrom(...kinds), device: fc.nat(deviceCount(devices) - 1), choice: fc.nat() }), { maxLength: 40 })
      .map((happenings) => happenings.toSorted((a, b) => a.at - b.at)),
  }),
);

const range = fc.tuple(fc.nat(100), fc.nat(100)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);

/** Reasons to fail that need some of what happens. */
const checks: fc.Arbitrary<Check> = fc.oneof(
  fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 0, max: 4 })).map(
    ([kind, least]): Check => ({ happenings }) => happenings.filter((one) => one.kind === kind).length >= least),
  fc.tuple(fc.nat(), fc.nat()).map(
    ([a, b]): Check => ({ happenings }) => happenings.some(({ choice }, i) => choice >= a && happenings.slice(i + 1).some((later) => later.choice >= b))),
  fc.integer({ min: 1, max: 6 }).map((odd): Check => ({ happenings }) => happenings.filter(({ choice }) => choice % 2 === 1).length >= odd),
  fc.nat(12).map((device): Check => ({ happenings, network }) => network.delayMs[1] > 3 && happenings.some((one) => one.device >= device && one.kind !== "server")),
);

function minimised(plan: WorldPlan, breaks: Check, players = 2, playedMax = Infinity): Promise<Minimised> {
  let played = 0;
  const player = (plan: WorldPlan): Promise<Played> => {
    played += 1;
    const well: Played = { problems: [], clientMs: 0, counts: noCounts, digest: "", transcript: [] };
    return Promise.resolve(breaks(plan) ? broken(rule, "sad") : well);
  };
  return minimise(plan, { rule, isOver: () => played >= playedMax, players: Array.from({ length: players }, () => player) });
}
