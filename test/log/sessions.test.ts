import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { sessionStream } from "../../src/domain/facts.ts";
import { sessionFactVersions, type SessionFacts, type SessionFactType } from "../../src/domain/session-facts.ts";
import { forgetSessions, type ForgottenSession } from "../../src/domain/sessions-forgotten.ts";
import { SessionSource } from "../../src/log/session-source.ts";
import type { Fact, Json, Store } from "../../src/ports.ts";
import { engines, removeTempFolders } from "./engines.ts";

const host = "montague.lit";
const ownProjections = new URL("../../dist/src/log/projections/index.js", import.meta.url);

afterAll(removeTempFolders);

describe.each(engines.filter(({ missing }) => missing === undefined))("sessions in $name", ({ open }) => {
  let store: Store;
  let source: SessionSource;
  let now: number;
  beforeEach(async () => {
    store = await open(ownProjections);
    source = new SessionSource(store);
    now = 1_000;
  });
  afterEach(() => store.close());

  async function record<Type extends SessionFactType>(id: string, type: Type, data: SessionFacts[Type], extras: Pick<Fact, "contents"> = {}, of = host): Promise<number> {
    const fact: Fact = { type, v: sessionFactVersions[type], at: (now += 1), step: "s", cause: null, data: data as unknown as Json, ...extras };
    return (await store.append(sessionStream(of, id), "any", [fact])).version;
  }

  const snapshot = (id: string, username = "romeo", resource: string | null = null, of = host) =>
    record(id, "SessionSnapshotTaken", {
      machine: "session", version: 2, value: "authenticated", context: { host: of, username, resource }, counts: null, lang: null,
    }, {}, of);
  const told = (id: string, event: Json, state = "connected") => record(id, "SessionTold", { event, state });
  const bound = (id: string, resource: string) => told(id, { type: "resource.bound", at: 1, resource });
  const row = async (id: string) => (await store.query("sessions", { key: `session/${host}/${id}` }))[0]?.value;
  const live = async () => (await source.live("", 99)).map(({ id, snapshot }) => [id, snapshot]);
  const keys = async () => (await store.query("sessions", { prefix: "", limit: 99 })).map(({ key }) => key);
  const forget = (...sessions: ForgottenSession[]) =>
    store.append("server", "any", [{ at: 1, step: "s", cause: null, ...forgetSessions(sessions) } as unknown as Fact]);

  it("are known from their first snapshot on, with the resource that they bind", async () => {
    await snapshot("a");
    expect(await row("a")).toEqual({
      host, id: "a", username: "romeo", resource: null, startedAt: 1_001, endedAt: null, reason: null, received: null,
    });
    await bound("a", "orchard");
    expect(await row("a")).toMatchObject({ resource: "orchard", startedAt: 1_001 });
    await snapshot("a", "romeo", "garden");
    expect(await row("a")).toMatchObject({ resource: "garden", startedAt: 1_001, endedAt: null });
    expect(await live()).toEqual([["a", 3]]);
  });

  it("live until they have ended, page by page", async () => {
    for (const id of ["c", "a", "b", "d"]) await snapshot(id);
    await record("b", "SessionEnded", { reason: "closed", received: 7 });
    expect(await live()).toEqual([["a", 1], ["c", 1], ["d", 1]]);
    expect((await source.live("", 2)).map(({ id }) => id)).toEqual(["a", "c"]);
    expect((await source.live(`${host}/c`, 2)).map(({ id }) => id)).toEqual(["d"]);
    expect((await source.live(`${host}/d`, 2)).map(({ id }) => id)).toEqual([]);
    await snapshot("b");
    expect(await live()).toEqual([["a", 1], ["c", 1], ["d", 1]]);
  });

  it("end once, with the reason and the count that are known", async () => {
    await snapshot("a");
    expect(await source.ended(host, "a")).toBeUndefined();
    await told("a", { type: "stream.ended", at: 1 }, "closed");
    expect(await row("a")).toMatchObject({ endedAt: 1_002, reason: null, received: null });
    await record("a", "SessionEnded", { reason: "the client closed", received: 12 });
    expect(await row("a")).toMatchObject({ endedAt: 1_002, reason: "the client closed", received: 12 });
    expect(await source.ended(host, "a")).toEqual({ username: "romeo", received: 12 });
    expect(await source.endedUntil(1_002, 9)).toEqual([{ host, id: "a", username: "romeo", endedAt: 1_002 }]);
    expect(await source.endedUntil(1_001, 9)).toEqual([]);
    expect(await source.ended(host, "none")).toBeUndefined();
    expect(await source.ended("capulet.lit", "a")).toBeUndefined();
  });

  it("are found by their user, whichever host has which names", async () => {
    await snapshot("a");
    await snapshot("b", "romeo2");
    await snapshot("c", "romeo", null, "capulet.lit");
    await snapshot("d");
    await record("d", "SessionEnded", { reason: "", received: null });
    expect(await source.ofUser(host, "romeo")).toEqual([
      { host, id: "a", username: "romeo", endedAt: null },
      { host, id: "d", username: "romeo", endedAt: 1_005 },
    ]);
    expect((await source.ofUser("capulet.lit", "romeo")).map(({ id }) => id)).toEqual(["c"]);
    expect(await source.ofUser(host, "rom")).toEqual([]);
    const many = Array.from({ length: 300 }, (_, index) => `x${1_000 + index}`);
    await Promise.all(many.map((id) => snapshot(id, "mercutio")));
    expect((await source.ofUser(host, "mercutio")).map(({ id }) => id)).toEqual(many);
  });

  it("are read from a snapshot on, however much follows", async () => {
    await snapshot("a");
    await bound("a", "orchard");
    const version = await snapshot("a", "romeo", "orchard");
    for (let index = 0; index < 600; index += 1) {
      await record("a", "StanzasCounted", { received: index }, { contents: [{ key: `queue/${String(index).padStart(16, "0")}`, text: `<m${index}/>` }] });
    }
    const { snapshot: first, later, contents } = await source.read(host, "a", version);
    expect([first.type, first.version]).toEqual(["SessionSnapshotTaken", 3]);
    expect(later.map(({ data }) => (data as { received: number }).received)).toEqual(Array.from({ length: 600 }, (_, index) => index));
    expect(contents.map(({ text }) => text)).toEqual(Array.from({ length: 600 }, (_, index) => `<m${index}/>`));
    await expect(source.read(host, "a", 2)).rejects.toThrow("session/montague.lit/a: expected a snapshot at version 2, found SessionTold");
    await expect(source.read(host, "none", 1)).rejects.toThrow("found nothing");
  });

  it("leave nothing when they are forgotten, and take no other with them", async () => {
    for (const id of ["a", "b", "c"]) await snapshot(id);
    for (const id of ["a", "b"]) await record(id, "SessionEnded", { reason: "", received: null });
    const [first, second] = await source.endedUntil(9_999, 9);
    await forget(first!);
    // Whoever asks for it to be forgotten may not have heard that it has ended.
    await forget({ ...second!, endedAt: null }, { host, id: "c", username: "romeo", endedAt: null });
    expect(await keys()).toEqual([]);
    expect((await store.readAll(0, 99)).map(({ type }) => type)).toEqual(["SessionsForgotten"]);
  });

  it("that end after they were forgotten can be forgotten once more", async () => {
    await snapshot("a");
    await forget({ host, id: "a", username: "romeo", endedAt: null });
    await told("a", { type: "link.lost", at: 1 });
    expect(await keys()).toEqual([]);
    await told("a", { type: "stream.ended", at: 1 }, "closed");
    await record("a", "SessionEnded", { reason: "", received: null });
    const rest = await source.endedUntil(9_999, 9);
    expect(rest).toEqual([{ host, id: "a", username: "", endedAt: 1_003 }, { host, id: "a", username: "", endedAt: 1_004 }]);
    expect(await source.ended(host, "a")).toBeUndefined();
    await forget(...rest);
    expect(await keys()).toEqual([]);
    expect(await store.read(sessionStream(host, "a"), 0, 9)).toEqual([]);
  });
});
