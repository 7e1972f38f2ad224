import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anchored, scaleMax, scaleMin, scaleOf, sightOf, zoomed } from "../../../src/page/chart/zoom.ts";

const picture = { width: 900, height: 2_000 };
const room = (width: number) => ({ width, height: 700 });

describe("the size of the picture", () => {
  it("is as wide as there is room, unless it could not be read then", () => {
    expect(scaleOf("width", room(900), picture)).toBe(1);
    expect(scaleOf("width", room(390), picture)).toBeGreaterThanOrEqual(0.7);
    expect(scaleOf("width", room(4_000), picture)).toBeLessThan(1.5);
    expect(scaleOf(1.5, room(450), picture)).toBe(1.5);
  });

  it("is a little less than comfortable where all of its width is in sight then", () => {
    expect(scaleOf("width", room(585), picture)).toBe(0.65);
    expect(scaleOf("width", room(570), picture)).toBe(0.7);
  });

  it("has the whole picture in sight, its width and its height", () => {
    expect(scaleOf("whole", { width: 450, height: 2_000 }, picture)).toBe(0.5);
    expect(scaleOf("whole", { width: 900, height: 500 }, picture)).toBe(0.25);
  });

  it("has bounds", () => {
    expect(zoomed(scaleMax, 1)).toBe(scaleMax);
    expect(zoomed(scaleMin, -1)).toBe(scaleMin);
    expect(scaleOf("whole", room(1), picture)).toBe(scaleMin);
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
