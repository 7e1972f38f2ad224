import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeChunkBytesMax, nodeChunkEntriesMax } from "../../src/domain/limits.ts";
import { changed, entriesOf, type ItemIndex } from "../../src/pubsub/item-index.ts";
import type { Entry } from "../../src/pubsub/node.ts";

const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ publish: fc.integer({ min: 0, max: 120 }) }) },
  { weight: 2, arbitrary: fc.record({ retract: fc.integer({ min: 0, max: 120 }) }) },
  { weight: 1, arbitrary: fc.record({ long: fc.integer({ min: 0, max: 5 }) }) },
);

describe("The index of a node's items", () => {
  it("keeps what a plain list would, in its order, in chunks that are neither empty nor too large", () => {
    fc.assert(fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
      let index: ItemIndex = new Map();
      let list: Entry[] = [];
      for (const [at, each] of acts.entries()) {
        const id = "publish" in each ? `item ${each.publish}` : "retract" in each ? `item ${each.retract}` : `${each.long}`.repeat(3_000);
        const entry = "retract" in each ? undefined : { id, bytes: 1, at };
        const before = index;
        const change = changed(index, new Set([id]), entry);
        index = change.index;
        list = [...list.filter((known) => known.id !== id), ...(entry === undefined ? [] : [entry])];
        expect(entriesOf(index)).toEqual(list);
        // Whoever writes what has changed has the index.
        const written = new Map(before);
        for (const [number, entries] of change.writes) if (entries === null) written.delete(number); else written.set(number, entries);
        expect([...written].toSorted(([a], [b]) => a - b)).toEqual([...index]);
      }
      for (const chunk of index.values()) {
        expect(chunk.length).toBeGreaterThan(0);
        expect(chunk.length).toBeLessThanOrEqual(nodeChunkEntriesMax);
        expect(Buffer.byteLength(JSON.stringify(chunk.map(({ id, bytes, at }) => [id, bytes, at])))).toBeLessThanOrEqual(nodeChunkBytesMax);
      }
    }), { numRuns: 60 });
  });

  it("stays small where items are published again and again", () => {
    let index: ItemIndex = new Map();
    for (let at = 0; at < 6_000; at += 1) {
      const id = `contact${(at * 7_919) % 500}`;
      index = changed(index, new Set([id]), { id, bytes: 1, at }).index;
    }
    expect(entriesOf(index)).toHaveLength(500);
    // 500 items need 16 chunks.
    expect(index.size).toBeLessThanOrEqual(2 * 16 + 2);
  });

  it("writes two chunks where an item is published again, whatever their number", () => {
    let index: ItemIndex = new Map();
    for (let at = 0; at < 900; at += 1) index = changed(index, new Set(), { id: String(at), bytes: 1, at }).index;
    const { writes } = changed(index, new Set(["5"]), { id: "5", bytes: 1, at: 900 });
    expect(writes.size).toBe(2);
  });
});
