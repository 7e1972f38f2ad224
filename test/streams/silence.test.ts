/** Deadlines of negotiation, and clients that say nothing (RFC 6120 section 4.6). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { authenticate, connectSecure, login, saslPlain, startTls, streamHeader } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { expectStreamError, startWithUsers } from "./support.ts";

let server: TestServer;
const negotiationTimeoutMs = 400;
beforeAll(async () => {
  server = await startWithUsers({
    allowPlaintext: true,
    session: { negotiationTimeoutMs, silenceMs: 300, silenceAnswerMs: 300, closeTimeoutMs: 200 },
  });
});
afterAll(() => server.stop());

const opened = async (client: RawClient) => {
  client.send(streamHeader("localhost"));
  await client.expect("</stream:features>");
  return client;
};

describe.concurrent("RFC 6120 section 4.9.3.4 connection-timeout, while the stream is negotiated", () => {
  it.concurrent.each([
    ["that says nothing", () => connectRaw({ port: server.port })],
    ["that says nothing over TLS", () => connectSecure(server)],
    ["that stops within its header", async () => {
      const client = await connectRaw({ port: server.port });
      client.send("<stream:stream to='local");
      return client;
    }],
    ["that does not choose a feature", async () => opened(await connectRaw({ port: server.port }))],
    ["that does not log in over TLS", async () => opened(await connectSecure(server))],
    ["that stops within a login", async () => {
      const client = await opened(await connectSecure(server));
      client.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>");
      await client.expect("<challenge");
      return client;
    }],
    ["that stops within an element", async () => {
      const client = await opened(await connectSecure(server));
      client.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLA");
      return client;
    }],
    ["that does not open its stream again", async () => {
      const client = await opened(await connectSecure(server));
      client.send(saslPlain("romeo"));
      await client.expect("<success");
      return client;
    }],
    ["that does not bind", () => authenticate(server, { user: "romeo" })],
  ] as const)("closes the stream of a client %s", async (_, reach) => {
    const client = await reach();
    await expectStreamError(client, "connection-timeout");
  });

  it.concurrent("does not let the deadline be put off, neither by white space nor by failed logins", async () => {
    const client = await opened(await connectSecure(server));
    const since = Date.now();
    const drip = setInterval(() => client.send(" \n"), 20);
    const again = setInterval(() => client.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='NONE'/>"), 100);
    await client.closed(2_000);
    clearInterval(drip);
    clearInterval(again);
    expect(client.received).toContain("connection-timeout");
    expect(Date.now() - since).toBeLessThan(negotiationTimeoutMs + 600);
    client.destroy();
  });

  it.concurrent("drops a client that was let into TLS and does not begin it", async () => {
    const client = await opened(await connectRaw({ port: server.port }));
    client.send(startTls);
    await client.expect("<proceed");
    await client.closed(2_000);
    expect(client.received.endsWith("<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>")).toBe(true);
    client.destroy();
  });
});

describe.concurrent("RFC 6120 section 4.6.4 use of checking methods", () => {
  it.concurrent("asks a silent client whether it lives, and closes the stream with connection-timeout if nothing comes", async () => {
    const romeo = await login(server, { user: "romeo", resource: "dead" });
    const question = await romeo.next();
    expect(question).toMatchObject({
      name: "iq", attrs: { type: "get", from: "localhost", to: romeo.jid }, children: [{ name: "ping", xmlns: "urn:xmpp:ping" }],
    });
    expect(question.attrs["id"]).toMatch(/./);
    await expectStreamError(romeo.raw, "connection-timeout");
  });

  it.concurrent("lets a client be that answers, even with an error", async () => {
    const romeo = await login(server, { user: "romeo", resource: "alive" });
    for (const type of ["result", "error"]) {
      const question = await romeo.next();
      romeo.send(`<iq type='${type}' id='${question.attrs["id"]}' to='localhost'/>`);
    }
    // A third question: it lived through two.
    expect(await romeo.next()).toMatchObject({ name: "iq" });
    expect(await romeo.caughtUp()).toEqual([]);
    await romeo.close();
  });

  it.concurrent("lets a client be that sends white space, and asks it nothing (section 4.6.1)", async () => {
    const romeo = await login(server, { user: "romeo", resource: "spaces" });
    const alive = setInterval(() => romeo.send(" "), 50);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(await romeo.caughtUp()).toEqual([]);
    clearInterval(alive);
    await romeo.close();
  });

  it.concurrent("tells the others that it is gone", async () => {
    const other = await login(server, { user: "juliet", resource: "watching" });
    const dead = await login(server, { user: "juliet", resource: "dead" });
    const alive = setInterval(() => other.send(" "), 50);
    await other.ask("<presence/>");
    dead.send("<presence/>");
    let seen;
    do seen = await other.next();
    while (seen.attrs["type"] !== "unavailable");
    clearInterval(alive);
    expect(seen).toMatchObject({ name: "presence", attrs: { from: dead.jid } });
    dead.raw.destroy();
    await other.close();
  });
});
