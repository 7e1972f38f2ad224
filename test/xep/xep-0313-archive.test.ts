/** What is archived and under which ids, over real sockets. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { drivers, removeTempFolders, tempFolder } from "../log/engines.ts";
import { login, type BoundClient, type ServerAddress } from "../support/login.ts";
import { childOf, readXml, showXml, type Xml } from "../support/xml-reader.ts";
import { all, ask, bodiesOf, request, stanzaIdBy } from "./xep-0313-setting.ts";

let server: TestServer;
/** Two users of each test's own; juliet is available. */
let romeo: BoundClient;
let juliet: BoundClient;
let users = 0;
const clients: BoundClient[] = [];

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "capulet.example"] });
});
beforeEach(async () => {
  users += 1;
  for (const name of ["romeo", "juliet"]) await server.addUser(`${name}${users}`, "secret");
  romeo = await connect(`romeo${users}`, "orchard");
  juliet = await connect(`juliet${users}`, "balcony");
  await juliet.ask("<presence/>");
});
afterEach(() => {
  for (const { raw } of clients.splice(0)) raw.destroy();
});
afterAll(async () => {
  await server.stop();
  removeTempFolders();
});

async function connect(user: string, resource: string, at: ServerAddress = server): Promise<BoundClient> {
  const client = await login(at, { user, resource, over: "plaintext" });
  clients.push(client);
  return client;
}

/** Sends it, and returns what reached juliet. */
async function send(text: string): Promise<readonly Xml[]> {
  await romeo.ask(text);
  return juliet.caughtUp();
}

const chat = (to: string, body: string, more = "") => `<message to='${to}' type='chat'><body>${body}</body>${more}</message>`;

describe("XEP-0313 section 3: a message that was sent and received", () => {
  it("is in both archives, whole and as it was, with when it came", async () => {
    const before = Date.now();
    const text = `<message to='${juliet.jid}' type='chat' id='m1' xml:lang='it'><subject>&lt;</subject><body>Ma's &amp;</body><thread>t</thread><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>`;
    await send(text);
    for (const client of [romeo, juliet]) {
      const [found, ...more] = await all(client);
      expect(more).toEqual([]);
      expect(showXml(found!.message!)).toBe(showXml(readXml(text.replace("<message", `<message from='${romeo.jid}'`))));
      expect(Date.parse(found!.stamp)).toBeGreaterThanOrEqual(before);
      expect(Date.parse(found!.stamp)).toBeLessThanOrEqual(Date.now());
    }
  });

  it("reaches the addressee with the id in its own archive, and not with the sender's (section 3.5)", async () => {
    const [message] = await send(chat(juliet.jid, "Hist!"));
    const [[kept], [sent]] = [await all(juliet), await all(romeo)];
    expect(stanzaIdBy(message, juliet.bare)).toBe(kept!.id);
    expect(message!.children.filter((child) => (child as Xml).name === "stanza-id")).toHaveLength(1);
    expect(sent!.id).not.toBe(kept!.id);
    expect(sent!.id.length).toBeGreaterThan(20);
  });

  it("is there once, however many resources are given it (section 6.1.1), all with one id", async () => {
    const desk = await connect(`juliet${users}`, "desk");
    await desk.ask("<presence/>");
    await juliet.caughtUp();
    const [one] = await send(`<message to='${juliet.bare}'><body>to all</body></message>`);
    const [other] = await desk.caughtUp();
    const found = await all(juliet);
    expect(bodiesOf(found)).toEqual(["to all"]);
    expect([one, other].map((message) => stanzaIdBy(message, juliet.bare))).toEqual([found[0]!.id, found[0]!.id]);
  });

  it("waits with its id for a user who is not there", async () => {
    const nurse = `nurse${users}`;
    await server.addUser(nurse, "secret");
    await romeo.ask(chat(`${nurse}@localhost`, "Madam"));
    const client = await connect(nurse, "kitchen");
    client.send("<presence/>");
    await client.next();
    const message = await client.next();
    const [kept] = await all(client);
    expect(kept!.body).toBe("Madam");
    expect(childOf(kept!.message, "delay")).toBeUndefined();
    expect(stanzaIdBy(message, client.bare)).toBe(kept!.id);
  });

  it("to oneself is there once, whichever way it was addressed", async () => {
    await romeo.ask("<presence/>");
    const came: Xml[] = [];
    for (const to of ["", ` to='${romeo.bare}'`, ` to='${romeo.jid}'`]) came.push(...(await romeo.ask(`<message${to} type='chat'><body>note${to.length}</body></message>`)));
    const found = await all(romeo);
    expect(bodiesOf(found)).toEqual(bodiesOf(found.toSorted((a, b) => a.body.length - b.body.length)));
    expect(found).toHaveLength(3);
    expect(came.map((message) => stanzaIdBy(message, romeo.bare))).toEqual(found.map(({ id }) => id));
  });

  it("may be as large as a stanza", async () => {
    const body = "x".repeat(262_144 - 200);
    await send(chat(juliet.jid, body));
    for (const client of [romeo, juliet]) expect(bodiesOf(await all(client))).toEqual([body]);
  });
});

describe("XEP-0313 section 6.1.1: what is archived", () => {
  const hint = (name: string) => `<${name} xmlns='urn:xmpp:hints'/>`;
  it.each([
    { what: "a chat message with a body", type: "chat", content: "<body>a</body>", kept: true },
    { what: "a normal message with a body", type: "normal", content: "<body>a</body>", kept: true },
    { what: "a message without a type", type: undefined, content: "<body>a</body>", kept: true },
    { what: "an empty body", type: "chat", content: "<body/>", kept: true },
    { what: "a headline", type: "headline", content: "<body>a</body>", kept: false },
    { what: "an error", type: "error", content: "<body>a</body>", kept: false },
    { what: "an error that asks for it (XEP-0334 section 5)", type: "error", content: `<body>a</body>${hint("store")}`, kept: false },
    { what: "what was said in a room", type: "groupchat", content: `<body>a</body>${hint("store")}`, kept: false },
    { what: "a chat state", type: "chat", content: "<active xmlns='http://jabber.org/protocol/chatstates'/>", kept: false },
    { what: "a body of another namespace", type: "chat", content: "<body xmlns='urn:x'>a</body>", kept: false },
    { what: "what asks for it (XEP-0334 section 4.4)", type: "chat", content: `<encrypted xmlns='urn:x'/>${hint("store")}`, kept: true },
    { what: "a headline that asks for it", type: "headline", content: `<body>a</body>${hint("store")}`, kept: true },
    { what: "what asks for it in another namespace", type: "chat", content: "<x xmlns='urn:x'/><store xmlns='urn:x'/>", kept: false },
    { what: "what asks for the contrary (XEP-0334 section 4.2)", type: "chat", content: `<body>a</body>${hint("no-store")}`, kept: false },
    { what: "what asks not to be kept for long (XEP-0334 section 4.1)", type: "chat", content: `<body>a</body>${hint("no-permanent-store")}`, kept: false },
    { what: "what asks for both", type: "chat", content: `<body>a</body>${hint("store")}${hint("no-store")}`, kept: false },
    { what: "a message without anything", type: "chat", content: "", kept: false },
  ])("$what: $kept", async ({ type, content, kept }) => {
    const [message] = await send(`<message to='${juliet.jid}'${type === undefined ? "" : ` type='${type}'`}>${content}</message>`);
    for (const client of [romeo, juliet]) expect(await all(client)).toHaveLength(kept ? 1 : 0);
    if (message !== undefined) expect(stanzaIdBy(message, juliet.bare) !== undefined).toBe(kept);
  });

  it("is not what an iq or presence carries", async () => {
    await send(`<presence to='${juliet.jid}'><body xmlns='jabber:client'>a</body></presence>`);
    await send(`<iq type='get' id='i' to='${juliet.jid}'><body>a</body></iq>`);
    for (const client of [romeo, juliet]) expect(await all(client)).toEqual([]);
  });

  it("is not what was rejected: by who has blocked the sender, for want of an account, for want of a way there (section 6.1)", async () => {
    await request(juliet, `<block xmlns='urn:xmpp:blocking'><item jid='${romeo.bare}'/></block>`);
    for (const to of [juliet.bare, "nobody@localhost", "somebody@remote.example", "localhost"]) {
      expect(await romeo.ask(chat(to, "a"))).toMatchObject([{ attrs: { type: "error" } }]);
    }
    for (const client of [romeo, juliet]) expect(await all(client)).toEqual([]);
    // Nor what the sender may not send.
    expect(await juliet.ask(chat(romeo.bare, "a"))).toMatchObject([{ attrs: { type: "error" } }]);
    for (const client of [romeo, juliet]) expect(await all(client)).toEqual([]);
  });
});

describe("XEP-0313 section 6.1: a message that goes back at once", () => {
  it("is in nobody's archive, and nobody is given a copy of it: to a resource that is not there", async () => {
    await request(juliet, "<enable xmlns='urn:xmpp:carbons:2'/>");
    expect(await romeo.ask(`<message to='${juliet.bare}/gone'><body>a</body></message>`)).toMatchObject([{ attrs: { type: "error" } }]);
    expect((await juliet.caughtUp()).filter(({ name }) => name === "message")).toEqual([]);
    for (const client of [romeo, juliet]) expect(await all(client)).toEqual([]);
  });
});

describe("XEP-0313 section 3.1: order", () => {
  it("is that in which messages came, from whomever", async () => {
    for (let index = 0; index < 30; index += 1) {
      if (index % 3 === 0) await juliet.ask(chat(romeo.bare, `${index}`));
      else await romeo.ask(chat(juliet.bare, `${index}`));
    }
    const expected = Array.from({ length: 30 }, (_, index) => `${index}`);
    for (const client of [romeo, juliet]) {
      const found = await all(client, {}, 7);
      expect(bodiesOf(found)).toEqual(expected);
      expect(found.map(({ stamp }) => stamp)).toEqual(found.map(({ stamp }) => stamp).toSorted());
      expect(new Set(found.map(({ id }) => id)).size).toBe(30);
    }
  });
});

describe("An archive outlives the server", () => {
  const driver = drivers.find(({ missing }) => missing === undefined);

  it.skipIf(driver === undefined)("in its file, with what its user wants kept", async () => {
    const file = `${tempFolder()}/refrain.db`;
    const open = async (): Promise<TestServer> => startServer({
      allowPlaintext: true, parts: { store: await openSqliteStore({ file, durability: "process", onFatal: (error) => { throw error; } }) },
    });
    let running = await open();
    for (const user of ["romeo", "juliet"]) await running.addUser(user, "secret");
    const ids: string[] = [];
    for (const bodies of [["a", "b"], ["c"], ["d"]]) {
      const sender = await login(running, { user: "romeo", over: "plaintext" });
      for (const body of bodies) expect(await sender.ask(chat("juliet@localhost", body))).toEqual([]);
      const known = await all(sender);
      expect(known.slice(0, ids.length).map(({ id }) => id)).toEqual(ids);
      ids.splice(0, ids.length, ...known.map(({ id }) => id));
      if (bodies.includes("c")) await request(sender, "<prefs xmlns='urn:xmpp:mam:2' default='never'/>");
      await running.stop();
      running = await open();
    }
    const [sender, addressee] = [await login(running, { user: "romeo", over: "plaintext" }), await login(running, { user: "juliet", over: "plaintext" })];
    expect(bodiesOf(await all(sender))).toEqual(["a", "b", "c"]);
    expect(bodiesOf(await all(addressee))).toEqual(["a", "b", "c", "d"]);
    expect((await ask(sender, { set: `<before/><max>1</max>` })).messages.map(({ id }) => id)).toEqual(ids.slice(2));
    await running.stop();
  });
});
