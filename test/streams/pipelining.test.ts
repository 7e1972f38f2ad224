/** Bytes come as the network cuts them: a whole login in one piece, or each byte alone (RFC 6120 sections 4.3.3 and 5.4.3.3). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { bindRequest, connectSecure, saslPlain, startTls, streamHeader } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { startWithUsers } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startWithUsers({ allowPlaintext: true });
});
afterAll(() => server.stop());

const ping = "<iq type='get' id='ping' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
const whole = (resource: string) =>
  `${streamHeader("localhost")}${saslPlain("romeo")}${streamHeader("localhost")}${bindRequest(resource)}<presence/>${ping}`;

async function expectWholeLogin(client: RawClient, resource: string): Promise<void> {
  await client.expect(/<iq [^>]*id="ping"[^>]*\/>/);
  const order = [...client.received.matchAll(/<(stream:stream|stream:features|success|presence|iq)\b|<jid>([^<]*)/g)].map(
    ([, name, jid]) => jid ?? name,
  );
  expect(order).toEqual([
    "stream:stream", "stream:features", "success", "stream:stream", "stream:features",
    "iq", `romeo@localhost/${resource}`, "presence", "iq",
  ]);
  client.send("</stream:stream>");
  await client.closed();
  client.destroy();
}

describe("RFC 6120 section 4.3.3 restarts", () => {
  it("takes a whole login in one write over TLS", async () => {
    const client = await connectSecure(server);
    client.send(whole("one-write-tls"));
    await expectWholeLogin(client, "one-write-tls");
  });

  it("takes a whole login in one write in the clear, where that is allowed", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(whole("one-write"));
    await expectWholeLogin(client, "one-write");
  });

  it("takes a whole login, and the end of the stream and of the connection, in one write", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(`${whole("hasty")}</stream:stream>`);
    client.end();
    await client.closed();
    expect(client.received).toMatch(/<iq [^>]*id="ping"[^>]*\/><\/stream:stream>$/);
    client.destroy();
  });

  it.each(["in the clear", "over TLS"])("takes a login byte by byte (%s)", async (where) => {
    const client = where === "over TLS" ? await connectSecure(server) : await connectRaw({ port: server.port });
    for (const byte of Buffer.from(whole("drop-by-drop"))) {
      client.send(Buffer.of(byte));
      // A turn of the event loop between two bytes: they arrive as many reads.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expectWholeLogin(client, "drop-by-drop");
  });

  it("answers as many pipelined requests as there are, in their order", async () => {
    const client = await connectRaw({ port: server.port });
    const requests = Array.from({ length: 500 }, (_, n) => ping.replace("'ping'", `'q${n}'`));
    client.send(whole("many").replace(ping, requests.join("")));
    await client.expect(/<iq [^>]*id="q499"[^>]*\/>/);
    const ids = [...client.received.matchAll(/<iq [^>]*id="q(\d+)"/g)].map((match) => Number(match[1]));
    expect(ids).toEqual(Array.from({ length: 500 }, (_, n) => n));
    client.destroy();
  });
});

describe("RFC 6120 section 5.4.3.3 what was sent in the clear is discarded", () => {
  it("does not read after TLS what came with <starttls/> before it", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    const injected = streamHeader("localhost") + saslPlain("romeo") + streamHeader("localhost") + bindRequest("injected") + ping;
    client.send(startTls + injected);
    await client.expect("<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
    await client.startTls();
    const before = client.received.length;
    client.send(streamHeader("localhost", "version='1.0' from='romeo@localhost'"));
    await client.expect("</stream:features>");
    const after = client.received.slice(before);
    expect(after.match(/<stream:stream /g)).toHaveLength(1);
    expect(after).toContain("to='romeo@localhost'");
    expect(after).not.toContain("<success");
    expect(after).not.toContain("stream:error");
    client.destroy();
  });

  it("does not let what is half sent in the clear go on over TLS", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(`${startTls}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN`);
    await client.expect("<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
    await client.startTls();
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.destroy();
  });
});
