/** A failed commit ends the store's epoch, not the process: everybody is told, memory is dropped, the store is opened again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino, type Logger } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { AdminError } from "../../src/admin/errors.ts";
import { commitMs } from "../../src/domain/limits.ts";
import { StoreLockedError, StoreOpenError } from "../../src/log/errors.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { reopenSqliteStore } from "../../src/log/sqlite/reopen.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { rosterSet } from "../roster/asking.ts";
import { expectLogin, expectStreamError, lastStream } from "../streams/support.ts";
import { rosterOf } from "../support/contacts.ts";
import { authenticate, connectSecure, login, streamHeader, type BoundClient } from "../support/login.ts";
import type { RawClient } from "../support/raw-client.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { FailingStore, hastyClock } from "./failing-store.ts";

const servers: TestServer[] = [];
const clients: RawClient[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

interface Line {
  readonly level: number;
  readonly event?: string;
  readonly msg: string;
}

function keeping(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  return { lines, logger: pino({ level: "debug" }, { write: (text: string) => void lines.push(JSON.parse(text) as Line) }) };
}

async function serverOn(store: Pick<FailingStore, "openStore">, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startServer({ ...options, parts: { ...options.parts, openStore: store.openStore } });
  servers.push(server);
  await Promise.all(["romeo", "juliet", "benvolio"].map((user) => server.addUser(user, "secret")));
  return server;
}

async function client(server: TestServer, user: string): Promise<BoundClient> {
  const client = await login(server, { user });
  clients.push(client.raw);
  return client;
}

/** A stream on a link that was made by now, up to what the server answers to its header. */
async function answerTo(server: TestServer, header = streamHeader(server.domain)): Promise<RawClient> {
  const raw = await connectSecure(server);
  clients.push(raw);
  raw.send(header);
  return raw;
}

/** The store fails by a write of romeo, who loses his stream. */
async function failBy(store: FailingStore, romeo: BoundClient, contact = "nurse@example.com"): Promise<void> {
  store.fails = true;
  romeo.send(rosterSet(`<item jid='${contact}'/>`));
  await romeo.raw.closed();
}

const management = "urn:xmpp:sm:3";

/** Stream management, resumable (XEP-0198 section 3). Returns the id. */
async function enable(bound: BoundClient): Promise<string> {
  bound.send(`<enable xmlns='${management}' resume='true'/>`);
  const enabled = await bound.next();
  expect(enabled).toMatchObject({ name: "enabled", attrs: { resume: "true" } });
  return enabled.attrs["id"]!;
}

/** The next epoch has begun. */
const again = async (server: TestServer): Promise<void> => {
  await expect.poll(() => server.sessions().then(() => true, () => false), { timeout: 5_000 }).toBe(true);
};

describe("A commit that fails", () => {
  it("ends every session with internal-server-error, and nothing that was not durable has left", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const [romeo, juliet] = [await client(server, "romeo"), await client(server, "juliet")];
    const early = await connectSecure(server);
    await expect.poll(async () => (await server.sessions()).length).toBe(3);
    const before = [romeo, juliet].map(({ raw }) => raw.received.length);
    await failBy(store, romeo);
    for (const [index, { raw }] of [romeo, juliet].entries()) {
      await raw.closed();
      expect(raw.received.slice(before[index])).toMatch(
        /^<stream:error[^>]*><internal-server-error [^>]*\/>(<text [^>]*>[^<]*<\/text>)?<\/stream:error><\/stream:stream>$/,
      );
    }
    await expectStreamError(early, "internal-server-error");
  });

  it("is followed by an epoch that has what was acknowledged, and nothing else; sessions and operators go on", async () => {
    const store = new FailingStore();
    const { lines, logger } = keeping();
    const server = await serverOn(store, { logger });
    const romeo = await client(server, "romeo");
    await romeo.ask(rosterSet("<item jid='nurse@example.com' name='Nurse'/>"));
    await failBy(store, romeo, "tybalt@example.com");
    await again(server);
    const back = await client(server, "romeo");
    expect((await rosterOf(back)).items).toEqual([{ jid: "nurse@example.com", name: "Nurse", subscription: "none", groups: [] }]);
    await back.ask(rosterSet("<item jid='tybalt@example.com'/>"));
    expect((await rosterOf(back)).items).toHaveLength(2);
    expect(await server.addUser("mercutio", "secret")).toBe("mercutio@localhost");
    expect(await server.server.admin.userList()).toHaveLength(4);
    expect((await server.sessions()).map(({ full_jid }) => full_jid)).toEqual([back.jid]);
    expect(server.session(back.jid)?.username).toBe("romeo");
    expect(lines.filter(({ level }) => level >= 50).map(({ event, msg }) => [event, msg])).toEqual([
      ["store.failed", expect.stringMatching(/^the store failed: .*the disk is on fire.*; see to its disk$/)],
    ]);
    expect(lines.find(({ event }) => event === "store.reopened")).toMatchObject({ level: 30, attempts: 1 });
    expect([store.opened, store.closed]).toEqual([2, 1]);
  });

  it("is survived more than once, and each time more is waited between", async () => {
    const store = new FailingStore();
    const { lines, logger } = keeping();
    const server = await serverOn(store, { logger });
    for (let times = 0; times < 2; times++) {
      await failBy(store, await client(server, "romeo"));
      await again(server);
    }
    await expectLogin(server);
    const down = lines.flatMap((line) => (line.event === "store.reopened" ? [(line as Line & { readonly downMs: number }).downMs] : []));
    expect(down).toHaveLength(2);
    expect(down[0]).toBeGreaterThanOrEqual(100);
    expect(down[1]).toBeGreaterThanOrEqual(200);
    expect([store.opened, store.closed]).toEqual([3, 2]);
  });

  it("needs no session to be noticed: a store that is lost by itself ends them as well", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const [romeo, juliet] = [await client(server, "romeo"), await client(server, "juliet")];
    await enable(juliet);
    store.reportFatal();
    for (const { raw } of [romeo, juliet]) await expectStreamError(raw, "internal-server-error");
    await again(server);
    await expectLogin(server);
  });

  it("is what one counts as that takes too long, and what follows late changes nothing", async () => {
    const store = new FailingStore();
    const { lines, logger } = keeping();
    const server = await serverOn(store, {
      logger, session: { negotiationTimeoutMs: 20_000 }, parts: { clock: hastyClock(commitMs - 1_000, 200) },
    });
    const romeo = await client(server, "romeo");
    store.hangs = true;
    romeo.send(rosterSet("<item jid='nurse@example.com'/>"));
    await expectStreamError(romeo.raw, "internal-server-error");
    expect(romeo.raw.received).not.toContain("nurse@example.com");
    store.hangs = false;
    await again(server);
    expect((await rosterOf(await client(server, "romeo"))).items).toEqual([]);
    expect(lines.find(({ event }) => event === "store.failed")?.msg).toContain("a commit took longer than 30 s");
  });
});

describe("XEP-0198 section 5: a session that can be resumed, when the store fails", () => {
  it("loses its stream with internal-server-error, and goes on in the next epoch with what is on the disk", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const [romeo, juliet] = [await client(server, "romeo"), await client(server, "juliet")];
    const id = await enable(juliet);
    await juliet.ask("<presence/>");
    romeo.send(`<message to='${juliet.jid}' type='chat'><body>kept</body></message>`);
    expect(await juliet.next()).toMatchObject({ name: "message" });
    // Sent in the epoch that fails, and by the write that fails: it has never been.
    store.fails = true;
    const before = juliet.raw.received.length;
    romeo.send(`<message to='${juliet.jid}' type='chat'><body>never</body></message>`);
    await juliet.raw.closed();
    expect(juliet.raw.received.slice(before)).toMatch(/^(<r [^>]*>)?<stream:error[^>]*><internal-server-error /);
    expect(juliet.raw.received).not.toContain("never");
    await again(server);
    const raw = await authenticate(server, { user: "juliet" });
    clients.push(raw);
    raw.send(`<resume xmlns='${management}' previd='${id}' h='0'/>`);
    await raw.expect(/<resumed [^>]*>/);
    await raw.expect("<body>kept</body>");
    expect(raw.received).not.toContain("never");
    expect((await server.sessions()).map(({ full_jid }) => full_jid)).toEqual([juliet.jid]);
  });

  it("is told of by what those who saw it see: nothing, while it can be resumed", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const juliet = await client(server, "juliet");
    await enable(juliet);
    await juliet.ask("<presence/>");
    await failBy(store, await client(server, "romeo"));
    await again(server);
    const other = await login(server, { user: "juliet", resource: "other" });
    clients.push(other.raw);
    const seen = await other.ask("<presence/>");
    expect(seen.filter(({ attrs }) => attrs["from"] === juliet.jid).map(({ attrs }) => attrs["type"])).toEqual([undefined]);
  });
});

describe("RFC 6120 section 4.9.3.17 resource-constraint", () => {
  it("is what a stream gets while the store cannot be opened, after a header (section 4.9.1.2)", async () => {
    const store = new FailingStore();
    const server = await serverOn(store, { domains: ["localhost", "capulet.example"] });
    const romeo = await client(server, "romeo");
    store.locked = new Error("no disk here");
    await failBy(store, romeo);
    const header = streamHeader("capulet.example", "from='juliet@capulet.example' version='1.0'");
    const turnedAway = await answerTo(server, header);
    await expectStreamError(turnedAway, "resource-constraint", "capulet.example");
    expect(lastStream(turnedAway).reader.header).toMatchObject({ to: "juliet@capulet.example", version: "1.0" });
    // RFC 6120 section 4.9.1.3: of no host of ours, or of none; section 4.7.5: without a version.
    await expectStreamError(await answerTo(server, streamHeader("elsewhere.example")), "resource-constraint");
    const bare = await answerTo(server, streamHeader("localhost", ""));
    await expectStreamError(bare, "resource-constraint");
    expect(lastStream(bare).reader.header).not.toHaveProperty("version");
    await expectStreamError(await answerTo(server, "<stream:stream><<"), "not-well-formed");
    store.locked = undefined;
    await again(server);
    await expectLogin(server);
  });

  it("is not for those who have said nothing before the store is open again", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const romeo = await client(server, "romeo");
    store.locked = new Error("no disk here");
    await failBy(store, romeo);
    const silent = await answerTo(server, streamHeader("localhost").slice(0, 40));
    const gone = await connectSecure(server);
    gone.destroy();
    store.locked = undefined;
    await again(server);
    silent.send(streamHeader("localhost").slice(40));
    await silent.expect("</stream:features>");
    await expect.poll(async () => (await server.sessions()).length).toBe(1);
  });

  it("is also what somebody gets who says nothing for too long", async () => {
    const store = new FailingStore();
    const server = await serverOn(store, { session: { negotiationTimeoutMs: 300 } });
    const romeo = await client(server, "romeo");
    store.locked = new Error("no disk here");
    await failBy(store, romeo);
    await expectStreamError(await answerTo(server, ""), "resource-constraint");
  });
});

describe("Opening the store again", () => {
  it("is tried until it succeeds, with each reason in the log, also while its own thread still holds the file", async () => {
    const store = new FailingStore();
    let release = (): void => {};
    const openStore: typeof store.openStore = async (onFatal) =>
      wrapStore(await store.openStore(onFatal), { close: () => new Promise((resolve) => (release = resolve)) });
    const { lines, logger } = keeping();
    const server = await serverOn({ openStore }, { logger });
    const romeo = await client(server, "romeo");
    store.locked = new StoreLockedError("refrain.db");
    await failBy(store, romeo);
    const told = () => lines.filter(({ event }) => event === "store.closed").map(({ msg }) => msg);
    await expect.poll(() => told().length).toBe(2);
    release();
    await expect.poll(() => told().length).toBe(3);
    store.locked = undefined;
    await again(server);
    expect(told()[0]).toMatch(/^refrain\.db: .* has not ended, and still holds it; look at the disk; the next attempt is in 0\.2 s$/);
    expect(told()[1]).toMatch(/ still holds it; .* the next attempt is in 0\.4 s$/);
    expect(told()[2]).toMatch(/^refrain\.db: another refrain process has it open; .* the next attempt is in 0\.8 s$/);
    await expectLogin(server);
    const stopping = server.stop();
    const releasing = setInterval(() => release(), 10);
    await stopping;
    clearInterval(releasing);
  });

  it("is tried again also when the store fails over what is recovered from it", async () => {
    const store = new FailingStore();
    const { lines, logger } = keeping();
    const server = await serverOn(store, { logger });
    const romeo = await client(server, "romeo");
    store.locked = new Error("no disk here");
    await failBy(store, romeo);
    store.fails = true;
    store.locked = undefined;
    await again(server);
    const told = lines.flatMap(({ event, msg }) => (event === "store.closed" ? [msg] : []));
    expect(told.at(-1)).toMatch(/^the disk is on fire; the next attempt is in /);
    expect(store.fails).toBe(false);
    expect([store.opened, store.closed]).toEqual([3, 2]);
    await expectLogin(server);
  });

  it.each(["newer", "foreign", "damaged"] as const)("is given up for a file that is %s: the server is at its end, as before", async (code) => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const romeo = await client(server, "romeo");
    store.locked = new StoreOpenError(code, "refrain.db", "refrain.db: no");
    await failBy(store, romeo);
    expect(await server.server.failed).toBe(store.locked);
    const { attempts } = store;
    await expect(server.addUser("mercutio", "secret")).rejects.toThrow(/^the store: it failed, and the server ends/);
    const late = await connectSecure(server).catch(() => undefined);
    await late?.closed();
    await server.stop();
    expect(store.attempts).toBe(attempts);
  });

  it("is not tried for a store that was handed in", async () => {
    const inner = createMemoryStore(projections);
    let fails = false;
    const store = wrapStore(inner, { appendMany: (batch) => (fails ? Promise.reject(new Error("the disk is on fire")) : inner.appendMany(batch)) });
    const server = await startServer({ parts: { store } });
    servers.push(server);
    await server.addUser("romeo", "secret");
    const romeo = await client(server, "romeo");
    fails = true;
    romeo.send("<presence/>");
    await expectStreamError(romeo.raw, "internal-server-error");
    expect((await server.server.failed).message).toBe("the disk is on fire");
  });

  it("never makes a new database in the place of one that is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "refrain-epochs-"));
    folders.push(folder);
    const file = join(folder, "refrain.db");
    await expect(reopenSqliteStore({ file, durability: "process", onFatal: () => {} })).rejects.toThrow(`${file}: expected the database that was open before`);
    await (await openSqliteStore({ file, durability: "process", onFatal: () => {} })).close();
    await (await reopenSqliteStore({ file, durability: "process", onFatal: () => {} })).close();
  });
});

describe("A real disk that is full", () => {
  it("ends the epoch; with room again, what was acknowledged is there and what was not is not", async () => {
    const folder = mkdtempSync(join(tmpdir(), "refrain-epochs-"));
    folders.push(folder);
    let fileBytesMax = 262_144;
    const open = (onFatal: (error: Error) => void): Promise<Store> =>
      openSqliteStore({ file: join(folder, "refrain.db"), durability: "process", onFatal, fileBytesMax });
    const server = await serverOn({ openStore: open });
    const romeo = await client(server, "romeo");
    let acknowledged = 0;
    fileBytesMax = 100 * 262_144;
    const filler = "x".repeat(4_000);
    try {
      for (; acknowledged < 200; acknowledged++) {
        romeo.send(`<iq type='set' id='n${acknowledged}'><query xmlns='jabber:iq:private'><n${acknowledged} xmlns='urn:n${acknowledged}'>${filler}</n${acknowledged}></query></iq>`);
        await romeo.caughtUp();
      }
    } catch {
      // The stream is over.
    }
    expect(acknowledged).toBeGreaterThan(5);
    expect(acknowledged).toBeLessThan(200);
    await expectStreamError(romeo.raw, "internal-server-error");
    await again(server);
    const back = await client(server, "romeo");
    const has = async (n: number): Promise<boolean> => {
      back.send(`<iq type='get' id='g${n}'><query xmlns='jabber:iq:private'><n${n} xmlns='urn:n${n}'/></query></iq>`);
      const answer = await back.next();
      return JSON.stringify(answer).includes(filler);
    };
    for (let n = 0; n < acknowledged; n++) expect(await has(n)).toBe(true);
    expect(await has(acknowledged)).toBe(false);
  });
});

describe("An operator's request", () => {
  it("is refused with a reason between two epochs, and done again afterwards", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    const romeo = await client(server, "romeo");
    store.locked = new Error("no disk here");
    await failBy(store, romeo);
    const { admin } = server.server;
    const refused = await admin.userList().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AdminError);
    expect(refused).toMatchObject({ code: "store-failed", message: expect.stringMatching(/is being opened again; try again in a moment/) });
    await expect(admin.sessions()).rejects.toMatchObject({ code: "store-failed" });
    expect(server.session(romeo.jid)).toBeUndefined();
    store.locked = undefined;
    await again(server);
    expect(await admin.userList()).toHaveLength(3);
  });

  it("ends with the epoch in which it was made, whether its own write fails or hangs", async () => {
    const store = new FailingStore();
    const server = await serverOn(store);
    store.hangs = true;
    const hanging = server.addUser("mercutio", "secret").catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 50));
    store.reportFatal();
    expect(await hanging).toMatchObject({ code: "store-failed", message: expect.stringContaining("may or may not have happened") });
    store.hangs = false;
    await again(server);
    expect(await server.addUser("mercutio", "secret")).toBe("mercutio@localhost");
    store.fails = true;
    await expect(server.addUser("tybalt", "secret")).rejects.toMatchObject({ code: "store-failed" });
    store.reportFatal();
    await again(server);
    expect(await server.addUser("tybalt", "secret")).toBe("tybalt@localhost");
  });
});

describe("Starting on a store that fails", () => {
  it("rejects with what the opening says", async () => {
    const store = new FailingStore();
    store.locked = new StoreLockedError("refrain.db");
    await expect(startServer({ parts: { openStore: store.openStore } })).rejects.toBe(store.locked);
    expect(store.attempts).toBe(1);
  });

  it("rejects with what the first write says, and closes it", async () => {
    const store = new FailingStore();
    store.fails = true;
    await expect(startServer({ parts: { openStore: store.openStore } })).rejects.toThrow("the disk is on fire");
    expect([store.opened, store.closed]).toEqual([1, 1]);
  });
});

describe("Starting on a store that fails over what is recovered from it", () => {
  it("rejects, with the store closed and no timer armed", async () => {
    const first = new FailingStore();
    await client(await serverOn(first), "romeo");
    const [second, clock] = [new FailingStore(first.inner), hastyClock()];
    second.fails = true;
    await expect(startServer({ parts: { openStore: second.openStore, clock } })).rejects.toThrow("the disk is on fire");
    expect([second.opened, second.closed, clock.armed.size]).toEqual([1, 1, 0]);
  });
});

describe("Stopping", () => {
  it("while the store cannot be opened ends the attempts, and leaves no timer and no listener", async () => {
    const store = new FailingStore();
    const clock = hastyClock();
    const server = await serverOn(store, { parts: { clock } });
    const romeo = await client(server, "romeo");
    store.locked = new Error("no disk here");
    await failBy(store, romeo);
    const waiting = await answerTo(server, "");
    await expect.poll(() => store.attempts).toBeGreaterThan(2);
    const begun = Date.now();
    await server.stop();
    expect(Date.now() - begun).toBeLessThan(4_500);
    await waiting.closed();
    const { attempts } = store;
    store.locked = undefined;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(store.attempts).toBe(attempts);
    expect([store.opened, store.closed]).toEqual([1, 1]);
    expect(clock.armed.size).toBe(0);
    await expect(connectSecure(server)).rejects.toThrow();
  });

  it("while the store is being opened waits for that, and closes it again", async () => {
    const store = new FailingStore();
    let goOn: (() => void) | undefined;
    const openStore: typeof store.openStore = async (onFatal) => {
      if (store.attempts > 0) await new Promise<void>((resolve) => (goOn = resolve));
      return store.openStore(onFatal);
    };
    const server = await serverOn({ openStore });
    await failBy(store, await client(server, "romeo"));
    await expect.poll(() => goOn).toBeDefined();
    const stopping = server.stop();
    goOn!();
    await stopping;
    expect([store.opened, store.closed]).toEqual([2, 2]);
  });

  it("does not wait for ever for a store that failed and cannot be closed", async () => {
    const store = new FailingStore();
    const { lines, logger } = keeping();
    const openStore: typeof store.openStore = async (onFatal) => wrapStore(await store.openStore(onFatal), { close: () => new Promise(() => {}) });
    const server = await serverOn({ openStore }, { logger, parts: { clock: hastyClock(4_500, 100) } });
    store.locked = new StoreLockedError("refrain.db");
    await failBy(store, await client(server, "romeo"));
    await server.stop();
    expect(lines.find(({ event }) => event === "store.held")?.msg).toContain("look at its disk");
  });

  it("after all that leaves nothing behind: each store is closed, no timer is armed", async () => {
    const store = new FailingStore();
    const clock = hastyClock();
    const server = await serverOn(store, { parts: { clock } });
    for (let times = 0; times < 2; times++) {
      await failBy(store, await client(server, "romeo"));
      await again(server);
    }
    for (const raw of clients) raw.destroy();
    await server.stop();
    expect([store.opened, store.closed]).toEqual([3, 3]);
    expect(clock.armed.size).toBe(0);
  });
});
