import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminApi } from "../../src/admin/api.ts";
import { connectAdmin } from "../../src/admin/connect.ts";
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { serveAdmin } from "../../src/admin/serve.ts";
import { contentsOf, everyFact, factsOf, type HistorySource, newestSessions, newestSessionsOf, sessionsById, sessionsOf } from "../../src/history/source.ts";
import { liveClock } from "../../src/live.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Json, Store } from "../../src/ports.ts";

const facts = 1_200;
const sessions = 250;

let store: Store;
let folder: string;
let close: () => Promise<void>;
/** Reached directly, and over the socket. */
const sources: [string, HistorySource][] = [];

const fact = (type: string, data: Json, number: number) => ({ type, v: 1, at: number, step: `step-${number}`, cause: null, data });

beforeAll(async () => {
  store = createMemoryStore(projections);
  const contents = Array.from({ length: 300 }, (_, number) => ({ key: `queue/${String(number).padStart(4, "0")}`, text: `text ${number}` }));
  await store.append("one", "any", Array.from({ length: facts }, (_, number) => fact("Noted", { number }, number)));
  await store.append("large", "any", Array.from({ length: 8 }, (_, number) => ({ ...fact("Noted", { number, text: "x".repeat(200_000) }, number), ...(number === 0 ? { contents } : {}) })));
  for (let number = 0; number < sessions; number++) {
    const context = { username: number % 2 === 0 ? "romeo" : "juliet", host: "localhost", resource: null };
    const data = { machine: "session", version: 2, value: "closed", context, counts: null, lang: null };
    const host = number % 5 === 0 ? "other.example" : "localhost";
    await store.append(`session/${host}/id-${String(number).padStart(4, "0")}`, 0, [{ ...fact("SessionSnapshotTaken", data, number), v: 2 }]);
  }
  const direct = createHistoryAdmin({ store, hosts: ["localhost", "other.example"] });
  folder = mkdtempSync(join(tmpdir(), "refrain-history-"));
  const server = await serveAdmin({ dataDir: folder, api: direct as AdminApi, log: pino({ level: "silent" }) });
  const client = (await connectAdmin(folder, liveClock))!;
  sources.push(["directly", direct], ["over the admin socket", client]);
  close = async () => {
    client.close();
    await server.close();
    await store.close();
  };
});
afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe.each([0, 1])("The log, page by page", (index) => {
  it("is whole, in order, and each page is bounded", async () => {
    const [, source] = sources[index]!;
    expect(await all(factsOf(source, "one"))).toEqual(await store.read("one", 0, facts));
    expect(await all(factsOf(source, "one", 1_190))).toHaveLength(10);
    expect((await source.streamFacts("one", 0)).length).toBeLessThanOrEqual(250);
    expect((await source.streamFacts("large", 0)).length).toBeLessThanOrEqual(3);
    expect((await source.streamFacts("large", 7)).length).toBe(1);
    const every = await all(everyFact(source));
    expect(every.map(({ position }) => position)).toEqual(Array.from({ length: facts + 8 + sessions }, (_, place) => place + 1));
    expect(await source.streamFacts("nobody", 0)).toEqual([]);
  });

  it("holds what streams keep beside it", async () => {
    const [, source] = sources[index]!;
    const kept = await contentsOf(source, "large");
    expect([kept.size, kept.get("queue/0299")]).toEqual([300, "text 299"]);
  });

  it("knows the sessions by the beginning of their ids and by their users, on every host", async () => {
    const [, source] = sources[index]!;
    const found = await sessionsById(source, "id-", 1_000);
    expect([found.length, new Set(found.map(({ host, id }) => `${host}/${id}`)).size]).toEqual([sessions, sessions]);
    expect((await sessionsById(source, "id-000", 1_000)).map(({ id }) => id).toSorted()).toEqual(Array.from({ length: 10 }, (_, number) => `id-000${number}`));
    expect(await sessionsById(source, "id-", 11)).toHaveLength(11);
    expect(await sessionsById(source, "xx", 11)).toEqual([]);
    const ofRomeo = await sessionsOf(source, "localhost", "romeo");
    expect(ofRomeo).toHaveLength(100);
    expect(ofRomeo.map(({ startedAt }) => startedAt)).toEqual(ofRomeo.map(({ startedAt }) => startedAt).toSorted((a, b) => a - b));
  });

  it("knows the newest sessions of a user, the newest first, however many there are", async () => {
    const [, source] = sources[index]!;
    const newestFirst = (await sessionsOf(source, "localhost", "romeo")).toReversed();
    for (const max of [1, 7, 1_000]) expect(await newestSessionsOf(source, "localhost", "romeo", max)).toEqual(newestFirst.slice(0, max));
    expect(await newestSessionsOf(source, "localhost", "nobody", 10)).toEqual([]);
  });

  it("knows the newest sessions of all", async () => {
    const [, source] = sources[index]!;
    expect((await newestSessions(source, 9)).map(({ id }) => id)).toEqual(Array.from({ length: 9 }, (_, back) => `id-0${249 - back}`));
  });
});

describe("The newest sessions", () => {
  it("are known of users whose names begin so", async () => {
    const [, direct] = sources[0]!;
    expect(await direct.newestSessionsOfNames!("localhost", "rom", 7)).toEqual(await newestSessionsOf(direct, "localhost", "romeo", 7));
    expect(await direct.newestSessionsOfNames!("localhost", "", 1_000)).toHaveLength(200);
    expect(await direct.newestSessionsOfNames!("localhost", "romeos", 7)).toEqual([]);
  });

  it.each([0, 1, 5, 99, 100, 101, 1_000])("are those that live and those that ended last, also where many end at once (%i ended)", async (ended) => {
    const store = createMemoryStore(projections);
    const source = createHistoryAdmin({ store, hosts: ["localhost"] });
    const begin = async (id: string, at: number, host = "localhost") => {
      const context = { username: "romeo", host, resource: null };
      const data = { machine: "session", version: 2, value: "authenticated", context, counts: null, lang: null };
      await store.append(`session/${host}/${id}`, 0, [{ ...fact("SessionSnapshotTaken", data, at), v: 2 }]);
    };
    const end = (id: string, at: number) => store.append(`session/localhost/${id}`, "any", [fact("SessionEnded", { reason: "closed", received: null }, at)]);
    try {
      await begin("elsewhere", 5_000_000, "other.example");
      await begin("living-old", 1);
      for (let number = 0; number < ended; number++) {
        // In the order in which they began, by threes at the same time.
        await begin(`ended-${(number * 7_919) % 10_007}`, 1_000 + number);
        await end(`ended-${(number * 7_919) % 10_007}`, 1_700_000_000_000 + Math.floor(number / 3));
      }
      await begin("living-new", 9_000);
      const found = await newestSessions(source, 100);
      const expected = ["living-new", ...Array.from({ length: ended }, (_, back) => `ended-${((ended - 1 - back) * 7_919) % 10_007}`), "living-old"].slice(0, 100);
      const ids = found.map(({ id }) => id);
      // Of those that ended at the same time any may come in the last place.
      expect(ids.slice(0, 97)).toEqual(expected.slice(0, 97));
      expect(ids).toHaveLength(expected.length);
      expect(new Set(ids).size).toBe(ids.length);
      expect(await newestSessions(source, 1)).toMatchObject([{ id: "living-new" }]);
    } finally {
      await store.close();
    }
  });
});
