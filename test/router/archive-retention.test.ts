/** How long archives keep what they have: round by round, and all the way through a server. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Account } from "../../src/domain/account.ts";
import { accountFactVersions, accountStream } from "../../src/domain/facts.ts";
import { archiveRoundMs, archivesLookedAtMax, archiveTrimMax, retentionBusyMs, retentionFirstMs, retentionRestMin } from "../../src/domain/limits.ts";
import { archiveContentKey, nextArchiveKey } from "../../src/domain/archive-keys.ts";
import { liveIds } from "../../src/live.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Clock, Fact, Json, Store } from "../../src/ports.ts";
import { createArchive } from "../../src/router/archive-pages.ts";
import { ArchiveRetention } from "../../src/router/archive-retention.ts";
import { AccountCache } from "../../src/session/account-cache.ts";
import { Batch } from "../../src/step/batch.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { login } from "../support/login.ts";
import { ask } from "../xep/xep-0313-setting.ts";

const host = "montague.lit";
const day = 86_400_000;
const begin = 1_700_000_000_000;

/** Goes on when it is told to, and then runs what is due in its order. */
class Hand implements Clock {
  time = begin;
  #timers: { readonly deadline: number; readonly task: () => void }[] = [];

  now(): number {
    return this.time;
  }

  at(deadline: number, task: () => void) {
    const timer = { deadline, task };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  get next(): number | undefined {
    return this.#timers.toSorted((a, b) => a.deadline - b.deadline)[0]?.deadline;
  }

  run(): void {
    const [first] = this.#timers.toSorted((a, b) => a.deadline - b.deadline);
    this.#timers = this.#timers.filter((other) => other !== first);
    this.time = Math.max(this.time, first!.deadline);
    first!.task();
  }
}

describe("XEP-0313 section 3.2: archives that are kept in bounds", () => {
  let store: Store;
  let clock: Hand;
  let batch: Batch;
  let accounts: AccountCache;
  let retention: ArchiveRetention<Account> | undefined;
  let busy: boolean;
  let loaded: string[];
  const told: { readonly fields: object; readonly level: string }[] = [];

  beforeEach(() => {
    store = createMemoryStore(projections);
    clock = new Hand();
    batch = new Batch({ store, clock: { ...clock, now: () => clock.time, at: () => ({ cancel: () => {} }), soon: setImmediate }, ids: liveIds, onFailed: (error) => { throw error; }, onPressure: () => {} });
    accounts = new AccountCache((host, username) => loadAccount(store, host, username), () => false);
    [busy, loaded] = [false, []];
    told.length = 0;
  });
  afterEach(async () => {
    retention?.stop();
    await batch.settle();
    await store.close();
  });

  function start(days: number, messages: number): void {
    const source = new AccountSource(store);
    const say = (level: string) => (fields: object) => void told.push({ fields, level });
    const stored = new Accounts(store, clock, liveIds);
    retention = new ArchiveRetention({
      clock, source, days, messages,
      log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
      archive: createArchive({ accounts, batch, ids: liveIds, source, archiveKey: new Uint8Array(16) }),
      owners: (after, limit) => stored.list(undefined, { limit, ...(after !== undefined && { after }) }),
      load: (host, username) => {
        loaded.push(username);
        return accounts.load(host, username);
      },
      busy: () => busy,
    });
    retention.start();
  }

  /** An account with messages so many days old, in order. */
  async function archived(username: string, ...ages: readonly number[]): Promise<void> {
    let last: string | undefined;
    const fact = (type: keyof typeof accountFactVersions, data: object): Fact => ({
      type, v: accountFactVersions[type], at: clock.time, step: "s", cause: null, data: { host, username, ...data } as Json,
    });
    const facts = ages.map((age) => {
      last = nextArchiveKey(last, clock.time - age * day);
      const data = { id: `${last}-${liveIds.next()}`, with: "juliet@capulet.lit", bytes: 1 };
      return { ...fact("MessageArchived", data), contents: [{ key: archiveContentKey(last), text: "x" }] };
    });
    await store.append(accountStream(host, username), "any", [fact("AccountCreated", {}), ...facts]);
  }

  const left = async (username: string) => (await store.contents(accountStream(host, username), "", 9_999)).length;

  async function turns(count: number): Promise<number[]> {
    const waited: number[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      await expect.poll(() => clock.next, { interval: 1 }).toBeDefined();
      const from = clock.time;
      clock.run();
      waited.push(clock.time - from);
    }
    await expect.poll(() => clock.next, { interval: 1 }).toBeDefined();
    return waited;
  }

  it("lose what is too old or too much, within a minute of the start, and nobody else is even loaded", async () => {
    await archived("romeo", 40, 31, 29, 1);
    await archived("juliet", 5, 4, 3, 2, 1, 0);
    await archived("tybalt", 3, 2);
    await archived("nurse");
    start(30, 5);
    expect(clock.next! - clock.time).toBe(retentionFirstMs);
    await turns(4);
    expect(await Promise.all(["romeo", "juliet", "tybalt", "nurse"].map(left))).toEqual([2, 5, 2, 0]);
    expect(loaded.toSorted()).toEqual(["juliet", "romeo"]);
    expect(told).toEqual([{ level: "info", fields: { event: "archive.trimmed", messages: 3 } }]);
    // And an hour later what has become too old since.
    expect(clock.next! - clock.time).toBe(archiveRoundMs);
    clock.time += 29 * day;
    await turns(4);
    expect(await Promise.all(["romeo", "juliet", "tybalt"].map(left))).toEqual([0, 1, 0]);
  });

  it("lose so many in one commit, and rest between two", async () => {
    await archived("romeo", ...Array.from({ length: 2 * archiveTrimMax + 10 }, () => 2));
    start(1, 0);
    const sizes: number[] = [];
    const waited = [];
    for (let turn = 0; turn < 4; turn += 1) {
      waited.push(...(await turns(1)));
      await batch.recorded();
      sizes.push(await left("romeo"));
    }
    expect(sizes).toEqual([archiveTrimMax + 10, 10, 0, 0]);
    expect(waited.slice(1).every((ms) => ms >= retentionRestMin)).toBe(true);
  });

  it("are looked at some at a time, each once", async () => {
    const users = Array.from({ length: archivesLookedAtMax + 5 }, (_, index) => `user${String(index).padStart(3, "0")}`);
    for (const user of users) await archived(user, 2);
    start(0, 1);
    expect(await turns(3)).toEqual([retentionFirstMs, retentionRestMin, retentionRestMin]);
    expect(clock.next! - clock.time).toBe(archiveRoundMs);
    expect(loaded).toEqual([]);
  });

  it("wait while the store has too much to do", async () => {
    await archived("romeo", 2);
    start(1, 0);
    busy = true;
    expect(await turns(2)).toEqual([retentionFirstMs, retentionBusyMs]);
    expect(await left("romeo")).toBe(1);
    busy = false;
    await turns(1);
    await expect.poll(() => left("romeo")).toBe(0);
  });

  it("are left alone for ever where there is no bound, and after a stop", async () => {
    await archived("romeo", 9_999);
    start(0, 0);
    expect(clock.next).toBeUndefined();
    start(1, 0);
    retention!.stop();
    expect(clock.next).toBeUndefined();
  });

  it("are tried again an hour after a failure, of which operators are told", async () => {
    await archived("romeo", 2);
    const query = store.query.bind(store);
    store.query = () => Promise.reject(new Error("broken"));
    start(1, 0);
    await turns(1);
    expect(told).toMatchObject([{ level: "warn", fields: { event: "archive.trimmed" } }]);
    store.query = query;
    expect(await turns(1)).toEqual([archiveRoundMs]);
    await expect.poll(() => left("romeo")).toBe(0);
  });
});

describe("archive.days and archive.messages, in a server", () => {
  it("bound what its users find in their archives", async () => {
    const clock = new HandClock();
    const server = await startServer({ allowPlaintext: true, archive: { days: 1, messages: 3 }, session: { silenceMs: day }, parts: { clock } });
    await server.addUser("juliet", "secret");
    const client = await login(server, { user: "juliet", over: "plaintext" });
    const write = async (body: string) => client.ask(`<message to='${client.bare}' type='chat'><body>${body}</body></message>`);
    for (const body of ["a", "b", "c", "d", "e"]) await write(body);
    const bodies = async () => (await ask(client)).messages.map(({ body }) => body);
    expect(await bodies()).toEqual(["a", "b", "c", "d", "e"]);
    clock.forward(retentionFirstMs);
    await expect.poll(bodies).toEqual(["c", "d", "e"]);
    clock.forward(day - 2 * archiveRoundMs);
    await write("f");
    for (let hours = 0; hours < 3; hours += 1) {
      clock.forward(archiveRoundMs);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await expect.poll(bodies).toEqual(["f"]);
    await server.stop();
  });
});
