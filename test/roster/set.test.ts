/** Contacts that a client adds and changes, and who is told of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { pushed, rosterOf, subscription } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml } from "../support/xml-reader.ts";
import { inWord, rosterSet, setItem, usersOf, type Users } from "./asking.ts";

/** The resources that were told of each change, in order: two sockets do not show it. */
const order: (readonly string[])[] = [];
const watching: Extension = {
  name: "watching",
  specification: { id: "test", title: "The order of pushes" },
  rosterChanged: ({ interested }) => void order.push(interested.map(({ resource }) => resource)),
};

let server: TestServer;
let users: Users;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [watching] });
  users = usersOf(server);
});
afterAll(() => users.end());

const itemsOf = async (client: BoundClient) => (await rosterOf(client)).items;

describe("RFC 6121 section 2.3.2 adding a roster item", () => {
  it("answers with an empty result, and pushes the item as it was set to every interested resource, with an id of its own", async () => {
    const balcony = await users.interested();
    const chamber = await users.another(balcony, "chamber");
    const set = "<item jid='nurse@example.com' name='Nurse'><group>Servants</group></item>";
    const [result, first, ...more] = await balcony.ask(rosterSet(set, "ph1xaz53"));
    expect(result).toEqual(readXml(`<iq type='result' id='ph1xaz53' to='${balcony.jid}'/>`));
    expect(more).toEqual([]);
    const [second, ...others] = await chamber.caughtUp();
    expect(others).toEqual([]);
    const ver = pushed(first)?.ver;
    expect(ver).toMatch(/^\S+$/);
    for (const [client, push] of [[balcony, first!], [chamber, second!]] as const) {
      const { id } = push.attrs;
      expect(id).toMatch(/^\S{8,}$/);
      expect(push).toEqual(readXml(
        `<iq type='set' id='${id}' from='${client.bare}' to='${client.jid}'><query xmlns='jabber:iq:roster' ver='${ver}'>` +
          "<item jid='nurse@example.com' name='Nurse' subscription='none'><group>Servants</group></item></query></iq>",
      ));
    }
    expect(first?.attrs["id"]).not.toBe(second?.attrs["id"]);
    expect((await rosterOf(chamber)).ver).toBe(ver);
  });

  it("tells the one who set it first, whichever resource was there first, and each once", async () => {
    const early = await users.interested();
    const late = await users.another(early, "late");
    order.length = 0;
    expect((await late.ask(rosterSet("<item jid='a@example.com'/>"))).map(inWord)).toEqual(["result s", "push a@example.com"]);
    expect((await early.caughtUp()).map(inWord)).toEqual(["push a@example.com"]);
    expect((await early.ask(rosterSet("<item jid='b@example.com'/>"))).map(inWord)).toEqual(["result s", "push b@example.com"]);
    expect((await late.caughtUp()).map(inWord)).toEqual(["push b@example.com"]);
    expect(order).toEqual([["late", "balcony"], ["balcony", "late"]]);
  });

  it("takes a set to the account's bare JID, which answers then", async () => {
    const client = await users.interested();
    const [result, push] = await client.ask(rosterSet("<item jid='nurse@example.com'/>", "s", client.bare));
    expect(result).toMatchObject({ attrs: { type: "result", id: "s", from: client.bare, to: client.jid } });
    expect(inWord(push!)).toBe("push nurse@example.com");
  });

  it.each([
    ["a localpart's case", "Nurse@Example.COM", "nurse@example.com"], ["full-width letters", "ｎｕｒｓｅ@example.com", "nurse@example.com"],
    ["no localpart", "chat.example.com", "chat.example.com"], ["a resource, as it is", "nurse@example.com/Balcony", "nurse@example.com/Balcony"],
    ["a domain with a resource", "example.com/Echo", "example.com/Echo"], ["an internationalised domain", "x@XN--MNCHEN-3YA.example", "x@münchen.example"],
    ["letters of another script", "ρωμαίος@παράδειγμα.example", "ρωμαίος@παράδειγμα.example"],
  ])("prepares the address of a contact: %s", async (_, jid, prepared) => {
    const client = await users.interested();
    expect((await setItem(client, `<item jid='${jid}'/>`)).item.jid).toBe(prepared);
    expect((await setItem(client, `<item jid='${prepared}' name='again'/>`)).item.jid).toBe(prepared);
    expect(await itemsOf(client)).toEqual([{ jid: prepared, name: "again", subscription: "none", groups: [] }]);
  });

  it("keeps a contact, and each of its resources, apart", async () => {
    const client = await users.interested();
    for (const jid of ["nurse@example.com", "nurse@example.com/a", "nurse@example.com/A"]) await setItem(client, `<item jid='${jid}' name='${jid}'/>`);
    expect((await itemsOf(client)).map(({ jid, name }) => [jid, name])).toEqual([
      ["nurse@example.com", "nurse@example.com"], ["nurse@example.com/a", "nurse@example.com/a"], ["nurse@example.com/A", "nurse@example.com/A"],
    ]);
  });

  it("keeps names and groups to the letter: white space, order, scripts, markup, what looks alike", async () => {
    const client = await users.interested();
    const name = "  The &lt;Nurse&gt; &amp; 'co' \u00a0é e\u0301 ⚘ ";
    const groups = [" Servants", "Servants", "SERVANTS", "servants ", "&lt;b&gt;", "é", "e\u0301", "家", " "];
    const text = (escaped: string): string => escaped.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const { item } = await setItem(client, `<item jid='n@example.com' name="${name}">${groups.map((group) => `<group>${group}</group>`).join("")}</item>`);
    expect(item).toEqual({ jid: "n@example.com", name: text(name), subscription: "none", groups: groups.map(text) });
    expect(await itemsOf(client)).toEqual([item]);
  });

  it("ignores what it does not know, in the query and in the item, and text between the elements", async () => {
    const client = await users.interested();
    const extra = "<x xmlns='urn:example:x'><group xmlns='jabber:iq:roster'>no</group></x><group xmlns='urn:example:x'>no</group>";
    const query = `\n <x xmlns='urn:example:x'/> <item jid='n@example.com' mood='glad' xml:lang='de'> ${extra} <group>yes</group>\n</item>\n`;
    expect((await setItem(client, query)).item).toEqual({ jid: "n@example.com", subscription: "none", groups: ["yes"] });
  });

  it("creates the item before a subscription, which finds it (section 3.1.1)", async () => {
    const client = await users.interested();
    const contact = `${await users.account()}@localhost`;
    await setItem(client, `<item jid='${contact}' name='Juliet'><group>VIPs</group></item>`);
    await client.ask(subscription("subscribe", contact));
    expect(await itemsOf(client)).toEqual([{ jid: contact, name: "Juliet", subscription: "none", ask: "subscribe", groups: ["VIPs"] }]);
  });

  it("or after it, when the subscription stays as it is", async () => {
    const client = await users.interested();
    const contact = `${await users.account()}@localhost`;
    await client.ask(subscription("subscribe", contact));
    expect((await setItem(client, `<item jid='${contact}' name='Juliet'/>`)).item).toEqual({
      jid: contact, name: "Juliet", subscription: "none", ask: "subscribe", groups: [],
    });
  });
});

describe("RFC 6121 section 2.4 updating a roster item", () => {
  it("replaces the item exactly as provided, step by step as in the section", async () => {
    const client = await users.interested();
    const jid = "romeo@example.net";
    const steps = [
      ["<item jid='romeo@example.net' name='Romeo'><group>Friends</group></item>", { name: "Romeo", groups: ["Friends"] }],
      ["<item jid='romeo@example.net' name='Romeo'><group>Friends</group><group>Lovers</group></item>", { name: "Romeo", groups: ["Friends", "Lovers"] }],
      ["<item jid='romeo@example.net' name='Romeo'><group>Lovers</group></item>", { name: "Romeo", groups: ["Lovers"] }],
      ["<item jid='romeo@example.net'/>", { groups: [] }],
      ["<item jid='romeo@example.net' name='MyRomeo'/>", { name: "MyRomeo", groups: [] }],
      ["<item jid='romeo@example.net' name=''/>", { groups: [] }],
    ] as const;
    for (const [set, kept] of steps) {
      const { item } = await setItem(client, set);
      expect(item).toEqual({ jid, subscription: "none", ...kept });
      expect(await itemsOf(client)).toEqual([item]);
    }
  });

  it("is told of even if nothing changes by it (section 2.4.2)", async () => {
    const client = await users.interested();
    const set = "<item jid='romeo@example.net' name='Romeo'/>";
    const first = await setItem(client, set);
    const second = await setItem(client, set);
    expect(second.item).toEqual(first.item);
    expect(second.ver).not.toBe(first.ver);
  });

  it("keeps what two resources did, in the order in which they were heard", async () => {
    const balcony = await users.interested();
    const chamber = await users.another(balcony, "chamber");
    for (const n of [0, 1, 2, 3]) {
      balcony.send(rosterSet(`<item jid='romeo@example.net' name='balcony ${n}'/>`));
      chamber.send(rosterSet(`<item jid='romeo@example.net' name='chamber ${n}'/>`));
    }
    const [one, other] = [await balcony.caughtUp(), await chamber.caughtUp()];
    const late = await balcony.caughtUp();
    const names = (stanzas: readonly Parameters<typeof pushed>[0][]) => stanzas.flatMap((stanza) => pushed(stanza)?.item.name ?? []);
    const told = names([...one, ...late]);
    expect(told).toHaveLength(8);
    expect(names([...other, ...(await chamber.caughtUp())])).toEqual(told);
    for (const by of ["balcony", "chamber"]) expect(told.filter((name) => name.startsWith(by))).toEqual([0, 1, 2, 3].map((n) => `${by} ${n}`));
    expect((await itemsOf(chamber))[0]?.name).toBe(told.at(-1));
  });
});

describe("RFC 6121 section 2.1.5 roster set", () => {
  it.each(["none", "to", "from", "both", "", "Remove", "removed", "<"])("ignores the subscription %j that a client claims", async (claimed) => {
    const client = await users.interested();
    const { item } = await setItem(client, `<item jid='nurse@example.com' subscription='${claimed.replace("<", "&lt;")}'/>`);
    expect(item).toEqual({ jid: "nurse@example.com", subscription: "none", groups: [] });
  });

  it("ignores 'ask' and 'approved' (sections 2.1.2.1 and 2.1.2.2), set or taken away", async () => {
    const client = await users.interested();
    expect((await setItem(client, "<item jid='nurse@example.com' ask='subscribe' approved='true'/>")).item).toEqual({
      jid: "nurse@example.com", subscription: "none", groups: [],
    });
    const contact = `${await users.account()}@localhost`;
    await client.ask(subscription("subscribed", contact));
    await client.ask(subscription("subscribe", contact));
    expect((await setItem(client, `<item jid='${contact}' name='J' ask='' approved='false' subscription='none'/>`)).item).toEqual({
      jid: contact, name: "J", subscription: "none", ask: "subscribe", approved: "true", groups: [],
    });
  });
});

describe("RFC 6121 section 2.1.6 roster push", () => {
  it.each(["result", "error"])("takes a %s for an answer, and tells nobody of it", async (type) => {
    const balcony = await users.interested();
    const chamber = await users.another(balcony, "chamber");
    const error = type === "error" ? "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>" : "";
    const [, push] = await balcony.ask(rosterSet("<item jid='nurse@example.com'/>"));
    await chamber.caughtUp();
    for (const to of ["", ` to='${balcony.bare}'`, " to='localhost'"]) {
      expect(await balcony.ask(`<iq type='${type}' id='${push!.attrs["id"]}'${to}>${error}</iq>`)).toEqual([]);
    }
    expect(await chamber.caughtUp()).toEqual([]);
    expect(await itemsOf(chamber)).toHaveLength(1);
  });

  it("has ids that no other has", async () => {
    const client = await users.interested();
    const ids = new Set<string | undefined>();
    for (let n = 0; n < 20; n++) ids.add((await client.ask(rosterSet(`<item jid='c${n}@example.com'/>`)))[1]?.attrs["id"]);
    expect(ids.size).toBe(20);
    expect(childOf((await client.ask("<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>"))[0], "query")?.children).toHaveLength(20);
  });
});
