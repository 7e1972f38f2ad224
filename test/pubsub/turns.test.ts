import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toldNodesMax } from "../../src/domain/limits.ts";
import { Told } from "../../src/pubsub/told.ts";
import { Turns } from "../../src/pubsub/turns.ts";

/** Workers with so many pieces to do, each of which lasts until it is finished by hand. */
class Shop {
  readonly atWork = new Map<string, () => void>();
  readonly done: string[] = [];
  readonly left = new Map<string, number>();
  readonly turns: Turns<string>;
  most = 0;

  constructor(atOnce: number) {
    this.turns = new Turns<string>(atOnce, async (worker) => {
      expect(this.atWork.has(worker)).toBe(false);
      const left = this.left.get(worker) ?? 0;
      if (left === 0) return false;
      await new Promise<void>((resolve) => {
        this.atWork.set(worker, resolve);
        this.most = Math.max(this.most, this.atWork.size);
      });
      this.atWork.delete(worker);
      this.left.set(worker, this.left.get(worker)! - 1);
      this.done.push(worker);
      return this.left.get(worker)! > 0;
    });
  }

  give(worker: string, pieces: number): void {
    this.left.set(worker, (this.left.get(worker) ?? 0) + pieces);
    this.turns.wake(worker);
  }

  async finish(worker = [...this.atWork.keys()][0]): Promise<void> {
    if (worker !== undefined) this.atWork.get(worker)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("Work that is done in turns", () => {
  it("is done one piece of each after the other", async () => {
    const shop = new Shop(1);
    for (const [worker, pieces] of [["a", 3], ["b", 1], ["c", 2]] as const) shop.give(worker, pieces);
    for (let times = 0; times < 6; times += 1) await shop.finish();
    expect(shop.done.join("")).toBe("abcaca");
  });

  it("is all done whoever says when that there is some, few at once, and never two of one", async () => {
    const acts = fc.oneof(
      fc.record({ give: fc.constantFrom("a", "b", "c", "d"), pieces: fc.nat(3) }),
      fc.record({ finish: fc.constantFrom("a", "b", "c", "d") }),
    );
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(acts, { maxLength: 20 }), async (atOnce, script) => {
      const shop = new Shop(atOnce);
      let given = 0;
      for (const act of script) {
        if ("give" in act) {
          shop.give(act.give, act.pieces);
          given += act.pieces;
        } else await shop.finish(act.finish);
        expect(shop.atWork.size).toBeLessThanOrEqual(atOnce);
      }
      await shop.finish("nobody");
      while (shop.atWork.size > 0) await shop.finish();
      expect([shop.done.length, shop.most <= atOnce]).toEqual([given, true]);
    }), { numRuns: 50 });
  });
});

describe("What a resource was told", () => {
  it("is the last one of each node, of those that it was told of last", () => {
    const told = new Told();
    told.add("a", { at: 10, number: 1 });
    told.add("a", { at: 5, number: 2 });
    expect([told.has("a", 10, 0), told.has("a", 5, 0), told.has("a", 5, 2), told.has("b", 5, 0)]).toEqual([false, true, false, false]);
    for (let index = 1; index < toldNodesMax; index += 1) told.add(`node ${index}`, { at: 1, number: 2 + index });
    told.add("a", { at: 6, number: 5_000 });
    told.add("another", { at: 1, number: 5_001 });
    expect(["a", "node 1", "node 2", "another"].map((node) => told.has(node, node === "a" ? 6 : 1, 0))).toEqual([true, false, true, true]);
  });
});
