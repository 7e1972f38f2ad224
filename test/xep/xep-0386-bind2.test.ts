/** A resource that is bound with the login, over real sockets: what it is called, and what holds from its first moment on. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ack, enable, resume } from "../management/support.ts";
import { bind2, featuresOf, logIn, logInPlain, namesIn, openStream, userAgent } from "../support/inline-login.ts";
import { bindRequest, BoundClient, login, saslPlain, streamHeader } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";

let server: TestServer;
const clients: BoundClient[] = [];
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, session: { resourcesPerAccountMax: 3 } });
});
afterEach(() => {
  for (const { raw } of clients.splice(0)) raw.destroy();
});
afterAll(() => server.stop());

let users = 0;
async function user(): Promise<string> {
  const name = `user${++users}`;
  await server.addUser(name, "secret");
  return name;
}

const bind = (children = ""): string => `<bind xmlns='${bind2}'>${children}</bind>`;
const management = enable("resume='true'");

/** The client, and the answer to its login. */
async function logged(name: string, children: string, features = true): Promise<{ readonly client: BoundClient; readonly success: Xml }> {
  const client = await openStream(server, { over: "plaintext" });
  clients.push(client);
  return { client, success: await logIn(client, logInPlain(name, children), features) };
}

async function older(name: string, resource: string): Promise<BoundClient> {
  const client = await login(server, { user: name, resource, over: "plaintext" });
  clients.push(client);
  return client;
}

async function reopened({ raw }: BoundClient): Promise<BoundClient["raw"]> {
  raw.send(streamHeader("localhost"));
  await raw.expect(/<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"\/>.*<\/stream:features>/);
  return raw;
}

const boundOf = (success: Xml): Xml | undefined => childOf(success, "bound");
/** Becomes available; the bodies of what then comes. */
async function arrive(client: BoundClient): Promise<readonly string[]> {
  client.send(`<presence/><iq type='get' id='settled' to='${client.jid.split("/")[0]}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const came: Xml[] = [];
  for (let element = await client.next(); element.attrs["id"] !== "settled"; element = await client.next()) came.push(element);
  return bodiesOf(came);
}

const resourceOf = ({ jid }: BoundClient): string => jid.slice(jid.indexOf("/") + 1);
const bodiesOf = (stanzas: readonly Xml[]): readonly string[] => stanzas.filter(({ name }) => name === "message").map((message) => textOf(childOf(message, "body")));

describe("XEP-0386 section 3.1 the feature", () => {
  it("lists what can be enabled with it", async () => {
    const { raw } = await openStream(server, { over: "plaintext" });
    const [, features] = /<bind xmlns="urn:xmpp:bind:0"><inline>(.*?)<\/inline><\/bind>/.exec(raw.received)!;
    raw.destroy();
    expect([...features!.matchAll(/<feature var="([^"]+)"\/>/g)].map(([, name]) => name).toSorted()).toEqual(["urn:xmpp:carbons:2", "urn:xmpp:csi:0", "urn:xmpp:sm:3"]);
  });

  it("leaves out what the operator does not want", async () => {
    const other = await startServer({ allowPlaintext: true, clientState: { holdPresence: false, holdChatStates: false, holdEvents: false } });
    const { raw } = await openStream(other, { over: "plaintext" });
    expect(raw.received).not.toContain("urn:xmpp:csi:0");
    raw.destroy();
    await other.stop();
  });
});

describe("XEP-0386 section 3.2 binding", () => {
  it("is told with the success: the full JID, how the archive stands, and the features that are left", async () => {
    const name = await user();
    const { client, success } = await logged(name, bind("<tag>phone</tag>"));
    expect(client.jid).toMatch(new RegExp(`^${name}@localhost/phone/[^/]+$`));
    expect(namesIn(success)).toEqual(["authorization-identifier urn:xmpp:sasl:2", `bound ${bind2}`]);
    expect(namesIn(boundOf(success))).toEqual(["metadata urn:xmpp:mam:2"]);
    const left = namesIn(featuresOf.get(success));
    expect(left).toContain("sm urn:xmpp:sm:3");
    expect(left.some((feature) => feature.includes("xmpp-bind") || feature.includes("xmpp-session"))).toBe(false);
    expect(await client.caughtUp()).toEqual([]);
  });

  it("tells the ends of the archive as they are", async () => {
    const [name, other] = [await user(), await user()];
    const writer = await older(other, "desk");
    for (const body of ["one", "two"]) await writer.ask(`<message to='${name}@localhost' type='chat'><body>${body}</body></message>`);
    const { client, success } = await logged(name, bind());
    const metadata = childOf(boundOf(success), "metadata");
    client.send("<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
    expect(showXml(metadata!)).toBe(showXml(childOf(await client.next(), "metadata")!));
    expect(childOf(metadata, "start")).not.toEqual(childOf(metadata, "end"));
  });

  it("refuses a second one, by RFC 6120", async () => {
    const { client } = await logged(await user(), bind());
    const [answer] = await client.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    expect(answer!.attrs["type"]).toBe("error");
  });

  it("is not done where there is no room: the client is known all the same, and can bind otherwise", async () => {
    const name = await user();
    for (const resource of ["a", "b", "c"]) await older(name, resource);
    const { client, success } = await logged(name, bind());
    expect([client.jid, boundOf(success)]).toEqual([`${name}@localhost`, undefined]);
    expect(namesIn(featuresOf.get(success))).toContain("bind urn:ietf:params:xml:ns:xmpp-bind");
    client.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>a</resource></bind></iq>");
    expect(textOf(childOf(childOf(await client.next(), "bind"), "jid"))).toBe(`${name}@localhost/a`);
  });
});

describe("XEP-0386 section 3.2.1 the resource", () => {
  it("is the same for the same device and tag, and another for another", async () => {
    const name = await user();
    const [one, other] = [randomUUID(), randomUUID()];
    const resources: string[] = [];
    for (const [device, tag] of [[one, "phone"], [one, "phone"], [one, "tablet"], [other, "phone"]]) {
      const { client } = await logged(name, `${userAgent(device!)}${bind(`<tag>${tag}</tag>`)}`);
      resources.push(resourceOf(client));
      client.raw.destroy();
    }
    expect(new Set(resources).size).toBe(3);
    expect(resources[0]).toBe(resources[1]);
    for (const resource of resources) expect(resource).not.toContain(one);
  });

  it("is another for each login of who says nothing of a device", async () => {
    const name = await user();
    const jids = [await logged(name, bind("<tag>x</tag>")), await logged(name, bind("<tag>x</tag>"))].map(({ client }) => client.jid);
    expect(new Set(jids).size).toBe(2);
  });

  it.each([["a tag that no resource can have", "\u0001".replace("\u0001", "&#x9;")], ["a tag that is too long", "x".repeat(2_000)], ["no tag", ""]])("is made without %s", async (_, tag) => {
    expect(resourceOf((await logged(await user(), bind(`<tag>${tag}</tag>`))).client)).not.toContain("/");
  });

  it("takes the place of the device's former session, whatever its tag was (section 3.2)", async () => {
    const name = await user();
    const device = randomUUID();
    const { client: former } = await logged(name, `${userAgent(device)}${bind("<tag>one</tag>")}`);
    await logged(name, `${userAgent(device)}${bind("<tag>two</tag>")}`);
    expect(namesIn(await former.next())[0]).toContain("conflict");
  });
});

describe("XEP-0386 section 3.2 features from the first moment on", () => {
  it("has carbons", async () => {
    const [name, other] = [await user(), await user()];
    const { client } = await logged(name, bind("<enable xmlns='urn:xmpp:carbons:2'/>"));
    const { client: plain } = await logged(name, bind());
    const desk = await older(name, "desk");
    await desk.ask(`<message to='${other}@localhost' type='chat'><body>hello</body></message>`);
    expect((await client.caughtUp()).map(({ children }) => namesIn({ children } as Xml)[0])).toEqual(["sent urn:xmpp:carbons:2"]);
    expect(await plain.caughtUp()).toEqual([]);
  });

  it("begins inactive (XEP-0352)", async () => {
    const [name, other] = [await user(), await user()];
    const { client } = await logged(name, bind("<inactive xmlns='urn:xmpp:csi:0'/>"));
    const friend = await older(other, "desk");
    friend.send(`<presence to='${client.jid}'/>`);
    await friend.caughtUp();
    // A ping is answered, and presence waits for the client to look.
    client.send("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    expect((await client.next()).name).toBe("presence");
  });

  it("counts stanzas (XEP-0198 section 9.1), and says no more that it could", async () => {
    const { client, success } = await logged(await user(), bind(management));
    const enabled = childOf(boundOf(success), "enabled");
    expect(enabled?.attrs).toMatchObject({ resume: "true" });
    expect(namesIn(featuresOf.get(success))).not.toContain("sm urn:xmpp:sm:3");
    client.send("<message to='localhost' type='chat'/><r xmlns='urn:xmpp:sm:3'/>");
    const answers = [await client.next(), await client.next(), await client.next()];
    expect(answers.find(({ name }) => name === "a")?.attrs["h"]).toBe("1");
  });

  it("says what is wrong with a wish to count (XEP-0198 section 9.1.1)", async () => {
    const { success } = await logged(await user(), bind(enable("resume='perhaps'")));
    expect(namesIn(childOf(boundOf(success), "failed"))).toEqual(["bad-request urn:ietf:params:xml:ns:xmpp-stanzas"]);
  });

  it("is told by itself to who has failed so, and then logs in by RFC 6120", async () => {
    const name = await user();
    const { client } = await logged(name, "<resume xmlns='urn:xmpp:sm:3' previd='x'/>", false);
    client.send(saslPlain(name));
    expect((await client.next()).name).toBe("success");
    const again = new BoundClient(await reopened(client), "localhost");
    again.send(bindRequest("orchard") + management);
    expect([(await again.next()).name, (await again.next()).name]).toEqual(["iq", "enabled"]);
  });

  it("passes over what nobody knows", async () => {
    const { success } = await logged(await user(), bind("<enable xmlns='urn:example:unknown'/>"));
    expect(namesIn(boundOf(success))).toEqual(["metadata urn:xmpp:mam:2"]);
  });
});

describe("XEP-0198 section 9.2 a session that is resumed with the login", () => {
  it("is told in the success with all that the client has not acknowledged, without features, and nothing is bound", async () => {
    const [name, other] = [await user(), await user()];
    const first = await logged(name, bind(`<tag>phone</tag>${management}`));
    const id = childOf(boundOf(first.success), "enabled")!.attrs["id"]!;
    first.client.raw.destroy();
    const writer = await older(other, "desk");
    await expect.poll(async () => (await server.sessions()).find((session) => session.full_jid === first.client.jid)?.conn ?? null).toBeNull();
    await writer.ask(`<message to='${first.client.jid}' type='chat'><body>meanwhile</body></message>`);
    const { client, success } = await logged(name, `${resume(id, 0)}${bind("<tag>other</tag>")}`, false);
    expect(client.jid).toBe(first.client.jid);
    expect(namesIn(success)).toEqual(["authorization-identifier urn:xmpp:sasl:2", "resumed urn:xmpp:sm:3"]);
    expect(childOf(success, "resumed")!.attrs).toMatchObject({ previd: id, h: "0" });
    expect(textOf(childOf(await client.next(), "body"))).toBe("meanwhile");
    client.send(ack(1));
    // The limits are those of who is known.
    client.send(`<message to='${other}@localhost' type='chat'><body>${"x".repeat(50_000)}</body></message>`);
    expect((await writer.caughtUp()).length).toBeLessThan(2);
    expect((await server.sessions()).filter(({ username }) => username === name)).toHaveLength(1);
  });

  it("is not there any more: that is said, and another is bound (section 9.2.1)", async () => {
    const { client, success } = await logged(await user(), `${resume("nothing", 3)}${bind(`<tag>phone</tag>${management}`)}`);
    expect(namesIn(success)).toEqual(["authorization-identifier urn:xmpp:sasl:2", "failed urn:xmpp:sm:3", `bound ${bind2}`]);
    expect(namesIn(childOf(success, "failed"))).toEqual(["item-not-found urn:ietf:params:xml:ns:xmpp-stanzas"]);
    expect(resourceOf(client)).toMatch(/^phone\//);
  });

  it("is not there any more, and nothing is asked for in its place: the client is known", async () => {
    const { client, success } = await logged(await user(), resume("nothing", 3));
    expect(namesIn(success)).toEqual(["authorization-identifier urn:xmpp:sasl:2", "failed urn:xmpp:sm:3"]);
    expect(client.jid).not.toContain("/");
  });

  it("is nobody else's", async () => {
    const first = await logged(await user(), bind(management));
    const id = childOf(boundOf(first.success), "enabled")!.attrs["id"]!;
    const { success } = await logged(await user(), resume(id, 0));
    expect(namesIn(childOf(success, "failed"))).toEqual(["item-not-found urn:ietf:params:xml:ns:xmpp-stanzas"]);
  });
});

describe("XEP-0386 section 3.2 messages that wait", () => {
  const tooMuch = "<no-permanent-store xmlns='urn:xmpp:hints'/>";

  it("are not given where the archive has them, and are where it has not", async () => {
    const [name, other] = [await user(), await user()];
    const writer = await older(other, "desk");
    for (const [body, hint] of [["archived", ""], ["not archived", tooMuch], ["archived, too", ""]]) {
      await writer.ask(`<message to='${name}@localhost' type='chat'><body>${body}</body>${hint}</message>`);
    }
    const { client } = await logged(name, bind());
    expect(await arrive(client)).toEqual(["not archived"]);
  });

  it("are given to who binds as ever", async () => {
    const [name, other] = [await user(), await user()];
    const writer = await older(other, "desk");
    await writer.ask(`<message to='${name}@localhost' type='chat'><body>archived</body></message>`);
    const { client } = await logged(name, "");
    await client.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    expect(await arrive(client)).toEqual(["archived"]);
  });
});
