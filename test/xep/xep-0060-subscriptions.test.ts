import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeSubscriptionsPerUserMax } from "../../src/domain/limits.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { config, events, form, item, itemsIn, options, outcome, owner, publish, pubsub, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
let alice: BoundClient;
let friend: BoundClient;
let stranger: BoundClient;
let to: string;
beforeAll(async () => {
  stage = await startStage();
  const [a, b] = await stage.friends();
  alice = await stage.appear(a);
  friend = await stage.appear(b);
  stranger = await stage.appear(await stage.person());
  to = `${a}@localhost`;
  for (const model of ["open", "presence", "whitelist", "authorize"]) await request(alice, "set", publish(model, item("first", "1"), options({ access_model: model })));
});
afterAll(() => stage.server.stop());

const own = (type: "get" | "set", content: string) => request(alice, type, content, { xmlns: owner });
const asked = (client: BoundClient, node: string, jid = client.bare) => request(client, "set", `<subscribe node='${node}' jid='${jid}'/>`, { to });
const ended = (client: BoundClient, node: string, jid = client.bare) => request(client, "set", `<unsubscribe node='${node}' jid='${jid}'/>`, { to });
const stateIn = ({ answer }: { readonly answer: Xml }) => childOf(childOf(answer, "pubsub"), "subscription")?.attrs["subscription"];

/** What a list holds, in a few words each. */
function listed({ answer }: { readonly answer: Xml }, name: string): readonly string[] {
  const children = childOf(childOf(answer, "pubsub"), name)?.children ?? [];
  return children.map((child) => Object.values((child as Xml).attrs).toSorted().join(" ")).toSorted();
}

describe("XEP-0060 section 6.1 subscribing", () => {
  it("makes strangers hear of an open node, with its last item at once (section 6.1.7)", async () => {
    const answer = await asked(stranger, "open");
    expect([stateIn(answer), events([...answer.others, ...(await settled(stranger))])]).toEqual(["subscribed", [`${to} open: 1=first (late)`]]);
    await request(alice, "set", publish("open", item("second", "2")));
    expect(events(await settled(stranger))).toEqual([`${to} open: 2=second`]);
    expect(stateIn(await asked(stranger, "open"))).toBe("subscribed");
    expect(events(await settled(stranger))).toEqual([]);
  });

  it("addresses what was subscribed (XEP-0163 section 4.3.2), once to each resource", async () => {
    const other = await stage.enter(stranger.bare.replace("@localhost", ""), "other");
    await other.ask("<presence/>");
    await settled(stranger);
    await asked(stranger, "open", stranger.jid);
    await settled(stranger);
    await request(alice, "set", publish("open", item("third", "3")));
    expect((await settled(stranger)).map(({ attrs }) => attrs["to"])).toEqual([stranger.bare]);
    expect((await settled(other)).map(({ attrs }) => attrs["to"])).toEqual([stranger.bare]);
    await ended(stranger, "open");
    await request(alice, "set", publish("open", item("fourth", "4")));
    expect((await settled(stranger)).map(({ attrs }) => attrs["to"])).toEqual([stranger.jid]);
    expect(events(await settled(other))).toEqual([]);
    await ended(stranger, "open", stranger.jid);
    await other.close();
    await settled(stranger);
  });

  it.each([
    ["somebody else", "open", "friend", "modify bad-request invalid-jid"],
    ["nobody", "open", "", "modify bad-request invalid-jid"],
    ["what is no address", "open", "@", "modify bad-request invalid-jid"],
    ["to no node", "", "own", "modify bad-request nodeid-required"],
    ["to a node that is not there", "unknown", "own", "cancel item-not-found"],
    ["to those who see the owner's presence", "presence", "own", "auth not-authorized presence-subscription-required"],
    ["to those whom the owner has named", "whitelist", "own", "cancel not-allowed closed-node"],
  ])("refuses %s (section 6.1.3)", async (_, node, who, expected) => {
    const jid = who === "own" ? stranger.bare : who === "friend" ? friend.bare : who;
    expect(outcome(await asked(stranger, node, jid))).toBe(expected);
  });

  it("has no options, and may be impossible", async () => {
    const content = `<subscribe node='open' jid='${stranger.bare}'/><options/>`;
    expect(outcome(await request(stranger, "set", content, { to }))).toBe("cancel feature-not-implemented unsupported:subscription-options");
    expect(outcome(await request(stranger, "get", "<options node='open'/>", { to }))).toBe("cancel feature-not-implemented unsupported:subscription-options");
    await request(alice, "set", publish("closed", item("a"), options({ access_model: "open", subscribe: "0" })));
    expect(outcome(await asked(stranger, "closed"))).toBe("cancel feature-not-implemented unsupported:subscribe");
  });

  it("has an end for each user (section 6.1.3.9)", async () => {
    for (let number = 0; number < nodeSubscriptionsPerUserMax; number += 1) expect(outcome(await asked(stranger, "open", `${stranger.bare}/${number}`))).toBe("result");
    expect(outcome(await asked(stranger, "open", `${stranger.bare}/more`))).toBe("wait policy-violation too-many-subscriptions");
    for (let number = 0; number < nodeSubscriptionsPerUserMax; number += 1) await ended(stranger, "open", `${stranger.bare}/${number}`);
  });

  it("refuses to end what has not begun, and what is another's (section 6.2.3)", async () => {
    expect(outcome(await ended(stranger, "open"))).toBe("cancel unexpected-request not-subscribed");
    expect(outcome(await ended(stranger, "unknown"))).toBe("cancel item-not-found");
    await asked(friend, "open");
    expect(outcome(await ended(stranger, "open", friend.bare))).toBe("auth forbidden");
    expect(stateIn(await ended(friend, "open"))).toBe("none");
    await settled(friend);
  });

  it("ends with the right to it (XEP-0163 section 7.1)", async () => {
    expect(stateIn(await asked(friend, "presence"))).toBe("subscribed");
    await settled(friend);
    await alice.ask(`<presence type='unsubscribed' to='${friend.bare}'/>`);
    expect(events(await settled(friend))).toEqual([`${to} presence: ${friend.bare} is none`]);
    expect(listed(await request(friend, "get", "<subscriptions/>", { to }), "subscriptions")).toEqual([]);
    await friend.ask(`<presence type='subscribe' to='${to}'/>`);
    await alice.ask(`<presence type='subscribed' to='${friend.bare}'/>`);
    for (const client of [alice, friend]) await settled(client);
  });
});

describe("XEP-0060 sections 5.6 and 8.8 lists of subscriptions", () => {
  it("are those of who asks, and all for the owner, who can change them", async () => {
    await asked(friend, "open");
    await asked(friend, "presence");
    await asked(stranger, "open");
    expect(listed(await request(friend, "get", "<subscriptions/>", { to }), "subscriptions")).toEqual([`open subscribed ${friend.bare}`, `presence subscribed ${friend.bare}`]);
    expect(listed(await request(friend, "get", "<subscriptions node='presence'/>", { to }), "subscriptions")).toEqual([`presence subscribed ${friend.bare}`]);
    expect(listed(await own("get", "<subscriptions node='open'/>"), "subscriptions")).toEqual([`subscribed ${friend.bare}`, `subscribed ${stranger.bare}`].toSorted());
    for (const client of [friend, stranger]) await settled(client);
    expect(outcome(await own("set", `<subscriptions node='open'><subscription jid='${stranger.bare}' subscription='none'/></subscriptions>`))).toBe("result");
    expect(events(await settled(stranger))).toEqual([`${to} open: ${stranger.bare} is none`]);
    for (const address of [to, "nobody@localhost"]) expect(listed(await request(stranger, "get", "<subscriptions/>", { to: address }), "subscriptions")).toEqual([]);
  });

  it("keep what cannot be changed, and say what that is (section 8.8.2.4)", async () => {
    const wrong = await own("set", `<subscriptions node='open'><subscription jid='${friend.bare}' subscription='perhaps'/>` +
      `<subscription jid='${friend.jid}' subscription='subscribed'/><subscription jid='@' subscription='none'/></subscriptions>`);
    expect([outcome(wrong), listed(wrong, "subscriptions")]).toEqual(["modify not-acceptable", [`@ none`, `subscribed ${friend.bare}`]]);
    expect(events(await settled(friend))).toContain(`${to} open: ${friend.jid} is subscribed`);
  });

  it("are not made for who has not asked, and does not see the owner's presence", async () => {
    const wrong = await own("set", `<subscriptions node='open'><subscription jid='${stranger.bare}' subscription='subscribed'/></subscriptions>`);
    expect([outcome(wrong), listed(wrong, "subscriptions")]).toEqual(["modify not-acceptable", [`none ${stranger.bare}`]]);
    await request(alice, "set", publish("open", item("unasked", "9")));
    expect(events(await settled(stranger))).toEqual([]);
    await settled(friend);
    await asked(stranger, "open");
  });

  it("tell the owner of changes where the node does", async () => {
    await own("set", `<configure node='open'>${config({ notify_sub: "1" })}</configure>`);
    await settled(alice);
    await ended(stranger, "open");
    expect(events(await settled(alice))).toEqual([`${to} open: ${stranger.bare} is none`]);
  });
});

describe("XEP-0060 section 8.6 requests", () => {
  const authorization = `${pubsub}#subscribe_authorization`;
  const requestIn = (stanzas: readonly Xml[]) => stanzas.flatMap((stanza) => {
    const x = childOf(stanza, "x");
    return x === undefined ? [] : [[stanza.attrs["from"], ...x.children.map((field) => textOf(childOf(field as Xml, "value")))].join(" ")];
  });
  const said = (allow: string, kind = "submit") =>
    alice.ask(`<message to='${to}' id='approve'>${form(authorization, { node: "authorize", subscriber_jid: stranger.bare, allow }, kind)}</message>`);

  it("wait for the owner, who is asked now and when it comes", async () => {
    await settled(alice);
    expect(stateIn(await asked(stranger, "authorize"))).toBe("pending");
    const shown = `${to} ${authorization} authorize ${stranger.bare} 0`;
    expect(requestIn(await settled(alice))).toEqual([shown]);
    expect(outcome(await asked(stranger, "authorize"))).toBe("auth not-authorized pending-subscription");
    expect(outcome(await request(stranger, "get", "<items node='authorize'/>", { to }))).toBe("auth not-authorized not-subscribed");
    await request(alice, "set", publish("authorize", item("second", "2")));
    expect(events(await settled(stranger))).toEqual([]);
    expect(listed(await own("get", "<subscriptions node='authorize'/>"), "subscriptions")).toEqual([]);
    await alice.ask("<presence type='unavailable'/>");
    expect(requestIn(await alice.ask("<presence/>"))).toEqual([shown]);
  });

  it("stay where the owner cancels or says nothing that can be understood", async () => {
    expect(await said("1", "cancel")).toEqual([]);
    expect(await said("perhaps")).toEqual([]);
    expect(outcome(await asked(stranger, "authorize"))).toBe("auth not-authorized pending-subscription");
  });

  it("are answered by the owner alone", async () => {
    await friend.ask(`<message to='${to}' id='approve'>${form(authorization, { node: "authorize", subscriber_jid: stranger.bare, allow: "1" })}</message>`);
    expect(outcome(await asked(stranger, "authorize"))).toBe("auth not-authorized pending-subscription");
    await settled(alice);
  });

  it("are granted: the subscriber is told, has the last item and may have all", async () => {
    expect(await said("true")).toEqual([]);
    expect(events(await settled(stranger))).toEqual([`${to} authorize: ${stranger.bare} is subscribed`, `${to} authorize: 2=second (late)`]);
    expect(itemsIn(await request(stranger, "get", "<items node='authorize'/>", { to }))).toEqual(["2=second"]);
    await request(alice, "set", publish("authorize", item("third", "3")));
    expect(events(await settled(stranger))).toEqual([`${to} authorize: 3=third`]);
    const [again] = await said("1");
    expect([again?.attrs["type"], childOf(childOf(again, "error"), "item-not-found") !== undefined]).toEqual(["error", true]);
  });

  it("are refused: the subscriber is told, and has nothing", async () => {
    await ended(stranger, "authorize");
    await asked(stranger, "authorize");
    await settled(alice);
    await said("0");
    expect(events(await settled(stranger))).toEqual([`${to} authorize: ${stranger.bare} is none`]);
    expect(outcome(await request(stranger, "get", "<items node='authorize'/>", { to }))).toBe("auth not-authorized not-subscribed");
  });
});

describe("XEP-0060 section 8.9 affiliations", () => {
  const give = (affiliation: string, jid = stranger.bare, node = "whitelist") =>
    own("set", `<affiliations node='${node}'><affiliation jid='${jid}' affiliation='${affiliation}'/></affiliations>`);

  it("let members in, whatever the access model is", async () => {
    expect(outcome(await give("member"))).toBe("result");
    expect(itemsIn(await request(stranger, "get", "<items node='whitelist'/>", { to }))).toEqual(["1=first"]);
    expect(stateIn(await asked(stranger, "whitelist"))).toBe("subscribed");
    await settled(stranger);
    expect(listed(await own("get", "<affiliations node='whitelist'/>"), "affiliations")).toEqual([`owner ${to}`, `member ${stranger.bare}`].toSorted());
    expect(listed(await request(stranger, "get", "<affiliations/>", { to }), "affiliations")).toEqual(["member whitelist"]);
    expect(listed(await request(alice, "get", "<affiliations node='open'/>"), "affiliations")).toEqual(["open owner"]);
  });

  it("keep outcasts out, and end what they had", async () => {
    await give("outcast");
    expect(events(await settled(stranger))).toEqual([`${to} whitelist: ${stranger.bare} is none`]);
    await give("outcast", `${friend.jid}`, "presence");
    for (const [client, node] of [[stranger, "whitelist"], [friend, "presence"]] as const) {
      expect(outcome(await request(client, "get", `<items node='${node}'/>`, { to }))).toBe("auth forbidden");
      expect(outcome(await asked(client, node))).toBe("auth forbidden");
    }
    await give("none", friend.bare, "presence");
    expect(outcome(await request(friend, "get", "<items node='presence'/>", { to }))).toBe("result");
  });

  it.each([
    ["publisher", "cancel feature-not-implemented unsupported:publisher-affiliation"],
    ["publish-only", "cancel feature-not-implemented unsupported:publish-only-affiliation"],
    ["king", "modify not-acceptable"],
    ["owner", "modify not-acceptable"],
  ])("do not make anybody a %s", async (affiliation, expected) => {
    expect(outcome(await give(affiliation))).toBe(expected);
  });

  it("keep what cannot be changed, and say what that is (section 8.9.2.4)", async () => {
    const wrong = await own("set", `<affiliations node='whitelist'><affiliation jid='${to}' affiliation='none'/><affiliation jid='${friend.bare}' affiliation='member'/></affiliations>`);
    expect([outcome(wrong), listed(wrong, "affiliations")]).toEqual(["modify not-acceptable", [`owner ${to}`]]);
    expect(listed(await own("get", "<affiliations node='whitelist'/>"), "affiliations")).toContain(`member ${friend.bare}`);
    const twice = `<affiliation jid='${friend.bare}' affiliation='none'/>`.repeat(2);
    expect(outcome(await own("set", `<affiliations node='whitelist'>${twice}</affiliations>`))).toBe("modify bad-request");
  });
});

describe("XEP-0060: what an owner can do to others", () => {
  const configure = (node: string, fields: Readonly<Record<string, string>>) => own("set", `<configure node='${node}'>${config(fields)}</configure>`);
  const manage = (node: string, jids: readonly string[]) =>
    own("set", `<subscriptions node='${node}'>${jids.map((jid) => `<subscription jid='${jid}' subscription='subscribed'/>`).join("")}</subscriptions>`);

  it("does not go beyond the subscriptions that one user has room for (section 8.8)", async () => {
    await request(alice, "set", publish("crowded", item("a", "1"), options({ access_model: "open" })));
    await manage("crowded", Array.from({ length: nodeSubscriptionsPerUserMax + 2 }, (_, index) => `${friend.bare}/r${index}`));
    expect(listed(await own("get", "<subscriptions node='crowded'/>"), "subscriptions")).toHaveLength(nodeSubscriptionsPerUserMax);
  });

  it("tells nobody of so many ids at once that it would cost them their link (section 7.1.2.5)", async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `${index}-${"&amp;".repeat(500)}`);
    await request(alice, "set", publish("long", item("1", "first"), options({ access_model: "open", max_items: "50", notify_retract: "1", notify_config: "0" })));
    for (const id of ids) await request(alice, "set", publish("long", item("1", id)));
    await request(alice, "set", publish("short", item("1", "first"), options({ access_model: "open", max_items: "50", notify_retract: "1", notify_config: "0" })));
    await request(alice, "set", publish("short", item("2", "second")));
    for (const node of ["long", "short"]) await asked(stranger, node);
    await settled(stranger);
    for (const node of ["long", "short"]) await configure(node, { max_items: "1" });
    expect(events(await settled(stranger))).toEqual([`${to} short: -first`]);
  });

  it("opens a node to those who wait for an answer too (section 6.1.4)", async () => {
    const late = await stage.appear(await stage.person());
    await request(alice, "set", publish("opened", item("first", "1"), options({ access_model: "authorize" })));
    expect(stateIn(await asked(late, "opened"))).toBe("pending");
    await configure("opened", { access_model: "open" });
    expect(stateIn(await asked(late, "opened"))).toBe("subscribed");
  });
});
