/** What the server offers at each stage of negotiation, and that the offer is true. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { authenticate, bindRequest, connectSecure, login, startTls, streamHeader } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { expectStreamError, lastStream, startWithUsers } from "./support.ts";

const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const bind = "urn:ietf:params:xml:ns:xmpp-bind";
const session = "urn:ietf:params:xml:ns:xmpp-session";
const caps = "http://jabber.org/protocol/caps";
const limits = "urn:xmpp:stream-limits:0";
/** RFC 6121 sections 2.6.1 and 3.4. */
const rosterFeatures = ["ver urn:xmpp:features:rosterver", "sub urn:xmpp:features:pre-approval"];

let server: TestServer;
let plain: TestServer;
beforeAll(async () => {
  const session = { negotiationTimeoutMs: 20_000, silenceMs: 120_000 };
  server = await startWithUsers({ session });
  plain = await startWithUsers({ allowPlaintext: true });
});
afterAll(() => Promise.all([server.stop(), plain.stop()]));

/** The features of the last stream; `header` if the client has still to open it. */
async function featuresOf(client: RawClient, header?: string): Promise<Xml> {
  if (header !== undefined) {
    client.send(header);
    await client.expect("</stream:features>");
  }
  client.destroy();
  const { elements } = lastStream(client);
  expect(elements).toHaveLength(1);
  expect(elements[0]).toMatchObject({ name: "features", xmlns: "http://etherx.jabber.org/streams" });
  return elements[0]!;
}

const namesOf = (features: Xml) => features.children.map((child) => (typeof child === "string" ? child : `${child.name} ${child.xmlns}`));
const mechanismsOf = (features: Xml) => childOf(features, "mechanisms")?.children.map((child) => textOf(child as Xml));

describe("RFC 6120 section 5.3.1 STARTTLS is mandatory-to-negotiate", () => {
  it("is offered in the clear, required, and nothing else is", async () => {
    const features = await featuresOf(await connectRaw({ port: server.port }), streamHeader("localhost"));
    expect(childOf(features, "starttls")).toEqual({
      name: "starttls", xmlns: tls, attrs: {}, children: [{ name: "required", xmlns: tls, attrs: {}, children: [] }],
    });
    expect(namesOf(features)).toEqual([`starttls ${tls}`, `limits ${limits}`]);
  });

  it("is offered and not required where the operator allows logins in the clear", async () => {
    const features = await featuresOf(await connectRaw({ port: plain.port }), streamHeader("localhost"));
    expect(childOf(features, "starttls")?.children).toEqual([]);
    expect(mechanismsOf(features)).toEqual(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
  });
});

describe("RFC 6120 section 5.4.2 initiation of STARTTLS", () => {
  it("refuses STARTTLS over TLS with <failure/> and the end of the stream (section 5.4.2.2)", async () => {
    const client = await connectSecure(server);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(startTls);
    await client.expect(`<failure xmlns="${tls}"/></stream:stream>`);
    client.send("</stream:stream>");
    await client.closed();
    client.destroy();
  });

  it.each(["before binding", "when bound"])("refuses STARTTLS in the same way where it is not offered any more, %s", async (when) => {
    const client = await authenticate(server, { user: "romeo" });
    if (when === "when bound") client.send(bindRequest(null));
    client.send(startTls);
    await client.expect(`<failure xmlns="${tls}"/></stream:stream>`);
    client.send("</stream:stream>");
    await client.closed();
    client.destroy();
  });

  it("forgets what came in the clear (section 5.4.3.3): the host may be another one", async () => {
    const own = await startWithUsers({ domains: ["localhost", "mantua.example"] });
    const client = await connectRaw({ port: own.port });
    client.send(streamHeader("localhost", "version='1.0' from='juliet@localhost'"));
    await client.expect("</stream:features>");
    client.send(startTls);
    await client.expect("<proceed");
    await client.startTls();
    await featuresOf(client, streamHeader("mantua.example"));
    expect(lastStream(client).reader.header).toMatchObject({ from: "mantua.example" });
    expect(lastStream(client).reader.header).not.toHaveProperty("to");
    await own.stop();
  });
});

describe("RFC 6120 section 6.4.1 features over TLS", () => {
  it.each(["tls", "starttls"] as const)("are the mechanisms, with channel binding first, and no STARTTLS (%s)", async (over) => {
    const features = await featuresOf(await connectSecure(server, over), streamHeader("localhost"));
    expect(namesOf(features)).toEqual([`mechanisms ${sasl}`, "authentication urn:xmpp:sasl:2", "sasl-channel-binding urn:xmpp:sasl-cb:0", "register urn:xmpp:ibr-token:0", "register http://jabber.org/features/iq-register", `limits ${limits}`]);
    expect(mechanismsOf(features)).toEqual([
      "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",
    ]);
    expect(childOf(features, "sasl-channel-binding")?.children.map((child) => (child as Xml).attrs["type"])).toEqual([
      "tls-exporter", "tls-server-end-point",
    ]);
  });
});

describe("RFC 6120 section 7.4 features after authentication", () => {
  it("are binding, what rosters can do, the optional session of RFC 3921 and the server's capabilities, and nothing to log in with", async () => {
    const features = await featuresOf(await authenticate(server, { user: "romeo" }));
    expect(namesOf(features)).toEqual([`bind ${bind}`, ...rosterFeatures, `session ${session}`, `c ${caps}`, "sm urn:xmpp:sm:3", "csi urn:xmpp:csi:0", `limits ${limits}`]);
    expect(childOf(childOf(features, "session"), "optional")).toBeDefined();
  });
});

describe("XEP-0478 section 2 stream limits", () => {
  const limit = (features: Xml, name: string) => Number(textOf(childOf(childOf(features, "limits"), name)));
  /** An iq without an answer that anybody waits for, of exactly so many bytes. */
  const sized = (bytes: number) => {
    const [start, end] = ["<iq type='error' id='x'><a>", "</a></iq>"];
    return start + "x".repeat(bytes - start.length - end.length) + end;
  };

  it("are those of strangers before authentication: bytes, and the time to log in", async () => {
    const features = await featuresOf(await connectSecure(server), streamHeader("localhost"));
    expect(limit(features, "max-bytes")).toBe(10_000);
    expect(limit(features, "idle-seconds")).toBe(20);
  });

  it("are those of users afterwards: bytes, and the silence that is tolerated", async () => {
    const features = await featuresOf(await authenticate(server, { user: "romeo" }));
    expect(limit(features, "max-bytes")).toBe(262_144);
    expect(limit(features, "idle-seconds")).toBe(120);
  });

  it("are true before authentication, to the byte", async () => {
    const auth = (bytes: number) => {
      const [start, end] = [`<auth xmlns='${sasl}' mechanism='NONE'>`, "</auth>"];
      return start + "A".repeat(bytes - start.length - end.length) + end;
    };
    const client = await connectSecure(server);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    client.send(auth(10_000));
    await client.expect("<invalid-mechanism/>");
    client.send(auth(10_001));
    await expectStreamError(client, "policy-violation");
  });

  it("are true after authentication, to the byte", async () => {
    const romeo = await login(server, { user: "romeo" });
    expect(await romeo.ask(sized(262_144))).toEqual([]);
    romeo.send(sized(262_145));
    await expectStreamError(romeo.raw, "policy-violation");
  });

  it("follow the operator's choice", async () => {
    const own = await startWithUsers({ limits: { stanzaBytes: 20_000 } });
    const features = await featuresOf(await authenticate(own, { user: "romeo" }));
    expect(limit(features, "max-bytes")).toBe(20_000);
    const romeo = await login(own, { user: "romeo" });
    expect(await romeo.ask(sized(20_000))).toEqual([]);
    romeo.send(sized(20_001));
    await expectStreamError(romeo.raw, "policy-violation");
    await own.stop();
  });
});
