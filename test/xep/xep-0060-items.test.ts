import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePageBytesMax } from "../../src/domain/limits.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { config, events, item, itemsIn, options, outcome, owner, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
let alice: BoundClient;
/** Sees Alice's presence, and is in her group Friends. */
let friend: BoundClient;
/** Sees it, and is in no group. */
let contact: BoundClient;
let stranger: BoundClient;
let to: string;

beforeAll(async () => {
  stage = await startStage();
  const [a, b] = await stage.friends();
  const [c, d] = [await stage.person(), await stage.person()];
  to = `${a}@localhost`;
  alice = await stage.appear(a);
  const wanted = ["open", "presence", "roster", "whitelist", "authorize"];
  [friend, contact, stranger] = [await stage.appear(b, wanted), await stage.appear(c, wanted), await stage.appear(d, wanted)];
  await alice.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${b}@localhost'><group>Friends</group></item></query></iq>`);
  await contact.ask(`<presence type='subscribe' to='${to}'/>`);
  await alice.ask(`<presence type='subscribed' to='${c}@localhost'/>`);
  for (const model of wanted) {
    await request(alice, "set", publish(model, item("first", "1"), options({ access_model: model, roster_groups_allowed: ["Friends", "Others"], max_items: "max" })));
  }
  for (const client of [alice, friend, contact, stranger]) await settled(client);
});
afterAll(() => stage.server.stop());

const presenceRequired = "auth not-authorized presence-subscription-required";
const notInGroup = "auth not-authorized not-in-roster-group";
const closed = "cancel not-allowed closed-node";
const notSubscribed = "auth not-authorized not-subscribed";

describe("XEP-0060 section 6.5.1 permissions", () => {
  it.each([
    { model: "open", ofFriend: "result", ofContact: "result", ofStranger: "result" },
    { model: "presence", ofFriend: "result", ofContact: "result", ofStranger: presenceRequired },
    { model: "roster", ofFriend: "result", ofContact: notInGroup, ofStranger: presenceRequired },
    { model: "whitelist", ofFriend: closed, ofContact: closed, ofStranger: closed },
    { model: "authorize", ofFriend: notSubscribed, ofContact: notSubscribed, ofStranger: notSubscribed },
  ])("are those of the access model $model, for retrieving and for notifications", async ({ model, ofFriend, ofContact, ofStranger }) => {
    await request(alice, "set", publish(model, item("second", "2")));
    for (const [client, expected] of [[friend, ofFriend], [contact, ofContact], [stranger, ofStranger]] as const) {
      const told = events(await settled(client));
      expect(told).toEqual(expected === "result" && client !== stranger ? [`${to} ${model}: 2=second`] : []);
      const answer = await request(client, "get", `<items node='${model}'/>`, { to });
      expect([outcome(answer), itemsIn(answer)]).toEqual([expected, expected === "result" ? ["1=first", "2=second"] : []]);
    }
    expect(itemsIn(await request(alice, "get", `<items node='${model}'/>`))).toHaveLength(2);
  });

  it("say nothing of what is not there, and of accounts that are not there", async () => {
    for (const address of [to, "nobody@localhost"]) expect(outcome(await request(stranger, "get", "<items node='unknown'/>", { to: address }))).toBe("cancel item-not-found");
  });

  it("follow who shows itself to the owner, where everybody may (section 9.1.3)", async () => {
    await stranger.ask(`<presence to='${to}'/>`);
    await alice.caughtUp();
    await request(alice, "set", publish("open", item("third", "3")));
    expect(events(await settled(stranger))).toEqual([`${to} open: 3=third`]);
    await stranger.ask(`<presence to='${to}' type='unavailable'/>`);
    await alice.caughtUp();
    await request(alice, "set", publish("open", item("fourth", "4")));
    expect(events(await settled(stranger))).toEqual([]);
  });

  it("end with a block, and come back after it", async () => {
    const block = (name: string) => alice.ask(`<iq type='set' id='b'><${name} xmlns='urn:xmpp:blocking'><item jid='${friend.bare}'/></${name}></iq>`);
    await block("block");
    await settled(friend);
    await request(alice, "set", publish("presence", item("x", "b1")));
    expect(events(await settled(friend))).toEqual([]);
    expect(outcome(await request(friend, "get", "<items node='presence'/>", { to }))).toBe("cancel service-unavailable");
    await block("unblock");
    await settled(friend);
    await request(alice, "set", publish("presence", item("x", "b2")));
    expect(events(await settled(friend))).toEqual([`${to} presence: b2=x`]);
    await friend.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${to}'/></block></iq>`);
    await request(alice, "set", publish("presence", item("x", "b3")));
    expect(events(await settled(friend))).toEqual([]);
    await friend.ask(`<iq type='set' id='b'><unblock xmlns='urn:xmpp:blocking'><item jid='${to}'/></unblock></iq>`);
    await settled(friend);
  });

  it("end with the group and with the subscription (XEP-0163 section 7.1)", async () => {
    const group = (name: string) => alice.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${friend.bare}'><group>${name}</group></item></query></iq>`);
    await group("Strangers");
    expect(outcome(await request(friend, "get", "<items node='roster'/>", { to }))).toBe(notInGroup);
    await request(alice, "set", publish("roster", item("x", "3")));
    expect(events(await settled(friend))).toEqual([]);
    // Section 12.1: who comes into the group is sent the last item.
    await group("Others");
    expect(events(await settled(friend))).toEqual([`${to} roster: 3=x (late)`]);
    await alice.ask(`<presence type='unsubscribed' to='${contact.bare}'/>`);
    await settled(contact);
    await request(alice, "set", publish("presence", item("x", "3")));
    expect(events(await settled(contact))).toEqual([]);
    expect(outcome(await request(contact, "get", "<items node='presence'/>", { to }))).toBe(presenceRequired);
    // And with a new one it is sent the last item (XEP-0163 section 4.3.4).
    await contact.ask(`<presence type='subscribe' to='${to}'/>`);
    await alice.ask(`<presence type='subscribed' to='${contact.bare}'/>`);
    expect(events(await settled(contact)).toSorted()).toEqual([`${to} open: 4=fourth (late)`, `${to} presence: 3=x (late)`]);
  });
});

describe("XEP-0060 section 6.5 retrieving items", () => {
  let user: BoundClient;
  const get = (content: string) => request(user, "get", content);
  const ids = (answer: { readonly answer: Xml }) => itemsIn(answer).map((text) => text.split("=")[0]);
  beforeAll(async () => {
    user = await stage.appear(await stage.person());
    for (let number = 1; number <= 40; number += 1) await request(user, "set", publish("list", item(`text ${number}`, String(number)), options({ max_items: "max" })));
  });

  it("gives all of them, the oldest first; the latest, still in their order; or those that are named", async () => {
    const all = Array.from({ length: 40 }, (_, index) => String(index + 1));
    expect(ids(await get("<items node='list'/>"))).toEqual(all);
    expect(ids(await get("<items node='list' max_items='2'/>"))).toEqual(["39", "40"]);
    expect(ids(await get("<items node='list' max_items='99'/>"))).toEqual(all);
    expect(ids(await get("<items node='list'><item id='7'/><item id='unknown'/><item id='3'/></items>"))).toEqual(["3", "7"]);
    const none = await get("<items node='list'><item id='unknown'/></items>");
    expect([outcome(none), ids(none)]).toEqual(["result", []]);
  });

  it.each([
    ["no node", "<items/>", "modify bad-request nodeid-required"],
    ["an unknown node", "<items node='unknown'/>", "cancel item-not-found"],
    ["none of them", "<items node='list' max_items='0'/>", "modify bad-request"],
    ["some of them", "<items node='list' max_items='some'/>", "modify bad-request"],
    ["an item without an id", "<items node='list'><item/></items>", "modify bad-request"],
    ["no item", "<items node='list'><retract id='1'/></items>", "modify bad-request"],
    ["two pages", `<items node='list'/>${"<set xmlns='http://jabber.org/protocol/rsm'/>".repeat(2)}`, "modify bad-request"],
    ["a page of no size", "<items node='list'/><set xmlns='http://jabber.org/protocol/rsm'><max>x</max></set>", "modify bad-request"],
    ["a page after nothing", "<items node='list'/><set xmlns='http://jabber.org/protocol/rsm'><after>x</after></set>", "cancel item-not-found"],
    ["a page beyond the end", "<items node='list'/><set xmlns='http://jabber.org/protocol/rsm'><index>41</index></set>", "cancel item-not-found"],
  ])("refuses to give %s", async (_, content, expected) => {
    expect(outcome(await get(content))).toBe(expected);
  });

  it.each([1, 7, 40, 99])("gives pages of %i that are all of them, each once, forwards and backwards (XEP-0059)", async (max) => {
    for (const forwards of [true, false]) {
      const seen: string[] = [];
      for (let last: string | undefined; ;) {
        const place = forwards ? (last === undefined ? "" : `<after>${last}</after>`) : `<before>${last ?? ""}</before>`;
        const answer = await get(`<items node='list'/><set xmlns='http://jabber.org/protocol/rsm'><max>${max}</max>${place}</set>`);
        const page = ids(answer).map(String);
        if (page.length === 0) break;
        const set = childOf(childOf(answer.answer, "pubsub"), "set");
        const first = childOf(set, "first");
        expect([textOf(first), first?.attrs["index"], textOf(childOf(set, "last")), textOf(childOf(set, "count"))]).toEqual([page[0], String(Number(page[0]) - 1), page.at(-1), "40"]);
        if (forwards) seen.push(...page); else seen.unshift(...page);
        last = forwards ? page.at(-1) : page[0];
      }
      expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => String(index + 1)));
    }
  });

  it("tells the number alone where nothing else is asked for (XEP-0059 section 2.7)", async () => {
    const { answer } = await get("<items node='list'/><set xmlns='http://jabber.org/protocol/rsm'><max>0</max></set>");
    expect([itemsIn({ answer }), textOf(childOf(childOf(childOf(answer, "pubsub"), "set"), "count"))]).toEqual([[], "40"]);
  });

  it("gives a part of what is too much for one answer, and says so (section 6.5.4)", async () => {
    const text = "x".repeat(200_000);
    for (let number = 1; number <= 8; number += 1) await request(user, "set", publish("large", item(text, String(number)), options({ max_items: "max" })));
    const all = await get("<items node='large'/>");
    expect(ids(all)).toEqual(["1", "2", "3", "4", "5"]);
    expect(5 * text.length).toBeLessThan(nodePageBytesMax);
    const set = childOf(childOf(all.answer, "pubsub"), "set");
    expect([textOf(childOf(set, "last")), textOf(childOf(set, "count"))]).toEqual(["5", "8"]);
    expect(ids(await get("<items node='large' max_items='7'/>"))).toEqual(["4", "5", "6", "7", "8"]);
  });
});

describe("XEP-0060 section 8.2 another access model", () => {
  it("gives those who are let in the last item, and those who are not nothing any more", async () => {
    const change = (model: string) => request(alice, "set", `<configure node='whitelist'>${config({ access_model: model })}</configure>`, { xmlns: owner });
    await settled(friend);
    await change("presence");
    expect(events(await settled(friend))).toEqual([`${to} whitelist: 2=second (late)`]);
    await change("whitelist");
    await request(alice, "set", publish("whitelist", item("third", "3")));
    expect(events(await settled(friend))).toEqual([]);
  });
});
