/** Logins by XEP-0388 as an attacker would make them, over real sockets: out of turn, twice, mixed with those of RFC 6120, for what is somebody else's. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { attribute, finalMessage, finalParts, firstMessage, type Client } from "../auth/scram-client.ts";
import { expectedOfferHash, type Offer } from "../interop/bound-login.ts";
import { enable, resume } from "../management/support.ts";
import { expectStreamError } from "../streams/support.ts";
import {
  authenticate, bind2, fast, featuresOf, hashedToken, logIn, logInPlain, namesIn, openStream, plainMessage, sasl2, userAgent, type OpenOptions,
} from "../support/inline-login.ts";
import { bindRequest, connectSecure, saslPlain, streamHeader, type BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";

const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
let server: TestServer;
const clients: BoundClient[] = [];
beforeAll(async () => {
  server = await startServer({ domains: ["localhost", "elsewhere.example"] });
  await Promise.all(["romeo", "juliet"].map((user) => server.addUser(user, "secret")));
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

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const response = (text: string): string => `<response xmlns='${sasl2}'>${text}</response>`;
const conditionOf = (failure: Xml): string => namesIn(failure)[0]!.split(" ")[0]!;
const bind = (children = ""): string => `<bind xmlns='${bind2}'>${children}</bind>`;
const requestToken = (mechanism = "HT-SHA-256-NONE"): string => `<request-token xmlns='${fast}' mechanism='${mechanism}'/>`;
const tokenOf = (success: Xml): string => childOf(success, "token")!.attrs["token"]!;
const scramOf = (more: Partial<Client> = {}): Client => ({ hash: "sha256", username: "romeo", password: "secret", nonce: "fyko+d2lbbFgONRv9qkxdawL", ...more });

/** A stream on which a challenge awaits its response. */
async function challenged(children = ""): Promise<BoundClient> {
  const client = await stream();
  client.send(authenticate("SCRAM-SHA-256", base64(firstMessage(scramOf())), children));
  expect((await client.next()).name).toBe("challenge");
  return client;
}

/** The end of a login by SCRAM, whichever way it went. */
async function scram(client: BoundClient, mechanism: string, login: Client): Promise<{ readonly answer: Xml; readonly first: string }> {
  client.send(authenticate(mechanism, base64(firstMessage(login))));
  const challenge = await client.next();
  if (challenge.name !== "challenge") return { answer: challenge, first: "" };
  const first = Buffer.from(textOf(challenge), "base64").toString();
  return { answer: await logIn(client, response(base64(finalMessage(finalParts(login, first).final)))), first };
}

describe("XEP-0388 section 2.1 a header from another domain", () => {
  it.each(["tls", "starttls"] as const)("is answered with invalid-from, and with whom it names (over %s)", async (over) => {
    const raw = await connectSecure(server, over);
    raw.send(streamHeader("localhost", "version='1.0' from='romeo@elsewhere.example'"));
    await expectStreamError(raw, "invalid-from");
    expect(raw.received.slice(raw.received.lastIndexOf("<?xml"))).toMatch(/^[^>]*>\s*<stream:stream [^>]*to=['"]romeo@elsewhere\.example['"]/);
  });

  it.each(["romeo@localhost", "ROMEO@localhost/orchard", "localhost", ""])("is not what this one is: %j", async (from) => {
    expect((await logIn(await stream({ from }), logInPlain("romeo"))).name).toBe("success");
  });
});

describe("XEP-0388 section 2.4 white space during a login", () => {
  it.each([" ", "\r\n\t"])("ends the stream at once: %j", async (space) => {
    const client = await challenged();
    client.send(space);
    expect(namesIn(await client.next())[0]).toMatch(/^policy-violation /);
  });

  it("is seen before what follows it in the same bytes", async () => {
    const client = await challenged();
    client.send(`\n<abort xmlns='${sasl2}'/>`);
    expect((await client.next()).name).toBe("error");
  });

  it("is a keepalive before it and after it (RFC 6120 section 4.6.1)", async () => {
    const client = await stream();
    client.send(" \n");
    expect((await logIn(client, `${logInPlain("romeo", bind())}\n`)).name).toBe("success");
    client.send(" \n");
    expect(await client.caughtUp()).toEqual([]);
  });
});

describe("A login out of turn", () => {
  const inlineAuthenticate = logInPlain("romeo");
  it.each([
    ["XEP-0388, and then one of RFC 6120", () => challenged(), saslPlain("romeo")],
    ["XEP-0388, and then an abort of RFC 6120", () => challenged(), `<abort xmlns='${sasl}'/>`],
    ["XEP-0388, and then an acknowledgement", () => challenged(), "<a xmlns='urn:xmpp:sm:3' h='0'/>"],
    ["XEP-0388, and then a resource", () => challenged(), bindRequest("orchard")],
    ["RFC 6120, and then one of XEP-0388", challengedByTheOlder, inlineAuthenticate],
    ["RFC 6120, and then a response of XEP-0388", challengedByTheOlder, response(plainMessage("romeo"))],
    ["RFC 6120, and then an abort of XEP-0388", challengedByTheOlder, `<abort xmlns='${sasl2}'/>`],
  ])("ends the stream: it begins by %s", async (_, begun, other) => {
    const client = await begun();
    client.send(other);
    expect((await client.next()).name).toBe("error");
  });

  it("does not begin TLS, either (RFC 6120 section 5.4.2.2)", async () => {
    const client = await challenged();
    client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    expect(await client.next()).toMatchObject({ name: "failure", xmlns: "urn:ietf:params:xml:ns:xmpp-tls" });
    await client.raw.expect("</stream:stream>");
  });

  it.each([
    ["a response", response(plainMessage("juliet"))],
    ["an abort", `<abort xmlns='${sasl2}'/>`],
    ["a login of RFC 6120", saslPlain("juliet")],
    ["another login", logInPlain("juliet")],
  ])("changes nobody's name: after the success %s ends the stream", async (_, other) => {
    const client = await stream();
    await logIn(client, logInPlain("romeo", bind()));
    client.send(other);
    expect(namesIn(await client.next())[0]).toMatch(/^policy-violation /);
    expect((await server.sessions()).some(({ username }) => username === "juliet")).toBe(false);
  });

  it("leaves nothing of itself to the next: what the first wished is not done, nor its device given a token", async () => {
    const client = await challenged(userAgent(randomUUID()) + requestToken() + bind("<tag>first</tag>"));
    expect(conditionOf(await logIn(client, `<abort xmlns='${sasl2}'/>`))).toBe("aborted");
    const success = await logIn(client, logInPlain("romeo"));
    expect(namesIn(success)).toEqual([`authorization-identifier ${sasl2}`]);
    expect(client.jid).toBe("romeo@localhost");
  });

  it("is not finished by another stream's response", async () => {
    const [one, other] = [await challenged(), await stream()];
    const challenge = async (client: BoundClient): Promise<string> => {
      client.send(authenticate("SCRAM-SHA-256", base64(firstMessage(scramOf()))));
      return Buffer.from(textOf(await client.next()), "base64").toString();
    };
    const { final } = finalParts(scramOf(), await challenge(other));
    expect(conditionOf(await logIn(one, response(base64(finalMessage(final)))))).toBe("not-authorized");
    expect((await logIn(other, response(base64(finalMessage(final))))).name).toBe("success");
  });
});

async function challengedByTheOlder(): Promise<BoundClient> {
  const client = await stream();
  client.send(`<auth xmlns='${sasl}' mechanism='SCRAM-SHA-256'>${base64(firstMessage(scramOf()))}</auth>`);
  expect((await client.next()).xmlns).toBe(sasl);
  return client;
}

describe("XEP-0440 and XEP-0474 by this profile", () => {
  const bound = { gs2Header: "p=tls-exporter,," } as const;

  it.each([
    ["that of another connection", async () => (await stream()).raw.secure!.tlsExporter],
    ["none", async () => new Uint8Array(0)],
    ["the certificate's", async (client: BoundClient) => client.raw.secure!.peerCertificate],
  ])("an exporter's binding is refused with the data of another: %s", async (_, dataOf) => {
    const client = await stream();
    const { answer } = await scram(client, "SCRAM-SHA-256-PLUS", scramOf({ ...bound, channelBinding: await dataOf(client) }));
    expect(conditionOf(answer)).toBe("not-authorized");
  });

  it.each([
    ["-PLUS that binds nothing", "SCRAM-SHA-256-PLUS", "n,,", "malformed-request"],
    ["a binding without -PLUS", "SCRAM-SHA-256", "p=tls-exporter,,", "malformed-request"],
    ["a binding that is not there", "SCRAM-SHA-256-PLUS", "p=tls-unique,,", "invalid-mechanism"],
    ["a client that could bind and was not offered it: somebody is between", "SCRAM-SHA-256", "y,,", "not-authorized"],
  ])("refuses %s", async (_, mechanism, gs2Header, condition) => {
    expect(conditionOf((await scram(await stream(), mechanism, scramOf({ gs2Header }))).answer)).toBe(condition);
  });

  it.each(["sha256", "sha1"] as const)("the hash of what is offered is that of this profile's list (%s)", async (hash) => {
    const client = await stream();
    const { answer, first } = await scram(client, hash === "sha1" ? "SCRAM-SHA-1" : "SCRAM-SHA-256", scramOf({ hash }));
    expect([answer.name, attribute(first, "h")]).toEqual(["success", expectedOfferHash(hash, offerOf(client))]);
  });

  it("a hash that somebody between has changed spoils the login", async () => {
    const client = await stream();
    client.send(authenticate("SCRAM-SHA-256", base64(firstMessage(scramOf()))));
    const first = Buffer.from(textOf(await client.next()), "base64").toString();
    const { final } = finalParts(scramOf(), first.replace(/,h=.*/, `,h=${Buffer.alloc(32).toString("base64")}`));
    expect(conditionOf(await logIn(client, response(base64(finalMessage(final)))))).toBe("not-authorized");
  });
});

/** What `<authentication/>` lists, and not what an older list beside it does. */
function offerOf({ raw }: BoundClient): Offer {
  const [, list = ""] = /<authentication [^>]*>(.*?)<inline>/.exec(raw.received) ?? [];
  const all = (text: string, pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(([, name]) => name!);
  return { mechanisms: all(list, /<mechanism>([^<]+)/g), bindings: all(raw.received, /<channel-binding type="([^"]+)"/g) };
}

describe("Somebody else's, asked for with the login", () => {
  it("is not resumed, and is undisturbed: the id of another's session", async () => {
    const juliet = await stream();
    const success = await logIn(juliet, logInPlain("juliet", bind(enable("resume='true'"))));
    const id = childOf(childOf(success, "bound"), "enabled")!.attrs["id"]!;
    const romeo = await stream();
    const answer = await logIn(romeo, logInPlain("romeo", resume(id, 0)));
    expect(namesIn(answer)).toEqual([`authorization-identifier ${sasl2}`, "failed urn:xmpp:sm:3"]);
    expect([romeo.jid, childOf(answer, "failed")!.attrs["h"]]).toEqual(["romeo@localhost", undefined]);
    expect((await juliet.caughtUp()).filter(({ name }) => name !== "r")).toEqual([]);
  });

  it("is not ended: a session of another's device with the same id", async () => {
    const id = randomUUID();
    const juliet = await stream();
    await logIn(juliet, logInPlain("juliet", userAgent(id) + bind("<tag>x</tag>")));
    const romeo = await stream();
    await logIn(romeo, logInPlain("romeo", userAgent(id) + bind("<tag>x</tag>")));
    expect(await juliet.caughtUp()).toEqual([]);
    // Nor do they see of each other that it is the same.
    expect(romeo.jid.split("/")[2]).not.toBe(juliet.jid.split("/")[2]);
  });

  it("is not logged in with: another's token, whatever is said of its owner", async () => {
    const id = randomUUID();
    const token = tokenOf(await logIn(await stream(), logInPlain("juliet", userAgent(id) + requestToken())));
    const withToken = (name: string, children = ""): string => authenticate("HT-SHA-256-NONE", hashedToken(name, token), `${userAgent(id)}<fast xmlns='${fast}'/>${children}`);
    expect(conditionOf(await logIn(await stream(), withToken("romeo")))).toBe("credentials-expired");
    expect(conditionOf(await logIn(await stream({ from: "romeo@localhost" }), withToken("juliet")))).toBe("invalid-authzid");
    // A login that the header's claim spoils has not used it.
    expect((await logIn(await stream({ from: "juliet@localhost" }), withToken("juliet"))).name).toBe("success");
  });

  it("is not had by one more stanza than was sent: the stream ends, and the session stays", async () => {
    const first = await stream();
    const success = await logIn(first, logInPlain("romeo", bind(enable("resume='true'"))));
    const id = childOf(childOf(success, "bound"), "enabled")!.attrs["id"]!;
    const second = await stream();
    const error = await logIn(second, logInPlain("romeo", resume(id, 99)));
    expect(namesIn(error)).toContain("handled-count-too-high urn:xmpp:sm:3");
    expect((await first.caughtUp()).filter(({ name }) => name !== "r")).toEqual([]);
  });
});

describe("XEP-0484 section 3.4 counts", () => {
  it.each(["-1", "1.5", "", "1e3", "9".repeat(16)])("are whole numbers: %j is none", async (count) => {
    const answer = await logIn(await stream(), authenticate("HT-SHA-256-NONE", hashedToken("romeo", "t"), `${userAgent(randomUUID())}<fast xmlns='${fast}' count='${count}'/>`));
    expect(conditionOf(answer)).toBe("malformed-request");
  });

  it("begin anew with each token (section 3.4), and those of the former are over with it", async () => {
    const id = randomUUID();
    const login = async (token: string, count: number, children = ""): Promise<Xml> =>
      logIn(await stream(), authenticate("HT-SHA-256-NONE", hashedToken("romeo", token), `${userAgent(id)}<fast xmlns='${fast}' count='${count}'/>${children}`));
    const one = tokenOf(await logIn(await stream(), logInPlain("romeo", userAgent(id) + requestToken())));
    const two = tokenOf(await login(one, 100, requestToken()));
    expect((await login(two, 1)).name).toBe("success");
    expect(conditionOf(await login(two, 1))).toBe("credentials-expired");
    expect(conditionOf(await login(one, 101))).toBe("credentials-expired");
  });
});

describe("Fields without measure", () => {
  it("end the stream where the whole is larger than strangers may send (RFC 6120 section 13.12)", async () => {
    const client = await stream();
    client.send(logInPlain("romeo", userAgent(randomUUID(), "x".repeat(10_000))));
    expect(namesIn(await client.next())[0]).toMatch(/^policy-violation /);
  });

  it("are cut where they are words about a device", async () => {
    const client = await stream();
    await logIn(client, logInPlain("romeo", userAgent(randomUUID(), "s".repeat(3_000), `d&#x202E;${"d".repeat(3_000)}`) + requestToken()));
    const devices = await server.server.admin.userDevices("romeo@localhost");
    const device = devices.find(({ software }) => software?.startsWith("ss"))!;
    expect(device.software!.length).toBeLessThan(200);
    expect(device.label).toMatch(/^d d+$/);
  });

  it.each([
    ["wishes for one thing, again and again", bind("<enable xmlns='urn:xmpp:carbons:2'/>".repeat(20))],
    ["wishes that contradict each other", bind("<active xmlns='urn:xmpp:csi:0'/><inactive xmlns='urn:xmpp:csi:0'/>".repeat(20))],
    ["a second resource", bind("<tag>one</tag>") + bind("<tag>two</tag>")],
    ["a tag with another's resource in it", bind("<tag>../juliet@localhost/balcony</tag>")],
    ["markup for a tag", bind("<tag><tag>x</tag></tag>")],
    ["a feature that is a login", bind(logInPlain("juliet"))],
  ])("bind one resource all the same: %s", async (_, children) => {
    const client = await stream();
    const success = await logIn(client, logInPlain("romeo", children));
    expect(namesIn(success)).toEqual([`authorization-identifier ${sasl2}`, `bound ${bind2}`]);
    expect(client.jid).toMatch(/^romeo@localhost\/./);
    expect(namesIn(featuresOf.get(success))).not.toContain("bind urn:ietf:params:xml:ns:xmpp-bind");
    expect(await client.caughtUp()).toEqual([]);
  });
});
