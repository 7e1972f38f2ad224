import { describe, expect, it } from "vitest";
import { Account } from "../../src/domain/account.ts";
import { accountFactVersions, accountStream, type AccountFact } from "../../src/domain/facts.ts";
import { idleAccountsMax } from "../../src/domain/limits.ts";
import { newRosterItem } from "../../src/domain/roster.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Fact, Store } from "../../src/ports.ts";
import { createCommunity } from "../../src/router/community.ts";
import { endContacts } from "../../src/router/departure.ts";
import { Services } from "../../src/service/services.ts";
import { AccountCache } from "../../src/session/account-cache.ts";
import { Registry } from "../../src/session/registry.ts";
import { Batch } from "../../src/step/batch.ts";

const host = "localhost";
const contacts = ["a", "b", "c"];

/** Romeo and his contacts see each other. */
async function storeOfFriends(): Promise<Store> {
  const store = createMemoryStore(projections);
  const write = (username: string, facts: readonly AccountFact[]) => {
    const whole = facts.map(({ type, data }): Fact => ({ type, data, v: accountFactVersions[type], at: 0, step: username, cause: null }));
    return store.append(accountStream(host, username), "any", whole);
  };
  const sees = (username: string, others: readonly string[]): readonly AccountFact[] => {
    const items = others.map((other) => ({ ...newRosterItem(`${other}@${host}`), subscription: "both" }) as const);
    return [
      { type: "AccountCreated", data: { host, username } },
      ...items.map((item, index) => ({ type: "RosterItemSet", data: { host, username, item, version: index + 1 } }) as const),
    ];
  };
  await write("romeo", sees("romeo", contacts));
  for (const contact of contacts) await write(contact, sees(contact, ["romeo"]));
  return store;
}

/** Ends what Romeo has, with a cache that is full and has these in it for the longest time. */
async function depart(oldest: readonly string[]): Promise<readonly (readonly string[])[]> {
  const store = await storeOfFriends();
  const isFiller = (username: string) => /^\d+$/.test(username);
  const accounts: AccountCache = new AccountCache(
    async (_, username) => (isFiller(username) ? new Account(host, username) : loadAccount(store, host, username)),
    ({ lastTicket }) => !batch.isDurable(lastTicket),
  );
  const batch = new Batch({ store, clock: liveClock, ids: liveIds, onFailed: () => {}, onPressure: () => {} });
  const house = (): never => {
    throw new Error("without extensions nobody asks for the house");
  };
  const { subscriptions } = createCommunity({ extensions: [], registry: new Registry(), accounts, services: new Services(() => {}), house });
  for (const username of oldest) await accounts.load(host, username);
  for (let index = oldest.length; index < idleAccountsMax; index++) await accounts.load(host, String(index));
  await endContacts({ hosts: [host], accounts, batch, subscriptions }, host, "romeo");
  const left = ["romeo", ...contacts].map(async (username) => {
    const account = await loadAccount(store, host, username);
    return [...(account?.contacts.values() ?? [])].filter(({ subscription }) => subscription !== "none").map(({ jid }) => jid);
  });
  return Promise.all(left);
}

describe("What an account has with others ends whatever is dropped from memory meanwhile", () => {
  it.each([
    ["the account itself", ["romeo"]],
    ["a contact", ["a", "b"]],
    ["the account, and then the contact for it", ["romeo", "c", "b"]],
    ["nothing of theirs", []],
  ])("%s", async (_, oldest) => {
    expect(await depart(oldest)).toEqual([[], [], [], []]);
  });
});
