/** What the server's own stream header says (RFC 6120 section 4.7). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { authenticate, connectSecure, login, saslPlain, startTls, streamHeader } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { lastStream, startWithUsers } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startWithUsers({ domains: ["localhost", "mantua.example"] });
});
afterAll(() => server.stop());

async function opened(attributes: string, to = "localhost"): Promise<Readonly<Record<string, string>>> {
  const client = await connectRaw({ port: server.port });
  client.send(streamHeader(to, attributes));
  await client.expect("</stream:features>");
  client.destroy();
  return lastStream(client).reader.header!;
}

describe("RFC 6120 section 4.7.1 from", () => {
  it("is the host that was asked for", async () => {
    expect(await opened("version='1.0'")).toMatchObject({ from: "localhost" });
    expect(await opened("version='1.0'", "mantua.example")).toMatchObject({ from: "mantua.example" });
  });

  it("is the prepared form of that host", async () => {
    expect(await opened("version='1.0'", "MANTUA.Example")).toMatchObject({ from: "mantua.example" });
  });
});

describe("RFC 6120 section 4.7.2 to", () => {
  it("is absent where the client names nobody", async () => {
    expect(await opened("version='1.0'")).not.toHaveProperty("to");
  });

  it("is the bare JID that the client names", async () => {
    expect(await opened("version='1.0' from='juliet@localhost'")).toMatchObject({ to: "juliet@localhost" });
    expect(await opened("version='1.0' from='juliet@localhost/balcony'")).toMatchObject({ to: "juliet@localhost" });
  });
});

describe("RFC 6120 section 4.7.3 id", () => {
  it("ignores an id of the client", async () => {
    expect((await opened("version='1.0' id='mine'"))["id"]).not.toBe("mine");
  });

  it("is a new one after each restart of the stream, with 128 bits at least", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(startTls);
    await client.expect("<proceed");
    await client.startTls();
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(saslPlain("romeo"));
    await client.expect("<success");
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.destroy();
    const ids = [...client.received.matchAll(/<stream:stream [^>]* id='([^']*)'/g)].map((match) => match[1]!);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
    // base64url: six bits a character.
    for (const id of ids) expect(id).toMatch(/^[\w-]{22,}$/);
  });

  it("has nothing in common with the ids before it", async () => {
    const headers = await Promise.all(Array.from({ length: 100 }, () => opened("version='1.0'")));
    const ids = headers.map((header) => header["id"]!);
    expect(new Set(ids).size).toBe(100);
    // In 100 random ids each place has many different characters; a counter or a clock would leave most places as they are.
    for (let place = 0; place < 21; place += 1) {
      expect(new Set(ids.map((id) => id[place])).size).toBeGreaterThan(20);
    }
  });
});

describe("RFC 6120 section 4.7.4 xml:lang", () => {
  it("is the language in which the server speaks", async () => {
    expect(await opened("version='1.0'")).toMatchObject({ "xml:lang": "en" });
    expect(await opened("version='1.0' xml:lang='en'")).toMatchObject({ "xml:lang": "en" });
    expect(await opened("version='1.0' xml:lang='de-CH'")).toMatchObject({ "xml:lang": "en" });
  });
});

describe("RFC 6120 section 4.7.5 version", () => {
  it("is 1.0 on every stream of a connection", async () => {
    const romeo = await login(server, { user: "romeo", over: "starttls" });
    const versions = [...romeo.raw.received.matchAll(/<stream:stream [^>]* version='([^']*)'/g)].map((match) => match[1]);
    expect(versions).toEqual(["1.0", "1.0", "1.0"]);
    await romeo.close();
  });
});

describe("RFC 6120 section 4.8 namespaces", () => {
  it.each([
    ["with prefix-free canonicalization", "<stream to='localhost' version='1.0' xmlns='http://etherx.jabber.org/streams'>"],
    ["without a content namespace", "<stream:stream to='localhost' version='1.0' xmlns:stream='http://etherx.jabber.org/streams'>"],
    ["in double quotes and any order", `<stream:stream version="1.0" xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" to="localhost">`],
  ])("takes a header %s (section 4.8.2)", async (_, header) => {
    const client: RawClient = await connectSecure(server);
    client.send(header);
    await client.expect("</stream:features>");
    client.destroy();
  });

  it("takes stanzas that bring their namespace with them after such a header", async () => {
    const client = await authenticate(server, { user: "romeo" });
    client.send("<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    await client.expect(/<iq [^>]*id="p"[^>]*\/>/);
    client.destroy();
  });
});
