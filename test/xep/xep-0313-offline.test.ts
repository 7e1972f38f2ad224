/** Messages that wait for a user, for clients that read them in the archive before they become available. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { all, ask, bodiesOf, queryText } from "./xep-0313-setting.ts";

let server: TestServer;
let romeo: BoundClient;
let juliet: string;
let users = 0;
const clients: BoundClient[] = [];

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  await server.addUser("romeo", "secret");
  romeo = await login(server, { user: "romeo", over: "plaintext" });
});
beforeEach(async () => {
  juliet = await server.addUser(`juliet${++users}`, "secret");
});
afterEach(() => {
  for (const { raw } of clients.splice(0)) raw.destroy();
});
afterAll(async () => {
  romeo.raw.destroy();
  await server.stop();
});

async function connect(resource: string): Promise<BoundClient> {
  const client = await login(server, { user: `juliet${users}`, resource, over: "plaintext" });
  clients.push(client);
  return client;
}

async function write(...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await romeo.ask(`<message to='${juliet}' type='chat'><body>${body}</body></message>`);
}

/** Becomes available; the bodies of what then comes. */
async function arrive(client: BoundClient): Promise<readonly string[]> {
  client.send(`<presence/><iq type='get' id='settled' to='${client.bare}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const came: Xml[] = [];
  for (let element = await client.next(); element.attrs["id"] !== "settled"; element = await client.next()) came.push(element);
  return came.filter(({ name }) => name === "message").map((message) => textOf(childOf(message, "body")));
}

/** The client says something once more, so that it is certain that it has all, and leaves. */
async function leave(client: BoundClient): Promise<void> {
  await client.caughtUp();
  await client.close();
}

describe("XEP-0313 section 6.1.1: messages that wait, and were read in the archive", () => {
  it("are not given again to the client that has read them, nor to anybody after it", async () => {
    await write("a", "b", "c");
    const client = await connect("balcony");
    expect(bodiesOf(await all(client, {}, 2))).toEqual(["a", "b", "c"]);
    expect(await arrive(client)).toEqual([]);
    await leave(client);
    expect(await arrive(await connect("later"))).toEqual([]);
  });

  it("are given as far as the client has not read them, in order", async () => {
    await write("a", "b", "c", "d");
    const client = await connect("balcony");
    expect(bodiesOf((await ask(client, { set: "<max>1</max><index>1</index>" })).messages)).toEqual(["b"]);
    await write("e");
    expect(bodiesOf((await ask(client, { set: "<max>1</max><index>3</index>" })).messages)).toEqual(["d"]);
    expect(await arrive(client)).toEqual(["a", "c", "e"]);
    await leave(client);
    expect(await arrive(await connect("later"))).toEqual([]);
  });

  it("are given to another client, which has read nothing", async () => {
    await write("a", "b");
    const reader = await connect("reader");
    expect(await all(reader)).toHaveLength(2);
    expect(await arrive(await connect("balcony"))).toEqual(["a", "b"]);
    expect(await arrive(reader)).toEqual([]);
  });

  it("wait on if it is not certain that the client got what it asked for", async () => {
    await write("a", "b");
    const client = await connect("balcony");
    client.raw.pauseReading();
    client.send(`<iq type='set' id='q'>${queryText({})}</iq><presence/>`);
    await expect.poll(async () => (await server.sessions()).some(({ full_jid, presence }) => full_jid === client.jid && presence !== null)).toBe(true);
    client.raw.plain.resetAndDestroy();
    await expect.poll(async () => (await server.sessions()).some(({ full_jid }) => full_jid === client.jid)).toBe(false);
    expect(await arrive(await connect("later"))).toEqual(["a", "b"]);
  });

  it("are given if only their number was asked for, or they are not archived", async () => {
    await write("a");
    await romeo.ask(`<message to='${juliet}' type='chat'><body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>`);
    const client = await connect("balcony");
    expect((await ask(client, { set: "<max>0</max>" })).count).toBe(1);
    expect(await arrive(client)).toEqual(["a", "b"]);
  });

  it("are given to the next session of the same resource", async () => {
    await write("a");
    const client = await connect("balcony");
    expect(await all(client)).toHaveLength(1);
    await client.close();
    expect(await arrive(await connect("balcony"))).toEqual(["a"]);
  });
});

describe("XEP-0313 section 6.1: a message that finds no room among those that wait", () => {
  const limits = { offlineMessages: 2 };
  let small: TestServer;
  let sender: BoundClient;

  beforeEach(async () => {
    small = await startServer({ allowPlaintext: true, limits });
    for (const user of ["nurse", "juliet"]) await small.addUser(user, "secret");
    sender = await login(small, { user: "nurse", over: "plaintext" });
  });
  afterEach(() => small.stop());

  const enter = (resource: string) => login(small, { user: "juliet", resource, over: "plaintext" });
  const answer = async (body: string, more = "") => {
    const [error] = await sender.ask(`<message to='juliet@localhost' type='chat' id='${body}'><body>${body}</body>${more}</message>`);
    return error?.attrs["type"];
  };

  it("is not refused if it is in its addressee's archive, where it is found", async () => {
    for (const body of ["a", "b", "c", "d"]) expect(await answer(body)).toBeUndefined();
    const client = await enter("balcony");
    expect(bodiesOf(await all(client))).toEqual(["a", "b", "c", "d"]);
    const other = await enter("window");
    expect(await arrive(other)).toEqual(["a", "b"]);
  });

  it("is refused if it is not", async () => {
    const client = await enter("balcony");
    await client.ask("<iq type='set' id='p'><prefs xmlns='urn:xmpp:mam:2' default='always'><never><jid>nurse@localhost</jid></never></prefs></iq>");
    for (const body of ["a", "b"]) expect(await answer(body)).toBeUndefined();
    expect(await answer("c")).toBe("error");
    expect(bodiesOf(await all(client))).toEqual([]);
    expect(await answer("d", "<no-permanent-store xmlns='urn:xmpp:hints'/>")).toBe("error");
  });

  it("is not refused because its sender says that it is in an archive", async () => {
    const claim = "<no-permanent-store xmlns='urn:xmpp:hints'/><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@localhost' id='forged'/>";
    for (const body of ["a", "b"]) expect(await answer(body, claim)).toBeUndefined();
    expect(await answer("c", claim)).toBe("error");
  });
});
