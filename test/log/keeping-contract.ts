/** What every engine of the Store port promises of what is kept beside facts, erased and forgotten. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConcurrencyError, StoreClosedError } from "../../src/log/errors.ts";
import type { Append, Content, Fact, Store } from "../../src/ports.ts";
import type { Engine } from "./engines.ts";
import { fixtureProjections } from "./engines.ts";
import { fact, noted } from "./store-contract.ts";

type Extras = Pick<Fact, "contents" | "erases" | "forgets">;
const having = (type: string, extras: Extras): Fact => ({ ...fact(type), ...extras });
const keeping = (...contents: readonly (readonly [string, string])[]): Fact =>
  having("Kept", { contents: contents.map(([key, text]) => ({ key, text })) });

export function keepingContract(engine: Engine): void {
  let store: Store;
  beforeEach(async () => {
    store = await engine.open(fixtureProjections);
  });
  afterEach(() => store.close());

  const kept = async (stream: string, after = "", limit = 99) => (await store.contents(stream, after, limit)).map(({ key, text }) => [key, text]);
  const types = async (stream: string) => (await store.read(stream, 0, 99)).map(({ type }) => type);

  describe("contents", () => {
    it("are one for each stream and key, in the order of the keys, and replaced by the next", async () => {
      await store.append("a/h/1", 0, [keeping(["b", "2"], ["a", "1"]), keeping(["c", "3"], ["b", "two"])]);
      await store.append("a/h/2", 0, [keeping(["b", "other"])]);
      expect(await kept("a/h/1")).toEqual([["a", "1"], ["b", "two"], ["c", "3"]]);
      expect(await kept("a/h/2")).toEqual([["b", "other"]]);
      expect(await kept("a/h/none")).toEqual([]);
    });

    it("are read page by page", async () => {
      await store.append("a/h/1", 0, [keeping(["a", "1"], ["b", "2"], ["c", "3"])]);
      expect(await kept("a/h/1", "", 2)).toEqual([["a", "1"], ["b", "2"]]);
      expect(await kept("a/h/1", "b", 2)).toEqual([["c", "3"]]);
      expect(await kept("a/h/1", "aa", 2)).toEqual([["b", "2"], ["c", "3"]]);
      await expect(store.contents("a/h/1", "", 0)).rejects.toThrow("limit: expected an integer from 1, got 0");
    });

    it("are found by their keys, in the order in which they were asked for", async () => {
      await store.append("a/h/1", 0, [keeping(["a", "1"], ["b", "2"], ["é😀", "three"])]);
      await store.append("a/h/2", 0, [keeping(["other", "4"])]);
      expect(await store.texts("a/h/1", ["b", "other", "é😀", "a", "b"])).toEqual(["2", undefined, "three", "1", "2"]);
      expect(await store.texts("a/h/none", ["a"])).toEqual([undefined]);
      expect(await store.texts("a/h/1", [])).toEqual([]);
      const many = Array.from({ length: 1_000 }, (_, index) => String(index));
      expect(await store.texts("a/h/1", many)).toHaveLength(1_000);
      await expect(store.texts("a/h/1", [...many, "a"])).rejects.toThrow("keys: expected at most 1000, got 1001");
      await expect(store.texts("a/h/1", ["a\0"])).rejects.toThrow("keys: expected text");
    });

    it("are any text that XML can hold, whole", async () => {
      const text = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !/[\0\p{Surrogate}]/u.test(text));
      await fc.assert(
        fc.asyncProperty(fc.dictionary(text.filter((key) => key !== ""), text, { maxKeys: 6 }), async (given) => {
          await store.append("a/h/1", "any", [having("Emptied", { erases: [{ from: "", through: "\u{10ffff}\u{10ffff}" }] }), keeping(...Object.entries(given))]);
          const sorted = Object.entries(given).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          expect(await kept("a/h/1")).toEqual(sorted);
        }),
        { numRuns: 40 },
      );
      await store.append("a/h/2", 0, [keeping(["long", "é😀".repeat(60_000)])]);
      expect((await kept("a/h/2"))[0]?.[1]).toHaveLength(180_000);
    });

    it("are in no fact", async () => {
      await store.append("a/h/1", 0, [having("A", { contents: [{ key: "k", text: "hush" }], erases: ["x"], forgets: [{ stream: "a/h/2" }] })]);
      const [read] = await store.readAll(0, 1);
      expect(Object.keys(read ?? {}).toSorted()).toEqual(["at", "cause", "data", "position", "step", "stream", "type", "v", "version"]);
    });

    it.each([
      ["no key", { key: "", text: "t" }],
      ["a key with U+0000", { key: "a\0", text: "t" }],
      ["a text with U+0000", { key: "a", text: "t\0" }],
      ["a text with half a surrogate pair", { key: "a", text: "\ud83d" }],
    ])("cannot have %s", async (_, content: Content) => {
      await expect(store.append("a/h/1", "any", [keeping(["good", "1"]), having("A", { contents: [content] })])).rejects.toThrow(/expected/);
      expect(await kept("a/h/1")).toEqual([]);
      expect(await store.readAll(0, 9)).toEqual([]);
    });
  });

  describe("what a fact erases", () => {
    beforeEach(() => store.append("a/h/1", 0, [keeping(...["a", "b", "b/1", "b/2", "b/3", "c", "\ue000", "😀"].map((key) => [key, key] as const))]));
    const erasing = (...erases: NonNullable<Fact["erases"]>) => having("Erased", { erases });
    const keys = async () => (await kept("a/h/1")).map(([key]) => key);

    it("are single keys, and keys from one to another, both included", async () => {
      await store.append("a/h/1", 1, [erasing("a", "nothing", { from: "b/1", through: "b/2" })]);
      expect(await keys()).toEqual(["b", "b/3", "c", "\ue000", "😀"]);
      await store.append("a/h/1", 2, [erasing({ from: "c", through: "\ue000" })]);
      expect(await keys()).toEqual(["b", "b/3", "😀"]);
      await store.append("a/h/1", 3, [erasing({ from: "z", through: "a" })]);
      expect(await keys()).toEqual(["b", "b/3", "😀"]);
      await store.append("a/h/1", 4, [erasing({ from: "", through: "\u{10ffff}" })]);
      expect(await keys()).toEqual([]);
    });

    it("goes before what the same fact keeps, and leaves other streams alone", async () => {
      await store.append("a/h/2", 0, [keeping(["b", "other"])]);
      await store.append("a/h/1", 1, [having("Both", { erases: [{ from: "", through: "\u{10ffff}" }], contents: [{ key: "b", text: "new" }] })]);
      expect(await kept("a/h/1")).toEqual([["b", "new"]]);
      expect(await kept("a/h/2")).toEqual([["b", "other"]]);
    });
  });

  describe("what a fact forgets", () => {
    const forgetting = (...forgets: NonNullable<Fact["forgets"]>) => having("Forgetting", { forgets });
    beforeEach(async () => {
      await store.append("a/h/1", 0, [fact("A", 1, "secret"), keeping(["k", "text"]), fact("B", 3)]);
      await store.append("a/h/2", 0, [fact("A", 4, "secret"), keeping(["k", "text"])]);
    });

    it("is a stream whole, with its contents and secrets, and no other", async () => {
      await store.append("a/h/3", 0, [forgetting({ stream: "a/h/1" }, { stream: "a/h/none" })]);
      expect(await store.read("a/h/1", 0, 9)).toEqual([]);
      expect([await kept("a/h/1"), await store.secret("a/h/1", "A")]).toEqual([[], undefined]);
      expect((await store.readAll(0, 9)).map(({ position, stream }) => [position, stream])).toEqual([[4, "a/h/2"], [5, "a/h/2"], [6, "a/h/3"]]);
      expect([await kept("a/h/2"), await store.secret("a/h/2", "A")]).toEqual([[["k", "text"]], "secret"]);
      expect((await store.readAll(4, 1)).map(({ position }) => position)).toEqual([5]);
    });

    it("never has its versions again", async () => {
      await store.append("a/h/3", 0, [forgetting({ stream: "a/h/1" })]);
      await expect(store.append("a/h/1", 0, [fact("A")])).rejects.toMatchObject({ expected: 0, actual: 3 });
      expect(await store.append("a/h/1", 3, [])).toEqual({ version: 3, position: 6 });
      expect(await store.append("a/h/1", "any", [fact("New")])).toEqual({ version: 4, position: 7 });
      expect((await store.read("a/h/1", 3, 9)).map(({ version }) => version)).toEqual([4]);
      await store.append("a/h/3", 1, [forgetting({ stream: "a/h/1" })]);
      expect(await store.append("a/h/1", 4, [fact("Newer")])).toMatchObject({ version: 5 });
    });

    it("is some types only, where it says so: what is beside the stream stays", async () => {
      await store.append("a/h/3", 0, [forgetting({ stream: "a/h/1", types: ["A", "B", "C"] })]);
      expect(await types("a/h/1")).toEqual(["Kept"]);
      expect([await kept("a/h/1"), await store.secret("a/h/1", "A")]).toEqual([[["k", "text"]], "secret"]);
      await expect(store.append("a/h/1", 2, [fact("A")])).rejects.toMatchObject({ actual: 3 });
      expect(await store.append("a/h/1", 3, [fact("A")])).toEqual({ version: 4, position: 7 });
      expect((await store.read("a/h/1", 2, 9)).map(({ version }) => version)).toEqual([4]);
    });

    it("is single versions, where it says so: what is beside the stream stays, and so does its version", async () => {
      await store.append("a/h/3", 0, [forgetting({ stream: "a/h/1", versions: [1, 3, 9] }, { stream: "a/h/none", versions: [1] })]);
      expect((await store.read("a/h/1", 0, 9)).map(({ version }) => version)).toEqual([2]);
      expect([await kept("a/h/1"), await store.secret("a/h/1", "A")]).toEqual([[["k", "text"]], "secret"]);
      await expect(store.append("a/h/1", 2, [fact("A")])).rejects.toMatchObject({ actual: 3 });
      expect(await store.append("a/h/1", 3, [fact("A")])).toMatchObject({ version: 4 });
      await expect(store.append("a/h/3", "any", [forgetting({ stream: "a/h/1", versions: [0] })])).rejects.toThrow(/expected an integer/);
    });

    it("can be a stream that nobody writes to any more", async () => {
      await store.append("a/h/3", 0, [forgetting({ stream: "a/h/1", final: true })]);
      expect([await store.read("a/h/1", 0, 9), await kept("a/h/1"), await store.secret("a/h/1", "A")]).toEqual([[], [], undefined]);
    });

    it("can be what came before it in its own stream, which has what this fact keeps", async () => {
      const last: Fact = { ...fact("Last", null, "new secret"), contents: [{ key: "n", text: "new" }], forgets: [{ stream: "a/h/1" }] };
      expect(await store.append("a/h/1", 3, [fact("Before"), last, fact("After")])).toEqual({ version: 6, position: 8 });
      expect((await store.read("a/h/1", 0, 9)).map(({ type, version }) => [type, version])).toEqual([["Last", 5], ["After", 6]]);
      expect([await kept("a/h/1"), await store.secret("a/h/1", "A"), await store.secret("a/h/1", "Last")]).toEqual([[["n", "new"]], undefined, "new secret"]);
    });

    it("can be what came before it in the same commit", async () => {
      await store.appendMany([
        { stream: "a/h/4", expectedVersion: 0, facts: [keeping(["k", "text"])] },
        { stream: "a/h/3", expectedVersion: 0, facts: [forgetting({ stream: "a/h/4" })] },
        { stream: "a/h/4", expectedVersion: 1, facts: [fact("Next")] },
      ]);
      expect([await types("a/h/4"), await kept("a/h/4")]).toEqual([["Next"], []]);
    });

    it("is not told to who follows the log, and nothing else is missed", async () => {
      await store.append("a/h/3", 0, [forgetting({ stream: "a/h/1" })]);
      const seen: number[] = [];
      await new Promise<void>((resolve) => {
        store.subscribe(1, ({ position }) => void (seen.push(position) === 3 && resolve()));
      });
      expect(seen).toEqual([4, 5, 6]);
    });
  });

  describe("a commit that is refused", () => {
    it.each([
      ["its version", { stream: "a/h/2", expectedVersion: 7, facts: [fact("Late")] }, ConcurrencyError],
      ["a projection", { stream: "a/h/2", expectedVersion: "any", facts: [fact("Impossible")] }, Error],
    ] as const)("for %s erases, keeps and forgets nothing", async (_, last: Append, error) => {
      await store.append("a/h/1", 0, [noted("w", 1), fact("S", null, "secret"), keeping(["a", "1"], ["b", "2"])]);
      await store.append("a/h/2", 0, [keeping(["c", "3"]), fact("S", null, "other secret")]);
      const before = await store.readAll(0, 99);
      const all: Extras = { contents: [{ key: "a", text: "new" }, { key: "n", text: "new" }], erases: ["b"], forgets: [{ stream: "a/h/2" }, { stream: "a/h/1", types: ["Noted"] }] };
      const refused = store.appendMany([
        { stream: "a/h/1", expectedVersion: 3, facts: [having("All", all), fact("S", null, null), having("Own", { forgets: [{ stream: "a/h/1" }] })] },
        { stream: "a/h/5", expectedVersion: 0, facts: [keeping(["x", "y"])] },
        last,
      ]);
      const neighbour = store.append("a/h/6", 0, [keeping(["z", "kept"])]);
      await expect(refused).rejects.toBeInstanceOf(error);
      await neighbour;
      expect((await store.readAll(0, 99)).slice(0, -1)).toEqual(before);
      expect([await kept("a/h/1"), await kept("a/h/2"), await kept("a/h/5"), await kept("a/h/6")]).toEqual([
        [["a", "1"], ["b", "2"]], [["c", "3"]], [], [["z", "kept"]],
      ]);
      expect([await store.secret("a/h/1", "S"), await store.secret("a/h/2", "S")]).toEqual(["secret", "other secret"]);
      expect(await store.append("a/h/1", 3, [fact("Next")])).toEqual({ version: 4, position: 7 });
      expect(await store.append("a/h/5", 0, [fact("First")])).toEqual({ version: 1, position: 8 });
      // Nor is any of it undone by the next one that fails.
      await expect(store.append("a/h/1", 0, [])).rejects.toThrow();
      expect(await kept("a/h/6")).toEqual([["z", "kept"]]);
    });
  });

  describe("whatever is kept, erased, forgotten and refused", () => {
    it("leaves what a few maps would hold", async () => {
      const stream = fc.constantFrom("a/h/1", "a/h/2", "a/h/3");
      const key = fc.constantFrom("a", "b", "b/1", "c");
      const type = fc.constantFrom("A", "B");
      const extras = fc.record({
        contents: fc.array(fc.record({ key, text: fc.string({ maxLength: 3, unit: "grapheme" }) }), { maxLength: 2 }),
        erases: fc.array(fc.oneof(key, fc.record({ from: key, through: key })), { maxLength: 2 }),
        forgets: fc.array(fc.oneof({ weight: 1, arbitrary: fc.record({ stream }) }, { weight: 2, arbitrary: fc.record({ stream, types: fc.subarray(["A", "B"]) }) }), { maxLength: 1 }),
      });
      const change = fc.tuple(type, extras, fc.constantFrom(undefined, null, "s")).map(([type, extras, secret]): Fact => ({
        ...fact(type), ...extras, ...(secret === undefined ? {} : { secret }),
      }));
      const append = fc.record({ stream, expectedVersion: fc.constant("any" as const), facts: fc.array(change, { maxLength: 3 }) });
      const commit = fc.record({ batch: fc.array(append, { maxLength: 3 }), refused: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(commit, { maxLength: 8 }), async (commits) => {
          const fresh = await engine.open(fixtureProjections);
          try {
            let model = new Model();
            for (const { batch, refused } of commits) {
              if (refused) {
                const broken = fresh.appendMany([...batch, { stream: "a/h/1", expectedVersion: "any", facts: [fact("Impossible")] }]);
                await expect(broken).rejects.toThrow("no such thing");
              } else {
                model = model.after(batch);
                await fresh.appendMany(batch);
              }
            }
            for (const stream of ["a/h/1", "a/h/2", "a/h/3"]) {
              expect((await fresh.read(stream, 0, 99)).map(({ version, type, position }) => [version, type, position])).toEqual(model.facts(stream));
              expect((await fresh.contents(stream, "", 99)).map(({ key, text }) => [key, text])).toEqual(model.contents(stream));
              for (const type of ["A", "B"]) expect(await fresh.secret(stream, type)).toBe(model.secret(stream, type));
              expect(await fresh.append(stream, model.version(stream), [])).toMatchObject({ version: model.version(stream) });
            }
          } finally {
            await fresh.close();
          }
        }),
        { numRuns: engine.name === "memory" ? 200 : 15 },
      );
    });
  });

  describe("stats", () => {
    it("tell how much of each kind there is, the largest first", async () => {
      await store.append("a/h/1", 0, [fact("S", "é", "hush"), keeping(["queue/1", "é😀"], ["queue/2", "x"], ["presence", "12345678"]), noted("k", "v"), noted("l", "v")]);
      await store.append("a/h/2", 0, [having("S", { forgets: [{ stream: "a/h/3" }] })]);
      expect(await store.stats()).toMatchObject({
        facts: [
          { name: "Noted", count: 2, bytes: 2 * '{"key":"k","value":"v"}'.length },
          { name: "S", count: 2, bytes: 4 + 4 },
          { name: "Kept", count: 1, bytes: 4 },
        ],
        contents: [{ name: "presence", count: 1, bytes: 8 }, { name: "queue", count: 2, bytes: 7 }],
        projections: [{ name: "words", count: 2, bytes: 6 }, { name: "counts", count: 2, bytes: 2 }],
        secrets: { name: "secrets", count: 1, bytes: 6 },
        lastPosition: 5,
      });
    });

    it("tell of an empty store too", async () => {
      expect(await store.stats()).toMatchObject({
        facts: [], contents: [], secrets: { name: "secrets", count: 0, bytes: 0 }, lastPosition: 0,
        projections: [{ name: "counts", count: 0, bytes: 0 }, { name: "words", count: 0, bytes: 0 }],
      });
    });
  });

  it("answers none of it once it is closed", async () => {
    await store.close();
    await expect(store.contents("a/h/1", "", 1)).rejects.toBeInstanceOf(StoreClosedError);
    await expect(store.texts("a/h/1", ["a"])).rejects.toBeInstanceOf(StoreClosedError);
    await expect(store.stats()).rejects.toBeInstanceOf(StoreClosedError);
    await expect(store.backup("/nowhere/at/all")).rejects.toBeInstanceOf(StoreClosedError);
  });
}

/** The promises in a few maps. */
class Model {
  #position = 0;
  readonly #facts: { readonly stream: string; readonly version: number; readonly type: string; readonly position: number }[] = [];
  readonly #versions = new Map<string, number>();
  readonly #contents = new Map<string, string>();
  readonly #secrets = new Map<string, string>();

  after(batch: readonly Append[]): Model {
    for (const { stream, facts } of batch) for (const fact of facts) this.#add(stream, fact);
    return this;
  }

  facts(stream: string): readonly (readonly [number, string, number])[] {
    return this.#facts.filter((fact) => fact.stream === stream).map(({ version, type, position }) => [version, type, position] as const);
  }

  version = (stream: string): number => this.#versions.get(stream) ?? 0;
  secret = (stream: string, type: string): string | undefined => this.#secrets.get(`${stream} ${type}`);
  contents = (stream: string): readonly (readonly string[])[] =>
    [...this.#contents].filter(([key]) => key.startsWith(`${stream} `)).map(([key, text]) => [key.slice(stream.length + 1), text]).toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));

  #add(stream: string, { type, contents = [], erases = [], forgets = [], secret }: Fact): void {
    for (const { stream: forgotten, types } of forgets) {
      for (let index = this.#facts.length - 1; index >= 0; index -= 1) {
        const fact = this.#facts[index];
        if (fact?.stream === forgotten && (types?.includes(fact.type) ?? true)) this.#facts.splice(index, 1);
      }
      if (types !== undefined) continue;
      for (const map of [this.#contents, this.#secrets]) for (const key of map.keys()) if (key.startsWith(`${forgotten} `)) map.delete(key);
    }
    for (const keys of erases) {
      const { from, through } = typeof keys === "string" ? { from: keys, through: keys } : keys;
      for (const key of ["a", "b", "b/1", "c"]) if (key >= from && key <= through) this.#contents.delete(`${stream} ${key}`);
    }
    this.#versions.set(stream, this.version(stream) + 1);
    this.#facts.push({ stream, type, version: this.version(stream), position: (this.#position += 1) });
    if (secret === null) this.#secrets.delete(`${stream} ${type}`);
    else if (typeof secret === "string") this.#secrets.set(`${stream} ${type}`, secret);
    for (const { key, text } of contents) this.#contents.set(`${stream} ${key}`, text);
  }
}
