/** What a client is told that asks for its roster. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { rosterOf } from "../support/contacts.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { login } from "../support/login.ts";
import { childOf, readXml } from "../support/xml-reader.ts";
import { inWord, rosterSet, setItem, usersOf, type Users } from "./asking.ts";

let server: TestServer;
let users: Users;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  users = usersOf(server);
});
afterAll(() => users.end());

describe("RFC 6121 section 2.1.4 roster result", () => {
  it("has an empty query with a version for a roster without contacts", async () => {
    const client = await login(server, { user: await users.account(), over: "plaintext" });
    const [answer, ...more] = await client.ask("<iq type='get' id='bv1bs71f'><query xmlns='jabber:iq:roster'/></iq>");
    expect(more).toEqual([]);
    const ver = childOf(answer, "query")?.attrs["ver"];
    expect(ver).toMatch(/^\S+$/);
    expect(answer).toEqual(readXml(`<iq type='result' id='bv1bs71f' to='${client.jid}'><query xmlns='jabber:iq:roster' ver='${ver}'/></iq>`));
    await client.close();
  });

  it("is the same to the bare JID of the account, which then answers", async () => {
    const client = await users.interested();
    const [answer] = await client.ask(`<iq type='get' id='g' to='${client.bare}'><query xmlns='jabber:iq:roster'/></iq>`);
    expect(answer).toMatchObject({ attrs: { type: "result", from: client.bare, to: client.jid } });
  });

  it("holds every contact whole, in the order in which they were first set, whichever was changed last", async () => {
    const client = await users.interested();
    for (const item of [
      "<item jid='romeo@example.net' name='Romeo'><group>Friends</group></item>", "<item jid='mercutio@example.com' name='Mercutio'/>",
      "<item jid='benvolio@example.net'/>", "<item jid='romeo@example.net' name='R.'><group>Lovers</group><group>Friends</group></item>",
    ]) await setItem(client, item);
    const [answer] = await client.ask("<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    expect(childOf(answer, "query")?.children).toEqual([
      "<item jid='romeo@example.net' name='R.' subscription='none'><group>Lovers</group><group>Friends</group></item>",
      "<item jid='mercutio@example.com' name='Mercutio' subscription='none'/>",
      "<item jid='benvolio@example.net' subscription='none'/>",
    ].map((item) => childOf(readXml(`<query xmlns='jabber:iq:roster'>${item}</query>`), "item")));
  });

  it("is the same, version included, from a server that has read the account from its store", async () => {
    // Neither closes it: the other has it too.
    const store = wrapStore(createMemoryStore(projections), { close: async () => {} });
    const first = await startServer({ allowPlaintext: true, parts: { store } });
    await first.addUser("romeo", "secret");
    const before = await login(first, { user: "romeo", over: "plaintext" });
    for (const jid of ["c@x.example", "a@x.example", "b.example", "c@x.example/d"]) {
      await before.ask(rosterSet(`<item jid='${jid}' name='&lt;${jid}&gt;'><group>a</group><group> b</group></item>`));
    }
    await before.ask(rosterSet("<item jid='a@x.example' subscription='remove'/>"));
    const second = await startServer({ allowPlaintext: true, parts: { store } });
    const after = await login(second, { user: "romeo", over: "plaintext" });
    const [known, read] = [await rosterOf(before), await rosterOf(after)];
    expect(read.ver).toBe(known.ver);
    expect(read.items.toSorted(byJid)).toEqual(known.items.toSorted(byJid));
    expect(known.items.map(({ jid }) => jid)).toEqual(["c@x.example", "b.example", "c@x.example/d"]);
    await Promise.all([first.stop(), second.stop()]);
  });

  it("is a resource's business as soon as it is bound, and of no presence", async () => {
    const client = await users.interested();
    expect(await client.caughtUp()).toEqual([]);
    expect(server.session(client.jid)?.presence).toBeUndefined();
  });
});

describe("RFC 6121 section 2.1.3 roster get", () => {
  it.each([["exists", true], ["does not", false]])("for another account, which %s, is forbidden", async (_, exists) => {
    const client = await users.interested();
    const address = exists ? `${await users.account()}@localhost` : "nobody@localhost";
    const answers = await client.ask(`<iq type='get' id='g' to='${address}'><query xmlns='jabber:iq:roster'/></iq>`);
    expect(answers.map(inWord)).toEqual(["forbidden auth g"]);
  });

  it("for the server is not understood", async () => {
    const client = await users.interested();
    const answers = await client.ask("<iq type='get' id='g' to='localhost'><query xmlns='jabber:iq:roster'/></iq>");
    expect(answers.map(inWord)).toEqual(["service-unavailable cancel g"]);
  });
});

describe("RFC 6121 section 2.2 interested resource", () => {
  it("is one that has asked, available or not; no other is pushed to", async () => {
    const asking = await users.interested();
    const silent = await users.another(asking, "silent", false);
    await silent.ask("<presence/>");
    expect(server.session(asking.jid)?.interested).toBe(true);
    expect(server.session(silent.jid)?.interested).toBeUndefined();
    expect((await asking.ask(rosterSet("<item jid='nurse@example.com'/>"))).map(inWord)).toEqual(["result s", "push nurse@example.com"]);
    expect(await silent.caughtUp()).toEqual([]);
    // A set is no question.
    expect((await silent.ask(rosterSet("<item jid='romeo@example.com'/>"))).map(inWord)).toEqual(["result s"]);
    expect((await asking.caughtUp()).map(inWord)).toEqual(["push romeo@example.com"]);
  });

  it("stays one when it becomes unavailable", async () => {
    const client = await users.interested();
    await client.ask("<presence/>");
    await client.ask("<presence type='unavailable'/>");
    expect((await client.ask(rosterSet("<item jid='nurse@example.com'/>"))).map(inWord)).toEqual(["result s", "push nurse@example.com"]);
  });

  it("is none for having asked for the roster of somebody else", async () => {
    const client = await login(server, { user: await users.account(), over: "plaintext" });
    await client.ask("<iq type='get' id='g' to='owner1@localhost'><query xmlns='jabber:iq:roster'/></iq>");
    expect(server.session(client.jid)?.interested).toBeUndefined();
    await client.close();
  });
});

const byJid = (a: { readonly jid: string }, b: { readonly jid: string }): number => (a.jid < b.jid ? -1 : 1);
