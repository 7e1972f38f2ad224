/** Requests to see somebody's presence: where they go, what is kept of them, and for how long. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subscriptionRequestCharsMax, subscriptionRequestsMax } from "../../src/domain/limits.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { backstage, contactOf, online, pushed, rosterOf, subscription } from "../support/contacts.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, type Xml } from "../support/xml-reader.ts";
import { pairOn } from "./pair.ts";

const stage = backstage();
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension] });
});
afterAll(() => server.stop());

const nameOf = ({ bare }: BoundClient): string => bare.slice(0, bare.indexOf("@"));
const again = (client: BoundClient, resource: string): Promise<BoundClient> =>
  login(server, { user: nameOf(client), resource, over: "plaintext" });
const subscriptionsIn = (stanzas: readonly Xml[]): readonly Xml[] => stanzas.filter(({ name, attrs }) => name === "presence" && /subscribe/.test(attrs["type"] ?? ""));

/** What a resource is told of requests when it becomes available. */
async function awaiting(client: BoundClient): Promise<readonly Xml[]> {
  const told = subscriptionsIn(await client.ask("<presence/>"));
  await client.ask("<presence type='unavailable'/>");
  return told;
}

function errorIn(stanza: Xml | undefined): string {
  const [condition] = childOf(stanza, "error")?.children ?? [];
  return `${stanza?.name} ${typeof condition === "object" ? condition.name : "?"} from ${stanza?.attrs["from"]} to ${stanza?.attrs["to"]} id ${stanza?.attrs["id"]}`;
}

const content =
  "<status>Wherefore art thou? &lt;&amp;&gt;</status><nick xmlns='http://jabber.org/protocol/nick'>R</nick>" +
  "<x xmlns='urn:example:x' a='1'>text<y xmlns='urn:example:y'/>more</x>";

describe("RFC 6121 section 3.1.2 outbound subscription request", () => {
  it("is stamped with both bare JIDs, whatever resources it came from and was meant for, and keeps id, language and content", async () => {
    const { user, contact, close } = await pairOn(server);
    await user.ask(`<presence type='subscribe' id='xk3h1v69' xml:lang='de' from='${user.jid}' to='${contact.jid}'>${content}</presence>`);
    expect(await contact.caughtUp()).toEqual([
      readXml(`<presence type='subscribe' id='xk3h1v69' xml:lang='de' from='${user.bare}' to='${contact.bare}'>${content}</presence>`),
    ]);
    expect(await contactOf(user, contact.jid)).toBeUndefined();
    expect(await contactOf(user, contact.bare)).toMatchObject({ ask: "subscribe" });
    await close();
  });

  it("has the language of the stream if it names none (RFC 6120 section 8.1.5)", async () => {
    const { user, contact, close } = await pairOn(server);
    const french = await login(server, { user: nameOf(user), resource: "fr", over: "plaintext", header: "version='1.0' xml:lang='fr'" });
    await french.ask(`<presence type='subscribe' to='${contact.bare}'><status>bonjour</status></presence>`);
    expect((await contact.caughtUp())[0]?.attrs["xml:lang"]).toBe("fr");
    await french.close();
    await close();
  });

  it("to an account that does not exist looks to its sender as one to somebody who is not there", async () => {
    const { user, contact } = await pairOn(server);
    await contact.close();
    await user.caughtUp();
    const seen = [];
    for (const to of ["no.such.user@localhost", contact.bare]) {
      const stanzas = [];
      for (const type of ["subscribe", "subscribe", "unsubscribe", "subscribe", "subscribed", "unsubscribed"] as const) {
        stanzas.push(...(await user.ask(`<presence type='${type}' id='s' to='${to}'/>`)));
      }
      await user.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${to}' subscription='remove'/></query></iq>`);
      const attributes = / (id|ver)='[^']*'/g;
      seen.push(stanzas.map((stanza) => showXml(stanza).replace(attributes, "").replaceAll(to, "TO")));
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toHaveLength(5);
    await user.close();
  });

  it.each(["juliet@elsewhere.example", "elsewhere.example", "juliet@elsewhere.example/balcony"])("to %s, where no server can be reached, is refused, and nothing is kept", async (to) => {
    const { user, close } = await pairOn(server);
    const answers = await user.ask(`<presence type='subscribe' id='xk3h1v69' to='${to}'/>`);
    expect(answers.map(errorIn)).toEqual([`presence remote-server-not-found from ${to} to ${user.jid} id xk3h1v69`]);
    expect((await rosterOf(user)).items).toEqual([]);
    await close();
  });

  it.each(["unsubscribe", "unsubscribed"] as const)("other words to there have nothing to end: %s", async (type) => {
    const { user, close } = await pairOn(server);
    expect(await user.ask(subscription(type, "juliet@elsewhere.example"))).toEqual([]);
    expect((await rosterOf(user)).items).toEqual([]);
    await close();
  });

  it("to the server itself is refused", async () => {
    const { user, close } = await pairOn(server);
    expect((await user.ask("<presence type='subscribe' id='a' to='localhost'/>")).map(errorIn)).toEqual([
      `presence service-unavailable from localhost to ${user.jid} id a`,
    ]);
    expect((await rosterOf(user)).items).toEqual([]);
    await close();
  });

  it.each(["subscribe", "subscribed", "unsubscribe", "unsubscribed"])("to oneself is not allowed: %s", async (type) => {
    const { user, close } = await pairOn(server);
    for (const to of [user.bare, user.jid]) {
      expect((await user.ask(`<presence type='${type}' id='own' to='${to}'/>`)).map(errorIn)).toEqual([
        `presence not-allowed from ${to} to ${user.jid} id own`,
      ]);
    }
    expect((await rosterOf(user)).items).toEqual([]);
    await close();
  });

  it.each(["@localhost", "a b@localhost", "juliet@localhost/"])("to %j, which is no address, is refused", async (to) => {
    const { user, close } = await pairOn(server);
    expect((await user.ask(`<presence type='subscribe' to='${to}'/>`))[0]).toMatchObject({ attrs: { type: "error" }, children: [{ children: [{ name: "jid-malformed" }, {}] }] });
    await close();
  });

  it("is pushed to every interested resource as none with ask (section 3.1.2), and to no other", async () => {
    const { user, contact, close } = await pairOn(server);
    const quiet = await again(user, "quiet");
    await quiet.ask("<presence/>");
    const other = await again(user, "other");
    await rosterOf(other);
    await user.caughtUp();
    const [push] = await quiet.ask(subscription("subscribe", contact.bare));
    expect(push).toBeUndefined();
    for (const client of [user, other]) {
      expect((await client.caughtUp()).map((stanza) => pushed(stanza)?.item)).toEqual([{ jid: contact.bare, subscription: "none", ask: "subscribe", groups: [] }]);
    }
    for (const client of [quiet, other]) await client.close();
    await close();
  });
});

describe("RFC 6121 section 3.1.3 inbound subscription request", () => {
  it("is delivered to all available resources, of whatever priority, and to no other", async () => {
    const { user, contact, close } = await pairOn(server);
    const negative = await again(contact, "negative");
    await negative.ask("<presence><priority>-5</priority></presence>");
    const interested = await again(contact, "interested");
    await rosterOf(interested);
    const left = await online(server, { user: nameOf(contact), resource: "left", over: "plaintext" });
    await left.ask("<presence type='unavailable'/>");
    for (const client of [contact, negative]) await client.caughtUp();
    await user.ask(subscription("subscribe", contact.bare));
    for (const client of [contact, negative]) expect((await client.caughtUp()).map(({ attrs }) => attrs["type"])).toEqual(["subscribe"]);
    for (const client of [interested, left]) expect(await client.caughtUp()).toEqual([]);
    for (const client of [negative, interested, left]) await client.close();
    await close();
  });

  it("adds nobody to the roster and pushes nothing (security warning); an item that is there shows nothing of it", async () => {
    const { user, contact, close } = await pairOn(server);
    const { ver } = await rosterOf(contact);
    await user.ask(subscription("subscribe", contact.bare));
    expect((await contact.caughtUp()).map(({ name }) => name)).toEqual(["presence"]);
    expect(await rosterOf(contact)).toEqual({ ver, items: [] });
    await contact.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${user.bare}' name='R'/></query></iq>`);
    expect((await rosterOf(contact)).items).toEqual([{ jid: user.bare, name: "R", subscription: "none", groups: [] }]);
    expect(await stage.stateOf(contact.bare, user.bare)).toBe("NoneIn");
    await close();
  });

  it("is never approved by the server, however often it is made", async () => {
    const { user, contact, told, close } = await pairOn(server);
    for (let n = 0; n < 4; n++) await user.ask(subscription("subscribe", contact.bare));
    expect((await told()).contact).toEqual(["subscribe"]);
    expect(await contactOf(user, contact.bare)).toMatchObject({ subscription: "none", ask: "subscribe" });
    await close();
  });

  it("is kept whole, content included, and delivered at every initial presence of every resource until it is answered", async () => {
    const { user, contact } = await pairOn(server);
    await contact.close();
    await user.ask(`<presence type='subscribe' id='k' xml:lang='it' to='${contact.jid}'>${content}</presence>`);
    const request = readXml(`<presence type='subscribe' id='k' xml:lang='it' from='${user.bare}' to='${contact.bare}'>${content}</presence>`);
    const [first, second] = [await again(contact, "first"), await again(contact, "second")];
    expect(await awaiting(first)).toEqual([request]);
    expect(await awaiting(first)).toEqual([request]);
    expect(subscriptionsIn(await first.ask("<presence/>"))).toEqual([request]);
    // Neither a change of presence, nor the roster, nor the presence of another resource asks for it again.
    expect(subscriptionsIn(await first.ask("<presence><show>away</show></presence>"))).toEqual([]);
    await rosterOf(first);
    expect(await awaiting(second)).toEqual([request]);
    expect(subscriptionsIn(await first.caughtUp())).toEqual([]);
    await first.ask(subscription("subscribed", user.bare));
    expect(await awaiting(second)).toEqual([]);
    for (const client of [first, second, user]) await client.close();
  });

  it.each(["subscribed", "unsubscribed"] as const)("is settled by %s, whether it was delivered or not", async (answer) => {
    const { user, contact, close } = await pairOn(server);
    await user.ask(subscription("subscribe", contact.bare));
    await contact.ask(subscription(answer, user.bare));
    const late = await again(contact, "late");
    expect(await awaiting(late)).toEqual([]);
    await late.close();
    await close();
  });

  it("is delivered when it came to a resource that was there, and left without an answer", async () => {
    const { user, contact } = await pairOn(server);
    await user.ask(subscription("subscribe", contact.bare));
    await contact.close();
    const back = await again(contact, "back");
    expect(await awaiting(back)).toHaveLength(1);
    await Promise.all([back.close(), user.close()]);
  });

  it("is one, the first, however often somebody asks who is not answered", async () => {
    const { user, contact } = await pairOn(server);
    await contact.close();
    for (const id of ["first", "second", "third"]) await user.ask(`<presence type='subscribe' id='${id}' to='${contact.bare}'><status>${id}</status></presence>`);
    const back = await again(contact, "back");
    expect((await awaiting(back)).map(({ attrs }) => attrs["id"])).toEqual(["first"]);
    await Promise.all([back.close(), user.close()]);
  });

  it.each([
    ["taken back", (contact: string) => subscription("unsubscribe", contact)],
    ["taken back by removing the contact", (contact: string) => `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${contact}' subscription='remove'/></query></iq>`],
  ])("is not delivered once it was %s", async (_, undo) => {
    const { user, contact } = await pairOn(server);
    await contact.close();
    await user.ask(subscription("subscribe", contact.bare));
    await user.ask(undo(contact.bare));
    const back = await again(contact, "back");
    expect(await awaiting(back)).toEqual([]);
    // It can be made anew.
    await user.ask(`<presence type='subscribe' id='anew' to='${contact.bare}'/>`);
    expect((await awaiting(back)).map(({ attrs }) => attrs["id"])).toEqual(["anew"]);
    await Promise.all([back.close(), user.close()]);
  });

  it("is delivered after a restart too, among all others, in the order in which they were made", async () => {
    // Neither closes it: the other has it too.
    const store = wrapStore(createMemoryStore(projections), { close: async () => {} });
    const first = await startServer({ allowPlaintext: true, parts: { store } });
    const names = ["zoe", "anna", "mark"];
    for (const name of [...names, "juliet"]) await first.addUser(name, "secret");
    for (const user of names) {
      const client = await login(first, { user, over: "plaintext" });
      await client.ask(`<presence type='subscribe' id='${user}' to='juliet@localhost'>${content}</presence>`);
    }
    const second = await startServer({ allowPlaintext: true, parts: { store } });
    const juliet = await login(second, { user: "juliet", over: "plaintext" });
    const told = await awaiting(juliet);
    expect(told.map(({ attrs }) => attrs["id"]).toSorted()).toEqual(names.toSorted());
    expect(told.find(({ attrs }) => attrs["id"] === "zoe")).toEqual(
      readXml(`<presence type='subscribe' id='zoe' from='zoe@localhost' to='juliet@localhost'>${content}</presence>`),
    );
    const here = await login(first, { user: "juliet", over: "plaintext" });
    expect((await awaiting(here)).map(({ attrs }) => attrs["id"])).toEqual(names);
    await Promise.all([first.stop(), second.stop()]);
  });
});

describe("RFC 6121 section 3.1.3 security warning: what strangers can make the server keep", () => {
  async function fill(client: BoundClient, length: number): Promise<void> {
    await stage.withAccount(client.bare, (step, account, house) => {
      const { host, username } = account;
      for (let n = 1; n < subscriptionRequestsMax; n++) {
        const from = `stranger${n}@localhost`;
        const stanza = `<presence xmlns="jabber:client" type="subscribe" from="${from}" to="${client.bare}"><status></status></presence>`;
        const filled = stanza.replace("<status>", `<status>${"家".repeat(Math.max(0, length - stanza.length))}`);
        house.change(step, account, { type: "SubscriptionRequested", data: { host, username, from, stanza: filled } });
      }
    });
  }

  it(`is ${subscriptionRequestsMax} requests: one more reaches who is there, is not kept, and can be made again`, async () => {
    const { user, contact } = await pairOn(server);
    const other = await pairOn(server);
    await fill(contact, 0);
    await user.ask(subscription("subscribe", contact.bare));
    await contact.caughtUp();
    const asked = await other.user.ask(subscription("subscribe", contact.bare));
    expect(asked.map((stanza) => pushed(stanza)?.item.ask)).toEqual(["subscribe"]);
    expect((await contact.caughtUp()).map(({ attrs }) => attrs["from"])).toEqual([other.user.bare]);
    expect(await stage.stateOf(contact.bare, other.user.bare)).toBe("None");
    // Who has asked already is kept, and not told of again.
    expect(await user.ask(subscription("subscribe", contact.bare))).toEqual([]);
    expect(await contact.caughtUp()).toEqual([]);
    await contact.ask(subscription("unsubscribed", "stranger7@localhost"));
    expect(await other.user.ask(subscription("subscribe", contact.bare))).toEqual([]);
    expect((await contact.caughtUp()).map(({ attrs }) => attrs["from"])).toEqual([other.user.bare]);
    expect(await stage.stateOf(contact.bare, other.user.bare)).toBe("NoneIn");
    await Promise.all([user.close(), contact.close(), other.close()]);
  });

  it("is stanzas of a bounded size, and who is asked makes no difference to what a sender is told", async () => {
    const { user, contact, close } = await pairOn(server);
    const request = (id: string, length: number, to = contact.bare) => `<presence type='subscribe' id='${id}' to='${to}'><status>${"n".repeat(length)}</status></presence>`;
    const refusal = (await user.ask(request("l", subscriptionRequestCharsMax))).map(errorIn);
    expect(refusal).toEqual([`presence policy-violation from ${contact.bare} to ${user.jid} id l`]);
    expect([await contact.caughtUp(), (await rosterOf(user)).items]).toEqual([[], []]);
    const nobody = (await user.ask(request("l", subscriptionRequestCharsMax, "nobody@localhost"))).map(errorIn);
    expect(nobody.map((text) => text?.replace("nobody@localhost", contact.bare))).toEqual(refusal);
    await contact.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${user.bare}'/></block></iq>`);
    expect((await user.ask(request("l", subscriptionRequestCharsMax))).map(errorIn)).toEqual(refusal);
    await contact.ask(`<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>`);
    expect(await user.ask(request("k", subscriptionRequestCharsMax - 200))).toHaveLength(1);
    expect(await contact.caughtUp()).toHaveLength(1);
    await close();
  });

  it("is less than a client can be given at once: whoever becomes available is told of all", async () => {
    const { user, contact } = await pairOn(server);
    await user.close();
    await contact.close();
    await fill(contact, subscriptionRequestCharsMax);
    const back = await again(contact, "back");
    back.send("<presence/><iq type='get' id='last'><ping xmlns='urn:xmpp:ping'/></iq>");
    await back.raw.expect('id="last"', 15_000);
    expect(back.raw.received.split('type="subscribe"')).toHaveLength(subscriptionRequestsMax);
    await back.close();
  });
});
