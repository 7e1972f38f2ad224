/** Streams as one. */
import { describe, expect, it } from "vitest";
import { mergeByPosition } from "../../src/history/merge.ts";
import type { StoredFact } from "../../src/ports.ts";

const fact = (position: number): StoredFact => ({ position, stream: "s", version: 1, type: "T", v: 1, at: 0, step: "step", cause: null, data: null });

describe("Streams merged by position", () => {
  it("give each fact once, in order, and the empty ones nothing", async () => {
    const sources = [[2, 5, 9], [], [1, 3, 4, 10], [6, 7, 8]].map(async function* (positions) {
      for (const position of positions) yield fact(position);
    });
    const found = await all(mergeByPosition(sources));
    expect(found.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("are read one at a time, however many there are: each read is an answer that somebody holds ready", async () => {
    let [reading, readingMost] = [0, 0];
    const sources = Array.from({ length: 50 }, async function* (_, index) {
      for (const position of [index + 1, index + 51]) {
        readingMost = Math.max(readingMost, ++reading);
        await new Promise((resolve) => setImmediate(resolve));
        reading--;
        yield fact(position);
      }
    });
    expect(await all(mergeByPosition(sources))).toHaveLength(100);
    expect(readingMost).toBe(1);
  });
});

async function all(facts: AsyncIterable<StoredFact>): Promise<readonly StoredFact[]> {
  const found: StoredFact[] = [];
  for await (const fact of facts) found.push(fact);
  return found;
}
