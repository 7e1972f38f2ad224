/** XEP-0198 section 4: counts that wrap on the wire, and never here. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromWire, parseCount, toWire } from "../../src/domain/counting.ts";

const modulus = 2 ** 32;

/** Counts of long lives too, and of those that are about to wrap. */
const counts = fc.oneof(
  fc.nat(1_000),
  fc.integer({ min: 0, max: 2 ** 52 }),
  fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: -3, max: 3 })).map(([laps, off]) => laps * modulus + off),
);
/** What waits for an acknowledgement, far less than half of all numbers. */
const windows = fc.oneof(fc.nat(20), fc.nat(100_000));

describe("XEP-0198 section 4 a count on the wire", () => {
  it("begins again at 0 after 2^32 - 1", () => {
    expect([0, 1, modulus - 1, modulus, modulus + 1, 3 * modulus + 7].map(toWire)).toEqual([0, 1, modulus - 1, 0, 1, 7]);
  });

  it("advances by one with each stanza, and fits 32 bits", () => {
    fc.assert(
      fc.property(counts, (count) => {
        expect(toWire(count + 1)).toBe((toWire(count) + 1) % modulus);
        expect(parseCount(String(toWire(count)))).toBe(toWire(count));
      }),
    );
  });
});

describe("XEP-0198 section 4 what a peer means by h", () => {
  it("is what it has handled, of what was sent since it last said so", () => {
    fc.assert(
      fc.property(counts, windows, fc.nat(), (acknowledged, window, part) => {
        const handled = acknowledged + (part % (window + 1));
        expect(fromWire(toWire(handled), { acknowledged, sent: acknowledged + window })).toBe(handled);
      }),
    );
  });

  it("is nothing new, if it was said before", () => {
    fc.assert(
      fc.property(counts, windows, fc.integer({ min: 0, max: modulus / 2 - 1 }), (acknowledged, window, behind) => {
        fc.pre(behind <= acknowledged);
        expect(fromWire(toWire(acknowledged - behind), { acknowledged, sent: acknowledged + window })).toBe(acknowledged);
      }),
    );
  });

  it("is more than there was (section 6), if it is ahead of what was sent", () => {
    fc.assert(
      fc.property(counts, windows, fc.integer({ min: 1, max: 2 ** 31 - 100_000 }), (acknowledged, window, beyond) => {
        expect(fromWire(toWire(acknowledged + window + beyond), { acknowledged, sent: acknowledged + window })).toBeUndefined();
      }),
    );
  });

  it("is nothing new from 0 on, and more than there was at half of all numbers behind", () => {
    expect(fromWire(0, { acknowledged: 5, sent: 9 })).toBe(5);
    const [acknowledged, sent] = [modulus + 5, modulus + 9];
    expect(fromWire(5 + modulus / 2 + 1, { acknowledged, sent })).toBe(acknowledged);
    expect(fromWire(5 + modulus / 2, { acknowledged, sent })).toBeUndefined();
  });

  it("is more than there was, if so little was ever acknowledged that it cannot be old", () => {
    expect(fromWire(modulus - 1, { acknowledged: 0, sent: 5 })).toBeUndefined();
    expect(fromWire(modulus - 1, { acknowledged: 3, sent: 5 })).toBeUndefined();
    expect(fromWire(6, { acknowledged: 0, sent: 5 })).toBeUndefined();
    expect(fromWire(0, { acknowledged: 0, sent: 0 })).toBe(0);
  });

  it("never goes back, and never beyond what was sent, whatever a peer says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: modulus - 1 }), counts, windows, (h, acknowledged, window) => {
        const meant = fromWire(h, { acknowledged, sent: acknowledged + window });
        if (meant === undefined) return;
        expect(meant).toBeGreaterThanOrEqual(acknowledged);
        expect(meant).toBeLessThanOrEqual(acknowledged + window);
        if (meant > acknowledged) expect(toWire(meant)).toBe(h);
      }),
    );
  });
});

describe("An attribute of type unsignedInt", () => {
  it("is a number of 32 bits, with the spaces that XML Schema collapses", () => {
    for (const [text, value] of [["0", 0], ["4294967295", modulus - 1], ["007", 7], ["+7", 7], [" \t\r\n7 ", 7]] as const) expect(parseCount(text)).toBe(value);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: modulus - 1 }), (value) => {
        expect(parseCount(String(value))).toBe(value);
      }),
    );
  });

  it.each([
    "", " ", "-1", "-0", "1.0", "1e3", "0x10", "NaN", "Infinity", "1 2", "4294967296", "99999999999999999999", "1".repeat(30), "٧", "\u00a07", "7\u2003",
    undefined, null, 7,
  ])("is not %j", (text) => {
    expect(parseCount(text)).toBeUndefined();
  });

  it("is nothing else, whatever is written", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (text) => {
        const value = parseCount(text);
        if (value !== undefined) expect([Number(text), Number.isInteger(value), value >= 0, value < modulus]).toEqual([value, true, true, true]);
      }),
    );
  });
});
