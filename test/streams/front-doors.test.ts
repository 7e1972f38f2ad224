/** Clients that mean harm before and after their login: what bounds them, and that others do not feel it. */
import { createConnection } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { outboxBytesHardMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { collect } from "../support/collect.ts";
import { login, type BoundClient } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { boundFrames, open, openFrames } from "../support/web-socket-client.ts";

async function serve(options: TestServerOptions, users: readonly string[] = ["romeo", "juliet"]): Promise<TestServer> {
  const server = await startServer({ allowPlaintext: true, http: true, ...options });
  onTestFinished(() => server.stop());
  for (const user of users) await server.addUser(user, "secret");
  return server;
}

/** Milliseconds of one request and its answer. */
async function ping(client: BoundClient): Promise<number> {
  const since = performance.now();
  await client.caughtUp();
  return performance.now() - since;
}

function bytesInUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const header = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** One byte each 20 ms, until the other side closes. Resolves with the ms that it took. */
async function drip(client: RawClient, text: string): Promise<number> {
  const since = performance.now();
  const bytes = Buffer.from(text);
  let sent = 0;
  const timer = setInterval(() => client.socket.writable && client.send(bytes.subarray(sent % bytes.length, (sent++ % bytes.length) + 1)), 20);
  await client.closed(4_000).finally(() => clearInterval(timer));
  client.socket.destroy();
  return performance.now() - since;
}

describe("RFC 6120 section 13.12 clients that send a byte now and then, before the login", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ allowPlaintext: true, http: true, session: { negotiationTimeoutMs: 600, closeTimeoutMs: 100 } });
  });
  afterAll(() => server.stop());

  it.each([
    ["nothing at all", "none", ""],
    ["a header", "none", header],
    ["spaces behind the header", "none", `${header}${" ".repeat(1_000)}`],
    ["a stanza", "none", `${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${"A".repeat(1_000)}`],
    ["a header within TLS", "direct", header],
  ] as const)("are closed when the time for all of it is over: %s", async (_, tls, text) => {
    const client = await connectRaw({ port: tls === "direct" ? server.tlsPort : server.port, tls });
    expect(text === "" ? await waitForEnd(client) : await drip(client, text)).toBeLessThan(2_500);
    await expect.poll(async () => (await server.sessions()).length).toBe(0);
  });

  it("are closed in the middle of the handshake of direct TLS", async () => {
    const client = await connectRaw({ port: server.tlsPort });
    expect(await drip(client, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".padEnd(400, "x"))).toBeLessThan(2_500);
  });

  it("are closed in the middle of a frame of a WebSocket", async () => {
    const frames = await openFrames({ port: server.httpPort });
    frames.send(open());
    await frames.until(/^<open/);
    const text = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${"A".repeat(1_000)}`;
    let sent = 0;
    const timer = setInterval(() => frames.socket.readyState === 1 && frames.socket.send(text[sent++ % text.length]!, { fin: false }), 20);
    await frames.until(/^closed/).finally(() => clearInterval(timer));
    expect(frames.received.join()).toContain("connection-timeout");
  });
});

async function waitForEnd(client: RawClient): Promise<number> {
  const since = performance.now();
  await client.closed(4_000);
  client.socket.destroy();
  return performance.now() - since;
}

describe("RFC 6120 section 13.12 item 1 limits.connections", () => {
  it("refuses whoever is one too many, over all listeners, until somebody goes", async () => {
    const server = await serve({ limits: { connections: 10 } });
    const romeo = await login(server, { user: "romeo", over: "plaintext" });
    const others = [];
    for (let index = 0; index < 4; index += 1) others.push(await connectRaw({ port: server.port }));
    const frames = [];
    for (let index = 0; index < 5; index += 1) frames.push(await openFrames({ port: server.httpPort }));
    await (await connectRaw({ port: server.port })).closed();
    await (await connectRaw({ port: server.tlsPort })).closed();
    await (await connectRaw({ port: server.httpPort })).closed();
    expect(await ping(romeo)).toBeLessThan(1_000);
    others[0]!.socket.destroy();
    await expect.poll(async () => {
      const again = await connectRaw({ port: server.port });
      again.send(header);
      return again.expect("<stream:features", 500).then(() => "served", () => "refused");
    }).toBe("served");
  });
});

describe("RFC 6120 section 13.12 a storm of logins", () => {
  it("is refused before any password is checked, and keeps out neither who is there nor who was there before", async () => {
    const server = await serve({ limits: { loginFailuresPerAddress: 20 }, session: { resumptionMs: 0 } });
    const juliet = await login(server, { user: "juliet", over: "plaintext" });
    const before = await login(server, { user: "romeo", over: "plaintext" });
    await before.close();

    const guess = async (index: number): Promise<string> => {
      const client = await connectRaw({ port: server.port });
      client.send(`${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0user${index}\0guess`).toString("base64")}</auth>`);
      const told = await client.expect(/<(not-authorized|temporary-auth-failure)/, 10_000);
      client.socket.destroy();
      return told;
    };
    const told: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      told.push(...(await Promise.all(Array.from({ length: 20 }, (_, index) => guess(round * 20 + index)))));
      expect(await ping(juliet)).toBeLessThan(1_000);
    }
    // Those of the first round were let in together.
    expect(told.filter((text) => text === "<not-authorized").length).toBeLessThanOrEqual(20 + 20);
    expect(told.slice(40).every((text) => text === "<temporary-auth-failure")).toBe(true);
    const romeo = await login(server, { user: "romeo", over: "plaintext" });
    expect(await ping(romeo)).toBeLessThan(1_000);
    await expect(login(server, { user: "mercutio", over: "plaintext" })).rejects.toThrow();
  });

  it("tells when it may be tried again, and makes a guess at one account wait", async () => {
    const lines: string[] = [];
    const server = await serve({ limits: { loginFailuresPerAccount: 2 }, logger: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }) });
    const client = await connectRaw({ port: server.port });
    const auth = (password: string) => `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0romeo\0${password}`).toString("base64")}</auth>`;
    client.send(`${header}${auth("a")}`);
    await client.expect("<not-authorized");
    client.send(auth("b"));
    await client.expect("<not-authorized");
    client.send(auth("secret"));
    await client.expect(/<temporary-auth-failure[^>]*><text[^>]*>Too many wrong passwords came from your address, try again in 1 second</);
    expect(lines.map((line) => (JSON.parse(line) as { readonly why?: string }).why)).toContain("too many wrong passwords came from there (limits.loginFailuresPerAccount)");
    expect(client.received).not.toContain("loginFailures");
    const patient = await connectRaw({ port: server.port });
    patient.send(header);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    patient.send(auth("secret"));
    await patient.expect("<success");
  });
});

describe("RFC 6120 section 13.12 item 6 clients that send too fast", () => {
  it("are read at their pace, all of it in order, while what they send waits in the network", async () => {
    const server = await serve({ limits: { stanzasPerSecond: 100, bytesPerSecond: 0 } });
    const [romeo, juliet] = [await login(server, { user: "romeo", over: "plaintext" }), await login(server, { user: "juliet", over: "plaintext" })];
    const since = performance.now();
    romeo.send(Array.from({ length: 1_150 }, (_, index) => `<iq type='get' id='p${index}.'><ping xmlns='urn:xmpp:ping'/></iq>`).join(""));
    await romeo.raw.expect(/id="p900\."/);
    expect(await ping(juliet)).toBeLessThan(500);
    await romeo.raw.expect(/id="p1149\."/, 6_000);
    expect(performance.now() - since).toBeGreaterThan(1_000);
    expect([...romeo.raw.received.matchAll(/id="p(\d+)\."/g)].map(([, id]) => Number(id))).toEqual(Array.from({ length: 1_150 }, (_, index) => index));
  });

  it.each(["tcp", "websocket"])("are not read into memory by %s, whatever it is that they send", async (over) => {
    const server = await serve({ limits: { bytesPerSecond: 100_000, stanzasPerSecond: 0 } });
    const juliet = await login(server, { user: "juliet", over: "plaintext" });
    const message = `<message xmlns='jabber:client' to='nobody@localhost' type='headline'><body>${"x".repeat(60_000)}</body></message>`;
    let [unsent, leave] = [(): number => 0, (): void => {}];
    if (over === "tcp") {
      const romeo = await login(server, { user: "romeo", over: "plaintext" });
      for (let index = 0; index < 500; index += 1) romeo.send(index % 2 === 0 ? message : " ".repeat(60_000));
      unsent = () => romeo.raw.socket.writableLength;
      leave = () => romeo.raw.socket.destroy();
    } else {
      const romeo = await boundFrames({ port: server.httpPort, username: "romeo", password: "secret" });
      for (let index = 0; index < 500; index += 1) romeo.send(message);
      unsent = () => romeo.socket.bufferedAmount;
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await ping(juliet)).toBeLessThan(500);
    // Of 30 MB one is the burst, and some are in the buffers of the system.
    expect(unsent()).toBeGreaterThan(15_000_000);
    leave();
  });
});

describe("RFC 6120 section 13.12 a reader that never reads, to whom 50 write", () => {
  it("is dropped at its bound, and memory is free again, while the others are served", async () => {
    const server = await serve({ session: { resumptionMs: 0, resourcesPerAccountMax: 60 } });
    const deaf = await login(server, { user: "romeo", over: "plaintext" });
    deaf.raw.pauseReading();
    const writers = [];
    for (let index = 0; index < 50; index += 1) writers.push(await login(server, { user: "juliet", over: "plaintext", resource: `w${index}` }));
    const before = bytesInUse();
    const each = Math.ceil((outboxBytesHardMax * 2) / 50 / 50_000);
    const body = "x".repeat(50_000);
    for (const writer of writers) for (let sent = 0; sent < each; sent += 1) writer.send(`<message to='${deaf.jid}' type='headline'><body>${body}</body></message>`);
    await expect.poll(() => server.session(deaf.jid), { timeout: 15_000 }).toBeUndefined();
    for (const writer of writers.slice(0, 5)) expect(await ping(writer)).toBeLessThan(3_000);
    for (const writer of writers) await writer.caughtUp();
    await expect.poll(() => bytesInUse() - before).toBeLessThan(outboxBytesHardMax);
  }, 30_000);
});

/** More where somebody looks for what breaks: REFRAIN_TINY_FRAMES=1000000. */
const tinyFrames = Number(process.env["REFRAIN_TINY_FRAMES"] ?? 40_000);

describe(`RFC 6455 section 5.5 ${tinyFrames} tiny frames`, () => {
  /** Bytes as they are on the wire, masked with zeros. */
  const raw = (first: number, payload = "") => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

  it.each([
    ["pings, whose answers nobody reads", raw(0x89, "p".repeat(20)), undefined],
    ["pongs that nobody has asked for", raw(0x8a), undefined],
    ["pieces of one message", raw(0x00, "x"), raw(0x01, "<")],
    ["empty pieces", raw(0x00), raw(0x01, "<")],
  ])("are bounded before the login, while others are served: %s", async (_, frame, first) => {
    const server = await serve({});
    const juliet = await login(server, { user: "juliet", over: "plaintext" });
    const socket = createConnection({ port: server.httpPort, host: "127.0.0.1" });
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {}).write("GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const before = bytesInUse();
    if (first !== undefined) socket.write(first);
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame));
    for (let sent = 0; sent < tinyFrames && !socket.destroyed; sent += 1_000) {
      if (!socket.write(many)) await new Promise<void>((resolve) => {
        socket.once("drain", resolve).once("close", () => resolve());
        setTimeout(resolve, 1_000);
      });
    }
    expect(await ping(juliet)).toBeLessThan(1_000);
    expect(bytesInUse() - before).toBeLessThan(16 * 1_048_576);
  }, 60_000);
});
