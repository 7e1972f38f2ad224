/** What no good client does: the server bounds it, closes that stream, and goes on with the others. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { collect } from "../support/collect.ts";
import { authenticate, connectSecure, login, saslPlain, streamHeader, type BoundClient } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { textOf } from "../support/xml-reader.ts";
import { expectLogin, expectStreamError } from "./support.ts";

let server: TestServer;
/** Somebody who minds nobody's business and must never notice. */
let bystander: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, session: { resourcesPerAccountMax: 1_000 } });
  for (const user of ["romeo", "juliet", "benvolio"]) await server.addUser(user, "secret");
  bystander = await login(server, { user: "juliet", over: "plaintext" });
});
afterAll(async () => {
  expect(await bystander.caughtUp()).toEqual([]);
  await expectLogin(server);
  await server.stop();
});

const opened = async (client: RawClient) => {
  client.send(streamHeader("localhost"));
  await client.expect("</stream:features>");
  return client;
};
const plaintext = async () => opened(await connectRaw({ port: server.port }));
const bound = () => login(server, { user: "romeo", over: "plaintext", resource: null });

describe("RFC 6120 section 13.12 half a stanza, then a hang-up", () => {
  const stanza = `<message to='juliet@localhost/test'><body>Good night, good night!</body></message>`;

  it("delivers nothing and leaves no session behind, wherever it is cut", async () => {
    const before = (await server.sessions()).length;
    const clients = await Promise.all(Array.from({ length: 20 }, () => bound()));
    clients.forEach((client, n) => {
      const cut = Math.floor((stanza.length * (n + 1)) / (clients.length + 1));
      client.send(stanza.slice(0, cut));
      if (n % 2 === 0) client.raw.end();
      else client.raw.plain.resetAndDestroy();
    });
    await expect.poll(async () => (await server.sessions()).length).toBe(before);
    expect(await bystander.caughtUp()).toEqual([]);
  });

  it("leaves nothing behind of a connection that ends within a login", async () => {
    const before = (await server.sessions()).length;
    for (let n = 0; n < 10; n += 1) {
      const client = await plaintext();
      // The password is being checked, or the resource bound, when the link is lost.
      client.send(saslPlain("romeo") + (n % 2 === 0 ? streamHeader("localhost") : ""));
      client.plain.resetAndDestroy();
    }
    await expect.poll(async () => (await server.sessions()).length).toBe(before);
  });

  it("takes a hang-up within the TLS handshake", async () => {
    for (let n = 0; n < 5; n += 1) {
      const client = await connectRaw({ port: server.tlsPort });
      client.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
      client.plain.resetAndDestroy();
    }
    await expectLogin(server);
  });
});

describe("RFC 6120 section 13.12 more than there is room for", () => {
  const levels = "<a>".repeat(20_000);

  it("stops at the first level too many of 20,000, before and after authentication", async () => {
    const stranger = await plaintext();
    stranger.send(levels);
    await expectStreamError(stranger, "policy-violation");
    const romeo = await bound();
    romeo.send(`<message to='juliet@localhost'>${levels}`);
    await expectStreamError(romeo.raw, "policy-violation");
  });

  it("stops at 20,000 levels that are closed again, too", async () => {
    const romeo = await bound();
    romeo.send(`<message to='${bystander.jid}'>${levels}${"</a>".repeat(20_000)}</message>`);
    await expectStreamError(romeo.raw, "policy-violation");
  });

  it.each([
    ["attribute", (fill: string) => `<message to='${bystander.jid}' id='${fill}'/>`],
    ["name", (fill: string) => `<message><${fill}/></message>`],
    ["text", (fill: string) => `<message to='${bystander.jid}'><body>${fill}</body></message>`],
    ["namespace", (fill: string) => `<message><x xmlns='urn:${fill}'/></message>`],
    ["character reference", (fill: string) => `<message><body>&#${fill.replaceAll("x", "0")}65;</body></message>`],
    ["white space within a tag", (fill: string) => `<message${fill.replaceAll("x", " ")}/>`],
  ])("takes no %s of 4 MB", async (_, make) => {
    const romeo = await bound();
    romeo.send(make("x".repeat(4 * 1_048_576)));
    await romeo.raw.closed();
    expect(romeo.raw.received).toMatch(/<stream:error><(policy-violation|not-well-formed) [^>]*>/);
    romeo.raw.destroy();
  });

  it("takes white space between stanzas without end, for that is how clients show that they live", async () => {
    const romeo = await bound();
    for (let n = 0; n < 32; n += 1) romeo.send(" ".repeat(32_768));
    expect(await romeo.caughtUp()).toEqual([]);
    await romeo.close();
  });

  it("keeps what strangers can make it remember small: a login of 10,000 bytes, byte by byte in vain", async () => {
    const stranger = await opened(await connectSecure(server));
    stranger.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${"A".repeat(100_000)}`);
    await expectStreamError(stranger, "policy-violation");
  });
});

describe("RFC 6120 section 11.3 well-formedness", () => {
  it("survives noise: random bytes at every stage", async () => {
    const noise = (seed: number, length: number): Buffer => {
      const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, n) => createHash("sha256").update(`noise ${seed} ${n}`).digest());
      return Buffer.concat(blocks).subarray(0, length);
    };
    const stages = [
      () => connectRaw({ port: server.port }),
      () => connectRaw({ port: server.tlsPort }),
      plaintext,
      () => authenticate(server, { user: "romeo", over: "plaintext" }),
      async () => (await bound()).raw,
    ];
    await Promise.all(Array.from({ length: 50 }, async (_, seed) => {
      const client = await stages[seed % stages.length]!();
      client.send(noise(seed, 200 + seed * 13));
      await client.closed();
      client.destroy();
    }));
    await expectLogin(server, "plaintext");
  });
});

describe("RFC 6120 section 13.12 a client that does not read", () => {
  it("is dropped before much is kept for it, and those who write to it are served", async () => {
    const deaf = await login(server, { user: "benvolio", over: "plaintext", resource: "deaf" });
    const romeo = await bound();
    deaf.raw.pauseReading();
    const body = "x".repeat(250_000);
    const say = `<message to='${deaf.jid}' type='headline'><body>${body}</body></message>`;
    collect();
    const start = process.memoryUsage();
    let most = 0;
    let sent = 0;
    let refused = 0;
    // What the system buffers between two sockets is its own affair: up to 16 MB besides what the server keeps.
    while (refused === 0 && sent < 64 * 1_048_576) {
      refused += (await romeo.ask(say.repeat(4))).length;
      sent += 4 * say.length;
      collect();
      const { external, arrayBuffers } = process.memoryUsage();
      most = Math.max(most, external - start.external, arrayBuffers - start.arrayBuffers);
    }
    expect(refused).toBeGreaterThan(0);
    expect(most).toBeLessThan(48 * 1_048_576);
    expect((await server.sessions()).map((session) => session.full_jid)).not.toContain(deaf.jid);
    // Romeo and the others live, and the deaf one's resource can be taken again.
    expect(await bystander.caughtUp()).toEqual([]);
    const again = await login(server, { user: "benvolio", over: "plaintext", resource: "deaf" });
    await romeo.ask(`<message to='${again.jid}'><body>Now?</body></message>`);
    expect((await again.caughtUp()).map(textOf)).toEqual(["Now?"]);
    deaf.raw.destroy();
    await again.close();
    await romeo.close();
  });

  it("is not read from either, so that its own questions do not pile up answers", async () => {
    const deaf = await login(server, { user: "benvolio", over: "plaintext", resource: "asking" });
    deaf.raw.pauseReading();
    // Each question of 150 bytes earns an answer with an id of 100: without back-pressure the answers to 64 MB would be kept.
    const ask = `<iq type='get' id='${"q".repeat(100)}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`.repeat(1_000);
    let accepted = 0;
    while (accepted < 64 * 1_048_576) {
      if (!deaf.raw.socket.write(ask) && !(await drained(deaf.raw, 300))) break;
      accepted += ask.length;
    }
    expect(accepted).toBeLessThan(64 * 1_048_576);
    expect(await bystander.caughtUp()).toEqual([]);
    // It reads again: every question that was taken is answered.
    deaf.raw.resumeReading();
    await deaf.caughtUp();
    deaf.raw.destroy();
  });
});

/** Whether the system took what was written, in time. */
function drained(client: RawClient, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const onDrain = () => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    const settle = (result: boolean) => {
      clearTimeout(timer);
      client.socket.off("drain", onDrain);
      resolve(result);
    };
    client.socket.once("drain", onDrain);
  });
}
