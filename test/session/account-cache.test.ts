import { describe, expect, it } from "vitest";
import { Account } from "../../src/domain/account.ts";
import { idleAccountsMax } from "../../src/domain/limits.ts";
import { AccountCache } from "../../src/session/account-cache.ts";

const accountOf = (username: string): Account => new Account("x", username);

/** A cache whose loads end when the test says so. */
function cache(inUse: (account: Account) => boolean = () => false) {
  const loads: { readonly username: string; readonly resolve: (account: Account | undefined) => void; readonly reject: (error: Error) => void }[] = [];
  const accounts = new AccountCache(
    (_, username) => new Promise((resolve, reject) => void loads.push({ username, resolve, reject })),
    inUse,
  );
  return { accounts, loads };
}

describe("The account cache", () => {
  it("lets all who ask at once share one load, and one copy", async () => {
    const { accounts, loads } = cache();
    const asked = [accounts.load("x", "romeo"), accounts.load("x", "romeo"), accounts.load("x", "juliet")];
    expect(loads.map(({ username }) => username)).toEqual(["romeo", "juliet"]);
    expect(accounts.get("romeo@x")).toBeUndefined();
    const romeo = accountOf("romeo");
    loads[0]!.resolve(romeo);
    loads[1]!.resolve(undefined);
    expect(await Promise.all(asked)).toEqual([romeo, romeo, undefined]);
    expect(await asked[1]).toBe(romeo);
    expect(accounts.get("romeo@x")).toBe(romeo);
    expect(await accounts.load("x", "romeo")).toBe(romeo);
    expect(loads).toHaveLength(2);
  });

  it("remembers neither an account that does not exist nor a load that failed", async () => {
    const { accounts, loads } = cache();
    const missing = accounts.load("x", "nobody");
    loads[0]!.resolve(undefined);
    expect(await missing).toBeUndefined();
    const failing = accounts.load("x", "nobody");
    loads[1]!.reject(new Error("disk"));
    await expect(failing).rejects.toThrow("disk");
    const third = accounts.load("x", "nobody");
    loads[2]!.resolve(accountOf("nobody"));
    expect(await third).toEqual(accountOf("nobody"));
  });

  it("keeps nothing of a load that was overtaken by the end of the account", async () => {
    const { accounts, loads } = cache();
    const early = accounts.load("x", "romeo");
    accounts.forget("romeo@x");
    loads[0]!.resolve(accountOf("romeo"));
    await early;
    expect(accounts.get("romeo@x")).toBeUndefined();
  });

  it("keeps what was loaded after that, whichever load ends first", async () => {
    const { accounts, loads } = cache();
    const early = accounts.load("x", "romeo");
    accounts.forget("romeo@x");
    const late = accounts.load("x", "romeo");
    expect(loads).toHaveLength(2);
    const [old, current] = [accountOf("romeo"), accountOf("romeo")];
    loads[1]!.resolve(current);
    await late;
    loads[0]!.resolve(old);
    await early;
    expect(accounts.get("romeo@x")).toBe(current);
  });

  it("forgets an account that is loaded", async () => {
    const { accounts, loads } = cache();
    const loading = accounts.load("x", "romeo");
    loads[0]!.resolve(accountOf("romeo"));
    await loading;
    accounts.forget("romeo@x");
    expect(accounts.get("romeo@x")).toBeUndefined();
  });

  const load = async (accounts: AccountCache, names: Iterable<string>): Promise<void> => {
    for (const name of names) await accounts.load("x", name);
  };
  const names = function* (count: number): Iterable<string> {
    for (let n = 0; n < count; n++) yield `u${n}`;
  };

  it("is bounded: the oldest accounts that nobody uses go, those in use stay", async () => {
    const used = new Set(["u0@x", "u1@x", "u5@x"]);
    const accounts = new AccountCache(async (_, username) => accountOf(username), ({ bare }) => used.has(bare));
    await load(accounts, names(idleAccountsMax));
    expect(accounts.get("u2@x")).toBeDefined();
    await load(accounts, ["v1", "v2", "v3", "v4"]);
    expect(["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"].filter((name) => accounts.get(`${name}@x`) !== undefined)).toEqual(["u0", "u1", "u5", "u7"]);
    expect(["v1", "v2", "v3", "v4"].every((name) => accounts.get(`${name}@x`) !== undefined)).toBe(true);
  });

  it("lets none in use go, even if that means to grow", async () => {
    const accounts = new AccountCache(async (_, username) => accountOf(username), () => true);
    await load(accounts, names(idleAccountsMax + 20));
    for (const name of names(idleAccountsMax + 20)) expect(accounts.get(`${name}@x`)).toBeDefined();
  });
});

describe("An account that is held", () => {
  const settledOf = (promise: Promise<unknown> | undefined): { settled: boolean } => {
    const state = { settled: false };
    void promise?.then(() => (state.settled = true));
    return state;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("is so until the reason for it is over, one way or the other, and other accounts are not", async () => {
    const { accounts } = cache();
    for (const end of ["resolve", "reject"] as const) {
      let reason!: Record<typeof end, (value?: Error) => void>;
      accounts.hold("romeo@x", new Promise<unknown>((resolve, reject) => (reason = { resolve, reject } as typeof reason)));
      expect(accounts.held("juliet@x")).toBeUndefined();
      const held = settledOf(accounts.held("romeo@x"));
      await turn();
      expect([held.settled, accounts.held("romeo@x") === undefined]).toEqual([false, false]);
      reason[end](new Error("the disk"));
      await turn();
      expect([held.settled, accounts.held("romeo@x")]).toEqual([true, undefined]);
    }
  });

  it("is so for as long as there is any reason, and whoever waited for the first finds the next", async () => {
    const { accounts } = cache();
    let first!: () => void;
    let second!: () => void;
    accounts.hold("romeo@x", new Promise<void>((resolve) => (first = resolve)));
    let found: Promise<void> | undefined;
    void accounts.held("romeo@x")!.then(() => (found = accounts.held("romeo@x")));
    accounts.hold("romeo@x", new Promise<void>((resolve) => (second = resolve)));
    first();
    await turn();
    expect(found).toBe(accounts.held("romeo@x"));
    expect(found).toBeDefined();
    second();
    await turn();
    expect(accounts.held("romeo@x")).toBeUndefined();
  });
});
