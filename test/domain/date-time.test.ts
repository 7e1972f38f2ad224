/** Dates with times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDateTime } from "../../src/domain/date-time.ts";

describe("XEP-0082 section 3.2: DateTime", () => {
  it.each([
    { text: "1969-07-21T02:56:15Z", same: "1969-07-21T02:56:15.000Z" },
    { text: "1969-07-20T21:56:15-05:00", same: "1969-07-21T02:56:15.000Z" },
    { text: "2026-11-23T05:30:00.5+05:30", same: "2026-11-23T00:00:00.500Z" },
    { text: "2024-02-29T24:00:00Z", same: "2024-03-01T00:00:00.000Z" },
    { text: "2016-12-31T23:59:60Z", same: "2017-01-01T00:00:00.000Z" },
    { text: "0099-01-01T00:00:00Z", same: "0099-01-01T00:00:00.000Z" },
    { text: "2000-01-01T00:00:00+14:00", same: "1999-12-31T10:00:00.000Z" },
  ])("$text is a moment", ({ text, same }) => {
    expect(parseDateTime(text)).toBe(Date.parse(same));
  });

  it("may be finer than a millisecond", () => {
    expect(parseDateTime("1970-01-01T00:00:00.0015Z")).toBeCloseTo(1.5);
    expect(parseDateTime("1970-01-01T00:00:00.000123456789Z")).toBeCloseTo(0.123);
  });

  it.each([
    "", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23 10:00:00Z", "2026-11-23T10:00Z", "2026-11-23T10:00:00.Z", "20261123T10:00:00Z", "2026-1-2T10:00:00Z",
    "2026-02-29T10:00:00Z", "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z", "2026-04-31T10:00:00Z", "2026-11-23T24:00:01Z", "2026-11-23T25:00:00Z",
    "2026-11-23T10:60:00Z", "2026-11-23T10:00:61Z", "2026-11-23T10:00:00+1:00", "2026-11-23T10:00:00+14:01", "2026-11-23T10:00:00+00:60", "-2026-11-23T10:00:00Z",
    "2026-11-23T10:00:00z", " 2026-11-23T10:00:00Z", `2026-11-23T10:00:00.${"1".repeat(100)}Z`,
  ])("%j is none", (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  it("is what Date writes, for every moment of four-digit years", () => {
    fc.assert(fc.property(fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }), (date) => {
      expect(parseDateTime(date.toISOString())).toBe(date.getTime());
    }));
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => {
      expect(["number", "undefined"]).toContain(typeof parseDateTime(text));
    }));
  });
});
