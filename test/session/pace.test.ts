/** How fast one client is read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paceBurstSeconds } from "../../src/domain/limits.ts";
import { Pace } from "../../src/session/pace.ts";

describe("RFC 6120 section 13.12 item 6 the pace of a client", () => {
  it("lets as much as its burst through at once, and then as much as comes in a second", () => {
    const pace = new Pace({ bytesPerSecond: 1_000, stanzasPerSecond: 0 }, 0);
    expect(pace.heard(1_000 * paceBurstSeconds, 0)).toBe(0);
    expect(pace.heard(500, 0)).toBe(500);
    expect(pace.heard(0, 500)).toBe(0);
    expect(pace.heard(1_000, 1_500)).toBe(0);
    expect(pace.heard(1, 1_500)).toBe(1);
  });

  it("counts stanzas, however small", () => {
    const pace = new Pace({ bytesPerSecond: 0, stanzasPerSecond: 10 }, 0);
    for (let index = 0; index < 10 * paceBurstSeconds; index += 1) expect(pace.element(1, 0)).toBe(0);
    expect(pace.element(1, 0)).toBe(100);
  });

  it("counts the bytes of an element once, whether the transport tells what came or not", () => {
    const options = { bytesPerSecond: 100, stanzasPerSecond: 0 };
    const [told, untold] = [new Pace(options, 0), new Pace(options, 0)];
    for (let index = 0; index < 20; index += 1) {
      told.heard(100, 0);
      expect(told.element(100, 0)).toBe(untold.element(100, 0));
    }
  });

  it("is none where there is no bound", () => {
    const pace = new Pace({ bytesPerSecond: 0, stanzasPerSecond: 0 }, 0);
    expect([pace.heard(1e12, 0), pace.element(1e12, 0)]).toEqual([0, 0]);
  });

  it("lets no more through in any time than its burst, what comes in that time, and one read", () => {
    const sends = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 65_536 }), afterMs: fc.integer({ min: 0, max: 2_000 }) }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(sends, (all) => {
        const pace = new Pace({ bytesPerSecond: 10_000, stanzasPerSecond: 0 }, 0);
        let [now, through] = [0, 0];
        for (const { bytes, afterMs } of all) {
          now += afterMs;
          expect(through).toBeLessThanOrEqual(10_000 * paceBurstSeconds + 10 * now);
          through += bytes;
          // Nothing is read meanwhile.
          now += pace.heard(bytes, now);
        }
      }),
    );
  });
});
