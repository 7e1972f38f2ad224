import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  archiveKeyOf, archiveTimeBound, betweenArchiveKeys, countOfArchiveKey, isArchiveKey, makeArchiveKey, nextArchiveKey, secretOfArchiveId, timeOfArchiveKey,
} from "../../src/domain/archive-keys.ts";

const time = fc.integer({ min: 0, max: 36 ** 9 - 2 });

describe("XEP-0313 section 3.1 the keys of an archive", () => {
  it("grow with each message, whatever the clock does, and hold its time where that has not gone back", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(time, fc.constantFrom(0, 1, 1_700_000_000_000)), { minLength: 1, maxLength: 20 }), (times) => {
        let last: string | undefined;
        let latest = -1;
        for (const at of times) {
          const key = nextArchiveKey(last, at);
          expect(isArchiveKey(key)).toBe(true);
          if (last !== undefined) expect(key > last).toBe(true);
          latest = Math.max(latest, at);
          expect(timeOfArchiveKey(key)).toBe(latest);
          last = key;
        }
      }),
    );
  });

  it("go on in the next millisecond when one is full", () => {
    expect(nextArchiveKey("0kz6m9w3a-zzzz", 0)).toBe("0kz6m9w3b-0000");
    expect(nextArchiveKey("0kz6m9w3a-zzzy", 0)).toBe("0kz6m9w3a-zzzz");
  });

  it("lie between the bounds of their times", () => {
    fc.assert(
      fc.property(time, time, (at, other) => {
        const key = nextArchiveKey(undefined, at);
        expect(key > archiveTimeBound(other)).toBe(at >= other);
      }),
    );
    expect([archiveTimeBound(-5), archiveTimeBound(Infinity)]).toEqual(["000000000", "zzzzzzzzz"]);
  });

  it("have a middle that is neither before the one nor after the other", () => {
    fc.assert(
      fc.property(time, time, fc.nat(1_000), (a, b, count) => {
        let low = nextArchiveKey(undefined, Math.min(a, b));
        for (let step = 0; step < count % 5; step += 1) low = nextArchiveKey(low, 0);
        const high = nextArchiveKey(low, Math.max(a, b));
        const middle = betweenArchiveKeys(low, high);
        expect([isArchiveKey(middle), middle >= low, middle < high]).toEqual([true, true, true]);
      }),
    );
  });

  it("are made of their time and their count, as far as there are such", () => {
    fc.assert(fc.property(time, fc.nat(36 ** 4 - 1), (at, count) => {
      const key = makeArchiveKey(at, count)!;
      expect([timeOfArchiveKey(key), countOfArchiveKey(key), isArchiveKey(key)]).toEqual([at, count, true]);
    }));
    expect([makeArchiveKey(36 ** 9 - 1, 36 ** 4 - 1), makeArchiveKey(36 ** 9, 0), makeArchiveKey(0, 36 ** 4)]).toEqual(["zzzzzzzzz-zzzz", undefined, undefined]);
  });

  it("are what an id begins with, and are found in no other text", () => {
    const secret = "AZaz09_-AZaz09_-AZaz09";
    expect(archiveKeyOf(`0kz6m9w3a-0002-${secret}`)).toBe("0kz6m9w3a-0002");
    expect([secretOfArchiveId(`0kz6m9w3a-0002-${secret}`), secretOfArchiveId("0kz6m9w3a-0002")]).toEqual([secret, ""]);
    for (const text of ["", "0kz6m9w3a-0002", "0kz6m9w3a-0002-", `0kz6m9w3a-0002-${secret}/`, `0KZ6m9w3a-0002-${secret}`, `x0kz6m9w3a-0002-${secret}`, `0kz6m9w3a-0002-${"x".repeat(80)}`]) {
      expect(archiveKeyOf(text)).toBeUndefined();
    }
  });
});
