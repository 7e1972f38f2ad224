import { describe, expect, it } from "vitest";
import { Account } from "../../src/domain/account.ts";
import { subscribedAccountsLookMs, subscribedAccountsMax } from "../../src/domain/limits.ts";
import { itemKey, nodeSpaces, type SetState } from "../../src/pubsub/rows.ts";
import { SubscribedAccounts } from "../../src/pubsub/subscribed-accounts.ts";
import type { Step } from "../../src/step/batch.ts";

const setState: SetState = (_, account, space, key, value) => {
  account.apply({ type: "AccountStateSet", data: { host: account.host, username: account.username, space, key, value } }, 0);
};
const stepAt = (at: number) => ({ at }) as Step;

/** A user, and as many others with an open node as it can have subscribed to, all of them in memory. */
function crowd() {
  const user = new Account("localhost", "user");
  const owners = Array.from({ length: subscribedAccountsMax }, (_, number) => new Account("localhost", `owner${number}`));
  const accounts = new Map([user, ...owners].map((account) => [account.bare, account]));
  let loads = 0;
  const subscribed = new SubscribedAccounts({
    account: (_, bare) => accounts.get(bare),
    load: async ({ bare }) => {
      loads += 1;
      return accounts.get(bare);
    },
    run: (_, work) => work(stepAt(0)),
    setState,
  });
  const set = (owner: Account, value: "subscribed" | null, jid = user.bare) => setState(stepAt(0), owner, nodeSpaces.subscriptions, itemKey("n", jid), value);
  for (const owner of owners) {
    set(owner, "subscribed");
    subscribed.begun(stepAt(0), user, owner.bare);
  }
  return { user, owners, accounts, subscribed, set, loads: () => loads };
}

describe("The accounts that a user has subscribed to", () => {
  it("are so many at most, one's own and those that are among them aside", () => {
    const { user, owners, subscribed } = crowd();
    expect([subscribed.hasRoom(user, "another@localhost"), subscribed.hasRoom(user, owners[7]!.bare), subscribed.hasRoom(user, user.bare)]).toEqual([false, true, true]);
  });

  it("make room with the end of the last subscription there", () => {
    const { user, owners, subscribed, set } = crowd();
    const [owner] = owners as [Account];
    set(owner, "subscribed", `${user.bare}/r`);
    set(owner, null);
    subscribed.ended(stepAt(0), owner, user.bare);
    expect(subscribed.hasRoom(user, "another@localhost")).toBe(false);
    set(owner, null, `${user.bare}/r`);
    subscribed.ended(stepAt(0), owner, user.bare);
    expect(subscribed.hasRoom(user, "another@localhost")).toBe(true);
  });

  it("are looked at, now and then, for what has ended while the user was not there", async () => {
    const { user, owners, accounts, subscribed, set, loads } = crowd();
    set(owners[3]!, null);
    accounts.delete(owners[5]!.bare);
    expect(subscribed.isUntidy(stepAt(1), user)).toBe(true);
    await subscribed.tidy(stepAt(1), user);
    expect([user.states(nodeSpaces.subscribed).size, loads()]).toEqual([subscribedAccountsMax - 2, subscribedAccountsMax]);
    expect([owners[3]!, owners[4]!, owners[5]!].map(({ bare }) => user.states(nodeSpaces.subscribed).has(bare))).toEqual([false, true, false]);
    expect(subscribed.isUntidy(stepAt(subscribedAccountsLookMs), user)).toBe(false);
    expect(subscribed.isUntidy(stepAt(subscribedAccountsLookMs + 1), user)).toBe(true);
  });
});
