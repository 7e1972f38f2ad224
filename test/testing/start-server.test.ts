/** The server inside a test process, as suites of others use it. */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/index.ts";
import { connectSecure, login, streamHeader } from "../support/login.ts";
import { connectRaw } from "../support/raw-client.ts";

/** Whether something listens there. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false)).once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });

describe("Several servers in one process", () => {
  it("have ports, accounts and sessions of their own", async () => {
    const servers = await Promise.all([startServer(), startServer(), startServer({ domains: ["capulet.example", "montague.example"] })]);
    const ports = servers.flatMap(({ port, tlsPort }) => [port, tlsPort]);
    expect(new Set(ports).size).toBe(6);
    expect(ports.every((port) => port > 0)).toBe(true);

    const [verona, mantua, houses] = servers;
    await verona!.addUser("romeo", "secret");
    await mantua!.addUser("romeo", "other");
    expect(await houses!.addUser("juliet", "secret")).toBe("juliet@capulet.example");
    expect(await houses!.addUser("romeo@montague.example", "secret")).toBe("romeo@montague.example");
    const clients = await Promise.all([
      login(verona!, { user: "romeo" }),
      login(mantua!, { user: "romeo", password: "other" }),
      login(houses!, { user: "juliet" }),
      login({ ...houses!, domain: "montague.example" }, { user: "romeo" }),
    ]);
    expect(clients.map(({ jid }) => jid)).toEqual([
      "romeo@localhost/test", "romeo@localhost/test", "juliet@capulet.example/test", "romeo@montague.example/test",
    ]);
    // The same full JID on two servers: two sessions that know nothing of each other.
    const stranger = await connectSecure(mantua!);
    stranger.send(streamHeader("localhost"));
    await stranger.expect("</stream:features>");
    expect((await Promise.all(servers.map((server) => server.sessions()))).map((all) => all.length)).toEqual([1, 2, 2]);
    expect(houses!.session("romeo@localhost/test")).toBeUndefined();
    expect(houses!.session("romeo@montague.example/test")!.username).toBe("romeo");
    stranger.destroy();

    await mantua!.stop();
    expect(await clients[0]!.caughtUp()).toEqual([]);
    await Promise.all([verona!.stop(), houses!.stop()]);
    for (const { raw } of clients) raw.destroy();
  });
});

describe("stop", () => {
  it("ends each session with system-shutdown, frees both ports, and can be called again", async () => {
    const server = await startServer();
    await server.addUser("romeo", "secret");
    const bound = await login(server, { user: "romeo" });
    const strange = await connectRaw({ port: server.port });
    await bound.caughtUp();
    const stopping = server.stop();
    const answered = (async () => {
      await bound.raw.expect("<system-shutdown");
      await bound.raw.expect("</stream:stream>");
      bound.send("</stream:stream>");
      await strange.expect("<system-shutdown");
      strange.destroy();
      await bound.raw.closed();
      bound.raw.destroy();
    })();
    await Promise.all([stopping, answered]);
    await server.stop();
    expect(await Promise.all([listens(server.port), listens(server.tlsPort)])).toEqual([false, false]);
    expect(await server.sessions()).toEqual([]);
    await expect(server.store.readAll(0, 1)).rejects.toThrow();
  });

  it("waits for no client that does not answer longer than it must", async () => {
    const server = await startServer({ session: { closeTimeoutMs: 100 } });
    await server.addUser("romeo", "secret");
    const silent = await login(server, { user: "romeo" });
    silent.raw.socket.removeAllListeners("end");
    silent.raw.pauseReading();
    const begun = Date.now();
    await server.stop();
    expect(Date.now() - begun).toBeLessThan(3_000);
    silent.raw.destroy();
  });

  it("leaves nothing behind that keeps a process alive", async () => {
    const before = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Server/.test(name)).length;
    const server = await startServer();
    await server.addUser("romeo", "secret");
    const client = await login(server, { user: "romeo" });
    await client.close();
    await server.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Server/.test(name)).length).toBeLessThanOrEqual(before);
  });
});

describe("start", () => {
  it("is fast enough for one server a test", async () => {
    const begun = Date.now();
    for (let n = 0; n < 5; n++) await (await startServer()).stop();
    // Tens of milliseconds each on an idle machine; the bound leaves room for a busy one.
    expect(Date.now() - begun).toBeLessThan(5_000);
  });

  it("rejects what is no configuration, and names it", async () => {
    await expect(startServer({ session: { silenceMs: -1 } })).rejects.toThrow("session.silenceMs: expected 100–86400000 ms, got -1");
    await expect(startServer({ domains: [] })).rejects.toThrow(/^hosts: expected at least one .*, got \[\] \(option domains\)$/);
    await expect(startServer({ session: { silencMs: 1 } as object })).rejects.toThrow("session.silencMs: no such setting; did you mean session.silenceMs?");
  });

  it("rejects options that there are not, and says which there are", async () => {
    const list = "there are domains, allowPlaintext, session, limits, archive, push, clientState, upload, rooms, registration, contact, externalServices, components, admins, http, httpTls, origins, proxy, inspector, metrics, extensions, parts, logger";
    await expect(startServer({ prot: 1 } as object)).rejects.toThrow(`prot: no such option of startServer; ${list}`);
    const two = startServer({ allow_plaintxt: true, domains: "localhost" } as object);
    await expect(two).rejects.toThrow(`allow_plaintxt: no such option of startServer; did you mean allowPlaintext? ${list}\nhosts: expected`);
  });

  it("takes options: plaintext, conflicts, limits", async () => {
    const server = await startServer({ allowPlaintext: true, session: { conflict: "reject-new" } });
    await server.addUser("romeo", "secret");
    const first = await login(server, { user: "romeo", over: "plaintext" });
    const second = await login(server, { user: "romeo", resource: "other", over: "plaintext" });
    await expect(login(server, { user: "romeo", over: "plaintext" })).rejects.toThrow(/conflict/);
    await Promise.all([first.close(), second.close()]);
    await server.stop();
  });
});
