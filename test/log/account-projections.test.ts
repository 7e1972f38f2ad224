import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accountFactVersions, accountStream, extrasOf, offlineKey, type AccountFact, type AccountFacts, type AccountFactType,
} from "../../src/domain/facts.ts";
import { newRosterItem } from "../../src/domain/roster.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { accountData, accountDataKey } from "../../src/log/projections/account-data.ts";
import type { Fact, Json, Store } from "../../src/ports.ts";
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
