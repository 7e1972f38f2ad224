/** Logins by XEP-0388 over real sockets: one request, one answer, no second stream. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { finalMessage, finalParts, firstMessage, attribute } from "../auth/scram-client.ts";
import { authenticate, featuresOf, logIn, logInPlain, namesIn, openStream, plainMessage, sasl2, type OpenOptions } from "../support/inline-login.ts";
import { bindRequest, saslPlain, type BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";

let server: TestServer;
const clients: BoundClient[] = [];
beforeAll(async () => {
  server = await startServer({ domains: ["localhost", "elsewhere.example"] });
  await server.addUser("romeo", "secret");
  await server.addUser("juliet", "secret");
});
afterEach(() => {
  for (const { raw } of clients.splice(0)) raw.destroy();
});
afterAll(() => server.stop());

async function stream(options?: OpenOptions): Promise<BoundClient> {
  const client = await openStream(server, options);
  clients.push(client);
  return client;
}

const conditionOf = (failure: Xml): string => namesIn(failure)[0] ?? "";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";

describe("XEP-0388 section 2.1 the feature", () => {
  it("has the mechanisms of the older one, and what a login can carry", async () => {
    const { raw } = await stream();
    const [, old] = /<mechanisms [^>]*>(.*?)<\/mechanisms>/.exec(raw.received)!;
    const [, features] = /<authentication xmlns="urn:xmpp:sasl:2">(.*?)<\/authentication>/.exec(raw.received)!;
    const [, inline] = /<inline>(.*)<\/inline>$/.exec(features!)!;
    expect(features!.startsWith(old!)).toBe(true);
    expect(inline).toContain('<bind xmlns="urn:xmpp:bind:0"><inline>');
    expect(inline).toContain('<sm xmlns="urn:xmpp:sm:3"/>');
  });

  it("comes with the channel bindings of XEP-0440", async () => {
    expect((await stream()).raw.received).toMatch(/<sasl-channel-binding xmlns="urn:xmpp:sasl-cb:0"><channel-binding type="tls-exporter"\/>/);
  });

  it("is not there before TLS (section 3), and who takes it all the same is refused", async () => {
    const raw = await openStreamInTheClear();
    expect(raw.raw.received).not.toContain(sasl2);
    expect(conditionOf(await logIn(raw, logInPlain("romeo")))).toBe(`encryption-required ${sasl}`);
  });
});

async function openStreamInTheClear(): Promise<BoundClient> {
  const client = await openStream(server, { over: "plaintext" });
  clients.push(client);
  return client;
}

describe("XEP-0388 section 2.6.1 success", () => {
  it("names the bare JID, and the features follow at once in the same stream", async () => {
    const client = await stream();
    const success = await logIn(client, logInPlain("romeo"));
    expect(showXml(success)).toBe(`<success xmlns='${sasl2}'><authorization-identifier>romeo@localhost</authorization-identifier></success>`);
    expect(namesIn(featuresOf.get(success))).toContain("bind urn:ietf:params:xml:ns:xmpp-bind");
    expect(client.raw.received.match(/<stream:stream/g)).toHaveLength(1);
    client.send(bindRequest("orchard"));
    expect(textOf(childOf(childOf(await client.next(), "bind"), "jid"))).toBe("romeo@localhost/orchard");
    expect((await client.caughtUp()).length).toBe(0);
  });

  it("lets in larger elements than before it", async () => {
    const client = await stream();
    await logIn(client, logInPlain("romeo"));
    client.send(bindRequest("large"));
    await client.next();
    client.send(`<message to='juliet@localhost' type='chat'><body>${"x".repeat(100_000)}</body></message>`);
    expect(await client.caughtUp()).toEqual([]);
  });

  it("has the additional data of the mechanism (SCRAM, in two steps)", async () => {
    const client = await stream();
    const scram = { hash: "sha256", username: "romeo", password: "secret", nonce: "abc" } as const;
    client.send(authenticate("SCRAM-SHA-256", Buffer.from(firstMessage(scram)).toString("base64")));
    const challenge = await client.next();
    expect([challenge.name, challenge.xmlns]).toEqual(["challenge", sasl2]);
    const first = Buffer.from(textOf(challenge), "base64").toString();
    // XEP-0474 section 6.1: what this profile lists, which is what the other one lists.
    expect(attribute(first, "h")).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    const { final, verifier } = finalParts(scram, first);
    const success = await logIn(client, `<response xmlns='${sasl2}'>${Buffer.from(finalMessage(final)).toString("base64")}</response>`);
    expect(Buffer.from(textOf(childOf(success, "additional-data")), "base64").toString()).toBe(`v=${verifier}`);
  });

  it("binds to the channel (XEP-0440)", async () => {
    const client = await stream();
    const channelBinding = client.raw.secure!.tlsExporter;
    const scram = { hash: "sha256", username: "romeo", password: "secret", nonce: "abc", gs2Header: "p=tls-exporter,,", channelBinding } as const;
    client.send(authenticate("SCRAM-SHA-256-PLUS", Buffer.from(firstMessage(scram)).toString("base64")));
    const { final } = finalParts(scram, Buffer.from(textOf(await client.next()), "base64").toString());
    expect((await logIn(client, `<response xmlns='${sasl2}'>${Buffer.from(finalMessage(final)).toString("base64")}</response>`)).name).toBe("success");
  });

  it("takes an initial response that comes only when it is asked for, and white space in it (section 2.2)", async () => {
    const client = await stream();
    client.send(authenticate("PLAIN", undefined));
    expect(showXml(await client.next())).toBe(`<challenge xmlns='${sasl2}'/>`);
    expect((await logIn(client, `<response xmlns='${sasl2}'>\n  ${plainMessage("romeo")}\n</response>`)).name).toBe("success");
  });
});

describe("XEP-0388 section 2.6.2 failure", () => {
  it.each([
    ["a wrong password", authenticate("PLAIN", plainMessage("romeo", "wrong")), "not-authorized"],
    ["somebody who does not exist", authenticate("PLAIN", plainMessage("nobody")), "not-authorized"],
    ["a mechanism that is not offered", authenticate("SCRAM-SHA-512", plainMessage("romeo")), "invalid-mechanism"],
    ["no mechanism", `<authenticate xmlns='${sasl2}'/>`, "invalid-mechanism"],
    ["what is no base64", authenticate("PLAIN", "***"), "incorrect-encoding"],
    ["what RFC 6120 writes for nothing", authenticate("PLAIN", "="), "incorrect-encoding"],
    ["an empty message", authenticate("PLAIN", ""), "malformed-request"],
    ["a session to resume without its number", authenticate("PLAIN", plainMessage("romeo"), "<resume xmlns='urn:xmpp:sm:3' previd='x'/>"), "malformed-request"],
    ["an abort without a login", `<abort xmlns='${sasl2}'/>`, "aborted"],
    ["a response without a login", `<response xmlns='${sasl2}'/>`, "malformed-request"],
  ])("is told of %s, and the stream goes on", async (_, login, condition) => {
    const client = await stream();
    const failure = await logIn(client, login);
    expect([failure.name, failure.xmlns, conditionOf(failure)]).toEqual(["failure", sasl2, `${condition} ${sasl}`]);
    expect((await logIn(client, logInPlain("romeo"))).name).toBe("success");
  });

  it("does nothing of what was asked for besides", async () => {
    const client = await stream();
    await logIn(client, authenticate("PLAIN", plainMessage("romeo", "wrong"), "<bind xmlns='urn:xmpp:bind:0'><tag>no</tag></bind>"));
    expect((await server.sessions()).some(({ resource }) => resource?.startsWith("no") === true)).toBe(false);
    expect(textOf(childOf(await logIn(client, logInPlain("romeo")), "authorization-identifier"))).toBe("romeo@localhost");
  });

  it("ends an exchange that the client breaks off (section 4.5)", async () => {
    const client = await stream();
    client.send(authenticate("PLAIN", undefined));
    await client.next();
    expect(conditionOf(await logIn(client, `<abort xmlns='${sasl2}'><text>no more</text></abort>`))).toBe(`aborted ${sasl}`);
    // Both profiles are offered still.
    client.send(saslPlain("romeo"));
    expect((await client.next()).xmlns).toBe(sasl);
  });

  it("ends the stream after as many as RFC 6120 section 6.4.5 says", async () => {
    const client = await stream();
    for (let tries = 1; tries <= 3; tries += 1) expect((await logIn(client, authenticate("PLAIN", plainMessage("romeo", "wrong")))).name).toBe("failure");
    expect(namesIn(await client.next())[0]).toContain("policy-violation");
  });
});

describe("XEP-0388 section 2.3 whom the stream's header names", () => {
  it("logs in", async () => {
    expect((await logIn(await stream({ from: "romeo@localhost" }), logInPlain("romeo"))).name).toBe("success");
  });

  it("is nobody but who logs in", async () => {
    expect(conditionOf(await logIn(await stream({ from: "juliet@localhost" }), logInPlain("romeo")))).toBe(`invalid-authzid ${sasl}`);
  });
});

describe("XEP-0388 section 2.4 during the login", () => {
  it.each([
    ["a stanza", "<iq type='get' id='1' to='localhost'><query xmlns='jabber:iq:register'/></iq>"],
    ["stream management", "<r xmlns='urn:xmpp:sm:3'/>"],
    ["another resumption", "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>"],
    ["another login", logInPlain("romeo")],
    ["a login of RFC 6120", saslPlain("romeo")],
    ["a response of RFC 6120", `<response xmlns='${sasl}'/>`],
    ["a task, of which none are offered", `<next xmlns='${sasl2}' task='TOTP'/>`],
  ])("%s ends the stream", async (_, other) => {
    const client = await stream();
    client.send(authenticate("PLAIN", undefined));
    await client.next();
    client.send(other);
    expect((await client.next()).name).toBe("error");
  });
});

describe("XEP-0388 section 4.8 one login", () => {
  it("is all that a stream has", async () => {
    const client = await stream();
    await logIn(client, logInPlain("romeo"));
    expect((await logIn(client, logInPlain("juliet"))).name).toBe("error");
  });

  it("is all in a session that is bound, too", async () => {
    const client = await stream();
    await logIn(client, logInPlain("romeo"));
    client.send(bindRequest("orchard"));
    await client.next();
    expect((await logIn(client, logInPlain("romeo"))).name).toBe("error");
  });
});
