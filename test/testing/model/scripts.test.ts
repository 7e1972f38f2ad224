import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replayScript, scriptsOf, sessionModel, subscriptionModel } from "../../../src/testing/index.ts";

const runs = 100 * Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);
const textOf = (event: unknown) => JSON.stringify(event);

describe("A script", () => {
  it("tells what its host could tell, each event in the state that the others led to, but for what it says is illegal", () => {
    fc.assert(
      fc.property(scriptsOf(sessionModel), ({ events, illegal, steps }) => {
        expect([illegal.length, steps.length]).toEqual([events.length, events.length + 1]);
        events.forEach((event, index) => {
          const { after } = steps[index]!;
          expect(steps[index + 1]).toMatchObject({ event, before: { status: "active" } });
          expect(steps[index + 1]!.before).toBe(after);
          const possible = (illegal[index] ? sessionModel.illegal! : sessionModel.events)(after, (event as { readonly at?: number }).at ?? 0);
          expect(possible.map(textOf)).toContain(textOf(event));
        });
      }),
      { numRuns: runs },
    );
  });

  it("goes far, and wrong in about one of twenty events", () => {
    const scripts = fc.sample(scriptsOf(sessionModel), { numRuns: 500, seed: 1 });
    const flags = scripts.flatMap(({ illegal }) => illegal);
    expect(flags.filter(Boolean).length / flags.length).toBeGreaterThan(0.03);
    expect(flags.filter(Boolean).length / flags.length).toBeLessThan(0.07);
    expect(scripts.filter(({ steps }) => steps.some(({ after }) => after.hasTag("connected"))).length).toBeGreaterThan(100);
    expect(scripts.filter(({ steps }) => steps.some(({ after }) => after.matches({ connected: { link: "hibernating" } }))).length).toBeGreaterThan(30);
    expect(fc.sample(scriptsOf(sessionModel, { legalOnly: true }), 50).flatMap(({ illegal }) => illegal)).not.toContain(true);
  });

  it("is told in the order of time", () => {
    fc.assert(
      fc.property(scriptsOf(sessionModel), ({ events }) => {
        const times = events.map((event) => (event as unknown as { readonly at: number }).at);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
      { numRuns: runs },
    );
  });

  it("is no longer than it may be, and the same for the same seed", () => {
    const sample = () => fc.sample(scriptsOf(subscriptionModel, { maxLength: 7 }), { numRuns: 100, seed: 4 });
    expect(Math.max(...sample().map(({ events }) => events.length))).toBe(7);
    expect(sample().map(({ events }) => events)).toEqual(sample().map(({ events }) => events));
  });

  it("shrinks to the simplest one by itself: a login that asks for nothing special", () => {
    const isConnected = fc.property(scriptsOf(sessionModel), ({ steps }) => !steps.some(({ after }) => after.hasTag("connected")));
    for (const seed of [1, 2, 3]) {
      const [smallest] = fc.check(isConnected, { seed, numRuns: 1_000 }).counterexample!;
      const types = smallest.events.map(({ type }) => type);
      // Of the two ways there are, the one that was gone.
      expect([
        ["stream.opened", "sasl.started", "sasl.succeeded", "stream.opened", "bind.requested", "resource.bound"],
        ["stream.opened", "sasl2.started", "sasl.succeeded", "resource.bound"],
      ]).toContainEqual(types);
      expect(smallest).toMatchObject({ start: 0, events: [{ from: null, version: 1 }, {}, { username: "romeo", data: "dj1y" }, ...(types.length === 4 ? [{}] : [{ from: null }, { id: "b1" }, {}])] });
    }
  });

  it("can be told again by itself", () => {
    fc.assert(
      fc.property(scriptsOf(subscriptionModel), ({ start, events, steps }) => {
        const again = replayScript(subscriptionModel, { start, events });
        expect(again.breach).toBeUndefined();
        expect(again.steps.map(({ after, taken, effects }) => ({ value: after.value, taken, effects }))).toEqual(
          steps.map(({ after, taken, effects }) => ({ value: after.value, taken, effects })));
      }),
      { numRuns: runs },
    );
  });
});
