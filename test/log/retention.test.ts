import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { serverStream, sessionStream } from "../../src/domain/facts.ts";
import { retentionFactsMax } from "../../src/domain/limits.ts";
import { sessionFactVersions, type SessionFactType } from "../../src/domain/session-facts.ts";
import { Retention } from "../../src/log/retention.ts";
import { SessionSource } from "../../src/log/session-source.ts";
import type { Clock, Fact, Json, Store } from "../../src/ports.ts";
import { engines, removeTempFolders } from "./engines.ts";

const ownProjections = new URL("../../dist/src/log/projections/index.js", import.meta.url);
const [minute, hour] = [60_000, 3_600_000];
const day = 24 * hour;

afterAll(removeTempFolders);

/** Goes on when it is told to. */
class HandClock implements Clock {
  time = 1_000_000_000_000;
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

  get waiting(): number {
    return this.#timers.length;
  }

  /** Lets the next timer come, if it is due within so long. */
  next(ms: number): boolean {
    const [first] = this.#timers.toSorted((a, b) => a.deadline - b.deadline);
    if (first === undefined || first.deadline > this.time + ms) return false;
    this.#timers = this.#timers.filter((other) => other !== first);
    this.time = Math.max(this.time, first.deadline);
    first.task();
    return true;
  }
}

describe.each(engines.filter(({ missing }) => missing === undefined))("History that is kept for a while, in $name", ({ open }) => {
  let store: Store;
  let clock: HandClock;
  let commits: Fact[];
  let busy: boolean;
  let retention: Retention;
  let ids: number;

  beforeEach(async () => {
    store = await open(ownProjections);
    clock = new HandClock();
    [commits, busy, ids] = [[], false, 0];
    retention = start();
  });
  afterEach(async () => {
    retention.stop();
    await store.close();
  });

  function start(compactMs = hour, keepMs = 7 * day): Retention {
    const append: Store["append"] = (stream, version, facts) => {
      commits.push(...facts);
      return store.append(stream, version, facts);
    };
    const noted = new Proxy(store, {
      get: (target, name) => (name === "append" ? append : (Reflect.get(target, name) as () => unknown).bind(target)),
    });
    const log = { debug: () => {}, info: () => {}, warn: (fields: object) => expect(fields).toEqual({}), error: () => {} };
    const made = new Retention({ store: noted, clock, ids: { next: () => `s${(ids += 1)}` }, log, compactMs, keepMs, busy: () => busy });
    made.start();
    return made;
  }

  /** Lets so much time pass, and all work of it be done. */
  async function pass(ms: number): Promise<void> {
    const until = clock.time + ms;
    for (;;) {
      for (let calm = 0; calm < 3 && clock.waiting === 0; ) {
        await store.stats();
        await new Promise((resolve) => setImmediate(resolve));
        calm += clock.waiting === 0 ? 0 : 1;
      }
      if (!clock.next(until - clock.time)) break;
    }
    clock.time = until;
  }

  const fact = (type: SessionFactType, data: object): Fact => ({
    type, v: sessionFactVersions[type], at: clock.time, step: "s", cause: null, data: data as Json,
  });
  const snapshot = fact.bind(null, "SessionSnapshotTaken");
  const state = { machine: "session", version: 2, value: "x", context: { host: "h", username: "u", resource: "r" }, counts: null, lang: null };
  const told = (number: number) => fact("SessionTold", { event: { type: "link.lost", at: number }, state: "connected" });
  const counted = (number: number): readonly Fact[] => [
    { ...fact("StanzaQueued", { number, kind: "message", type: "chat", id: null, from: null, copy: false, why: null }) },
    fact("StanzasCounted", { received: number }),
    fact("StanzasAcknowledged", { acknowledged: number }),
  ];
  const ended = (received: number) => fact("SessionEnded", { reason: "bye", received });
  const stanzas = (count: number) => Array.from({ length: count }, (_, index) => counted(index + 1)).flat();

  const lived = (count: number, end = true): readonly Fact[] => [
    snapshot(state), told(1), ...stanzas(count), snapshot(state), told(2), snapshot(state), told(3), ...(end ? [ended(count)] : []),
  ];
  const record = (id: string, facts: readonly Fact[]) => store.append(sessionStream("h", id), "any", facts);
  const types = async (id: string) => (await store.read(sessionStream("h", id), 0, 9_999)).map(({ type }) => type.replace(/^(Session|Stanza)/, ""));
  const compacted = ["SnapshotTaken", "Told", "Told", "SnapshotTaken", "Told", "Ended"];
  const forgotten = () => commits.flatMap(({ forgets = [] }) => forgets.flatMap(({ versions = [] }) => versions.length));

  it("is compacted an hour after its end: what was told and the first and the last snapshot stay, and who lives is left alone", async () => {
    await record("gone", lived(5));
    await record("here", lived(5, false));
    const [gone, here] = [await types("gone"), await types("here")];
    await pass(59 * minute);
    expect([await types("gone"), commits.length]).toEqual([gone, 0]);
    await pass(2 * minute);
    expect(await types("gone")).toEqual(compacted);
    expect(await types("here")).toEqual(here);
    expect(commits.length).toBe(1);
    await pass(hour);
    expect(commits.length).toBe(1);
    expect(await new SessionSource(store).ended("h", "gone")).toEqual({ username: "u", received: 5 });
  });

  it("goes on after a restart where it was, and leaves one fact for all that it did", async () => {
    for (let round = 1; round <= 3; round += 1) {
      await record(`gone${round}`, lived(3));
      await pass(2 * hour);
      retention.stop();
      retention = start();
    }
    expect(commits.length).toBe(3);
    for (let round = 1; round <= 3; round += 1) expect(await types(`gone${round}`)).toEqual(compacted);
    expect((await store.read(serverStream, 0, 99)).map(({ type }) => type)).toEqual(["SessionsCompacted"]);
  });

  it("takes a long session in portions, also over restarts, and nothing while the store has too much to do", async () => {
    await record("long", lived(700));
    await record("short", lived(2));
    busy = true;
    await pass(3 * hour);
    expect(commits).toEqual([]);
    busy = false;
    await pass(6_000);
    expect(Math.max(...forgotten())).toBeLessThanOrEqual(retentionFactsMax);
    retention.stop();
    retention = start();
    await pass(5 * minute);
    expect([await types("long"), await types("short")]).toEqual([compacted, compacted]);
    expect(Math.max(...forgotten())).toBeLessThanOrEqual(retentionFactsMax);
    expect(commits.length).toBeGreaterThan(4);
  });

  it("is forgotten some time later, with its name, and the last fact names nobody", async () => {
    retention.stop();
    retention = start(hour, 3 * hour);
    for (let index = 0; index < 230; index += 1) await record(`gone${index}`, lived(1));
    await pass(hour + 50 * minute);
    await record("later", lived(1));
    await pass(hour + 12 * minute);
    expect(await types("gone7")).toEqual([]);
    expect(await store.query("sessions", { prefix: "session/", limit: 9 })).toHaveLength(1);
    expect(await types("later")).toEqual(compacted);
    const left = await store.readAll(0, 99);
    expect(left.filter(({ stream }) => stream === serverStream).map(({ type, data }) => [type, JSON.stringify(data).includes("gone")]).toSorted()).toEqual([
      ["SessionsForgotten", false], ["SessionsCompacted", false],
    ].toSorted());
    const before = commits.length;
    await pass(10 * minute);
    expect(commits.length).toBe(before);
  });

  it("forgets a long one in portions too, and all of them at once where nothing is kept", async () => {
    retention.stop();
    retention = start(hour, 0);
    await record("long", [snapshot(state), ...Array.from({ length: 1_400 }, (_, index) => told(index)), ended(0)]);
    await record("here", lived(1, false));
    await pass(3 * minute);
    expect(await types("long")).toEqual([]);
    expect((await types("here")).length).toBeGreaterThan(0);
    expect(Math.max(...forgotten())).toBeLessThanOrEqual(retentionFactsMax);
    expect((await store.stats()).facts.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(14);
  });
});
