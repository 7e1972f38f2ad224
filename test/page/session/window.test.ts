import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indexAt, type ListShape, rowAt, scrollToShow, topOf, totalHeight, visibleSpan } from "../../../src/page/session/window.ts";

const shapes: fc.Arbitrary<ListShape> = fc
  .record({ count: fc.integer({ min: 1, max: 5_000 }), rowHeight: fc.integer({ min: 10, max: 60 }), height: fc.integer({ min: 0, max: 2_000 }), at: fc.double({ min: 0, max: 0.999, noNaN: true }), open: fc.boolean() })
  .map(({ count, rowHeight, height, at, open }) => ({ count, rowHeight, opened: open ? { index: Math.floor(at * count), height } : undefined }));
const somewhere = fc.double({ min: 0, max: 1, noNaN: true });

describe("A long list draws the rows in view", () => {
  it("covers the view, wherever it is scrolled to", () => {
    fc.assert(fc.property(shapes, somewhere, fc.integer({ min: 50, max: 1_500 }), (shape, at, height) => {
      const scrollTop = at * Math.max(0, totalHeight(shape) - height);
      const { first, end } = visibleSpan(shape, scrollTop, height, 0);
      expect(topOf(first, shape)).toBeLessThanOrEqual(scrollTop);
      const drawn = topOf(end - 1, shape) + shape.rowHeight + (shape.opened?.index === end - 1 ? shape.opened.height : 0);
      expect(drawn).toBeGreaterThanOrEqual(Math.min(totalHeight(shape), scrollTop + height));
    }));
  });

  it("draws no more than what fits, and some to spare", () => {
    fc.assert(fc.property(shapes, somewhere, (shape, at) => {
      const { first, end } = visibleSpan(shape, at * totalHeight(shape), 600, 8);
      expect(end - first).toBeLessThanOrEqual(600 / shape.rowHeight + 2 * 8 + 3);
    }));
  });

  it("finds each row where it is drawn", () => {
    fc.assert(fc.property(shapes, somewhere, (shape, at) => {
      const index = Math.floor(at * (shape.count - 1));
      expect(indexAt(topOf(index, shape), shape)).toBe(index);
    }));
  });

  it("scrolls so that a row is wholly in view, and not where it is already", () => {
    fc.assert(fc.property(shapes, somewhere, somewhere, (shape, at, scrolled) => {
      const index = Math.floor(at * (shape.count - 1));
      const before = scrolled * totalHeight(shape);
      const after = scrollToShow(index, shape, before, 300);
      expect(topOf(index, shape)).toBeGreaterThanOrEqual(after);
      expect(topOf(index, shape) + shape.rowHeight).toBeLessThanOrEqual(after + 300);
      expect(scrollToShow(index, shape, after, 300)).toBe(after);
    }));
  });

  it("finds the row that an entry is in or after", () => {
    const rows = [0, 3, 4, 9].map((index) => ({ entries: [{ index }] }));
    expect([-1, 0, 2, 3, 8, 9, 50].map((index) => rowAt(rows, index))).toEqual([-1, 0, 0, 1, 2, 3, 3]);
    expect(rowAt([], 4)).toBe(-1);
  });
});
