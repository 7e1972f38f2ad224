/** `refrain status`: what the server says of itself, what of that is wrong, and how it is shown. */
import { afterEach, describe, expect, it } from "vitest";
import { statusText } from "../../src/cli/status.ts";
import { problemsOf, type ServerStatus } from "../../src/domain/server-status.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { FailingStore, hastyClock } from "../server/failing-store.ts";
import { until } from "../presence/support.ts";
import { connectSecure, login, saslPlain, streamHeader } from "../support/login.ts";

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function failLogin(server: TestServer): Promise<void> {
  const raw = await connectSecure(server, "plaintext");
  raw.send(streamHeader(server.domain));
  await raw.expect("</stream:features>");
  raw.send(saslPlain("nobody"));
  await raw.expect("</failure>");
  raw.destroy();
}

const well: ServerStatus = {
  version: "1.2.3", pid: 7, at: 100 * 86_400_000, startedAt: 98 * 86_400_000, unready: null,
  listeners: [{ name: "c2s", address: "127.0.0.1", port: 5222 }],
  certificates: [{ host: "localhost", until: 200 * 86_400_000, selfSigned: true, namesHost: true }],
  now: { sessions: { connected: 2, hibernating: 1 }, rooms: 1, occupants: 2, queued: 5, queuedMost: 4, uncommittedBytes: 0, components: 0, componentsAway: [] },
  commits: { count: 1_000, lastMs: 1.5, meanMs: 2 }, storeOpenings: 1,
  log: { file: "/data/refrain.db", fileBytes: 4_096, walBytes: 0, freeBytes: 10_000_000_000 },
  loginsFailed: { "not-authorized": 3 }, streamErrors: {}, memoryBytes: 1_048_576, busy: 0.1,
  refusals: [{ limit: "depthMax", what: "a stanza that is nested too deeply", count: 2, lastAt: 100 * 86_400_000 - 61_000 }],
};

describe("The status of a running server", () => {
  it("has sessions, rooms, queues, commits, listeners and certificates, and finds nothing wrong", async () => {
    const server = await startServer({ allowPlaintext: true });
    servers.push(server);
    await server.addUser("romeo", "secret");
    const romeo = await login(server, { user: "romeo", over: "plaintext" });
    await failLogin(server);
    romeo.send("<message");
    romeo.raw.send("<a".repeat(2));
    const status = await server.server.admin.status();
    expect(status).toMatchObject({
      unready: null, storeOpenings: 1, log: null, loginsFailed: { "not-authorized": 1 },
      certificates: [{ host: "localhost", selfSigned: true, namesHost: true }], pid: process.pid,
    });
    expect(Object.values(status.now?.sessions ?? {}).reduce((sum, count) => sum + count, 0)).toBe((await server.sessions()).length);
    expect(status.listeners.map(({ name, port }) => [name, port])).toEqual([["c2s", server.port], ["c2sTls", server.tlsPort]]);
    expect(status.commits.count).toBeGreaterThan(0);
    expect(status.commits.lastMs).toBeGreaterThanOrEqual(0);
    expect(problemsOf(status)).toEqual([]);
    romeo.raw.destroy();
  });

  it("is told while the store is being opened again, with why; failed logins are counted once, over all epochs", async () => {
    const store = new FailingStore();
    const server = await startServer({ allowPlaintext: true, parts: { openStore: store.openStore, clock: hastyClock() } });
    servers.push(server);
    await failLogin(server);
    store.locked = new Error("the disk is gone");
    store.reportFatal();
    await until(() => server.server.observation === undefined);
    const failing = await server.server.admin.status();
    expect(failing.now).toBeNull();
    expect(problemsOf(failing)[0]).toMatchObject({ level: "failing", text: expect.stringContaining("the store is being opened again") as string });
    store.locked = undefined;
    await until(() => server.server.observation !== undefined);
    await failLogin(server);
    const after = await server.server.admin.status();
    expect(after).toMatchObject({ storeOpenings: 2, loginsFailed: { "not-authorized": 2 } });
    expect(server.server.observation?.totals().loginFailures).toEqual({ "not-authorized": 2 });
    expect(problemsOf(after)).toMatchObject([{ level: "warning", text: expect.stringContaining("has failed since the start") as string }]);
  });
});

describe("The components of a running server", () => {
  it("are counted, and those that are not connected named; the first look at how busy it is tells no more than is so", async () => {
    const server = await startServer({ allowPlaintext: true, components: [{ domain: "echo.localhost", secret: "0123456789abcdef" }] });
    servers.push(server);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const status = await server.server.admin.status();
    expect(status.now).toMatchObject({ components: 0, componentsAway: ["echo.localhost"] });
    expect(status.busy).toBeLessThan(1);
    expect((await server.server.admin.status()).busy).toBeLessThan(1);
  });
});

describe("What is wrong with a server", () => {
  it.each([
    ["a certificate that has ended", { certificates: [{ ...well.certificates[0]!, until: well.at }] }, "failing", "certificate of localhost ended"],
    ["one that ends soon", { certificates: [{ ...well.certificates[0]!, until: well.at + 86_400_000 }] }, "warning", "ends at"],
    ["one for another host", { certificates: [{ ...well.certificates[0]!, namesHost: false }] }, "warning", "does not name it"],
    ["a full disk", { log: { ...well.log!, freeBytes: 1 } }, "failing", "is full"],
    ["facts that wait for the disk", { now: { ...well.now!, uncommittedBytes: 10_000_000 } }, "failing", "wait for the disk"],
    ["a component that is not connected", { now: { ...well.now!, componentsAway: ["echo.localhost"] } }, "warning", "component echo.localhost is not connected"],
    ["a slow commit", { commits: { ...well.commits, lastMs: 5_000 } }, "warning", "took 5000 ms"],
    ["a store that has failed", { storeOpenings: 3 }, "warning", "2 more time(s)"],
  ] as const)("is %s", (_, change, level, text) => {
    expect(problemsOf({ ...well, ...change })).toEqual([{ level, text: expect.stringContaining(text) as string }]);
  });

  it("is told with what fails first", () => {
    expect(problemsOf({ ...well, storeOpenings: 2, unready: "the server is stopping" }).map(({ level }) => level)).toEqual(["failing", "warning"]);
  });
});

describe("refrain status", () => {
  it("is one screen, and what fails stands first", () => {
    const lines = statusText({ ...well, unready: "the store is being opened again" }).split("\n");
    expect(lines.slice(0, 2)).toEqual(["FAILING", "  failing: clients are sent away: the store is being opened again"]);
    expect(lines).toEqual(expect.arrayContaining([
      "server         refrain 1.2.3, pid 7, up 2 d 0 h", "listeners      c2s 127.0.0.1:5222", "sessions       3: connected 2, hibernating 1",
      "last refusals  2 by depthMax, the last 1 min 1 s ago: a stanza that is nested too deeply", "failed logins  3: not-authorized 3",
    ]));
    expect(lines.length).toBeLessThan(24);
    expect(statusText(well).split("\n")[0]).toBe("running");
    expect(statusText(well)).not.toContain("components");
    expect(statusText({ ...well, now: { ...well.now!, components: 1, componentsAway: ["echo.localhost"] } })).toContain("components     1 of 2; not connected: echo.localhost");
  });
});
