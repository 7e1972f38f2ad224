/** What every engine of the Store port promises. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConcurrencyError, StoreClosedError } from "../../src/log/errors.ts";
import type { Fact, Json, ProjectionRange, Store, StoredFact } from "../../src/ports.ts";
import type { Engine } from "./engines.ts";
import { fixtureProjections } from "./engines.ts";

export function fact(type: string, data: Json = null, secret?: Json): Fact {
  const plain = { type, v: 1, at: 1_700_000_000_000, step: "step-1", cause: null, data };
  return secret === undefined ? plain : { ...plain, secret };
}

export function noted(key: string, value: Json): Fact {
  return fact("Noted", { key, value });
}

export function storeContract(engine: Engine): void {
  let store: Store;
  beforeEach(async () => {
    store = await engine.open(fixtureProjections);
  });
  afterEach(() => store.close());

  /** Resolves when `count` facts were told. */
  function follow(after: number, count: number): Promise<readonly number[]> {
    return new Promise((resolve) => {
      const seen: number[] = [];
      store.subscribe(after, ({ position }) => {
        seen.push(position);
        if (seen.length === count) resolve(seen);
      });
    });
  }

  describe("append", () => {
    it("counts versions by stream and positions by log, both from 1", async () => {
      expect(await store.append("a/h/1", 0, [fact("A"), fact("B")])).toEqual({ version: 2, position: 2 });
      expect(await store.append("a/h/2", 0, [fact("C")])).toEqual({ version: 1, position: 3 });
      expect(await store.append("a/h/1", 2, [fact("D")])).toEqual({ version: 3, position: 4 });
    });

    it("takes any version where the writer does not care", async () => {
      await store.append("a/h/1", "any", [fact("A")]);
      expect(await store.append("a/h/1", "any", [fact("B")])).toEqual({ version: 2, position: 2 });
    });

    it("checks the version and writes nothing when there is no fact", async () => {
      await store.append("a/h/1", 0, [fact("A")]);
      expect(await store.append("a/h/1", 1, [])).toEqual({ version: 1, position: 1 });
      await expect(store.append("a/h/1", 0, [])).rejects.toBeInstanceOf(ConcurrencyError);
      expect(await store.appendMany([])).toEqual({ position: 1 });
    });

    it("keeps facts as they were given", async () => {
      const given: Fact = { type: "A", v: 3, at: 1_700_000_000_001, step: "s", cause: "c", data: { deep: ["\0", "é😀", -1.5] } };
      await store.append("a/h/1", 0, [given]);
      expect(await store.read("a/h/1", 0, 10)).toEqual([{ ...given, stream: "a/h/1", version: 1, position: 1 }]);
    });

    it("shares no value with the writer or between readers", async () => {
      const data = { list: [1] };
      await store.append("a/h/1", 0, [fact("A", data)]);
      data.list.push(2);
      const [first] = await store.read("a/h/1", 0, 1);
      (first as unknown as { data: typeof data }).data.list.push(3);
      const [second] = await store.read("a/h/1", 0, 1);
      expect(second?.data).toEqual({ list: [1] });
    });

    it("carries any JSON value", async () => {
      const values = fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 1, maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(values, async (values) => {
          const { position } = await store.append("a/h/1", "any", values.map((value) => fact("A", value as Json)));
          const read = await store.readAll(position - values.length, values.length);
          expect(read.map(({ data }) => data)).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))));
        }),
        { numRuns: 30 },
      );
    });

    it.each([
      ["a name with U+0000", "a/\0/1", fact("A")],
      ["a name with half a surrogate pair", "a/\ud83d/1", fact("A")],
      ["no name", "", fact("A")],
      ["a type with U+0000", "a/h/1", fact("A\0")],
      ["a version of the shape below 1", "a/h/1", { ...fact("A"), v: 0 }],
      ["a time that is no number", "a/h/1", { ...fact("A"), at: Number.NaN }],
      ["data that JSON has no text for", "a/h/1", { ...fact("A"), data: undefined as unknown as Json }],
    ])("refuses %s", async (_, stream, given) => {
      await expect(store.append(stream, "any", [fact("Good"), given])).rejects.toThrow(/expected/);
      expect(await store.readAll(0, 10)).toEqual([]);
    });
  });

  describe("optimistic concurrency", () => {
    it("refuses a writer who is behind, and says where the stream is", async () => {
      await store.append("a/h/1", 0, [fact("A"), fact("B")]);
      const refused = await store.append("a/h/1", 1, [fact("C")]).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ConcurrencyError);
      expect(refused).toMatchObject({ stream: "a/h/1", expected: 1, actual: 2 });
      await expect(store.append("a/h/2", 1, [fact("C")])).rejects.toMatchObject({ actual: 0 });
      expect(await store.readAll(2, 10)).toEqual([]);
    });

    it("lets one of many simultaneous writers win, and harms none of its neighbours", async () => {
      const rivals = Array.from({ length: 20 }, (_, index) => store.append("a/h/rival", 0, [fact("Rival", index)]));
      const others = Array.from({ length: 20 }, (_, index) => store.append(`a/h/${index}`, 0, [fact("Other", index)]));
      const results = await Promise.allSettled([...rivals, ...others]);
      expect(results.slice(0, 20).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(results.slice(20).every(({ status }) => status === "fulfilled")).toBe(true);
      expect((await store.readAll(0, 100)).map(({ position }) => position)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    });

    it("appends in the order of the calls", async () => {
      const appends = Array.from({ length: 50 }, (_, index) => store.append("a/h/1", index, [fact("A", index)]));
      await Promise.all(appends);
      expect((await store.read("a/h/1", 0, 100)).map(({ data }) => data)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });
  });

  describe("appendMany", () => {
    it("writes several streams in one commit", async () => {
      const batch = [
        { stream: "a/h/1", expectedVersion: 0, facts: [fact("A"), fact("B")] },
        { stream: "a/h/2", expectedVersion: "any", facts: [fact("C")] },
        { stream: "a/h/1", expectedVersion: 2, facts: [fact("D")] },
      ] as const;
      expect(await store.appendMany(batch)).toEqual({ position: 4 });
      expect((await store.readAll(0, 10)).map(({ type, version }) => [type, version])).toEqual([["A", 1], ["B", 2], ["C", 1], ["D", 3]]);
    });

    it("writes nothing if one of its members conflicts", async () => {
      await store.append("a/h/2", 0, [noted("kept", "before"), fact("S", null, "secret before")]);
      const batch = [
        { stream: "a/h/1", expectedVersion: 0, facts: [noted("new", 1)] },
        { stream: "a/h/2", expectedVersion: "any", facts: [noted("kept", "after"), fact("S", null, "secret after")] },
        { stream: "a/h/2", expectedVersion: 2, facts: [fact("Conflict")] },
      ] as const;
      await expect(store.appendMany(batch)).rejects.toMatchObject({ expected: 2, actual: 4 });
      expect(await store.readAll(2, 10)).toEqual([]);
      expect(await store.query("words", { prefix: "", limit: 10 })).toEqual([{ key: "kept", value: "before" }]);
      expect(await store.secret("a/h/2", "S")).toBe("secret before");
      expect(await store.append("a/h/1", 0, [fact("Next")])).toEqual({ version: 1, position: 3 });
    });
  });

  describe("read and readAll", () => {
    beforeEach(async () => {
      for (let index = 1; index <= 6; index += 1) await store.append(`a/h/${index % 2}`, "any", [fact("A", index)]);
    });

    it("pages through a stream", async () => {
      expect((await store.read("a/h/1", 0, 2)).map(({ data }) => data)).toEqual([1, 3]);
      expect((await store.read("a/h/1", 2, 2)).map(({ data }) => data)).toEqual([5]);
      expect(await store.read("a/h/1", 3, 2)).toEqual([]);
      expect(await store.read("a/h/none", 0, 2)).toEqual([]);
    });

    it("pages through the log", async () => {
      expect((await store.readAll(0, 4)).map(({ data }) => data)).toEqual([1, 2, 3, 4]);
      expect((await store.readAll(4, 4)).map(({ data }) => data)).toEqual([5, 6]);
      expect(await store.readAll(600, Number.MAX_SAFE_INTEGER)).toEqual([]);
    });

    it("refuses a page that is none", async () => {
      await expect(store.readAll(-1, 1)).rejects.toThrow("after: expected an integer from 0, got -1");
      await expect(store.read("a/h/1", 0, 0)).rejects.toThrow("limit: expected an integer from 1, got 0");
    });
  });

  describe("subscribe", () => {
    it("tells past facts and then new ones, each once and in order, beyond one page", async () => {
      await store.append("a/h/1", 0, Array.from({ length: 300 }, (_, index) => fact("A", index)));
      expect(await follow(0, 300)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
      const followed = follow(10, 310);
      await Promise.all(Array.from({ length: 20 }, (_, index) => store.append(`a/h/s${index}`, 0, [fact("B")])));
      expect(await followed).toEqual(Array.from({ length: 310 }, (_, index) => index + 11));
    });

    it("tells nothing after it was ended, even from within", async () => {
      const seen: number[] = [];
      const end = store.subscribe(0, ({ position }: StoredFact) => {
        seen.push(position);
        if (position === 2) end();
      });
      await store.append("a/h/1", 0, [fact("A"), fact("B"), fact("C")]);
      await follow(0, 3);
      await store.append("a/h/1", 3, [fact("D")]);
      await follow(0, 4);
      expect(seen).toEqual([1, 2]);
    });

    it("drops a handler that throws, with a warning, and serves the others", async () => {
      const warned = new Promise<Error>((resolve) => void process.once("warning", resolve));
      let calls = 0;
      store.subscribe(0, () => {
        calls += 1;
        throw new Error("this handler is broken");
      });
      const followed = follow(0, 2);
      await store.append("a/h/1", 0, [fact("A"), fact("B")]);
      expect(await followed).toEqual([1, 2]);
      expect((await warned).message).toBe("this handler is broken");
      expect(calls).toBe(1);
    });
  });

  describe("query", () => {
    it("finds a key, or nothing", async () => {
      await store.append("a/h/1", 0, [noted("k", { deep: [1] }), noted("gone", 1), fact("Forgotten", { key: "gone" })]);
      expect(await store.query("words", { key: "k" })).toEqual([{ key: "k", value: { deep: [1] } }]);
      expect(await store.query("words", { key: "gone" })).toEqual([]);
      expect(await store.query("counts", { key: "a/h/1" })).toEqual([{ key: "a/h/1", value: 3 }]);
    });

    it("pages through a prefix", async () => {
      await store.append("a/h/1", 0, ["a", "b", "b/1", "b/2", "b/3", "b0", "c"].map((key) => noted(key, key)));
      const page = async (after?: string) => {
        const query = after === undefined ? { prefix: "b/", limit: 2 } : { prefix: "b/", limit: 2, after };
        return (await store.query("words", query)).map(({ key }) => key);
      };
      expect(await page()).toEqual(["b/1", "b/2"]);
      expect(await page("b/2")).toEqual(["b/3"]);
      expect(await page("b/3")).toEqual([]);
      expect(await page("a")).toEqual(["b/1", "b/2"]);
      expect(await page("b/15")).toEqual(["b/2", "b/3"]);
      expect(await page("c")).toEqual([]);
    });

    it("orders by the bytes of UTF-8, whatever the keys", async () => {
      const unit = fc.constantFrom("", "a", "b", "\u007f", "é", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10fffe}", "\u{10ffff}");
      const text = fc.array(unit, { maxLength: 4 }).map((units) => units.join(""));
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 12 }), text, text, async (keys, prefix, after) => {
          const clear = (await store.query("words", { prefix: "", limit: 99 })).map(({ key }) => fact("Forgotten", { key }));
          await store.append("a/h/1", "any", [...clear, ...keys.map((key) => noted(key, 1))]);
          const sorted = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
          const found = await store.query("words", { prefix, after, limit: 99 });
          const expected = sorted.filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
          expect(found.map(({ key }) => key)).toEqual(expected);
          const whole = await store.query("words", { prefix, limit: 99 });
          expect(whole.map(({ key }) => key)).toEqual(sorted.filter((key) => key.startsWith(prefix)));
        }),
        { numRuns: 60 },
      );
    });

    it("finds what lies between two keys, from either end", async () => {
      await store.append("a/h/1", 0, ["a", "b", "b/1", "b/2", "b/3", "b/4", "b0", "c"].map((key) => noted(key, key)));
      const found = async (range: Omit<ProjectionRange, "prefix" | "limit">, limit = 99) =>
        (await store.query("words", { prefix: "b/", limit, ...range })).map(({ key }) => key);
      expect(await found({ before: "b/3" })).toEqual(["b/1", "b/2"]);
      expect(await found({ after: "b/1", before: "b/4" })).toEqual(["b/2", "b/3"]);
      expect(await found({ reverse: true })).toEqual(["b/4", "b/3", "b/2", "b/1"]);
      expect(await found({ reverse: true }, 2)).toEqual(["b/4", "b/3"]);
      expect(await found({ reverse: true, before: "b/3" }, 1)).toEqual(["b/2"]);
      expect(await found({ reverse: true, before: "c", after: "a" }, 1)).toEqual(["b/4"]);
      for (const reverse of [true, false]) {
        expect(await found({ reverse, after: "b/3", before: "b/2" })).toEqual([]);
        expect(await found({ reverse, before: "a" })).toEqual([]);
        expect(await found({ reverse, after: "c" })).toEqual([]);
      }
    });

    it("finds the same as a search through all of them would, whatever the keys", async () => {
      const unit = fc.constantFrom("", "a", "b", "\u007f", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}");
      const text = fc.array(unit, { maxLength: 4 }).map((units) => units.join(""));
      const range = fc.record({ prefix: text, after: text, before: text, reverse: fc.boolean(), limit: fc.integer({ min: 1, max: 6 }) }, { requiredKeys: ["prefix", "limit"] });
      const compare = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 12 }), range, async (keys, { after, before, ...rest }) => {
          const given = { ...rest, ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }) } as ProjectionRange;
          await store.append("a/h/1", "any", [fact("Cleared", { prefix: "" }), ...keys.map((key) => noted(key, 1))]);
          const within = keys.toSorted(compare).filter((key) => key.startsWith(given.prefix))
            .filter((key) => (after === undefined || compare(key, after) > 0) && (before === undefined || compare(key, before) < 0));
          const expected = (given.reverse === true ? within.toReversed() : within).slice(0, given.limit);
          expect((await store.query("words", given)).map(({ key }) => key)).toEqual(expected);
        }),
        { numRuns: 100 },
      );
    });

    it("refuses a range that is none", async () => {
      await expect(store.query("words", { prefix: "", before: "\0", limit: 1 })).rejects.toThrow("before: expected text");
      await expect(store.query("words", { prefix: "", reverse: true, limit: 0 })).rejects.toThrow("limit: expected an integer from 1, got 0");
    });

    it("refuses a projection that is not there", async () => {
      await expect(store.query("none", { key: "k" })).rejects.toThrow("projection none");
    });
  });

  describe("projections", () => {
    it("are in step with the log when an append resolves", async () => {
      for (let index = 1; index <= 3; index += 1) {
        await store.append("a/h/1", "any", [fact("A")]);
        expect(await store.query("counts", { key: "a/h/1" })).toEqual([{ key: "a/h/1", value: index }]);
      }
    });

    it("undo an append that one of them cannot take, and no other", async () => {
      await store.append("a/h/1", 0, [noted("kept", "yes")]);
      const results = await Promise.allSettled([
        store.append("a/h/2", 0, [noted("before", 1)]),
        store.append("a/h/3", 0, [noted("half", 1), fact("S", null, "secret"), fact("Impossible")]),
        store.append("a/h/4", 0, [noted("after", 1)]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(results[1]).toMatchObject({ reason: { message: "projection words failed at Impossible 3 of a/h/3: no such thing" } });
      expect((await store.query("words", { prefix: "", limit: 10 })).map(({ key }) => key)).toEqual(["after", "before", "kept"]);
      expect((await store.query("counts", { prefix: "", limit: 10 })).map(({ key }) => key)).toEqual(["a/h/1", "a/h/2", "a/h/4"]);
      expect(await store.read("a/h/3", 0, 10)).toEqual([]);
      expect(await store.secret("a/h/3", "S")).toBeUndefined();
      expect((await store.readAll(0, 10)).map(({ position }) => position)).toEqual([1, 2, 3]);
    });
  });

  describe("the rows that a projection looks at", () => {
    const copied = (prefix: string, limit: number) => fact("Copied", { range: { prefix, reverse: true, limit }, to: "copy" });

    it("are those of its own table, with what the same append has done", async () => {
      await store.append("a/h/1", 0, [noted("b/1", 1), noted("b/2", { deep: [2] }), noted("c", 3), fact("Forgotten", { key: "c" }), copied("b/", 1)]);
      expect(await store.query("words", { key: "copy" })).toEqual([{ key: "copy", value: [{ key: "b/2", value: { deep: [2] } }] }]);
      await store.append("a/h/1", 5, [copied("", 2)]);
      expect(await store.query("words", { key: "copy" })).toMatchObject([{ value: [{ key: "copy" }, { key: "b/2" }] }]);
    });
  });

  describe("a prefix that a projection clears", () => {
    const cleared = (prefix: string) => fact("Cleared", { prefix });
    const words = async () => (await store.query("words", { prefix: "", limit: 99 })).map(({ key }) => key);

    it("takes its own keys, and no neighbour's", async () => {
      await store.append("a/h/1", 0, ["a", "b", "b/", "b/1", "b/2", "b0", "c"].map((key) => noted(key, 1)));
      await store.append("a/h/1", 7, [cleared("b/")]);
      expect(await words()).toEqual(["a", "b", "b0", "c"]);
      await store.append("a/h/1", 8, [cleared("nothing of the kind")]);
      expect(await words()).toEqual(["a", "b", "b0", "c"]);
      await store.append("a/h/1", 9, [cleared("")]);
      expect(await words()).toEqual([]);
      expect(await store.query("counts", { key: "a/h/1" })).toEqual([{ key: "a/h/1", value: 10 }]);
    });

    it("is seen by the facts that follow in the same append", async () => {
      await store.append("a/h/1", 0, [noted("b/1", "old"), noted("b/2", "old"), cleared("b/"), noted("b/2", "new"), noted("b/3", "new")]);
      expect(await store.query("words", { prefix: "", limit: 9 })).toEqual([{ key: "b/2", value: "new" }, { key: "b/3", value: "new" }]);
    });

    it("is whole again after an append that fails", async () => {
      const before = [{ key: "a", value: 1 }, { key: "b/1", value: { deep: [1] } }, { key: "b/2", value: "two" }];
      await store.append("a/h/1", 0, before.map(({ key, value }) => noted(key, value)));
      const failing = [noted("b/2", "other"), noted("b/3", "new"), cleared("b/"), noted("b/2", "again"), cleared("")];
      await expect(store.append("a/h/1", 3, [...failing, fact("Impossible")])).rejects.toThrow("no such thing");
      await expect(
        store.appendMany([{ stream: "a/h/2", expectedVersion: 0, facts: failing }, { stream: "a/h/1", expectedVersion: 0, facts: [fact("Late")] }]),
      ).rejects.toBeInstanceOf(ConcurrencyError);
      expect(await store.query("words", { prefix: "", limit: 9 })).toEqual(before);
      await store.append("a/h/1", 3, [cleared("b/")]);
      expect(await words()).toEqual(["a"]);
    });

    it("is what starts with it, whatever the keys", async () => {
      const unit = fc.constantFrom("", "a", "b", "%", "_", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}");
      const text = fc.array(unit, { maxLength: 3 }).map((units) => units.join(""));
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 12 }), text, async (keys, prefix) => {
          await store.append("a/h/1", "any", [cleared(""), ...keys.map((key) => noted(key, 1)), cleared(prefix)]);
          expect((await words()).toSorted()).toEqual(keys.filter((key) => !key.startsWith(prefix)).toSorted());
        }),
        { numRuns: 60 },
      );
    });
  });

  describe("secrets", () => {
    it("are one for each stream and type, replaced, left alone and erased by facts", async () => {
      await store.append("a/h/1", 0, [fact("S", null, { key: 1 }), fact("T", null, "t")]);
      await store.append("a/h/2", 0, [fact("S", null, "other")]);
      expect(await store.secret("a/h/1", "S")).toEqual({ key: 1 });
      await store.append("a/h/1", 2, [fact("S", null, { key: 2 }), fact("S")]);
      expect(await store.secret("a/h/1", "S")).toEqual({ key: 2 });
      await store.append("a/h/1", 4, [fact("S", null, null)]);
      expect(await store.secret("a/h/1", "S")).toBeUndefined();
      expect(await store.secret("a/h/1", "T")).toBe("t");
      expect(await store.secret("a/h/2", "S")).toBe("other");
    });

    it("are in no fact", async () => {
      await store.append("a/h/1", 0, [fact("S", null, "hush")]);
      const [read] = await store.readAll(0, 1);
      expect(Object.keys(read ?? {}).toSorted()).toEqual(["at", "cause", "data", "position", "step", "stream", "type", "v", "version"]);
    });
  });

  describe("close", () => {
    it("finishes what was appended before and refuses what comes after", async () => {
      const appends = Array.from({ length: 10 }, () => store.append("a/h/1", "any", [fact("A")]));
      const closed = store.close();
      await expect(store.append("a/h/1", "any", [fact("Late")])).rejects.toBeInstanceOf(StoreClosedError);
      expect((await Promise.all(appends)).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      await closed;
      await store.close();
      await expect(store.readAll(0, 1)).rejects.toBeInstanceOf(StoreClosedError);
      await expect(store.query("words", { key: "k" })).rejects.toBeInstanceOf(StoreClosedError);
      await expect(store.secret("a/h/1", "S")).rejects.toBeInstanceOf(StoreClosedError);
      expect(() => store.subscribe(0, () => {})).toThrow(StoreClosedError);
    });
  });
}
