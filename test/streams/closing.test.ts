/** How streams end without an error (RFC 6120 section 4.4). */
import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { authenticate, connectSecure, login, streamHeader } from "../support/login.ts";
import { connectRaw } from "../support/raw-client.ts";
import { textOf } from "../support/xml-reader.ts";
import { expectLogin, startWithUsers } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startWithUsers({ session: { closeTimeoutMs: 150 } });
});
afterAll(() => server.stop());

const end = "</stream:stream>";

describe("RFC 6120 section 4.4 the client closes first", () => {
  it.each([
    ["in the clear", () => connectRaw({ port: server.port }), true],
    ["over TLS", () => connectSecure(server), true],
    ["after authentication", () => authenticate(server, { user: "romeo" }), false],
    ["when bound", async () => (await login(server, { user: "romeo" })).raw, false],
  ] as const)("answers with its own end tag, then closes the connection (%s)", async (_, reach, unopened) => {
    const client = await reach();
    if (unopened) {
      client.send(streamHeader("localhost"));
      await client.expect("</stream:features>");
    }
    client.send(end);
    await client.closed();
    expect(client.received.endsWith(end)).toBe(true);
    expect(client.received).not.toContain("stream:error");
    expect(client.error).toBeUndefined();
    client.destroy();
  });

  it("answers a stream that is closed as soon as it is opened", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("localhost") + end);
    await client.closed();
    expect(client.received).toMatch(/^<\?xml version='1.0'\?><stream:stream [^>]*>.*<\/stream:stream>$/s);
    client.destroy();
  });

  it("answers all that came before the end tag, and nothing that comes after it", async () => {
    const juliet = await login(server, { user: "juliet" });
    const romeo = await login(server, { user: "romeo" });
    const say = (body: string) => `<message to='${juliet.jid}'><body>${body}</body></message>`;
    romeo.send(`${say("before")}<iq type='get' id='last' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>${end}${say("after")}`);
    await romeo.raw.closed();
    expect(romeo.raw.received).toMatch(/<iq [^>]*id="last"[^>]*\/><\/stream:stream>$/);
    expect((await juliet.caughtUp()).map(textOf)).toEqual(["before"]);
    await juliet.close();
    romeo.raw.destroy();
  });

  it("ends the connection of a client that leaves its own side open after both end tags", async () => {
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    socket.write(streamHeader("localhost"));
    await once(socket, "data");
    socket.write(end);
    socket.resume();
    await once(socket, "end");
    // allowHalfOpen: this side never closes. The server gives up at last; the next bytes meet a reset.
    const reset = once(socket, "error") as Promise<[NodeJS.ErrnoException]>;
    const again = setInterval(() => socket.write(" "), 50);
    const [error] = await reset;
    clearInterval(again);
    expect(["ECONNRESET", "EPIPE"]).toContain(error.code);
    socket.destroy();
  });
});

describe("RFC 6120 section 4.4 the server closes first", () => {
  /** Stopping the server is a stream error; this is what a session does that is closed politely: STARTTLS over TLS is refused so. */
  const refused = async () => {
    const client = await connectSecure(server);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await client.expect(end);
    return client;
  };

  it("waits for the client's end tag and then closes the connection", async () => {
    const client = await refused();
    client.send(end);
    await client.closed();
    expect(client.received.endsWith(end)).toBe(true);
    client.destroy();
  });

  it("considers the stream void when the end tag does not come in time", async () => {
    const client = await refused();
    const since = Date.now();
    await client.closed();
    expect(Date.now() - since).toBeGreaterThanOrEqual(120);
    client.destroy();
  });

  it("sends nothing more over the stream that it has closed", async () => {
    const client = await refused();
    client.send("<iq type='get' id='late' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    await client.closed();
    expect(client.received.endsWith(end)).toBe(true);
    client.destroy();
  });
});

describe("RFC 6120 section 4.6.1 dead connection", () => {
  it("takes the end of TCP without an end tag for the end of the session", async () => {
    const romeo = await login(server, { user: "romeo", resource: "gone" });
    romeo.raw.end();
    await romeo.raw.closed();
    await expectLogin(server);
    expect((await server.sessions()).filter((session) => session.full_jid === romeo.jid)).toEqual([]);
    romeo.raw.destroy();
  });

  it("takes a reset for the end of the session", async () => {
    const romeo = await login(server, { user: "romeo", resource: "reset" });
    romeo.raw.plain.resetAndDestroy();
    await expect.poll(async () => (await server.sessions()).some((session) => session.full_jid === romeo.jid)).toBe(false);
    await expectLogin(server);
  });
});

describe("RFC 6120 section 4.9.3.20 a server that stops", () => {
  it("does not wait for a TLS handshake, and a session that has ended takes nothing more", async () => {
    const warned = vi.spyOn(console, "warn");
    const own = await startWithUsers();
    const client = await connectRaw({ port: own.port });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await client.expect("<proceed");
    const since = Date.now();
    await own.stop();
    expect(Date.now() - since).toBeLessThan(1_000);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
    client.destroy();
  });
});
