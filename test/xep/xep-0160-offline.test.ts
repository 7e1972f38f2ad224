/** Messages to users who are not there, over real sockets: what is kept, who gets it, when it is gone, and that nothing is lost. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accountStream, offlinePrefix } from "../../src/domain/facts.ts";
import { parseJid } from "../../src/domain/jid.ts";
import { offlineBytesMax } from "../../src/domain/limits.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import type { Extension } from "../../src/router/extension.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { adoptElement } from "../../src/xml/parse-element.ts";
import { drivers, removeTempFolders, tempFolder } from "../log/engines.ts";
import { eventually } from "../session/watching.ts";
import { backstage } from "../support/contacts.ts";
import { login, type BoundClient, type LoginOptions, type ServerAddress } from "../support/login.ts";
import { childOf, readXml, showXml, textOf, withoutStanzaIds, type Xml } from "../support/xml-reader.ts";

let server: TestServer;
const accounts = backstage();
/** While there is one, messages that wait are read as they are, and not yet told. If it rejects, they are not told at all. */
let gate: Promise<void> | undefined;
let openGate = (): void => undefined;
let romeo: BoundClient;
/** A user of each test's own. */
let juliet: string;
let users = 0;
const clients: BoundClient[] = [];

beforeAll(async () => {
  const store = createMemoryStore(projections);
  const contents: Store["contents"] = async (stream, after, limit) => {
    const found = await store.contents(stream, after, limit);
    await gate;
    return found;
  };
  const gated = new Proxy(store, { get: (target, key) => (key === "contents" ? contents : bound(target, key)) });
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "capulet.example"], extensions: [accounts.extension], parts: { store: gated } });
  await server.addUser("romeo", "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
});
beforeEach(async () => {
  juliet = `juliet${++users}@localhost`;
  await server.addUser(juliet, "secret");
});
afterEach(() => {
  openGate();
  for (const { raw } of clients.splice(0)) raw.destroy();
});
afterAll(async () => {
  await server.stop();
  removeTempFolders();
});

function bound<Target extends object>(target: Target, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === "function" ? (value.bind(target) as unknown) : value;
}

/** A door before the messages that wait. */
function shut(): { open(): void; break(): void } {
  let fail!: (error: Error) => void;
  gate = new Promise((resolve, reject) => {
    openGate = () => ((gate = undefined), resolve());
    fail = reject;
  });
  gate.catch(() => undefined);
  return { open: openGate, break: () => fail(new Error("the disk is on fire")) };
}

const chat = (to: string, body: string, more = "") => `<message to='${to}' type='chat' id='${body}'><body>${body}</body>${more}</message>`;

async function connect(resource: string, bare = juliet, at: ServerAddress = server): Promise<BoundClient> {
  const options: LoginOptions = { user: bare.slice(0, bare.indexOf("@")), resource, over: "plaintext" };
  const client = await login(at, options);
  clients.push(client);
  return client;
}

const presence = (priority = 0) => `<presence><priority>${priority}</priority></presence>`;

/** All that came until the client's own account answers: it does so when whatever waited for the user has been delivered. */
async function settled(client: BoundClient): Promise<readonly Xml[]> {
  client.send(`<iq type='get' id='settled' to='${client.bare}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const before: Xml[] = [];
  for (let element = await client.next(); element.attrs["id"] !== "settled"; element = await client.next()) before.push(element);
  return before;
}

/** The bodies of the messages that came. */
const bodies = (stanzas: readonly Xml[]) => stanzas.filter(({ name }) => name === "message").map((message) => textOf(childOf(message, "body")));

/** Becomes available and tells which messages waited for it; they are then certain to have come. */
async function arrive(resource: string, priority = 0, bare = juliet, at: ServerAddress = server): Promise<readonly string[]> {
  const client = await connect(resource, bare, at);
  client.send(presence(priority));
  const came = bodies(await settled(client));
  await client.close();
  return came;
}

/** What the store holds for the user, by number, once all that was recorded is there. */
async function stored(bare = juliet, at: TestServer = server): Promise<readonly number[]> {
  const [username = "", host = ""] = bare.split("@");
  const contents = await at.store.contents(accountStream(host, username), "", 10_000);
  return contents.filter(({ key }) => key.startsWith(offlinePrefix)).map(({ key }) => Number(key.slice(offlinePrefix.length)));
}

const isEmpty = (bare = juliet) => eventually(async () => (await stored(bare)).length === 0 || undefined);

/** What comes back to the sender: nothing, or the one condition of an error. */
async function answerTo(message: string, sender = romeo): Promise<string> {
  const answers = await sender.ask(message);
  if (answers.length === 0) return "nothing";
  expect(answers).toMatchObject([{ name: "message", attrs: { type: "error" } }]);
  const error = childOf(answers[0], "error");
  expect(textOf(error)).toBe("");
  return error!.children.map((child) => (child as Xml).name).join();
}

describe("XEP-0160 section 2: a message to a user who is not there", () => {
  it("is kept, and delivered as it was sent when a resource becomes available, with when it was kept", async () => {
    const before = Date.now();
    expect(await romeo.ask(`<message to='${juliet}' id='m1' xml:lang='it'><subject>Stars</subject><body>&lt;O blessed&apos; night&gt;</body><x xmlns='urn:x'/></message>`)).toEqual([]);
    const after = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const client = await connect("balcony");
    expect(await settled(client)).toEqual([]);
    client.send(presence());
    const [own, message, ...more] = await settled(client);
    // RFC 6121 section 4.2.2: presence comes first.
    expect(own).toMatchObject({ name: "presence", attrs: { from: client.jid } });
    expect(more).toEqual([]);
    const delay = childOf(message, "delay")!;
    expect(showXml(withoutStanzaIds({ ...message!, children: message!.children.filter((child) => child !== delay) }))).toBe(showXml(readXml(
      `<message from='${romeo.jid}' to='${juliet}' id='m1' xml:lang='it'><subject>Stars</subject><body>&lt;O blessed' night></body><x xmlns='urn:x'/></message>`,
    )));
    // XEP-0203 section 2.
    expect(delay).toMatchObject({ xmlns: "urn:xmpp:delay", attrs: { from: "localhost" }, children: [] });
    expect(delay.attrs["stamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const stamp = Date.parse(delay.attrs["stamp"]!);
    expect(stamp).toBeGreaterThanOrEqual(before);
    expect(stamp).toBeLessThanOrEqual(after);
  });

  it("is delivered in the order in which it was sent, whoever sent it, more than one page of them", async () => {
    const nurse = await connect("kitchen", await server.addUser(`nurse${users}`, "secret"));
    const expected = Array.from({ length: 450 }, (_, index) => `m${index}`);
    for (const [index, body] of expected.entries()) {
      // Each catches up before the other goes on.
      const sender = index % 100 < 50 ? romeo : nurse;
      sender.send(chat(juliet, body));
      if (index % 50 === 49) expect(await sender.caughtUp()).toEqual([]);
    }
    expect(await arrive("balcony")).toEqual(expected);
    await isEmpty();
    expect(await arrive("balcony")).toEqual([]);
  });

  it.each([
    { what: "of type normal", type: "" }, { what: "of type chat", type: "chat" },
    { what: "of a type nobody knows (RFC 6121 section 5.2.2)", type: "unheard-of" },
  ])("is kept if it is $what", async ({ type }) => {
    expect(await answerTo(`<message to='${juliet}' type='${type || "normal"}'><body>a</body></message>`)).toBe("nothing");
    expect(await arrive("balcony")).toEqual(["a"]);
  });

  it("is kept for the full JID of nobody if it is a chat message, and is still addressed to it", async () => {
    expect(await answerTo(chat(`${juliet}/gone`, "a"))).toBe("nothing");
    const client = await connect("balcony");
    client.send(presence());
    expect((await settled(client)).at(-1)).toMatchObject({ name: "message", attrs: { to: `${juliet}/gone` } });
  });

  it("is kept for an account whose only resources have a negative priority or none, until one rises", async () => {
    const low = await connect("low");
    const silent = await connect("silent");
    low.send(presence(-1));
    await low.caughtUp();
    await romeo.ask(chat(juliet, "a"));
    expect(bodies(await settled(low))).toEqual([]);
    low.send(presence(-128));
    expect(bodies(await settled(low))).toEqual([]);
    low.send(presence(0));
    expect(bodies(await settled(low))).toEqual(["a"]);
    low.send(presence(5));
    expect(bodies(await settled(low))).toEqual([]);
    expect(bodies(await settled(silent))).toEqual([]);
  });

  it("is the sender's own if it has no addressee, and comes to itself", async () => {
    const client = await connect("balcony");
    client.send("<message type='chat' id='note'><body>to self</body></message>");
    client.send(presence());
    expect(bodies(await settled(client))).toEqual(["to self"]);
  });

  it("comes back from an account that does not exist, and waits for nobody", async () => {
    expect(await answerTo(chat(`nobody${users}@localhost`, "a"))).toBe("service-unavailable");
    await server.addUser(`nobody${users}`, "secret");
    expect(await arrive("balcony", 0, `nobody${users}@localhost`)).toEqual([]);
  });

  it("does not outlive the account", async () => {
    await romeo.ask(chat(juliet, "a"));
    const client = await connect("balcony");
    client.send(presence());
    await client.raw.expect("<body>");
    client.raw.pauseReading();
    await server.server.admin.userDelete(juliet);
    expect(await stored()).toEqual([]);
    // What is on its way to the old user has the numbers of what waits for the new one.
    await server.addUser(juliet, "secret");
    await romeo.ask(chat(juliet, "b"));
    client.send("</stream:stream>");
    client.raw.resumeReading();
    await client.raw.closed();
    expect(await arrive("balcony")).toEqual(["b"]);
  });

  it("does not come to another user of the same name, who came while it was read", async () => {
    await romeo.ask(chat(juliet, "a"));
    const client = await connect("balcony");
    const door = shut();
    client.send(presence());
    await client.caughtUp();
    await server.server.admin.userDelete(juliet);
    await server.addUser(juliet, "secret");
    const other = await connect("balcony");
    other.send(presence());
    await other.caughtUp();
    door.open();
    expect(bodies(await settled(other))).toEqual([]);
  });

  it("is not delivered if its sender has been blocked since (XEP-0191 section 3.3), and does not wait for ever", async () => {
    const nurse = await connect("kitchen", await server.addUser(`nurse${users}`, "secret"));
    await romeo.ask(chat(juliet, "a"));
    await nurse.ask(chat(juliet, "b"));
    const [username = "", host = ""] = juliet.split("@");
    await accounts.withAccount(juliet, (step, account, house) =>
      house.change(step, account, { type: "ContactsBlocked", data: { host, username, jids: ["romeo@localhost"] } }));
    expect(await arrive("balcony")).toEqual(["b"]);
    await isEmpty();
  });
});

describe("XEP-0160 section 3: what is not kept", () => {
  const states = "xmlns='http://jabber.org/protocol/chatstates'";
  const hints = "xmlns='urn:xmpp:hints'";

  it.each([
    { what: "a chat state alone", children: `<composing ${states}/>` },
    { what: "a chat state in a thread (XEP-0085 section 5.6)", children: `<gone ${states}/><thread>t</thread>` },
    { what: "a chat state with a hint", children: `<paused ${states}/><no-permanent-store ${hints}/>` },
    { what: "a chat state with the time at which it was", children: `<active ${states}/><delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z'/>` },
    { what: "a message without anything", children: "" },
    { what: "a message that asks not to be stored (XEP-0334 section 4.2)", children: `<body>a</body><no-store ${hints}/>` },
    { what: "a message that asks for both", children: `<body>a</body><store ${hints}/><no-store ${hints}/>` },
  ])("$what is refused, as it is for an account that does not exist", async ({ children }) => {
    for (const to of [juliet, "nobody@localhost"]) {
      expect(await answerTo(`<message to='${to}' type='chat' id='m'>${children}</message>`), to).toBe("service-unavailable");
    }
    expect(await stored()).toEqual([]);
  });

  it.each([
    { what: "a chat state beside words", children: `<body>a</body><active ${states}/>` },
    { what: "something that has no words", children: "<received xmlns='urn:xmpp:receipts' id='x'/>" },
    { what: "a chat state that asks to be stored (XEP-0334 section 4.4)", children: `<composing ${states}/><store ${hints}/>` },
    { what: "a message that asks not to be archived (XEP-0334 section 4.1)", children: `<body>a</body><no-permanent-store ${hints}/>` },
    { what: "a hint of another namespace", children: "<body>a</body><no-store xmlns='urn:x'/>" },
  ])("$what is kept", async ({ children }) => {
    expect(await answerTo(`<message to='${juliet}' type='chat' id='m'>${children}</message>`)).toBe("nothing");
    expect(await stored()).toHaveLength(1);
  });

  it.each([
    { type: "groupchat", answer: "service-unavailable" }, { type: "headline", answer: "nothing" }, { type: "error", answer: "nothing" },
  ])("a message of type $type is not: $answer", async ({ type, answer }) => {
    const error = type === "error" ? "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>" : "";
    expect(await answerTo(`<message to='${juliet}' type='${type}' id='m'><body>a</body>${error}<store ${hints}/></message>`)).toBe(answer);
    expect(await stored()).toEqual([]);
  });
});

describe("XEP-0160 section 2: a queue that is full", () => {
  /** Not for an archive, where it would be kept all the same. */
  const passing = "<no-permanent-store xmlns='urn:xmpp:hints'/>";

  it("refuses messages with service-unavailable, loses none, and has room again", async () => {
    const small = await startServer({ allowPlaintext: true, limits: { offlineMessages: 2 } });
    await small.addUser("romeo", "secret");
    await small.addUser("juliet", "secret");
    const sender = await login(small, { user: "romeo", over: "plaintext" });
    const answers = async (...texts: readonly string[]) => {
      const answers: string[] = [];
      for (const text of texts) answers.push(await answerTo(chat("juliet@localhost", text, passing), sender));
      return answers;
    };
    expect(await answers("a", "b", "c")).toEqual(["nothing", "nothing", "service-unavailable"]);
    expect(await arrive("balcony", 0, "juliet@localhost", small)).toEqual(["a", "b"]);
    await eventually(async () => (await stored("juliet@localhost", small)).length === 0 || undefined);
    expect(await answers("d", "e", "f")).toEqual(["nothing", "nothing", "service-unavailable"]);
    expect(await arrive("balcony", 0, "juliet@localhost", small)).toEqual(["d", "e"]);
    await small.stop();
  });

  it("is full for services as well", async () => {
    const refused: string[] = [];
    const writers: Extension = {
      name: "writers",
      specification: { id: "XEP-0045", version: "1.35.5", title: "Multi-User Chat" },
      services: ({ rooms }) => [{
        domain: "writers.localhost",
        name: "Writers",
        take(step, { element, from }) {
          const to = parseJid("juliet@localhost")!;
          const letter = adoptElement(`<message xmlns='jabber:client' from='writers.localhost' to='${to.full}' id='${String(element.attrs["id"])}'><body>a</body>${passing}</message>`);
          rooms.host.send(step, { element: letter, kind: "message", type: "normal", id: letter.attrs["id"] as string, from: from.toBare(), to }, { deliver: (_, { attrs }) => void refused.push(String(attrs["id"])) });
          return undefined;
        },
      }],
    };
    const small = await startServer({ allowPlaintext: true, limits: { offlineMessages: 2 }, extensions: [writers] });
    for (const user of ["romeo", "juliet"]) await small.addUser(user, "secret");
    const sender = await login(small, { user: "romeo", over: "plaintext" });
    for (const id of ["one", "two", "three"]) await sender.ask(`<message to='writers.localhost' id='${id}'/>`);
    await eventually(async () => (await stored("juliet@localhost", small)).length >= 2 || undefined);
    expect([(await stored("juliet@localhost", small)).length, refused]).toEqual([2, ["three"]]);
    await small.stop();
  });

  it("counts bytes too", async () => {
    // Each becomes five times as large when it is written, and is read again whole.
    const size = Math.floor(offlineBytesMax / 3) - 1_000;
    const body = (name: string) => name + "'".repeat(Math.floor(size / 6));
    for (const name of ["a", "b", "c"]) expect(await answerTo(`<message to='${juliet}'><body>${body(name)}</body>${passing}</message>`)).toBe("nothing");
    expect(await answerTo(`<message to='${juliet}'><body>${body("d")}</body>${passing}</message>`)).toBe("service-unavailable");
    expect(await answerTo(chat(juliet, "e", passing))).toBe("nothing");
    expect(await arrive("balcony")).toEqual([body("a"), body("b"), body("c"), "e"]);
    await isEmpty();
    expect(await answerTo(`<message to='${juliet}'><body>${body("d")}</body>${passing}</message>`)).toBe("nothing");
  });
});

describe("XEP-0160 section 4: what the server says of itself", () => {
  const features = async (at: TestServer) => {
    const client = await login(at, { user: "romeo", over: "plaintext" });
    const [answer] = await client.ask("<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    await client.close();
    return childOf(answer, "query")!.children.map((child) => (child as Xml).attrs["var"]);
  };

  it("is that it keeps messages", async () => {
    expect(await features(server)).toContain("msgoffline");
  });

  it("is not, if it keeps none", async () => {
    const none = await startServer({ allowPlaintext: true, limits: { offlineMessages: 0 } });
    await none.addUser("romeo", "secret");
    await none.addUser("juliet", "secret");
    expect(await features(none)).not.toContain("msgoffline");
    const sender = await login(none, { user: "romeo", over: "plaintext" });
    expect(await answerTo(chat("juliet@localhost", "a", "<no-permanent-store xmlns='urn:xmpp:hints'/>"), sender)).toBe("service-unavailable");
    await none.stop();
  });
});

describe("XEP-0203 section 5: who may say that a stanza was delayed", () => {
  const stamp = "stamp='2002-09-10T23:08:25Z'";
  const forged = () => ["localhost", "LOCALHOST", "localhost/store", "capulet.example", juliet, `${juliet}/balcony`]
    .map((from) => `<delay xmlns='urn:xmpp:delay' from='${from}' ${stamp}>${from}</delay><x xmlns='jabber:x:delay' from='${from}' stamp='20020910T23:08:25'/>`).join("");
  const honest = () => [
    `<delay xmlns='urn:xmpp:delay' from='${romeo.jid}' ${stamp}/>`, `<delay xmlns='urn:xmpp:delay' from='room@muc.example' ${stamp}/>`,
    `<delay xmlns='urn:xmpp:delay' ${stamp}/>`, "<delay xmlns='urn:x' from='localhost'/>",
    `<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' from='localhost' ${stamp}/></forwarded>`,
  ].join("");
  const delays = (stanza: Xml | undefined) => withoutStanzaIds(stanza!).children.map((child) => showXml(child as Xml)).filter((text) => !text.startsWith("<body"));
  const asSent = (text: string) => delays(readXml(`<message>${text}</message>`));

  it("is not the sender for the server or the addressee, in a message that waits", async () => {
    await romeo.ask(chat(juliet, "a", forged() + honest()));
    const client = await connect("balcony");
    client.send(presence());
    const came = delays((await settled(client)).at(-1));
    expect(came.slice(0, -1)).toEqual(asSent(honest()));
    expect(came.at(-1)).toMatch(/^<delay xmlns='urn:xmpp:delay' from='localhost' stamp='20[2-9]\d-/);
  });

  it("nor in one that does not, nor in presence", async () => {
    const client = await connect("balcony");
    client.send(presence());
    await settled(client);
    await romeo.ask(chat(juliet, "a", forged() + honest()));
    await romeo.ask(`<presence to='${client.jid}'>${forged()}${honest()}</presence>`);
    expect((await client.caughtUp()).map(delays)).toEqual([asSent(honest()), asSent(honest())]);
  });
});

describe("RFC 6120 section 10.1: what is sent later comes later", () => {
  it("while messages that wait are read, whoever sends, to the bare JID or the full one", async () => {
    await romeo.ask(chat(juliet, "waited"));
    const nurse = await connect("kitchen", await server.addUser(`nurse${users}`, "secret"));
    const client = await connect("balcony");
    const door = shut();
    client.send(presence());
    await client.caughtUp();
    romeo.send(chat(juliet, "r1") + chat(client.jid, "r2") + `<presence to='${client.jid}'/>` + chat(juliet, "r3"));
    nurse.send(chat(client.jid, "n1") + chat(juliet, "n2"));
    client.send(chat(juliet, "own"));
    // Nobody else waits: others are talked to, and talk.
    const bystander = await connect("street", await server.addUser(`benvolio${users}`, "secret"));
    expect(await bystander.ask(chat(`nobody@localhost`, "b"))).toHaveLength(1);
    expect(client.raw.received).not.toContain("<body>");
    door.open();
    const came = [await client.next()];
    while (came.length < 8) came.push(await client.next());
    expect(textOf(childOf(came[0], "body"))).toBe("waited");
    expect(came.slice(1).every((stanza) => childOf(stanza, "delay") === undefined)).toBe(true);
    const from = (jid: string) => came.slice(1).filter(({ attrs }) => attrs["from"] === jid).map((stanza) => stanza.name === "message" ? textOf(stanza) : stanza.name);
    expect([from(romeo.jid), from(nurse.jid), from(client.jid)]).toEqual([["r1", "r2", "presence", "r3"], ["n1", "n2"], ["own"]]);
    expect(await settled(client)).toEqual([]);
    expect(await romeo.caughtUp()).toEqual([]);
  });

  it("for a user whose account was not in memory, who sends and comes in the same moment", async () => {
    const comes = connect("balcony");
    romeo.send(Array.from({ length: 20 }, (_, index) => chat(juliet, `m${index}`)).join(""));
    const client = await comes;
    client.send(presence());
    romeo.send(Array.from({ length: 20 }, (_, index) => chat(juliet, `m${20 + index}`)).join(""));
    await romeo.caughtUp();
    expect(bodies(await settled(client))).toEqual(Array.from({ length: 40 }, (_, index) => `m${index}`));
  });

  it("and waits behind what waits, if nobody is there any more when that has been read", async () => {
    await romeo.ask(chat(juliet, "a"));
    const client = await connect("balcony");
    const door = shut();
    client.send(presence() + "<presence type='unavailable'/>");
    await client.caughtUp();
    romeo.send(chat(juliet, "b"));
    door.open();
    await romeo.caughtUp();
    expect(bodies(await settled(client))).toEqual([]);
    expect(await arrive("garden")).toEqual(["a", "b"]);
  });

  it("and goes to another resource that has come meanwhile, if the first is not there any more", async () => {
    await romeo.ask(chat(juliet, "a"));
    const [first, second] = [await connect("first"), await connect("second")];
    const door = shut();
    first.send(presence());
    await first.caughtUp();
    second.send(presence());
    await second.caughtUp();
    await first.close();
    door.open();
    expect(bodies(await settled(second))).toEqual(["a"]);
  });

  it("and goes to the resource whose presence asked for it, whoever else comes meanwhile (XEP-0160 section 2)", async () => {
    await romeo.ask(chat(juliet, "a"));
    const [first, second] = [await connect("first"), await connect("second")];
    const door = shut();
    first.send(presence(0));
    await first.caughtUp();
    second.send(presence(5));
    await second.caughtUp();
    door.open();
    expect(bodies(await settled(first))).toEqual(["a"]);
    expect(bodies(await settled(second))).toEqual([]);
  });

  it("also when messages cannot be read: everybody is released, nothing is lost, and nothing newer overtakes them", async () => {
    await romeo.ask(chat(juliet, "a"));
    const client = await connect("balcony");
    const door = shut();
    client.send(presence());
    await client.caughtUp();
    romeo.send(chat(juliet, "b"));
    door.break();
    await client.raw.expect("<internal-server-error");
    await client.raw.closed();
    expect(client.raw.received).not.toContain("<body>");
    expect(await romeo.caughtUp()).toEqual([]);
    openGate();
    expect(await arrive("balcony")).toEqual(["a", "b"]);
  });
});

describe("A message that waited is gone when it is certain that a client has it, and not before", () => {
  /** A resource that has been sent what waits, and has said nothing since. */
  async function given(resource: string): Promise<BoundClient> {
    const client = await connect(resource);
    client.send(presence());
    await client.raw.expect("<body>");
    return client;
  }

  it("is delivered again to one whose predecessor was killed, and is the same", async () => {
    await romeo.ask(chat(juliet, "a"));
    const client = await given("balcony");
    const before = /<message.*<\/message>/.exec(client.raw.received)![0];
    client.raw.destroy();
    await eventually(async () => (await server.sessions()).length === 1 || undefined);
    expect(await stored()).toEqual([1]);
    const again = await given("balcony");
    expect(/<message.*<\/message>/.exec(again.raw.received)![0]).toBe(before);
  });

  it.each([
    { how: "it says anything", end: async (client: BoundClient) => void client.send(" ") },
    { how: "it closes its stream in order", end: (client: BoundClient) => client.close() },
    { how: "it becomes unavailable", end: async (client: BoundClient) => void (await client.ask("<presence type='unavailable'/>")) },
  ])("is gone when $how", async ({ end }) => {
    await romeo.ask(chat(juliet, "a"));
    await end(await given("balcony"));
    await isEmpty();
    expect(await arrive("garden")).toEqual([]);
  });

  it("is given to nobody else while it is on its way, and to another that is there at once when it was lost", async () => {
    await romeo.ask(chat(juliet, "a"));
    await romeo.ask(chat(juliet, "b"));
    const first = await given("first");
    const low = await connect("low");
    low.send(presence(-1));
    const [second, third] = [await connect("second"), await connect("third")];
    for (const [client, priority] of [[second, 1], [third, 2]] as const) {
      client.send(presence(priority));
      expect(bodies(await settled(client))).toEqual([]);
    }
    expect(await stored()).toEqual([1, 2]);
    first.raw.plain.resetAndDestroy();
    const came: Xml[] = [];
    while (bodies(came).length < 2) came.push(await third.next());
    expect(bodies(came)).toEqual(["a", "b"]);
    await third.caughtUp();
    await isEmpty();
    for (const client of [second, low]) expect(bodies(await settled(client))).toEqual([]);
  });

  it("comes before what is sent when it was lost", async () => {
    await romeo.ask(chat(juliet, "a"));
    const [first, second] = [await given("first"), await connect("second")];
    second.send(presence());
    await settled(second);
    const door = shut();
    first.raw.plain.resetAndDestroy();
    await eventually(async () => !(await server.sessions()).some(({ full_jid }) => full_jid === first.jid) || undefined);
    romeo.send(chat(juliet, "b"));
    const bystander = await connect("street", await server.addUser(`benvolio${users}`, "secret"));
    await bystander.caughtUp();
    expect(second.raw.received).not.toContain("<body>");
    door.open();
    await romeo.caughtUp();
    expect(bodies(await settled(second))).toEqual(["a", "b"]);
  });

  it("keeps its place before later ones if it is lost while those are read", async () => {
    await romeo.ask(chat(juliet, "a"));
    const first = await given("first");
    server.session(first.jid)!.close();
    await first.raw.expect("</stream:stream>");
    await romeo.ask(chat(juliet, "b"));
    const second = await connect("second");
    const door = shut();
    second.send(presence());
    await second.caughtUp();
    first.raw.plain.resetAndDestroy();
    await eventually(async () => (await server.sessions()).length === 2 || undefined);
    door.open();
    expect(bodies(await settled(second))).toEqual(["a", "b"]);
  });

  it("does not take later messages with it, which came while it was on its way", async () => {
    await romeo.ask(chat(juliet, "a"));
    const first = await given("first");
    server.session(first.jid)!.close();
    await first.raw.expect("</stream:stream>");
    await romeo.ask(chat(juliet, "b"));
    // Its client has the first for certain, and the second goes to the next alone.
    const second = await connect("second");
    second.send(presence());
    expect(bodies(await settled(second))).toEqual(["b"]);
    first.send("</stream:stream>");
    await first.raw.closed();
    await second.caughtUp();
    await isEmpty();
  });

  it("whatever users do: nothing is lost, nothing comes twice to those who say that they have it, and nothing out of order", async () => {
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("send" as const), count: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("come" as const), end: fc.constantFrom("close", "kill", "stay") }) },
    );
    await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 12 }), async (acts) => {
      juliet = await server.addUser(`juliet${++users}`, "secret");
      let sent = 0;
      const certain: string[] = [];
      const there: BoundClient[] = [];
      const take = async (): Promise<void> => {
        for (const client of there) certain.push(...bodies(await settled(client)));
      };
      for (const [index, action] of acts.entries()) {
        if (action.kind === "send") {
          for (let left = action.count; left > 0; left -= 1) romeo.send(chat(juliet, `${sent++}`));
          await romeo.caughtUp();
        } else if (action.end === "kill") {
          // It has the least priority, so that what is sent live goes to those who stay.
          const client = await connect(`r${index}`);
          if (there.length === 0) client.raw.pauseReading();
          client.send(presence(0));
          if (there.length === 0) await eventually(async () => (await server.sessions()).some(({ full_jid, presence }) => full_jid === client.jid && presence !== null) || undefined);
          client.raw.plain.resetAndDestroy();
          await eventually(async () => !(await server.sessions()).some(({ full_jid }) => full_jid === client.jid) || undefined);
        } else {
          const client = await connect(`r${index}`);
          client.send(presence(index + 1));
          certain.push(...bodies(await settled(client)));
          if (action.end === "close") await client.close();
          else there.push(client);
        }
        await take();
      }
      certain.push(...(await arrive("last", 127)));
      expect(certain).toEqual(Array.from({ length: sent }, (_, index) => `${index}`));
      for (const client of there) await client.close();
    }), { numRuns: 25 });
  });
});

describe("Messages that wait outlive the server", () => {
  const driver = drivers.find(({ missing }) => missing === undefined);

  it.skipIf(driver === undefined)("in its file, with those of accounts that it had in memory and those that it had not", async () => {
    const file = `${tempFolder()}/refrain.db`;
    const open = async (): Promise<TestServer> => startServer({
      allowPlaintext: true, parts: { store: await openSqliteStore({ file, durability: "process", onFatal: (error) => { throw error; } }) },
    });
    let running = await open();
    for (const user of ["romeo", "juliet"]) await running.addUser(user, "secret");
    /** One message from each run, to an account that nothing was asked of in it, and one to an account in memory. */
    const send = async (...texts: readonly string[]) => {
      const sender = await login(running, { user: "romeo", over: "plaintext" });
      for (const text of texts) expect(await sender.ask(chat("juliet@localhost", text))).toEqual([]);
      await sender.close();
    };
    await send("a", "b");
    await running.stop();
    running = await open();
    await send("c", "d");
    await running.stop();
    running = await open();
    expect(await arrive("balcony", 0, "juliet@localhost", running)).toEqual(["a", "b", "c", "d"]);
    await running.stop();
    running = await open();
    expect(await arrive("balcony", 0, "juliet@localhost", running)).toEqual([]);
    await send("e");
    expect(await arrive("balcony", 0, "juliet@localhost", running)).toEqual(["e"]);
    await running.stop();
  });
});
