import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accountStream } from "../../src/domain/facts.ts";
import { parseJid, type Jid } from "../../src/domain/jid.ts";
import { archiveIdsMax, archivePageBytesMax, archivePageMax, archiveTrimMax } from "../../src/domain/limits.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { createAccountData, createSetState } from "../../src/router/account-data.ts";
import { createArchiveIds } from "../../src/router/archive-ids.ts";
import { createArchive, type ArchiveSource } from "../../src/router/archive-pages.ts";
import type { ArchivePage, ArchiveQuery } from "../../src/router/archive.ts";
import { AccountCache } from "../../src/session/account-cache.ts";
import { Batch } from "../../src/step/batch.ts";

const jid = (text: string): Jid => parseJid(text)!;
const begin = 1_700_000_000_000;

/** The server's own parts around a store in memory, and a clock that is set. */
async function world(wrap: (source: ArchiveSource) => Partial<ArchiveSource> = () => ({})) {
  const store: Store = createMemoryStore(projections);
  let now = begin;
  const clock = { ...liveClock, now: () => now };
  const batch = new Batch({ store, clock, ids: liveIds, onFailed: (error) => { throw error; }, onPressure: () => {} });
  const accounts = new AccountCache((host, username) => loadAccount(store, host, username), () => true);
  await new Accounts(store, clock, liveIds).create("montague.lit", "romeo", null);
  const account = (await accounts.load("montague.lit", "romeo"))!;
  const archiveKey = Buffer.from("0123456789abcdef");
  const source = Object.assign(new AccountSource(store), wrap(new AccountSource(store)));
  const parts = { accounts, batch, ids: liveIds, source, archiveKey };
  const archive = createArchive(parts);
  const known: { readonly id: string; readonly at: number; readonly with: Jid; readonly text: string }[] = [];
  const add = (contact: string, at: number, text = `<message id='${known.length}'/>`): string => {
    now = at;
    const id = batch.run(null, (step) => archive.add(step, account, { with: jid(contact), text }));
    known.push({ id, at: Math.max(at, known.at(-1)?.at ?? 0), with: jid(contact), text });
    return id;
  };
  const keyOf = (id: string): string | undefined => createArchiveIds(archiveKey).keyOf(id);
  const page = async (query: Omit<ArchiveQuery, "page"> & { readonly page?: Partial<ArchiveQuery["page"]> }): Promise<ArchivePage> => {
    const found = await archive.page(account, { ...query, page: { max: 10, ...query.page } });
    if ("missing" in found) throw new Error(`missing ${found.missing}`);
    return found;
  };
  const end = async (): Promise<void> => {
    await batch.settle();
    await store.close();
  };
  return { store, batch, accounts, account, archive, known, add, keyOf, page, data: createAccountData({ ...parts, changed: () => {} }), setState: createSetState(parts), end };
}

type World = Awaited<ReturnType<typeof world>>;
let own: World;
beforeEach(async () => {
  own = await world();
});
afterEach(() => own.end());

const texts = ({ messages }: ArchivePage) => messages.map(({ text }) => Number(/\d+/.exec(text)![0]));

describe("XEP-0313 section 3 an archive", () => {
  it("gives what was added right before, in its order, with its time and id", async () => {
    const ids = [own.add("juliet@capulet.lit/balcony", begin), own.add("nurse@capulet.lit", begin), own.add("capulet.lit", begin + 5)];
    expect(await own.page({})).toEqual({
      messages: ids.map((id, index) => ({ id, at: [begin, begin, begin + 5][index], text: `<message id='${index}'/>` })),
      count: 3, index: 0, complete: true,
    });
    expect(await own.archive.ends(own.account)).toEqual({ first: { id: ids[0], at: begin }, last: { id: ids[2], at: begin + 5 } });
    expect(new Set(ids).size).toBe(3);
  });

  it("is empty at first, which is no error", async () => {
    expect(await own.page({ with: jid("a@b"), start: 0 })).toEqual({ messages: [], count: 0, index: undefined, complete: true });
    expect([await own.archive.ends(own.account), await own.archive.trim(own.account, { newest: 0, since: begin })]).toEqual([undefined, 0]);
  });

  it("goes on in its order when the clock goes back, also after a restart (section 3.1)", async () => {
    own.add("a@b", begin + 9);
    own.add("a@b", begin);
    await own.batch.recorded();
    const anew = (await loadAccount(own.store, "montague.lit", "romeo"))!;
    expect(anew.meta("archiveLast")).toBe(own.account.meta("archiveLast"));
    own.add("a@b", begin + 10);
    expect((await own.page({})).messages.map(({ at }) => at - begin)).toEqual([9, 9, 10]);
  });

  it("takes back what a failed step added", async () => {
    own.add("a@b", begin);
    expect(() => own.batch.run(null, (step) => {
      own.archive.add(step, own.account, { with: jid("a@b"), text: "<message id='9'/>" });
      throw new Error("broken");
    })).toThrow("broken");
    const id = own.add("a@b", begin);
    expect((await own.page({})).messages.map((message) => message.id)).toEqual([own.known[0]!.id, id]);
    expect(own.keyOf(id)).toBe(own.keyOf(own.known[0]!.id)!.replace(/0000$/, "0001"));
  });

  it("loses its oldest and nothing else, and never gives an id twice (section 3.2)", async () => {
    for (let number = 0; number < 6; number += 1) own.add(number % 2 === 0 ? "a@b" : "c@d/e", begin + number);
    expect(await own.archive.trim(own.account, { newest: 2 })).toBe(4);
    expect(await own.page({})).toMatchObject({ count: 2, index: 0, complete: true });
    expect(texts(await own.page({}))).toEqual([4, 5]);
    expect(await own.archive.page(own.account, { page: { max: 1, after: own.known[3]!.id } })).toEqual({ missing: own.known[3]!.id });
    expect((await own.archive.ends(own.account))?.first.id).toBe(own.known[4]!.id);
    expect((await own.store.contents(accountStream("montague.lit", "romeo"), "", 99)).map(({ text }) => text)).toEqual(["<message id='4'/>", "<message id='5'/>"]);
    const last = own.keyOf(own.known[5]!.id)!;
    expect(await own.archive.trim(own.account, { newest: 0 })).toBe(2);
    await own.batch.recorded();
    const anew = (await loadAccount(own.store, "montague.lit", "romeo"))!;
    expect([anew.meta("archiveLast"), anew.meta("archiveForgotten")]).toEqual([last, own.account.meta("archiveForgotten")]);
    own.add("a@b", begin);
    expect(own.keyOf(own.known[6]!.id)! > last).toBe(true);
  });
});

describe("XEP-0313 section 3.2 retention", () => {
  const numbers = async () => texts(await own.page({ page: { max: 99 } }));
  const ages = (count: number) => {
    for (let number = 0; number < count; number += 1) own.add(number % 2 === 0 ? "a@b" : "c@d/e", begin + number);
  };

  it("leaves what is new enough, the moment itself included, and so many of the newest", async () => {
    ages(10);
    expect(await own.archive.trim(own.account, { since: begin + 3 })).toBe(3);
    expect(await numbers()).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(await own.archive.trim(own.account, { since: begin + 3, newest: 7 })).toBe(0);
    expect(await own.archive.trim(own.account, { since: begin + 3, newest: 5 })).toBe(2);
    expect(await own.archive.trim(own.account, { since: begin + 8, newest: 5 })).toBe(3);
    expect(await numbers()).toEqual([8, 9]);
  });

  it("takes no more than goes in one commit, and nobody waits for it", async () => {
    ages(archiveTrimMax + 3);
    const { ticket } = own.account;
    expect(await own.archive.trim(own.account, { newest: 1 })).toBe(archiveTrimMax);
    expect(own.account.ticket).toBe(ticket);
    expect(await own.archive.trim(own.account, { newest: 1 })).toBe(2);
    expect(await numbers()).toEqual([archiveTrimMax + 2]);
  });

  it("leaves nothing of them in the store: no text, no row, no fact, and of former trims nothing either", async () => {
    ages(6);
    for (const newest of [4, 3, 2]) await own.archive.trim(own.account, { newest });
    await own.batch.recorded();
    const stream = accountStream("montague.lit", "romeo");
    const facts = await own.store.read(stream, 0, 99);
    expect(facts.map(({ type }) => type)).toEqual(["AccountCreated", "PasswordChanged", "MessageArchived", "MessageArchived", "ArchiveTrimmed"]);
    expect(facts.at(-1)!.data).toMatchObject({ forgotten: 6 });
    expect(await own.store.contents(stream, "", 99)).toHaveLength(2);
    // Two messages in two orders or three, and how it was trimmed.
    expect(await own.store.query("archive", { prefix: "", limit: 99 })).toHaveLength(2 + 3 + 1);
    expect((await own.page({ with: jid("c@d") })).count).toBe(1);
  });

  it("is done once, whoever else does it in the same moment, and not for an account that is gone", async () => {
    ages(6);
    const both = await Promise.all([own.archive.trim(own.account, { newest: 2 }), own.archive.trim(own.account, { newest: 2 })]);
    expect(both.toSorted()).toEqual([0, 4]);
    const late = own.archive.trim(own.account, { newest: 1 });
    own.accounts.forget(own.account.bare);
    expect(await late).toBe(0);
  });
});

describe("XEP-0313 section 4.1 a query", () => {
  it("with a bare JID finds all of its resources, with a full one that alone (section 4.1.1)", async () => {
    for (const contact of ["a@b/x", "a@b", "a@b/x/y", "a@bb", "b", "a@b/x"]) own.add(contact, begin);
    const found = async (contact: string) => texts(await own.page({ with: jid(contact) }));
    expect(await found("a@b")).toEqual([0, 1, 2, 5]);
    expect(await found("a@b/x")).toEqual([0, 5]);
    expect([await found("a@b/x/y"), await found("b"), await found("a@b/z")]).toEqual([[2], [4], []]);
  });

  it("includes both of its times (section 4.1.2)", async () => {
    for (const at of [0, 1, 1, 2, 3]) own.add("a@b", begin + at);
    expect(texts(await own.page({ start: begin + 1, end: begin + 2 }))).toEqual([1, 2, 3]);
    expect(texts(await own.page({ start: begin + 1.5 }))).toEqual([3, 4]);
    expect(texts(await own.page({ end: begin + 0.5 }))).toEqual([0]);
    expect([texts(await own.page({ start: Infinity })), texts(await own.page({ end: -1 })), texts(await own.page({ start: -1 })).length]).toEqual([[], [], 5]);
  });

  it("names an id that is not there, of whichever condition (sections 4.1.3 and 4.3.2)", async () => {
    const id = own.add("a@b", begin);
    const forged = `${id.slice(0, -1)}${id.endsWith("A") ? "B" : "A"}`;
    for (const missing of [forged, "", " ", "nonsense", `${id}x`]) {
      const queries: readonly Omit<ArchiveQuery, "page">[] = [{ afterId: missing }, { beforeId: missing }, { ids: [id, missing] }];
      for (const query of queries) expect(await own.archive.page(own.account, { ...query, page: { max: 1 } })).toEqual({ missing });
      if (missing === "") continue;
      expect(await own.archive.page(own.account, { page: { max: 1, after: missing } })).toEqual({ missing });
      expect(await own.archive.page(own.account, { page: { max: 0, before: missing } })).toEqual({ missing });
    }
    await expect(own.page({ ids: Array.from({ length: archiveIdsMax + 1 }, () => id) })).rejects.toThrow(RangeError);
  });
});

describe("XEP-0059 section 2 a page of an archive", () => {
  it("has no more messages than are given in one go, and one at least", async () => {
    const large = "x".repeat(archivePageBytesMax / 2);
    for (let number = 0; number < 3; number += 1) own.add("a@b", begin, `<message id='${number}'>${large}</message>`);
    own.add("a@b", begin, `<message id='3'>${large}${large}${large}</message>`);
    expect([texts(await own.page({})), (await own.page({})).complete]).toEqual([[0], false]);
    const last = await own.page({ page: { before: "" } });
    expect([texts(last), last.complete, last.index]).toEqual([[3], false, 3]);
    for (let number = 4; number < archivePageMax + 10; number += 1) own.add("a@b", begin);
    expect((await own.page({ page: { max: 9_999, after: own.known[3]!.id } })).messages).toHaveLength(archivePageMax);
  });

  it("takes no more than there is room for, with what each message takes besides, and one at least", async () => {
    for (let number = 0; number < 4; number += 1) own.add("a@b", begin, `<message id='${number}'/>`);
    const bytes = "<message id='0'/>".length;
    const found = async (room: number, more: object = {}) => {
      const page = await own.page({ page: { max: 10, room: { bytes: room, besides: 100 }, ...more } });
      return [texts(page), page.complete];
    };
    expect(await found(4 * (bytes + 100))).toEqual([[0, 1, 2, 3], true]);
    expect(await found(4 * (bytes + 100) - 1)).toEqual([[0, 1, 2], false]);
    expect(await found(2 * (bytes + 100), { before: "" })).toEqual([[2, 3], false]);
    expect(await found(1, { after: own.known[2]!.id })).toEqual([[3], true]);
    expect(await found(1, { index: 1 })).toEqual([[1], false]);
  });

  it("ends where the messages of its index have gone meanwhile (section 2.6)", async () => {
    let [asked, trim] = [0, async (): Promise<unknown> => undefined];
    const one = await world((source) => ({
      archived: async (...range) => {
        // The ends of the result set are known by then.
        if ((asked += 1) === 3) await trim();
        if (asked > 200) throw new Error("it is looked for without end");
        return source.archived(...range);
      },
    }));
    for (let number = 0; number < 1_500; number += 1) one.add("a@b", begin + number);
    await one.batch.recorded();
    const through = one.keyOf(one.known[1_400]!.id)!;
    trim = () => one.store.append(accountStream("montague.lit", "romeo"), "any", [{
      type: "ArchiveTrimmed", v: 1, at: begin, step: "s", cause: null, data: { host: "montague.lit", username: "romeo", through },
    }]);
    expect(await one.page({ page: { index: 1_000 } })).toMatchObject({ messages: [], complete: false });
    asked = 3;
    expect(await one.page({ page: { index: 50, max: 2 } })).toMatchObject({ index: 50, count: 99, complete: false });
    await one.end();
  });

  it("counts what is in it, also where others write while it is read (section 2.6)", async () => {
    let [asked, at, meanwhile] = [0, begin, async (): Promise<unknown> => undefined];
    const one = await world((source) => ({
      archived: async (...range) => {
        // The ends of the result set are known by then.
        if ((asked += 1) === 3) await meanwhile();
        return source.archived(...range);
      },
    }));
    const write = (): string => one.add("a@b", (at += 1));
    write();
    const second = write();
    await one.batch.recorded();
    meanwhile = async () => {
      write();
      await one.batch.recorded();
    };
    const pages = [
      { max: 2 }, {}, { after: second }, { before: "" }, { index: 1 }, { index: 7 }, { max: 1 }, { max: 2, before: "" },
    ].map((page) => ({ page }));
    const found: unknown[] = [];
    for (const query of pages) {
      asked = 0;
      const { messages, count, index, complete } = await one.page(query);
      found.push([messages.length, index, count, complete]);
    }
    expect(found).toEqual([
      // Beyond the end, and on the first of many pages, it is as it was when the ends were read.
      [2, 0, 3, false], [4, 0, 4, true], [3, 2, 5, true], [6, 0, 6, true], [6, 1, 7, true], [0, undefined, 7, true], [1, 0, 7, false], [2, 7, 9, false],
    ]);
    await one.end();
  });

  it("begins at an index, wherever the times lie (section 2.6)", async () => {
    let at = begin;
    for (let number = 0; number < 1_500; number += 1) own.add("a@b", (at += number % 700 === 0 ? 86_400_000 : number % 2));
    for (const index of [0, 1, 255, 256, 257, 699, 700, 1_023, 1_499]) {
      const page = await own.page({ page: { index, max: 3 } });
      expect([index, page.index, texts(page)]).toEqual([index, index, [index, index + 1, index + 2].filter((number) => number < 1_500)]);
    }
    expect(await own.page({ page: { index: 1_500 } })).toEqual({ messages: [], count: 1_500, index: undefined, complete: true });
  });

  it("is what a search through all messages would give, whatever is asked", async () => {
    const contact = fc.constantFrom("a@b/x", "a@b", "a@b/x/y", "c@d", "b");
    const history = fc.array(fc.tuple(contact, fc.integer({ min: -3, max: 6 })), { minLength: 1, maxLength: 25 });
    const place = fc.nat(30);
    const query = fc.record({ with: contact, start: place, end: place, afterId: place, beforeId: place, ids: fc.array(place, { maxLength: 8 }) }, { requiredKeys: [] });
    const paging = fc.record({ max: fc.nat(6), after: place, before: fc.oneof(place, fc.constant("")), index: fc.nat(12) }, { requiredKeys: ["max"] });
    await fc.assert(
      fc.asyncProperty(history, fc.option(fc.nat(10)), fc.array(fc.tuple(query, paging), { minLength: 1, maxLength: 12 }), async (messages, trimmed, asked) => {
        const one = await world();
        let at = begin;
        for (const [contact, later] of messages) one.add(contact, (at += later));
        const kept = trimmed === null ? one.known : one.known.slice(trimmed + 1);
        if (trimmed !== null) await one.archive.trim(one.account, { newest: kept.length });
        if (kept.length > 0) {
          const idOf = (number: number): string => kept[number % kept.length]!.id;
          for (const [{ with: contact, start, end, afterId, beforeId, ids }, { max, after, before, index }] of asked) {
            const given: ArchiveQuery = {
              ...(contact === undefined ? {} : { with: jid(contact) }),
              ...(start === undefined ? {} : { start: begin + start }),
              ...(end === undefined ? {} : { end: begin + end }),
              ...(afterId === undefined ? {} : { afterId: idOf(afterId) }),
              ...(beforeId === undefined ? {} : { beforeId: idOf(beforeId) }),
              ...(ids === undefined ? {} : { ids: ids.map(idOf) }),
              page: {
                max,
                ...(after === undefined ? {} : { after: idOf(after) }),
                ...(before === undefined ? {} : { before: typeof before === "number" ? idOf(before) : before }),
                ...(index === undefined ? {} : { index }),
              },
            };
            expect(await one.archive.page(one.account, given)).toEqual(searched(kept, given));
          }
        }
        await one.end();
      }),
      { numRuns: 150 },
    );
  });
});

/** The plain meaning of a query, over a list. */
function searched(kept: World["known"], { with: contact, start, end, afterId, beforeId, ids, page }: ArchiveQuery): ArchivePage {
  const placeOf = (id: string): number => kept.findIndex((message) => message.id === id);
  const set = kept.filter((message, place) =>
    (contact === undefined || (contact.resource === undefined ? message.with.bare : message.with.full) === contact.full) &&
    (start === undefined || message.at >= start) && (end === undefined || message.at <= end) &&
    (afterId === undefined || place > placeOf(afterId)) && (beforeId === undefined || place < placeOf(beforeId)) &&
    (ids === undefined || ids.includes(message.id)));
  let left = set;
  if (page.after !== undefined) left = left.filter(({ id }) => placeOf(id) > placeOf(page.after!));
  if (page.before !== undefined && page.before !== "") left = left.filter(({ id }) => placeOf(id) < placeOf(page.before!));
  if (page.after === undefined && page.before === undefined && page.index !== undefined) left = left.slice(page.index);
  const backwards = page.before !== undefined && page.after === undefined;
  const taken = page.max === 0 ? [] : backwards ? left.slice(-page.max) : left.slice(0, page.max);
  return {
    messages: taken.map(({ id, at, text }) => ({ id, at, text })),
    count: set.length,
    index: taken[0] === undefined ? undefined : set.indexOf(taken[0]),
    complete: set.length === 0 || (page.max > 0 && taken.length === left.length),
  };
}

describe("What extensions keep for an account", () => {
  const set = (space: string, key: string, value: Parameters<World["setState"]>[4]) =>
    own.batch.run(null, (step) => own.setState(step, own.account, space, key, value));

  it("in memory is there at once, and after a restart", async () => {
    set("push", "a", { x: [1] });
    expect(own.account.state("push", "a")).toEqual({ x: [1] });
    await own.batch.recorded();
    const anew = (await loadAccount(own.store, "montague.lit", "romeo"))!;
    expect(new Map(anew.states("push"))).toEqual(new Map([["a", { x: [1] }]]));
  });

  it("in memory is small: what is not is refused, and leaves all as it was", () => {
    set("push", "a", "v".repeat(16_382));
    expect(() => set("push", "b", "v".repeat(16_383))).toThrow(/montague.lit: state "push\/b": expected at most 16384 bytes, got 16385/);
    for (let number = 1; number < 1_000; number += 1) set("push", String(number), number);
    expect(() => set("push", "1000", 1)).toThrow(/push has 1000 keys already/);
    set("push", "999", "another");
    set("push", "1", null);
    set("push", "1000", 1);
    expect([own.account.states("push").size, own.account.state("push", "b"), own.account.state("push", "999")]).toEqual([1_000, undefined, "another"]);
  });

  it("records nothing where there was nothing to remove", async () => {
    set("push", "a", null);
    await own.batch.recorded();
    expect(await own.store.read(accountStream("montague.lit", "romeo"), 2, 9)).toEqual([]);
  });

  it.each([["", "a"], ["a/b", "c"], ["a", "\0"], ["a", "\ud83d"]])("cannot have the space %j and the key %j", (space, key) => {
    expect(() => set(space, key, 1)).toThrow(RangeError);
    expect(() => own.batch.run(null, (step) => own.data.set(step, own.account, space, key, 1))).toThrow(RangeError);
  });

  it("on the disk is listed with what was set right before", async () => {
    own.batch.run(null, (step) => {
      for (const key of ["b", "a", "c"]) own.data.set(step, own.account, "pep", key, key);
      own.data.set(step, own.account, "pep2", "d", 1);
    });
    expect(await own.data.list(own.account, "pep", { limit: 2 })).toEqual([{ key: "a", value: "a" }, { key: "b", value: "b" }]);
    expect(await own.data.list(own.account, "pep", { limit: 9, reverse: true, after: "a" })).toEqual([{ key: "c", value: "c" }, { key: "b", value: "b" }]);
  });
});
