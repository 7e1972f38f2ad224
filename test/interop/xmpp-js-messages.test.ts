/** An app on @xmpp/client with several resources: copies, the archive, push. */
import { describe, expect, it } from "vitest";
import { bodies, xml, type XmlElement, type XmppJsUser } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";
import { form, pubsubNamespace, valuesOf, type Values } from "./xmpp-js-words.ts";

const { everyWay, online, available } = xmppJsSetting(["alice", "bob", "carol", "dave", "erin", "frank", "app"]);
const carbons = "urn:xmpp:carbons:2";
const rsm = "http://jabber.org/protocol/rsm";
const mam = "urn:xmpp:mam:2";
const push = "urn:xmpp:push:0";

/** The message that one of these holds. */
const forwarded = (holder: XmlElement | undefined): XmlElement | undefined => holder?.getChild("forwarded", "urn:xmpp:forward:0")?.getChild("message", "jabber:client");

/** What a client shows: `sent: body` and `received: body` for what is a copy. */
async function shown(user: XmppJsUser): Promise<readonly string[]> {
  await user.settled();
  return user.arrived("message").map((message) => {
    for (const way of ["sent", "received"]) {
      const copy = forwarded(message.getChild(way, carbons));
      if (copy !== undefined && message.attrs["from"] === user.bareJid) return `${way}: ${copy.getChildText("body")}`;
    }
    return message.getChildText("body") ?? "";
  });
}

everyWay("XEP-0280 with @xmpp/client", () => {
  it("shows both sides of a conversation to both resources, and nothing twice", async () => {
    const [desk, phone, bob] = [await available("alice", { resource: "desk" }), await available("alice", { resource: "phone" }), await available("bob")];
    for (const user of [desk, phone]) await user.client.iqCaller.set(xml("enable", carbons));
    await desk.message(bob.jid, "one <&> 😀");
    await desk.settled();
    await bob.message(desk.jid, "two");
    await bob.message("alice@localhost", "three");
    await bob.client.send(xml("message", { to: desk.jid, type: "chat" }, xml("body", {}, "between us"), xml("private", carbons), xml("no-copy", "urn:xmpp:hints")));
    await bob.settled();
    expect(await shown(phone)).toEqual(["sent: one <&> 😀", "received: two", "three"]);
    expect(await shown(desk)).toEqual(["two", "three", "between us"]);
    expect(await shown(bob)).toEqual(["one <&> 😀"]);
    await phone.client.iqCaller.set(xml("disable", carbons));
    await desk.message(bob.jid, "four");
    await desk.settled();
    expect(await shown(phone)).toHaveLength(3);
  });
});

/** One page: what it holds, and `<fin/>`. */
async function page(user: XmppJsUser, set: XmlElement, values?: Values): Promise<{ readonly results: readonly XmlElement[]; readonly fin: XmlElement }> {
  const queryid = `q${Math.random()}`;
  const query = xml("query", { xmlns: mam, queryid }, ...(values === undefined ? [] : [form(mam, values)]), set);
  const answer = await user.client.iqCaller.request(xml("iq", { type: "set" }, query));
  const results = user.arrived("message").map((message) => message.getChild("result", mam)).filter((result) => result?.attrs["queryid"] === queryid);
  return { results: results as XmlElement[], fin: answer.getChild("fin", mam)! };
}

const set = (max: number, ...more: readonly XmlElement[]) => xml("set", rsm, xml("max", {}, `${max}`), ...more);
const bodiesOf = (results: readonly XmlElement[]) => bodies(results.map((result) => forwarded(result)!));

describe("XEP-0313 with @xmpp/client", () => {
  it("gives every entry once, in order, by pages from either end, and of one contact", async () => {
    const [carol, dave, erin] = [await available("carol"), await available("dave"), await available("erin")];
    for (const body of ["1", "2", "3"]) await carol.message(dave.jid, body);
    await carol.settled();
    await erin.message(carol.bareJid, "4");
    await erin.settled();
    const edge = (fin: XmlElement, name: string) => fin.getChild("set", rsm)?.getChildText(name) ?? "";
    const first = await page(carol, set(3));
    expect([bodiesOf(first.results), first.fin.attrs["complete"]]).toEqual([["1", "2", "3"], undefined]);
    expect(edge(first.fin, "last")).toBe(first.results[2]?.attrs["id"]);
    const second = await page(carol, set(3, xml("after", {}, edge(first.fin, "last"))));
    expect([bodiesOf(second.results), second.fin.attrs["complete"]]).toEqual([["4"], "true"]);
    const newest = await page(carol, set(3, xml("before")));
    expect(bodiesOf(newest.results)).toEqual(["2", "3", "4"]);
    expect(bodiesOf((await page(carol, set(3, xml("before", {}, edge(newest.fin, "first"))))).results)).toEqual(["1"]);
    expect(bodiesOf((await page(carol, set(9), { with: erin.bareJid })).results)).toEqual(["4"]);
    const start = first.results[0]?.getChild("forwarded", "urn:xmpp:forward:0")?.getChild("delay", "urn:xmpp:delay")?.attrs["stamp"];
    expect(bodiesOf((await page(carol, set(9), { start: start! })).results)).toEqual(["1", "2", "3", "4"]);
    expect(dave.arrived("message").map((message) => message.getChild("stanza-id", "urn:xmpp:sid:0")?.attrs["by"])).toEqual(["dave@localhost", "dave@localhost", "dave@localhost"]);
  });

  it("refuses an entry that never was, what is no date, and a field that it does not know", async () => {
    const carol = await online("carol");
    await expect(page(carol, set(9, xml("after", {}, "never")))).rejects.toMatchObject({ condition: "item-not-found" });
    await expect(page(carol, set(9), { start: "yesterday" })).rejects.toMatchObject({ condition: "not-acceptable" });
    await expect(page(carol, set(9), { colour: "blue" })).rejects.toMatchObject({ condition: "feature-not-implemented" });
  });
});

describe("XEP-0357 with @xmpp/client as client and as push service", () => {
  it("is enabled with options, told, and disabled by a service that refuses", async () => {
    const [frank, erin, app] = [await online("frank"), await online("erin"), await online("app", { resource: "push" })];
    let isWilling = true;
    const told: XmlElement[] = [];
    app.client.iqCallee.set(pubsubNamespace, "pubsub", ({ element }) => {
      told.push(element);
      return isWilling ? true : xml("error", { type: "cancel" }, xml("item-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas"));
    });
    // The service is a client of somebody else: Frank has to be shown that it is there.
    await app.client.send(xml("presence", { to: frank.bareJid }));
    await app.settled();
    const options = form(`${pubsubNamespace}#publish-options`, { secret: "s3" });
    await frank.client.iqCaller.set(xml("enable", { xmlns: push, jid: app.jid, node: "n1" }, options));
    await frank.stop();
    for (const count of [1, 2, 3]) {
      isWilling = count === 1;
      await erin.message("frank@localhost", `für Frank ${count}`);
      await erin.settled();
      await app.settled();
    }
    expect(told).toHaveLength(2);
    const notification = told[0]?.getChild("publish")?.getChild("item")?.getChild("notification", push);
    expect(told[0]?.getChild("publish")?.attrs["node"]).toBe("n1");
    expect(valuesOf(notification?.getChild("x", "jabber:x:data"))["message-count"]).toEqual(["1"]);
    expect(valuesOf(told[0]?.getChild("publish-options")?.getChild("x", "jabber:x:data"))["secret"]).toEqual(["s3"]);
  });

  it("refuses a service that has no address", async () => {
    const frank = await online("frank");
    await expect(frank.client.iqCaller.set(xml("enable", { xmlns: push, node: "n" }))).rejects.toMatchObject({ condition: "bad-request" });
    await expect(frank.client.iqCaller.set(xml("enable", { xmlns: push, jid: "@", node: "n" }))).rejects.toMatchObject({ condition: "jid-malformed" });
  });
});
