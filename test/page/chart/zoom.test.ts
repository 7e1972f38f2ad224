import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anchored, scaleMax, scaleMin, scaleOf, sightOf, zoomed } from "../../../src/page/chart/zoom.ts";

describe("the size of the picture", () => {
  it("is as wide as there is room, unless it could not be read then", () => {
    expect(scaleOf("width", 900, 900)).toBe(1);
    expect(scaleOf("width", 390, 900)).toBeGreaterThanOrEqual(0.7);
    expect(scaleOf("width", 4_000, 900)).toBeLessThan(1.5);
    expect(scaleOf("whole", 450, 900)).toBe(0.5);
    expect(scaleOf(1.5, 450, 900)).toBe(1.5);
  });

  it("has bounds", () => {
    expect(zoomed(scaleMax, 1)).toBe(scaleMax);
    expect(zoomed(scaleMin, -1)).toBe(scaleMin);
    expect(scaleOf("whole", 1, 900)).toBe(scaleMin);
  });

  it("changes around the pointer: what is under it stays there", () => {
    const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(number(0, 5_000), number(0, 1_000), number(scaleMin, scaleMax), number(scaleMin, scaleMax), (scroll, at, before, after) => {
        const under = (scroll + at) / before;
        expect((anchored(scroll, at, before, after) + at) / after).toBeCloseTo(under, 6);
      }),
    );
  });
});

describe("what is scrolled to", () => {
  it("is nothing where the box is in sight", () => {
    expect(sightOf(500, 100, 400, 300)).toBeNull();
  });

  it("is the start where the box is in sight from there", () => {
    expect(sightOf(100, 100, 400, 300)).toBe(0);
  });

  it("has the box in the middle, or its beginning where it is larger than the view", () => {
    expect(sightOf(1_000, 100, 0, 300)).toBe(900);
    expect(sightOf(1_000, 500, 0, 300)).toBe(992);
  });

  it("shows the box, always", () => {
    fc.assert(
      fc.property(fc.nat(3_000), fc.integer({ min: 1, max: 400 }), fc.nat(3_000), fc.integer({ min: 400, max: 900 }), (from, size, scroll, room) => {
        const to = sightOf(from, size, scroll, room) ?? scroll;
        expect(from).toBeGreaterThanOrEqual(to);
        expect(from + size).toBeLessThanOrEqual(to + room);
      }),
    );
  });
});
