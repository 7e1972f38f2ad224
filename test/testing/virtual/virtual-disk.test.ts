import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ConcurrencyError, StoreClosedError, StoreFailedError, StoreLockedError, StoreOpenError } from "../../../src/log/errors.ts";
import type { Projection } from "../../../src/log/projection.ts";
import type { Store } from "../../../src/ports.ts";
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { VirtualDisk, type VirtualDiskOptions } from "../../../src/testing/virtual/virtual-disk.ts";
import { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";
import { keepingContract } from "../../log/keeping-contract.ts";
import { fact, storeContract } from "../../log/store-contract.ts";
import { drive, within } from "./driving.ts";

describe("the store contract: a virtual disk", () => {
  const time = new VirtualTime(0);
  afterAll(drive(time));
  const engine = {
    name: "virtual",
    async open(module: URL): Promise<Store> {
      const { projections } = (await import(/* @vite-ignore */ module.href)) as { readonly projections: readonly Projection[] };
      return new VirtualDisk({ time, random: new SeededRandom(1), commitMs: [0, 9], projections }).open((error) => {
        throw error;
      });
    },
  };
  for (const contract of [storeContract, keepingContract]) contract(engine);
});

const never = () => {
  throw new Error("the disk failed, and was not told to");
};

async function setting({ seed = 1, commitMs = [10, 10], onFatal = never }: { seed?: number; onFatal?: (error: Error) => void } & Partial<VirtualDiskOptions> = {}) {
  const time = new VirtualTime(0);
  const disk = new VirtualDisk({ time, random: new SeededRandom(seed), commitMs });
  const store = await within(time, 100, disk.open(onFatal));
  return { time, disk, store };
}

/** What has become of it, as it changes. */
function watch(promise: Promise<unknown>): { outcome: string } {
  const watched = { outcome: "open" };
  promise.then(() => (watched.outcome = "done"), (error: Error) => (watched.outcome = error.name));
  return watched;
}

const types = async (store: Store) => (await store.readAll(0, 99)).map(({ type }) => type);

describe("a commit on a virtual disk", () => {
  it("takes its time, and is on the disk when it is acknowledged, not before", async () => {
    const { time, disk, store } = await setting();
    const append = watch(store.append("a/h/1", 0, [fact("A")]));
    await time.advance(9);
    expect([append.outcome, await types(disk.store), disk.commits, disk.isCommitting]).toEqual(["open", [], 0, true]);
    await time.advance(1);
    expect([append.outcome, await types(disk.store), disk.commits, disk.isCommitting]).toEqual(["done", ["A"], 1, false]);
  });

  it("is one for all that was appended meanwhile", async () => {
    const { time, disk, store } = await setting();
    const all = ["A", "B", "C", "D"].map((type, index) => {
      const appended = watch(store.append(`a/h/${index}`, 0, [fact(type)]));
      return appended;
    });
    await time.advance(1);
    const late = [watch(store.append("a/h/5", 0, [fact("E")])), watch(store.append("a/h/6", 0, [fact("F")]))];
    await time.advance(9);
    expect([...all, ...late].map(({ outcome }) => outcome)).toEqual(["done", "done", "done", "done", "open", "open"]);
    await time.advance(10);
    expect([late.map(({ outcome }) => outcome), disk.commits]).toEqual([["done", "done"], 2]);
  });

  it("is seen by what is read after it began, and not before: reading waits for it", async () => {
    const { time, store } = await setting();
    const appended = watch(store.append("a/h/1", 0, [fact("A")]));
    await time.advance(1);
    const seen: string[][] = [];
    void types(store).then((read) => seen.push(read));
    await time.advance(8);
    expect([appended.outcome, seen]).toEqual(["open", []]);
    await time.advance(10);
    expect(seen).toEqual([["A"]]);
  });

  it("leaves alone what was changed after it was handed over", async () => {
    const { time, disk, store } = await setting();
    const data = { list: [1] };
    void store.append("a/h/1", 0, [fact("A", data)]);
    data.list.push(2);
    await time.advance(10);
    expect((await disk.store.read("a/h/1", 0, 1))[0]?.data).toEqual({ list: [1] });
  });

  it("refuses alone the member that conflicts", async () => {
    const { time, store } = await setting();
    const [good, bad, other] = [store.append("a/h/1", 0, [fact("A")]), store.append("a/h/1", 7, [fact("B")]), store.append("a/h/1", 1, [fact("C")])].map(watch);
    await time.advance(10);
    expect([good, bad, other].map((append) => append?.outcome)).toEqual(["done", ConcurrencyError.name, "done"]);
  });

  it("can be slow, once", async () => {
    const { time, disk, store } = await setting();
    disk.slow(60_000);
    const slow = watch(store.append("a/h/1", 0, [fact("A")]));
    await time.advance(59_999);
    expect(slow.outcome).toBe("open");
    await time.advance(1);
    expect(slow.outcome).toBe("done");
    const next = watch(store.append("a/h/1", 1, [fact("B")]));
    await time.advance(10);
    expect(next.outcome).toBe("done");
  });
});

describe("a virtual disk with a process that dies", () => {
  it("keeps everything acknowledged, leaves the commit under way to the seed, and never answers again", async () => {
    const kept = new Set<boolean>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { time, disk, store } = await setting({ seed });
      void store.append("a/h/1", 0, [fact("A")]);
      await time.advance(10);
      const told: string[] = [];
      store.subscribe(0, ({ type }) => told.push(type));
      await time.advance(10);
      const underWay = watch(store.append("a/h/1", 1, [fact("B"), fact("C")]));
      await time.advance(5);
      const [waiting, read] = [watch(store.append("a/h/1", 3, [fact("D")])), watch(store.readAll(0, 9))];
      disk.crash();
      const now = await types(disk.store);
      expect([["A"], ["A", "B", "C"]]).toContainEqual(now);
      kept.add(now.length === 3);
      const later = [watch(store.append("a/h/2", 0, [fact("E")])), watch(store.query("sessions", { prefix: "", limit: 1 })), watch(store.close())];
      await time.advance(10_000);
      expect([underWay, read, waiting, ...later].map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => "open"));
      expect(await types(disk.store)).toEqual(now);
      expect(told).toEqual(["A"]);

      const next = await within(time, 100, disk.open(never));
      expect(await within(time, 100, types(next))).toEqual(now);
    }
    expect(kept).toEqual(new Set([true, false]));
  });

  it("can be opened at once, also by who comes while another opens it and dies", async () => {
    const { time, disk, store } = await setting();
    await within(time, 100, store.close());
    const dying = watch(disk.open(never));
    disk.crash();
    const next = await within(time, 100, disk.open(never));
    await time.advance(1_000);
    expect([dying.outcome, await within(time, 100, types(next))]).toEqual(["open", []]);
    disk.crash();
    disk.crash();
  });
});

describe("a virtual disk that fails", () => {
  it.each([
    ["lost", []],
    ["kept", ["A"]],
  ] as const)("rejects what waits, lets go and says so once: what was in the commit is %s", async (how, onDisk) => {
    const order: string[] = [];
    const { time, disk, store } = await setting({ onFatal: (error) => order.push(`fatal ${error.name}`) });
    disk.fail(how, { commits: 1 });
    const append = store.append("a/h/1", 0, [fact("A")]);
    append.catch((error: Error) => order.push(`append ${error.name}`));
    await time.advance(1);
    const waits = [watch(store.append("a/h/1", 0, [fact("B")])), watch(store.readAll(0, 9))];
    await time.advance(9);
    expect(order).toEqual(["append StoreFailedError"]);
    expect(waits.map(({ outcome }) => outcome)).toEqual(["StoreFailedError", "StoreFailedError"]);
    await expect(disk.open(never)).rejects.toBeInstanceOf(StoreLockedError);
    await expect(store.append("a/h/1", 0, [fact("B")])).rejects.toBeInstanceOf(StoreFailedError);
    expect(() => store.subscribe(0, never)).toThrow(StoreFailedError);

    await time.advance(10);
    expect(order).toEqual(["append StoreFailedError", "fatal StoreFailedError"]);
    await within(time, 100, store.close());
    expect(await types(disk.store)).toEqual(onDisk);
    const next = await within(time, 100, disk.open(never));
    await within(time, 100, next.append("a/h/1", "any", [fact("C")]));
    expect(await types(disk.store)).toEqual([...onDisk, "C"]);
  });

  it("fails until it is mended, unless it was told how often", async () => {
    const fatal: Error[] = [];
    const { time, disk, store } = await setting({ onFatal: (error) => fatal.push(error) });
    disk.fail("lost");
    let current = store;
    for (let turn = 1; turn <= 3; turn += 1) {
      await expect(within(time, 100, current.append("a/h/1", 0, [fact("A")]))).rejects.toBeInstanceOf(StoreFailedError);
      await time.advance(10);
      expect(fatal).toHaveLength(turn);
      current = await within(time, 100, disk.open((error) => fatal.push(error)));
    }
    disk.mend();
    await within(time, 100, current.append("a/h/1", 0, [fact("A")]));
    expect(disk.commits).toBe(1);
  });

  it("does not open so many times", async () => {
    const { time, disk, store } = await setting();
    await within(time, 100, store.close());
    disk.fail("lost", { commits: 0, opens: 2 });
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(within(time, 100, disk.open(never))).rejects.toMatchObject({ name: StoreOpenError.name, code: "failed" });
    }
    const next = await within(time, 100, disk.open(never));
    await within(time, 100, next.append("a/h/1", 0, [fact("A")]));
  });

  it("tells nobody who has died since", async () => {
    const { time, disk, store } = await setting();
    disk.fail("lost", { commits: 1 });
    const append = watch(store.append("a/h/1", 0, [fact("A")]));
    await time.advance(10);
    expect(append.outcome).toBe("StoreFailedError");
    disk.crash();
    await time.advance(100);
  });
});

describe("one at a time", () => {
  it("has a virtual disk open, until it closes it: with everything that was appended", async () => {
    const { time, disk, store } = await setting();
    await expect(disk.open(never)).rejects.toBeInstanceOf(StoreLockedError);
    const appends = [watch(store.append("a/h/1", 0, [fact("A")])), watch(store.append("a/h/1", 1, [fact("B")]))];
    const closing = watch(store.close());
    await expect(store.readAll(0, 1)).rejects.toBeInstanceOf(StoreClosedError);
    await time.advance(9);
    expect(closing.outcome).toBe("open");
    await time.advance(20);
    expect([closing.outcome, ...appends.map(({ outcome }) => outcome)]).toEqual(["done", "done", "done"]);
    const next = await within(time, 100, disk.open(never));
    expect(await within(time, 100, types(next))).toEqual(["A", "B"]);
  });
});

describe("whatever is done to a virtual disk", () => {
  it("holds what was acknowledged, in order, and of the rest no half", async () => {
    const deed = fc.record({ kind: fc.constantFrom("append", "append", "append", "pass", "crash", "lost", "kept", "close"), number: fc.nat(15) });
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(deed, { maxLength: 40 }), async (seed, deeds) => {
        const time = new VirtualTime(0);
        const disk = new VirtualDisk({ time, random: new SeededRandom(seed), commitMs: [1, 10] });
        const acknowledged: number[] = [];
        let store = await within(time, 100, disk.open(() => undefined));
        let count = 0;
        for (const { kind, number } of deeds) {
          if (kind === "append") {
            const id = (count += 1);
            const both = [fact("First", id), fact("Second", id)];
            store.append("a/h/1", "any", both).then(() => acknowledged.push(id), () => undefined);
          } else if (kind === "crash") disk.crash();
          else if (kind === "close") await within(time, 200, store.close()).catch(() => undefined);
          else if (kind !== "pass") disk.fail(kind as "lost" | "kept", { commits: 1 });
          await time.advance(number);
          if (kind === "crash" || kind === "close") {
            await time.advance(100);
            store = await within(time, 100, disk.open(() => undefined)).catch(() => store);
          }
        }
        await time.advance(1_000);
        const facts = await disk.store.read("a/h/1", 0, 999);
        const ids = facts.filter(({ type }) => type === "First").map(({ data }) => data as number);
        expect(facts.map(({ type, data }) => [type, data])).toEqual(ids.flatMap((id) => [["First", id], ["Second", id]]));
        expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
