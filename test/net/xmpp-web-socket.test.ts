/** XMPP over WebSocket (RFC 7395): the handshake, frames, the ends of streams. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/index.ts";
import { boundFrames, close, open, openFrames, type Frames } from "../support/web-socket-client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ http: true, origins: ["https://chat.example"], limits: { stanzaBytes: 20_000 }, session: { resumptionMs: 5_000 } });
  for (const name of ["alice", "bob"]) await server.addUser(name, "secret");
});
afterAll(() => server.stop());

const frames = (options: Partial<Parameters<typeof openFrames>[0]> = {}) => openFrames({ port: server.httpPort, ...options });
const bound = (username: string, resource?: string) => boundFrames({ port: server.httpPort, username, password: "secret", ...(resource === undefined ? {} : { resource }) });

describe("RFC 7395 section 3.1 the handshake", () => {
  it("answers with the subprotocol", async () => {
    expect((await frames({ protocols: ["other", "xmpp"] })).socket.protocol).toBe("xmpp");
  });

  it.each([[[]], [["chat"]]])("refuses a client that offers %j", async (protocols) => {
    expect((await frames({ protocols })).received).toEqual([expect.stringMatching(/^refused 400 The subprotocol of this WebSocket is xmpp/)]);
  });

  it("tells who does not ask for a WebSocket what is here", async () => {
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/xmpp-websocket`);
    expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
    expect(await response.text()).toBe("This takes WebSockets alone: it is XMPP over WebSocket (RFC 7395), for XMPP clients.\n");
  });
});

describe("RFC 6455 section 10.2 pages from elsewhere", () => {
  it.each(["https://chat.example", "https://localhost", "https://localhost:8443"])("lets in %s", async (origin) => {
    expect((await frames({ origin })).received).toEqual([]);
  });

  it("lets in those of the HTTP listener itself", async () => {
    expect((await frames({ origin: `http://localhost:${server.httpPort}` })).received).toEqual([]);
  });

  it.each(["https://evil.example", "http://localhost", "null", "https://chat.example.evil.example", "nonsense"])("refuses %s", async (origin) => {
    expect((await frames({ origin })).received[0]).toMatch(/^refused 403 Pages from .* are not let in here/);
  });
});

describe("RFC 7395 section 3.4 the beginning of a stream", () => {
  it("is an open element each way, with the attributes of RFC 6120 section 4.7", async () => {
    const client = await frames();
    client.send(open());
    expect(await client.until(/./)).toMatch(/^<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='[^']+' from='localhost' version='1.0' xml:lang='en'\/>$/);
  });

  it("offers features whose prefix is declared (section 3.3.3), and no TLS (section 3.9)", async () => {
    const client = await frames();
    client.send(open());
    const features = await client.until(/features/);
    expect(features).toMatch(/^<stream:features xmlns:stream='http:\/\/etherx.jabber.org\/streams'><mechanisms /);
    expect(features).not.toContain("xmpp-tls");
  });

  it("answers STARTTLS with an error all the same", async () => {
    const client = await frames();
    client.send(open(), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await client.until(/<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"|<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/);
    await client.until(/^<close /);
  });

  it.each([
    ["a stream header of TCP", "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'/>", "bad-format"],
    ["<open/> in another namespace", "<open xmlns='jabber:client' to='localhost'/>", "invalid-namespace"],
    ["<open/> without a namespace", "<open to='localhost'/>", "invalid-namespace"],
    ["a stanza", "<message xmlns='jabber:client'/>", "bad-format"],
  ])("refuses %s: first an opening, then the error in a frame of its own (section 3.5), then the close", async (_, frame, condition) => {
    const client = await frames();
    client.send(frame);
    await client.until(/^closed/);
    expect(client.received).toEqual([
      expect.stringMatching(/^<open /),
      expect.stringMatching(new RegExp(`^<stream:error xmlns:stream='http://etherx.jabber.org/streams'><${condition} `)),
      "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
      "closed 1000",
    ]);
  });

  it("refuses a host that is not served", async () => {
    const client = await frames();
    client.send(open("elsewhere.example"));
    await client.until(/host-unknown/);
  });
});

describe("RFC 7395 section 3.3.3 frames", () => {
  it.each([
    ["white space before the element", " <presence xmlns='jabber:client'/>", "bad-format"],
    ["white space alone (section 3.8)", " ", "bad-format"],
    ["nothing", "", "bad-format"],
    ["half an element", "<presence xmlns='jabber:client'>", "not-well-formed"],
    ["an end tag", "</stream>", "not-well-formed"],
    ["two elements", "<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>", "not-well-formed"],
    ["text after the element", "<presence xmlns='jabber:client'/>x", "bad-format"],
    ["an undeclared prefix", "<stream:error/>", "not-well-formed"],
    ["an element that relies on a namespace around it", "<presence/>", "invalid-namespace"],
    ["an element in no namespace", "<presence xmlns=''/>", "invalid-namespace"],
    ["a comment", "<!-- x --><presence xmlns='jabber:client'/>", "restricted-xml"],
    ["a second opening", open(), "bad-format"],
    ["an unknown element of the framing", "<other xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", "bad-format"],
  ])("refuses %s", async (_, frame, condition) => {
    const client = await bound("alice");
    client.send(frame, "<presence xmlns='jabber:client'/>");
    expect(await client.until(/stream:error/)).toContain(`<${condition} `);
    await client.until(/^<close /);
    await client.until(/^closed 1000/);
  });

  it("takes an XML declaration, line breaks after the element and prefixes of its own", async () => {
    const client = await bound("alice");
    client.send(
      "<?xml version='1.0' encoding='UTF-8'?>\n<iq xmlns='jabber:client' type='get' id='a'><ping xmlns='urn:xmpp:ping'/></iq>\r\n",
      "<iq xmlns='jabber:client' type='get' id='b'><p:ping xmlns:p='urn:xmpp:ping'/></iq>",
    );
    await client.until(/<iq [^>]*id="a"/);
    await client.until(/<iq [^>]*id="b"/);
    expect(client.received.filter((text) => /id="[ab]"/.test(text)).every((text) => text.startsWith("<iq xmlns='jabber:client' "))).toBe(true);
  });

  it("sends each stanza in a frame of its own, with its namespace", async () => {
    const [alice, bob] = await Promise.all([bound("alice"), bound("bob")]);
    const bodies = Array.from({ length: 20 }, (_, index) => `<message xmlns='jabber:client' to='${bob.jid}' type='chat'><body>${index}</body></message>`);
    alice.send(...bodies);
    await bob.until(/<body>19</);
    const messages = bob.received.filter((text) => text.startsWith("<message"));
    expect(messages.map((text) => /<body>(\d+)</.exec(text)?.[1])).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(messages.every((text) => text.startsWith("<message xmlns='jabber:client' ") && text.endsWith("</message>"))).toBe(true);
  });

  it("tells a client whose stanza is too large why its stream ends (RFC 6120 section 13.12)", async () => {
    const client = await bound("alice");
    client.send(`<message xmlns='jabber:client'><body>${"x".repeat(20_000)}</body></message>`);
    await client.until(/^<stream:error .*<policy-violation /);
    await client.until(/^closed 1000/);
  });

  it("holds strangers to the limits of strangers", async () => {
    const client = await frames();
    client.send(open(), `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${"A".repeat(15_000)}</auth>`);
    await client.until(/policy-violation/);
  });

  it("takes text alone (section 3.2)", async () => {
    const client = await frames();
    client.socket.send(Buffer.from(open()), { binary: true });
    await client.until(/^closed 1003/);
  });
});

describe("RFC 7395 section 3.6 the end of a stream", () => {
  it("is answered with a close element, and the socket is closed", async () => {
    const client = await bound("alice");
    client.send(close);
    await client.until(/^<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'\/>$/);
    await client.until(/^closed 1000/);
  });

  it("is said before the socket is closed when the server stops", async () => {
    const own = await startServer({ http: true });
    await own.addUser("alice", "secret");
    const client = await boundFrames({ port: own.httpPort, username: "alice", password: "secret" });
    await own.stop();
    await client.until(/system-shutdown/);
    await client.until(/^<close /);
    await client.until(/^closed/);
  });
});

describe("RFC 7395 section 3.10 stream management", () => {
  it("resumes a session whose WebSocket broke", async () => {
    const alice = await bound("alice", "resumes");
    alice.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    const id = /id="([^"]+)"/.exec(await alice.until(/<enabled/))?.[1] ?? "";
    alice.socket.terminate();
    const bob = await bound("bob");
    bob.send(`<message xmlns='jabber:client' to='alice@localhost/resumes' type='chat'><body>while away</body></message>`);
    const again = await login("alice");
    again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
    await again.until(/^<resumed /);
    await again.until(/while away/);
    const session = server.session("alice@localhost/resumes");
    expect(session?.conn).toMatchObject({ transport: "websocket" });
  });

  it("resumes none that sent a frame larger than any stanza may be: it would send the same again", async () => {
    const alice = await bound("alice", "large");
    alice.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    const id = /id="([^"]+)"/.exec(await alice.until(/<enabled/))?.[1] ?? "";
    alice.send(`<message xmlns='jabber:client'><body>${"x".repeat(40_000)}</body></message>`);
    await alice.until(/^closed 1009/);
    const again = await login("alice");
    again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
    await again.until(/^<failed .*item-not-found/);
    expect(server.session("alice@localhost/large")).toBeUndefined();
  });

  /** Logged in, and not bound. */
  async function login(username: string): Promise<Frames> {
    const client = await frames();
    client.send(open(), `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0${username}\0secret`).toString("base64")}</auth>`);
    await client.until(/^<success/);
    client.send(open());
    await client.until(/<bind/);
    return client;
  }
});
