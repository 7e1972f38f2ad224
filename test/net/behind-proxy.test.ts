/** A server behind a reverse proxy, as README shows it, and clients that try to look like what they are not. */
import { request as requestTls } from "node:https";
import { request } from "node:http";
import { pino } from "pino";
import { parse } from "smol-toml";
import { describe, expect, it, onTestFinished } from "vitest";
import { boshPath } from "../../src/bosh/sessions.ts";
import { checkConfig } from "../../src/config/check.ts";
import { configSchema } from "../../src/config/schema.ts";
import { hostMetaPath } from "../../src/discovery/host-meta.ts";
import { invitationPath } from "../../src/landing/address.ts";
import { xmppWebSocketPath } from "../../src/net/xmpp-web-socket.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { reverseProxy, type ReverseProxyOptions } from "../support/reverse-proxy.ts";
import { shownOfProxies as shown } from "../support/shown-of-proxies.ts";
import { boundFrames, open, openFrames } from "../support/web-socket-client.ts";

interface Behind {
  readonly server: TestServer;
  readonly port: number;
}

async function behind({ header = "x-forwarded-for", seen, ...options }: TestServerOptions & Partial<Omit<ReverseProxyOptions, "port">> = {}): Promise<Behind> {
  const server = await startServer({ http: true, proxy: { publicUrl: "https://xmpp.example.org", trustedProxies: ["127.0.0.1"], proxyHeader: header }, ...options });
  onTestFinished(() => server.stop());
  await server.addUser("romeo", "secret");
  return { server, port: await reverseProxy({ port: server.httpPort, header, ...(seen === undefined ? {} : { seen }) }) };
}

const romeo = { username: "romeo", password: "secret" };

function statusOf(port: number, path: string, { tls = true, method = "GET", headers = {} as Readonly<Record<string, string>> } = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", path, method, headers, agent: false };
    const asked = tls ? requestTls({ ...options, rejectUnauthorized: false }) : request(options);
    asked.on("response", (response) => resolve(response.resume().statusCode ?? 0)).on("error", reject).end();
  });
}

describe.each(["x-forwarded-for", "forwarded"] as const)("RFC 7239 section 8.1 a client behind a proxy that writes %s", (header) => {
  it("logs in by WebSocket, is known by its own address, and is offered no binding to TLS that ends elsewhere", async () => {
    const { server, port } = await behind({ header, seen: () => "203.0.113.9" });
    const frames = await boundFrames({ port, tls: true, ...romeo });
    const features = frames.received.find((text) => text.includes("<mechanisms")) ?? "";
    expect(features).toContain("<mechanism>SCRAM-SHA-256</mechanism>");
    expect(features).not.toMatch(/-PLUS|sasl-channel-binding/);
    const [session] = await server.sessions();
    expect(session?.conn).toMatchObject({ address: "203.0.113.9", transport: "websocket", secure: "proxy" });
  });

  it("does not choose its address, nor its scheme, by writing the same headers", async () => {
    const { server, port } = await behind({ header, seen: () => "203.0.113.9" });
    const headers = { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", forwarded: "for=127.0.0.1;proto=http", "x-real-ip": "127.0.0.1" };
    await boundFrames({ port, tls: true, headers, ...romeo });
    const [session] = await server.sessions();
    expect(session?.conn).toMatchObject({ address: "203.0.113.9", secure: "proxy" });
  });
});

describe("RFC 7239 section 8.1 a client that is behind no trusted proxy", () => {
  it.each([
    { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" },
    { forwarded: "for=203.0.113.9;proto=https" },
  ])("has no TLS because it says so, and nothing of what is this machine's alone: %j", async (headers) => {
    const server = await startServer({ http: true, proxy: { trustedProxies: ["192.0.2.1"], proxyHeader: "forwarded" in headers ? "forwarded" : "x-forwarded-for" } });
    onTestFinished(() => server.stop());
    const refused = await openFrames({ port: server.httpPort, headers: { ...headers } as Record<string, string> });
    expect(await refused.until(/./)).toMatch(/^refused 403 .*listen\.http\.trustedProxies/);
    expect(await statusOf(server.httpPort, "/metrics", { tls: false, headers: { ...headers } as Record<string, string> })).toBe(403);
    expect(await statusOf(server.httpPort, "/metrics", { tls: false })).toBe(200);
  });
});

describe("What is for this machine alone", () => {
  it.each(["/metrics", "/inspect", "/inspect/"])("is not for who comes by a proxy on this machine, though that connects from here: %s", async (path) => {
    const { server, port } = await behind();
    const host = { host: `127.0.0.1:${server.httpPort}` };
    expect(await statusOf(port, path, { headers: host })).toBe(403);
    expect(await statusOf(port, path, { headers: { ...host, "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" } })).toBe(403);
    const direct = await statusOf(server.httpPort, path, { tls: false });
    // Nobody can tell whether that came through the proxy: the inspector asks for its token, the numbers for theirs.
    if (path === "/metrics") expect(direct).toBe(403);
    else expect(direct).not.toBe(403);
  });
});

describe("A trusted proxy on this machine that names nobody", () => {
  const nameless = { seen: () => undefined };

  it("does not bring its clients what is this machine's: the numbers, streams without TLS, the making of users", async () => {
    const { server, port } = await behind(nameless);
    const headers = { host: `127.0.0.1:${server.httpPort}` };
    expect(await statusOf(port, "/metrics", { headers })).toBe(403);
    expect(await statusOf(port, "/inspect/people", { method: "POST", headers: { ...headers, origin: `http://127.0.0.1:${server.httpPort}` } })).not.toBe(200);
    expect(await statusOf(port, boshPath, { method: "POST", headers })).toBe(403);
    expect(await (await openFrames({ port, tls: true, headers })).until(/./)).toMatch(/^refused 403 .*listen\.http\.proxyHeader/);
  });

  it("brings them to the inspector's door, where a token is asked for", async () => {
    const { server, port } = await behind(nameless);
    const headers = { host: `127.0.0.1:${server.httpPort}` };
    const refused = await openFrames({ port, tls: true, path: "/inspect/feed", protocols: [], headers: { ...headers, origin: `http://127.0.0.1:${server.httpPort}` } });
    expect(await refused.until(/./)).toMatch(/^refused 401 /);
  });

  it("keeps the numbers from nobody who has their token", async () => {
    const { server } = await behind({ ...nameless, metrics: { token: "0123456789abcdef" } });
    expect(await statusOf(server.httpPort, "/metrics", { tls: false, headers: { authorization: "Bearer 0123456789abcdef" } })).toBe(200);
  });

  it("is told of in the log, once, with what to do", async () => {
    const lines: string[] = [];
    const { port } = await behind({ ...nameless, logger: pino({ level: "warn" }, { write: (line) => void lines.push(line) }) });
    for (let index = 0; index < 3; index += 1) expect(await statusOf(port, "/health")).toBe(200);
    const told = lines.map((line) => JSON.parse(line) as { event: string; msg: string }).filter(({ event }) => event === "http.unnamed");
    expect(told.map(({ msg }) => msg)).toEqual([expect.stringMatching(/^HTTP: a request from 127\.0\.0\.1, .*names nobody in X-Forwarded-For.*; let the proxy write X-Forwarded-For, or set listen\.http\.proxyHeader/)]);
  });
});

describe("A proxy that says nothing that can be understood", () => {
  it("is answered with 400, and no WebSocket is opened", async () => {
    const { port } = await behind({ seen: () => "unknown" });
    expect(await statusOf(port, "/health")).toBe(400);
    const refused = await openFrames({ port, tls: true });
    expect(await refused.until(/./)).toMatch(/^refused 400 The proxy does not say/);
  });
});

describe("limits.connectionsPerAddress behind a proxy", () => {
  it("counts its clients, each by itself, and lets others in when they are gone", async () => {
    const { port } = await behind({ limits: { connectionsPerAddress: 2 }, seen: ({ headers }) => String(headers["x-client"]) });
    const from = (client: string) => openFrames({ port, tls: true, headers: { "x-client": client } });
    const [first] = [await from("203.0.113.9"), await from("203.0.113.9")];
    const third = await from("203.0.113.9");
    expect(await third.until(/./)).toMatch(/^refused 429/);
    // One customer has a whole network of IPv6.
    for (const client of ["203.0.113.10", "2001:db8::1", "2001:db8::2"]) {
      const other = await from(client);
      other.send(open());
      expect(await other.until(/^<open/)).toContain("<open");
    }
    expect(await (await from("2001:db8::3")).until(/./)).toMatch(/^refused 429/);
    first.socket.terminate();
    await expect.poll(async () => (await from("203.0.113.9")).received.length).toBe(0);
  });

  it("counts requests while they last", async () => {
    const { port } = await behind({ limits: { connectionsPerAddress: 1 }, seen: () => "203.0.113.9" });
    for (let index = 0; index < 5; index += 1) expect(await statusOf(port, "/health")).toBe(200);
  });
});

describe("limits.connectionsPerMinute behind a proxy", () => {
  it("counts new WebSockets, but no requests", async () => {
    const { port } = await behind({ limits: { connectionsPerMinute: 2 }, seen: () => "203.0.113.9" });
    for (let index = 0; index < 5; index += 1) expect(await statusOf(port, "/health")).toBe(200);
    const frames = [];
    for (let index = 0; index < 4; index += 1) frames.push(await openFrames({ port, tls: true }));
    expect(frames.map(({ received }) => received.map((text) => text.slice(0, 11)))).toEqual([[], [], ["refused 429"], ["refused 429"]]);
  });
});

describe("What README shows of a reverse proxy", () => {
  it("is a configuration that is taken, with its proxies trusted", () => {
    const checked = checkConfig(configSchema.parse(parse(shown.toml)), () => undefined);
    expect(checked).toMatchObject({ ok: true, config: { listen: { http: { publicUrl: "https://example.org", trustedProxies: ["127.0.0.1", "::1"], proxyHeader: "x-forwarded-for" } } } });
  });

  it("has nginx write what the server reads, and both proxies pass on each path that clients ask for", () => {
    const { nginx, caddy } = shown;
    for (const header of ["X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-Proto $scheme", "Upgrade $http_upgrade", "Host $host"]) expect(nginx).toContain(`proxy_set_header ${header};`);
    const passed = new RegExp(/location ~ (\S+) \{/.exec(nginx)?.[1] ?? "never^");
    const globs = (/@xmpp path (.*)/.exec(caddy)?.[1] ?? "").split(" ").map((glob) => new RegExp(`^${glob.replaceAll(".", "\\.").replaceAll("*", ".*")}$`));
    const paths = [xmppWebSocketPath, boshPath, hostMetaPath, `${hostMetaPath}.json`, invitationPath("0a"), "/upload/0a/picture.png"];
    expect(paths.filter((path) => !passed.test(path))).toEqual([]);
    expect(paths.filter((path) => !globs.some((glob) => glob.test(path)))).toEqual([]);
    expect(["/inspect", "/metrics", "/"].filter((path) => passed.test(path) || globs.some((glob) => glob.test(path)))).toEqual([]);
  });
});
