import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { archiveContentKey } from "../../src/domain/archive-keys.ts";
import {
  accountFactVersions, accountStream, extrasOf, offlineKey, type AccountFact, type AccountFacts, type AccountFactType,
} from "../../src/domain/facts.ts";
import { newRosterItem } from "../../src/domain/roster.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { accountData, accountDataKey } from "../../src/log/projections/account-data.ts";
import type { Fact, Json, ProjectionRange, Store } from "../../src/ports.ts";
import { engines, removeTempFolders } from "./engines.ts";

const host = "montague.lit";
const ownProjections = new URL("../../dist/src/log/projections/index.js", import.meta.url);

afterAll(removeTempFolders);

describe.each(engines.filter(({ missing }) => missing === undefined))("what accounts leave in $name", ({ open }) => {
  let store: Store;
  beforeEach(async () => {
    store = await open(ownProjections);
  });
  afterEach(() => store.close());

  async function record<Type extends AccountFactType>(
    username: string,
    type: Type,
    data: Omit<AccountFacts[Type], "host" | "username">,
    contents: Pick<AccountFact, "contents"> = {},
  ): Promise<void> {
    const fact = { type, data: { host, username, ...data }, ...contents } as unknown as AccountFact;
    const recorded: Fact = {
      type, v: accountFactVersions[type], at: 1_000, step: "s", cause: null, data: fact.data as unknown as Json, ...extrasOf(fact),
    };
    await store.append(accountStream(host, username), "any", [recorded]);
  }

  const text = (number: number) => `<message id='${number}'/>`;
  const stored = (username: string, number: number) => {
    const data = { number, bytes: text(number).length, id: String(number), from: "juliet@capulet.lit", why: null };
    return record(username, "OfflineMessageStored", data, { contents: [{ key: offlineKey(number), text: text(number) }] });
  };
  const waiting = (username: string, after = 0, limit = 99) => new AccountSource(store).offlineMessages(host, username, after, limit);

  describe("messages that wait", () => {
    it("are found whole, in the order in which they came, for their user alone", async () => {
      for (const number of [9, 10, 2, 100]) await stored("romeo", number);
      await stored("romeo2", 1);
      expect(await waiting("romeo")).toEqual(
        [2, 9, 10, 100].map((number) => ({ number, stanza: text(number), bytes: text(number).length })),
      );
      expect(await waiting("romeo", 9, 1)).toMatchObject([{ number: 10 }]);
    });

    it("are in no fact", async () => {
      await stored("romeo", 1);
      expect(JSON.stringify(await store.readAll(0, 9))).not.toContain("<message");
    });

    it("sort right up to the highest number there is", () => {
      const powers = Array.from({ length: 15 }, (_, digits) => 10 ** (digits + 1));
      const numbers = [...powers.flatMap((power) => [power - 1, power]), Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
      const keys = numbers.map(offlineKey);
      expect(keys.toSorted()).toEqual(keys);
    });

    it("go when they were delivered, and all of them with the account", async () => {
      for (const number of [1, 2, 3]) await stored("romeo", number);
      await stored("rom", 1);
      await record("romeo", "OfflineMessagesRemoved", { numbers: [1, 3, 7], bytes: 44 });
      expect(await waiting("romeo")).toMatchObject([{ number: 2 }]);
      await record("romeo", "AccountDeleted", {});
      expect(await waiting("romeo")).toEqual([]);
      expect(await waiting("rom")).toHaveLength(1);
    });
  });

  describe("what extensions keep", () => {
    const set = (username: string, space: string, key: string, value: Json) => record(username, "AccountDataSet", { space, key, value });
    const kept = async (username: string, space: string) => {
      const prefix = accountDataKey(host, username, space);
      return (await store.query(accountData.name, { prefix, limit: 99 })).map(({ key, value }) => [key.slice(prefix.length), value]);
    };

    it("is found by its space and key, which may hold anything, and replaced", async () => {
      await set("romeo", "vcard", "", "<vCard/>");
      await set("romeo", "private", "a/b {urn:x}", { old: true });
      await set("romeo", "private", "a/b {urn:x}", ["new"]);
      await set("romeo", "privates", "other", 1);
      expect(await kept("romeo", "vcard")).toEqual([["", "<vCard/>"]]);
      expect(await kept("romeo", "private")).toEqual([["a/b {urn:x}", ["new"]]]);
    });

    it("is listed in the order of the keys, a part at a time", async () => {
      for (const key of ["b", "a", "b/1", "b/2", "c"]) await set("romeo", "private", key, key);
      await set("romeo", "privates", "b/3", 0);
      const listed = async (range: Partial<ProjectionRange>) =>
        (await new AccountSource(store).values(host, "romeo", "private", { limit: 9, ...range })).map(({ key, value }) => `${key}=${String(value)}`);
      expect(await listed({})).toEqual(["a=a", "b=b", "b/1=b/1", "b/2=b/2", "c=c"]);
      expect(await listed({ prefix: "b", reverse: true, limit: 2 })).toEqual(["b/2=b/2", "b/1=b/1"]);
      expect(await listed({ after: "b", before: "c" })).toEqual(["b/1=b/1", "b/2=b/2"]);
    });

    it("goes with null, and all of it with the account, whose neighbours keep theirs", async () => {
      await set("romeo", "private", "a", 1);
      await set("romeo", "private", "b", false);
      await set("romeo2", "private", "a", 2);
      await set("romeo", "private", "a", null);
      expect(await kept("romeo", "private")).toEqual([["b", false]]);
      await record("romeo", "AccountDeleted", {});
      expect(await kept("romeo", "private")).toEqual([]);
      expect(await kept("romeo2", "private")).toEqual([["a", 2]]);
    });
  });

  describe("archived messages", () => {
    const keys = ["0kz6m9w3a-0000", "0kz6m9w3a-0001", "0kz6m9w3b-0000", "0kz6m9w3c-0000", "0kz6m9w3c-0001"] as const;
    const idOf = (key: string) => `${key}-${"x".repeat(22)}`;
    const archived = (username: string, index: number, contact: string) =>
      record(username, "MessageArchived", { id: idOf(keys[index]!), with: contact, bytes: 10 }, { contents: [{ key: archiveContentKey(keys[index]!), text: text(index) }] });
    const found = async (username: string, contact?: string, range: Partial<ProjectionRange> = {}) =>
      (await new AccountSource(store).archived(host, username, contact, { limit: 99, ...range })).map(({ key, number }) => [keys.indexOf(key as never), number]);
    const texts = (username: string) => new AccountSource(store).archivedTexts(host, username, keys);

    beforeEach(async () => {
      for (const [index, contact] of ["juliet@capulet.lit/balcony", "juliet@capulet.lit", "capulet.lit", "juliet@capulet.lit/balcony/left", "juliet@capulet.lit/balcony"].entries()) {
        await archived("romeo", index, contact);
      }
      await archived("romeo2", 1, "juliet@capulet.lit");
    });

    it("are numbered without gaps: all of them, those with a contact, and those with a resource", async () => {
      expect(await found("romeo")).toEqual([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]);
      expect(await found("romeo", "juliet@capulet.lit")).toEqual([[0, 1], [1, 2], [3, 3], [4, 4]]);
      expect(await found("romeo", "juliet@capulet.lit/balcony")).toEqual([[0, 1], [4, 2]]);
      expect(await found("romeo", "juliet@capulet.lit/balcony/left")).toEqual([[3, 1]]);
      expect(await found("romeo", "capulet.lit")).toEqual([[2, 1]]);
      expect(await found("romeo", "juliet@capulet")).toEqual([]);
      expect(await found("romeo2")).toEqual([[1, 1]]);
    });

    it("are found between two keys, from either end, and by their keys with who they are with", async () => {
      expect(await found("romeo", undefined, { after: keys[0], before: keys[3] })).toEqual([[1, 2], [2, 3]]);
      expect(await found("romeo", "juliet@capulet.lit", { reverse: true, before: keys[4], limit: 2 })).toEqual([[3, 3], [1, 2]]);
      const [known, none] = await new AccountSource(store).archivedAt(host, "romeo", [keys[3], "0kz6m9w3d-0000"]);
      expect([known, none]).toEqual([{ key: keys[3], id: idOf(keys[3]), number: 4, bytes: 10, with: "juliet@capulet.lit/balcony/left", fact: 4 }, undefined]);
    });

    it("go from the oldest on, with their texts, and are counted on from there", async () => {
      expect(await new AccountSource(store).archiveTrimmed(host, "romeo")).toBeUndefined();
      await record("romeo", "ArchiveTrimmed", { through: keys[2] });
      expect([await new AccountSource(store).archiveTrimmed(host, "romeo"), await new AccountSource(store).archiveTrimmed(host, "romeo2")]).toEqual([6, undefined]);
      expect(await found("romeo")).toEqual([[3, 4], [4, 5]]);
      expect(await found("romeo", "juliet@capulet.lit")).toEqual([[3, 3], [4, 4]]);
      expect(await found("romeo", "juliet@capulet.lit/balcony")).toEqual([[4, 2]]);
      expect(await found("romeo", "capulet.lit")).toEqual([]);
      expect(await texts("romeo")).toEqual([undefined, undefined, undefined, text(3), text(4)]);
      expect([await found("romeo2"), await texts("romeo2")]).toEqual([[[1, 1]], [undefined, text(1), undefined, undefined, undefined]]);
      await record("romeo", "ArchiveTrimmed", { through: "zzzzzzzzz-zzzz" });
      expect([await found("romeo"), await found("romeo", "juliet@capulet.lit")]).toEqual([[], []]);
    });

    it("go in any number", async () => {
      const many = Array.from({ length: 1_300 }, (_, index) => `0kz6m9w3d-${index.toString(36).padStart(4, "0")}`);
      const stream = accountStream(host, "romeo");
      const common = { v: 1, at: 1_000, step: "s", cause: null };
      await store.append(stream, "any", many.map((key) => ({ ...common, type: "MessageArchived", data: { host, username: "romeo", id: idOf(key), with: "a@b/c", bytes: 1 } })));
      await record("romeo", "ArchiveTrimmed", { through: many[1_200]! });
      expect((await found("romeo")).map(([, number]) => number)).toEqual(Array.from({ length: 99 }, (_, index) => 1_207 + index));
      expect(await found("romeo", "a@b/c", { limit: 1 })).toEqual([[-1, 1_202]]);
    });

    it("go all with the account", async () => {
      await record("romeo", "AccountDeleted", {});
      expect([await found("romeo"), await found("romeo", "juliet@capulet.lit/balcony"), await texts("romeo")]).toEqual([[], [], keys.map(() => undefined)]);
      expect(await found("romeo2")).toEqual([[1, 1]]);
    });
  });

  describe("what an account is in memory", () => {
    it("is loaded as its facts left it, and is empty when it is made anew", async () => {
      await record("romeo", "AccountCreated", {});
      await record("romeo", "RosterItemSet", { item: newRosterItem("juliet@capulet.lit"), version: 1 });
      await record("romeo", "ContactsBlocked", { jids: ["tybalt@capulet.lit"] });
      await record("romeo", "SubscriptionRequested", { from: "nurse@capulet.lit", stanza: "<presence/>" });
      const loaded = await loadAccount(store, host, "romeo");
      expect([...(loaded?.contacts.keys() ?? [])]).toEqual(["juliet@capulet.lit"]);
      expect([...(loaded?.blocked.keys() ?? [])]).toEqual(["tybalt@capulet.lit"]);
      expect([...(loaded?.requests ?? [])]).toEqual([["nurse@capulet.lit", "<presence/>"]]);
      expect([loaded?.meta("rosterVersion"), loaded?.meta("createdAt")]).toEqual([1, 1_000]);
      await record("romeo", "AccountDeleted", {});
      expect(await loadAccount(store, host, "romeo")).toBeUndefined();
      await record("romeo", "AccountCreated", {});
      const anew = await loadAccount(store, host, "romeo");
      expect([anew?.contacts.size, anew?.blocked.size, anew?.requests.size, anew?.meta("rosterVersion")]).toEqual([0, 0, 0, undefined]);
    });
  });
});
