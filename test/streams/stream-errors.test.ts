/** Every stream error that a client can earn, or that the server can owe it (RFC 6120 section 4.9.3). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { liveIds } from "../../src/live.ts";
import type { TestServer } from "../../src/testing/start-server.ts";
import { authenticate, bindRequest, connectSecure, login, saslPlain, streamHeader } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { childOf, textOf } from "../support/xml-reader.ts";
import { expectLogin, expectStreamError, faultyStore, lastStream, startWithUsers } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  // Where TLS makes no difference the tests do without its handshakes.
  server = await startWithUsers({ allowPlaintext: true });
});
afterAll(() => server.stop());

/** How far the client has come when it sends what breaks the stream. */
const phases = {
  "instead of a header": () => connectRaw({ port: server.port }),
  "instead of a header over TLS": () => connectSecure(server),
  "before TLS": async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    return client;
  },
  "before authentication": async () => {
    const client = await connectSecure(server);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    return client;
  },
  "before binding": () => authenticate(server, { user: "romeo", over: "plaintext" }),
  "when bound": async () => (await login(server, { user: "romeo", over: "plaintext", resource: null })).raw,
} satisfies Record<string, () => Promise<RawClient>>;
type Phase = keyof typeof phases;

function breaks(condition: string, what: string, bytes: string | Uint8Array, ...when: readonly Phase[]): void {
  for (const phase of when) {
    it(`is what ${what} meets, ${phase}`, async () => {
      const client = await phases[phase]();
      client.send(bytes);
      await expectStreamError(client, condition);
      await expectLogin(server, "plaintext");
    });
  }
}

const allOpen = ["before TLS", "before authentication", "before binding", "when bound"] as const;
const streams = "http://etherx.jabber.org/streams";
const message = "<message to='juliet@localhost'><body>Wherefore art thou?</body></message>";

describe("RFC 6120 section 4.9.3.1 bad-format", () => {
  breaks("bad-format", "a root element that is no stream",
    `<stream:flow to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${streams}'>`, "instead of a header");
  breaks("bad-format", "a second header within the stream", streamHeader("localhost").replace("<?xml version='1.0'?>", ""),
    "before authentication", "when bound");
  breaks("bad-format", "text between stanzas", "Wherefore?", ...allOpen);
});

describe("RFC 6120 section 4.9.3.2 bad-namespace-prefix", () => {
  breaks("bad-namespace-prefix", "a header with the prefix foobar",
    `<?xml version='1.0'?><foobar:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:foobar='${streams}'>`,
    "instead of a header");
  breaks("bad-namespace-prefix", "a stanza with a prefix (section 4.8.5)",
    "<c:message xmlns:c='jabber:client' to='juliet@localhost'/>", "before binding", "when bound");
});

describe("RFC 6120 section 4.9.3.3 conflict", () => {
  it("ends the older stream when its resource is bound again", async () => {
    const old = await login(server, { user: "romeo", resource: "orchard" });
    const young = await login(server, { user: "romeo", resource: "orchard" });
    await expectStreamError(old.raw, "conflict");
    expect(await young.caughtUp()).toEqual([]);
    await young.close();
    await expectLogin(server);
  });
});

describe("RFC 6120 section 4.9.3.6 host-unknown", () => {
  breaks("host-unknown", "a host that is not served", streamHeader("unknown.host.example"), "instead of a header", "instead of a header over TLS");
  breaks("host-unknown", "a header without 'to'",
    `<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='${streams}'>`, "instead of a header");

  it("is sent from a host of this server, to who asked (section 4.9.1.3)", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("unknown.host.example", "from='juliet@unknown.host.example' version='1.0'"));
    await expectStreamError(client, "host-unknown");
    expect(lastStream(client).reader.header).toMatchObject({
      from: "localhost", to: "juliet@unknown.host.example", version: "1.0", "xml:lang": "en",
    });
  });
});

describe("RFC 6120 section 4.9.3.7 improper-addressing", () => {
  breaks("improper-addressing", "a host that breaks the rules for addresses", streamHeader("foo bar"), "instead of a header");
  breaks("improper-addressing", "an account where a host belongs", streamHeader("juliet@localhost"), "instead of a header over TLS");
});

describe("RFC 6120 section 4.9.3.8 internal-server-error", () => {
  it("ends the session that cannot be served, and no other", async () => {
    const faulty = faultyStore();
    const own = await startWithUsers({ parts: { store: faulty.store } });
    try {
      const romeo = await login(own, { user: "romeo" });
      const juliet = await login(own, { user: "juliet" });
      faulty.readsFail = true;
      romeo.send("<message to='tybalt@localhost'><body>Who reads this account?</body></message>");
      await expectStreamError(romeo.raw, "internal-server-error");
      faulty.readsFail = false;
      expect(await juliet.caughtUp()).toEqual([]);
      await juliet.close();
      await expectLogin(own);
    } finally {
      await own.stop();
    }
  });

  it("comes after a header, also when it was the header that could not be made (section 4.9.1.2)", async () => {
    let fails = false;
    const next = (): string => {
      if (!fails) return liveIds.next();
      fails = false;
      throw new Error("no randomness left");
    };
    const own = await startWithUsers({ parts: { ids: { next } } });
    try {
      const client = await connectSecure(own);
      await expect.poll(async () => (await own.sessions()).length).toBe(1);
      fails = true;
      client.send(streamHeader("localhost"));
      await expectStreamError(client, "internal-server-error");
      expect(client.received.match(/<stream:stream /g)).toHaveLength(1);
      await expectLogin(own);
    } finally {
      await own.stop();
    }
  });

  it("ends every session when nothing can be stored any more", async () => {
    const faulty = faultyStore();
    const own = await startWithUsers({ parts: { store: faulty.store } });
    try {
      const romeo = await login(own, { user: "romeo" });
      const early = await connectRaw({ port: own.port });
      faulty.writesFail = true;
      romeo.send("<presence/>");
      await expectStreamError(romeo.raw, "internal-server-error");
      await expectStreamError(early, "internal-server-error");
      expect((await own.server.failed).message).toBe("the disk is on fire");
    } finally {
      await own.stop();
    }
  });
});

describe("RFC 6120 section 4.9.3.9 invalid-from", () => {
  it("is what a header meets that claimed another account than the one that logs in (section 6.4.6)", async () => {
    const client = await connectSecure(server);
    client.send(streamHeader("localhost", "from='juliet@localhost' version='1.0'"));
    await client.expect("</stream:features>");
    client.send(saslPlain("romeo"));
    await expectStreamError(client, "invalid-from");
    expect(client.received).not.toContain("<success");
    await expectLogin(server);
  });

  it("is what the header after authentication meets that claims another account", async () => {
    const client = await connectSecure(server);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(saslPlain("romeo"));
    await client.expect(/<success [^>]*>/);
    client.send(streamHeader("localhost", "from='juliet@localhost' version='1.0'"));
    await expectStreamError(client, "invalid-from");
    // RFC 6120 section 4.7.2: who names a sender is answered with it, whatever the answer.
    expect(lastStream(client).reader.header).toMatchObject({ to: "juliet@localhost" });
    await expectLogin(server);
  });

  it("is not what the rightful account meets, whatever its resource", async () => {
    const client = await login(server, { user: "romeo", header: "from='Romeo@localhost/orchard' version='1.0'" });
    expect(client.header).toMatchObject({ to: "romeo@localhost" });
    await client.close();
  });
});

describe("RFC 6120 section 4.9.3.10 invalid-namespace", () => {
  breaks("invalid-namespace", "a wrong namespace of the stream",
    "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://wrong.namespace.example.org/'>",
    "instead of a header", "instead of a header over TLS");
  breaks("invalid-namespace", "no namespace of the stream at all", "<stream to='localhost' version='1.0'>", "instead of a header");
  breaks("invalid-namespace", "the content namespace of servers",
    `<stream:stream to='localhost' version='1.0' xmlns='jabber:server' xmlns:stream='${streams}'>`, "instead of a header");
  breaks("invalid-namespace", "an unknown content namespace",
    `<stream:stream to='localhost' version='1.0' xmlns='urn:example:content' xmlns:stream='${streams}'>`, "instead of a header");
  breaks("invalid-namespace", "a stanza in the content namespace of servers (section 4.8.3)",
    "<message xmlns='jabber:server' to='juliet@localhost'/>", "when bound");
});

describe("RFC 6120 section 4.9.3.12 not-authorized", () => {
  for (const [what, stanza] of [
    ["a message", message],
    ["presence", "<presence/>"],
    ["an iq to the server", "<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"],
    ["an attempt to bind", bindRequest("orchard")],
  ] as const) {
    breaks("not-authorized", what, stanza, "before TLS", "before authentication");
  }
  breaks("not-authorized", "a message (section 7.1)", message, "before binding");
  breaks("not-authorized", "presence (section 7.1)", "<presence/>", "before binding");
  breaks("not-authorized", "an iq to somebody else (section 7.1)",
    "<iq type='get' id='1' to='juliet@localhost'><ping xmlns='urn:xmpp:ping'/></iq>", "before binding");

  it("is what a header to another host meets after authentication", async () => {
    const own = await startWithUsers({ domains: ["localhost", "mantua.example"] });
    try {
      const client = await connectSecure(own);
      client.send(streamHeader("localhost"));
      await client.expect("</stream:features>");
      client.send(saslPlain("romeo"));
      await client.expect(/<success [^>]*>/);
      client.send(streamHeader("mantua.example"));
      await expectStreamError(client, "not-authorized");
      await expectLogin(own);
    } finally {
      await own.stop();
    }
  });

  it("does not process what it refuses", async () => {
    const juliet = await login(server, { user: "juliet" });
    const client = await authenticate(server, { user: "romeo" });
    client.send(`<message to='${juliet.jid}'><body>Too early</body></message>${bindRequest("orchard")}`);
    await expectStreamError(client, "not-authorized");
    expect(await juliet.caughtUp()).toEqual([]);
    await juliet.close();
  });
});

describe("RFC 6120 section 4.9.3.13 not-well-formed", () => {
  breaks("not-well-formed", "a mismatched end tag", "<message><body>No closing tag!</message>", ...allOpen);
  breaks("not-well-formed", "an undeclared prefix", "<message><foo:body>What is this foo?</foo:body></message>", "when bound");
  breaks("not-well-formed", "the same attribute twice", "<message id='1' id='2'/>", "when bound");
  breaks("not-well-formed", "an XML declaration within the stream", streamHeader("localhost"), "before authentication", "when bound");
  breaks("not-well-formed", "a control character", "<message><body>\x01</body></message>", "when bound");
  breaks("not-well-formed", "what is no XML", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "instead of a header", "instead of a header over TLS");
});

describe("RFC 6120 section 4.9.3.14 policy-violation", () => {
  const big = (bytes: number) => `<message><body>${"x".repeat(bytes)}</body></message>`;
  const deep = (levels: number) => "<message>" + "<a>".repeat(levels);
  breaks("policy-violation", "an element of more than 10,000 bytes", big(10_000), "before TLS", "before authentication");
  breaks("policy-violation", "a stanza of more than 262,144 bytes", big(262_144), "when bound");
  breaks("policy-violation", "a header of more than 10,000 bytes", streamHeader("localhost", `id='${"x".repeat(10_000)}'`), "instead of a header");
  breaks("policy-violation", "elements nested too deep", deep(8), "before TLS");
  breaks("policy-violation", "elements nested too deep", deep(64), "when bound");
  breaks("policy-violation", "too many attributes",
    `<message ${Array.from({ length: 65 }, (_, n) => `a${n}=''`).join(" ")}/>`, "when bound");
  breaks("policy-violation", "too long a name", `<message><${"n".repeat(513)}/></message>`, "when bound");
  breaks("policy-violation", "too many elements", `<message>${"<a/>".repeat(8_192)}</message>`, "when bound");

  it("says which policy it was", async () => {
    const client = await phases["when bound"]();
    client.send(deep(64));
    expect(textOf(childOf(await expectStreamError(client, "policy-violation"), "text"))).toContain("64");
  });

  breaks("policy-violation", "authentication once more", saslPlain("romeo"), "before binding", "when bound");
});

describe("RFC 6120 section 4.9.3.18 restricted-xml", () => {
  breaks("restricted-xml", "a comment", "<message><!--<subject/>--><body>No subject.</body></message>", ...allOpen);
  breaks("restricted-xml", "a comment between stanzas", "<!-- aside -->", "when bound");
  breaks("restricted-xml", "a processing instruction", "<message><?php echo 1?></message>", ...allOpen);
  breaks("restricted-xml", "a document type", "<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", "instead of a header", "instead of a header over TLS");
  breaks("restricted-xml", "an entity that XML does not define", "<message><body>&lol;</body></message>", "before authentication", "when bound");
  breaks("restricted-xml", "an external entity",
    "<!DOCTYPE foo [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]><foo>&xxe;</foo>", "instead of a header");
});

describe("RFC 6120 section 4.9.3.20 system-shutdown", () => {
  it("ends every stream, also one that has not begun", async () => {
    const own = await startWithUsers();
    const bound = await login(own, { user: "romeo" });
    const unbound = await authenticate(own, { user: "juliet" });
    const silent = await connectRaw({ port: own.port });
    const secure = await connectSecure(own);
    // The listener has taken the silent one once it answers a later one.
    await expectLogin(own);
    const stopped = own.stop();
    for (const client of [bound.raw, unbound, silent, secure]) await expectStreamError(client, "system-shutdown");
    await stopped;
  });
});

describe("RFC 6120 section 4.9.3.22 unsupported-encoding", () => {
  const header = streamHeader("localhost");
  breaks("unsupported-encoding", "a declaration of UTF-16", header.replace("'1.0'?>", "'1.0' encoding='UTF-16'?>"), "instead of a header");
  breaks("unsupported-encoding", "UTF-16 itself", Buffer.from(`\uFEFF${header}`, "utf16le"), "instead of a header");
  breaks("unsupported-encoding", "ISO-8859-1 within UTF-8", Buffer.from("<message><body>d\xE9j\xE0 vu</body></message>", "latin1"), "when bound");
  breaks("unsupported-encoding", "an overlong sequence", Buffer.from([0x3c, 0x6d, 0x3e, 0xc0, 0xaf]), "before authentication");
  breaks("unsupported-encoding", "half a surrogate pair", Buffer.from([0x3c, 0x6d, 0x3e, 0xed, 0xa0, 0x80]), "when bound");
});

describe("RFC 6120 section 4.9.3.24 unsupported-stanza-type", () => {
  breaks("unsupported-stanza-type", "an element that the content namespace has not",
    "<pubsub xmlns='jabber:client'><publish node='princely_musings'/></pubsub>", ...allOpen);
  breaks("unsupported-stanza-type", "a namespace that nobody knows", "<a xmlns='urn:example:unknown'/>", ...allOpen);
  breaks("unsupported-stanza-type", "an element that SASL has not", "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "before authentication");
  breaks("unsupported-stanza-type", "features from the client", "<stream:features/>", "before authentication", "when bound");
});

describe("RFC 6120 section 4.9.3.25 unsupported-version", () => {
  breaks("unsupported-version", "version 11.0", streamHeader("localhost", "version='11.0'"), "instead of a header");
  breaks("unsupported-version", "version 2.0 over TLS", streamHeader("localhost", "version='2.0'"), "instead of a header over TLS");
  breaks("unsupported-version", "no version, which means 0.9 (section 4.7.5)", streamHeader("localhost", ""), "instead of a header");
  breaks("unsupported-version", "a version that is no number", streamHeader("localhost", "version='one'"), "instead of a header");

  it("answers with its own version, or with none to who sent none (section 4.7.5)", async () => {
    const client = await connectRaw({ port: server.port });
    client.send(streamHeader("localhost", "version='11.0'"));
    await expectStreamError(client, "unsupported-version");
    expect(lastStream(client).reader.header).toMatchObject({ version: "1.0" });
    const old = await connectRaw({ port: server.port });
    old.send(streamHeader("localhost", ""));
    await expectStreamError(old, "unsupported-version");
    expect(lastStream(old).reader.header).not.toHaveProperty("version");
  });

  it("answers with no version to who sent none after authentication either", async () => {
    const client = await connectSecure(server, "plaintext");
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(saslPlain("romeo"));
    await client.expect(/<success [^>]*>/);
    client.send(streamHeader("localhost", ""));
    await expectStreamError(client, "unsupported-version");
    expect(lastStream(client).reader.header).not.toHaveProperty("version");
  });

  for (const version of ["1.0", "1.1", "1.13", "01.0"]) {
    it(`is not what version ${version} meets`, async () => {
      const client = await connectRaw({ port: server.port });
      client.send(streamHeader("localhost", `version='${version}'`));
      await client.expect("</stream:features>");
      expect(lastStream(client).reader.header).toMatchObject({ version: "1.0" });
      client.destroy();
    });
  }
});

describe("RFC 6120 section 4.9.1.1 stream errors are unrecoverable", () => {
  const clients: RawClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });

  it("processes nothing that follows the mistake in the same bytes", async () => {
    const juliet = await login(server, { user: "juliet", resource: "balcony" });
    const romeo = await login(server, { user: "romeo", resource: "orchard" });
    clients.push(juliet.raw, romeo.raw);
    const say = (body: string) => `<message to='${juliet.jid}'><body>${body}</body></message>`;
    romeo.send(`${say("before")}<!-- -->${say("after")}`);
    await expectStreamError(romeo.raw, "restricted-xml");
    const heard = await juliet.caughtUp();
    expect(heard.map(textOf)).toEqual(["before"]);
    await juliet.close();
  });

  it("takes a stream error of the client as the end of its stream", async () => {
    const client = await login(server, { user: "romeo" });
    client.send("<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
    await client.raw.closed();
    expect(client.raw.received.endsWith("</stream:stream>")).toBe(true);
    expect(client.raw.received).not.toContain("<stream:error>");
    client.raw.destroy();
  });
});
