/** What one request, one user, and one list of items can come to. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePageBytesMax, nodePeopleChangesMax, nodeRequestsMax, nodeSubscriptionsPerAccountMax, nodeSubscriptionsPerUserMax, subscribedAccountsMax } from "../../src/domain/limits.ts";
import { backstage } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";
import { config, events, item, options, outcome, owner, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

const behind = backstage();
let stage: Stage;
let alice: BoundClient;
let friend: BoundClient;
let stranger: BoundClient;
let to: string;
beforeAll(async () => {
  stage = await startStage({ extensions: [behind.extension] });
  const [a, b] = await stage.friends();
  alice = await stage.appear(a);
  friend = await stage.appear(b, ["crowd"]);
  stranger = await stage.appear(await stage.person());
  to = `${a}@localhost`;
});
afterAll(() => stage.server.stop());

const own = (type: "get" | "set", content: string) => request(alice, type, content, { xmlns: owner });
const asked = (client: BoundClient, node: string, jid = client.bare) => request(client, "set", `<subscribe node='${node}' jid='${jid}'/>`, { to });
const listOf = ({ answer }: { readonly answer: Xml }, name: string) => (childOf(childOf(answer, "pubsub"), name)?.children ?? []) as readonly Xml[];
const crowd = Array.from({ length: 1_000 }, (_, number) => `person${number}@localhost`);

describe("XEP-0060 sections 8.8.2.4 and 8.9.2.4 many changes in one request", () => {
  const give = (affiliation: string, jids: readonly string[]) =>
    own("set", `<affiliations node='crowd'>${jids.map((jid) => `<affiliation jid='${jid}' affiliation='${affiliation}'/>`).join("")}</affiliations>`);
  const manage = (state: string, jids: readonly string[]) =>
    own("set", `<subscriptions node='crowd'>${jids.map((jid) => `<subscription jid='${jid}' subscription='${state}'/>`).join("")}</subscriptions>`);

  /** In as many requests as it takes; their outcomes, each once. */
  const inParts = async (jids: readonly string[], change: (part: readonly string[]) => ReturnType<typeof own>): Promise<readonly string[]> => {
    const outcomes = new Set<string>();
    for (let start = 0; start < jids.length; start += nodePeopleChangesMax) outcomes.add(outcome(await change(jids.slice(start, start + nodePeopleChangesMax))));
    return [...outcomes];
  };

  beforeAll(async () => {
    await request(alice, "set", publish("crowd", item("first", "1"), options({ access_model: "whitelist" })));
    for (const client of [alice, friend, stranger]) await settled(client);
  });

  it("let in each of a thousand, and send those the last item who want it and are there", async () => {
    const jids = [...crowd.slice(0, 998), friend.bare, stranger.bare];
    expect(await inParts(jids, (part) => give("member", part))).toEqual(["result"]);
    expect(events(await settled(friend))).toEqual([`${to} crowd: 1=first (late)`]);
    expect(events(await settled(stranger))).toEqual([]);
    expect(listOf(await own("get", "<affiliations node='crowd'/>"), "affiliations")).toHaveLength(1_001);
  });

  it("name those for whom there is no room", async () => {
    const wrong = await give("outcast", [...crowd.slice(998), crowd[0]!, to]);
    expect([outcome(wrong), listOf(wrong, "affiliations").map(({ attrs }) => `${attrs["jid"]} ${attrs["affiliation"]}`)])
      .toEqual(["modify not-acceptable", [...crowd.slice(998).map((jid) => `${jid} none`), `${to} owner`]]);
    expect(listOf(await own("get", "<affiliations node='crowd'/>"), "affiliations").filter(({ attrs }) => attrs["affiliation"] === "outcast")).toHaveLength(1);
  });

  it("are refused as a whole where they are more than that", async () => {
    const many = Array.from({ length: nodePeopleChangesMax + 1 }, (_, number) => `person${number}@localhost`);
    expect([outcome(await give("none", many)), outcome(await manage("none", many))]).toEqual(["modify policy-violation", "modify policy-violation"]);
    expect(listOf(await own("get", "<affiliations node='crowd'/>"), "affiliations")).toHaveLength(1_001);
  });

  it("subscribe each who has asked, send the last item once, and end what everybody had with the right to it", async () => {
    await behind.withAccount(to, (step, account, house) => {
      for (const jid of [...crowd.slice(1, 998), stranger.bare]) house.setState(step, account, "pep-subscriptions", `crowd/${jid}`, "pending");
    });
    expect(await inParts([...crowd.slice(1, 998), stranger.bare, friend.jid], (part) => manage("subscribed", part))).toEqual(["result"]);
    expect(events(await settled(stranger))).toEqual([`${to} crowd: ${stranger.bare} is subscribed`, `${to} crowd: 1=first (late)`]);
    expect(events(await settled(friend))).toEqual([`${to} crowd: ${friend.jid} is subscribed`, `${to} crowd: 1=first (late)`]);
    await request(alice, "set", publish("crowd", item("second", "2")));
    for (const client of [stranger, friend]) expect(events(await settled(client))).toEqual([`${to} crowd: 2=second`]);
    expect(await inParts([...crowd.slice(1, 998), stranger.bare, friend.bare], (part) => give("outcast", part))).toEqual(["result"]);
    expect(events(await settled(stranger))).toEqual([`${to} crowd: ${stranger.bare} is none`]);
    expect(events(await settled(friend))).toEqual([`${to} crowd: ${friend.jid} is none`]);
    expect(listOf(await own("get", "<subscriptions node='crowd'/>"), "subscriptions")).toEqual([]);
    expect(await inParts([...crowd.slice(0, 998), stranger.bare, friend.bare], (part) => give("none", part))).toEqual(["result"]);
  });
});

describe("XEP-0060 section 6.1.3.9 too many subscriptions", () => {
  it("are more than one user has room for at all nodes of an account together, whoever makes them", async () => {
    const nodes = Array.from({ length: Math.ceil(nodeSubscriptionsPerAccountMax / nodeSubscriptionsPerUserMax) + 1 }, (_, number) => `many${number}`);
    for (const node of nodes) await request(alice, "set", `<create node='${node}'/><configure>${config({ access_model: "open" })}</configure>`);
    const jids = nodes.flatMap((node) => Array.from({ length: nodeSubscriptionsPerUserMax }, (_, number) => [node, `${stranger.bare}/${number}`] as const));
    const outcomes: string[] = [];
    for (const [node, jid] of jids) outcomes.push(outcome(await asked(stranger, node, jid)));
    const refused = "wait policy-violation too-many-subscriptions";
    expect(outcomes).toEqual(jids.map((_, index) => (index < nodeSubscriptionsPerAccountMax ? "result" : refused)));
    const last = nodes.at(-1)!;
    const made = await own("set", `<subscriptions node='${last}'><subscription jid='${stranger.bare}' subscription='subscribed'/><subscription jid='${friend.bare}' subscription='subscribed'/></subscriptions>`);
    expect(listOf(made, "subscriptions").map(({ attrs }) => `${attrs["jid"]} ${attrs["subscription"]}`)).toEqual([`${stranger.bare} none`]);
    await request(stranger, "set", `<unsubscribe node='${nodes[0]}' jid='${stranger.bare}/0'/>`, { to });
    expect(outcome(await asked(stranger, last))).toBe("result");
    for (const node of nodes) await own("set", `<delete node='${node}'/>`);
    await request(alice, "set", publish("open", item("a", "1"), options({ access_model: "open" })));
    expect(outcome(await asked(stranger, "open"))).toBe("result");
  });

  it("are more than an owner can be asked to answer", async () => {
    await request(alice, "set", publish("asking", item("a", "1"), options({ access_model: "authorize" })));
    await behind.withAccount(to, (step, account, house) => {
      for (let number = 0; number < nodeRequestsMax; number += 1) house.setState(step, account, "pep-subscriptions", `asking/person${number}@localhost`, "pending");
    });
    expect(outcome(await asked(stranger, "asking"))).toBe("wait policy-violation too-many-subscriptions");
    await own("set", "<subscriptions node='asking'><subscription jid='person1@localhost' subscription='none'/></subscriptions>");
    expect(outcome(await asked(stranger, "asking"))).toBe("result");
    await own("set", "<delete node='asking'/>");
    await settled(alice);
  });

  it("are on more accounts than one user has room for, but for those where they have ended meanwhile", async () => {
    const person = await stage.person();
    const client = await stage.appear(person);
    const fill = () => behind.withAccount(client.bare, (step, account, house) => {
      for (let number = account.states("pep-subscribed").size; number < subscribedAccountsMax; number += 1) house.setState(step, account, "pep-subscribed", `gone${number}@localhost`, true);
    });
    const known = () => behind.withAccount(client.bare, (_, account) => [...account.states("pep-subscribed").keys()]);
    await request(alice, "set", publish("visited", item("a", "1"), options({ access_model: "open" })));
    await fill();
    expect([outcome(await asked(client, "visited")), await known()]).toEqual(["result", [to]]);
    await own("set", `<subscriptions node='visited'><subscription jid='${client.bare}' subscription='none'/></subscriptions>`);
    expect(await known()).toEqual([]);
    await fill();
    expect(outcome(await asked(client, "visited"))).toBe("wait policy-violation too-many-subscriptions");
    await request(client, "set", `<create node='mine'/>`);
    expect(outcome(await request(client, "set", `<subscribe node='mine' jid='${client.bare}'/>`))).toBe("result");
  });

  it("are never the owner's, who may subscribe where others may not (section 12.12)", async () => {
    await request(alice, "set", publish("shut", item("a", "1"), options({ access_model: "open", subscribe: "0" })));
    expect(outcome(await asked(alice, "shut"))).toBe("result");
    expect(outcome(await asked(stranger, "shut"))).toBe("cancel feature-not-implemented unsupported:subscribe");
  });
});

describe("XEP-0060 sections 6.5.4 and 5.5 items with long ids", () => {
  const count = 40;
  const disco = async (node: string) => {
    const [answer] = await alice.ask(`<iq type='get' id='d' to='${to}'><query xmlns='http://jabber.org/protocol/disco#items' node='${node}'/></iq>`);
    return childOf(answer, "query")!;
  };

  it("are given in pages that one answer can carry", async () => {
    const id = (number: number) => `${number}-${"&lt;".repeat(3_000)}`;
    await request(alice, "set", `<create node='long'/><configure>${config({ max_items: "max" })}</configure>`);
    for (let number = 0; number < count; number += 1) {
      await request(alice, "set", publish("long", `<item id='${id(number)}'><a xmlns='urn:a'>${"&amp;".repeat(4_000)}</a></item>`));
    }
    const all = await request(alice, "get", "<items node='long'/>");
    const given = listOf(all, "items");
    expect(Buffer.byteLength(showXml(all.answer))).toBeLessThan(nodePageBytesMax + 65_536);
    expect(given.length).toBeGreaterThan(1);
    expect(given.length).toBeLessThan(count);
    const set = childOf(childOf(all.answer, "pubsub"), "set");
    expect(childOf(set, "count")?.children).toEqual([String(count)]);
    const query = await disco("long");
    const named = query.children.filter((child) => typeof child !== "string" && child.name === "item");
    expect(named.length).toBe(count);
  });

  it("are listed by service discovery as far as one answer can carry them, which says how many there are", async () => {
    const id = (number: number) => `${number}-${"&quot;".repeat(3_050)}`;
    const many = 66;
    await request(alice, "set", `<create node='listed'/><configure>${config({ max_items: "max" })}</configure>`);
    for (let number = 0; number < many; number += 1) await request(alice, "set", publish("listed", `<item id='${id(number)}'><a xmlns='urn:a'/></item>`));
    const query = await disco("listed");
    expect(Buffer.byteLength(showXml(query))).toBeLessThan(nodePageBytesMax + 65_536);
    const named = query.children.filter((child) => typeof child !== "string" && child.name === "item");
    expect(named.length).toBeGreaterThan(1);
    expect(named.length).toBeLessThan(many);
    expect(childOf(childOf(query, "set"), "count")?.children).toEqual([String(many)]);
  });
});

describe("XEP-0060 section 6.5.9.4 items of a node that keeps none", () => {
  it("cannot be asked for, but for the last one where it is kept", async () => {
    await request(alice, "set", publish("passing", item("a", "1"), options({ persist_items: "0", send_last_published_item: "never" })));
    await request(alice, "set", publish("last", item("a", "1"), options({ persist_items: "0" })));
    expect(outcome(await request(alice, "get", "<items node='passing'/>"))).toBe("cancel feature-not-implemented unsupported:persistent-items");
    expect(outcome(await request(friend, "get", "<items node='passing'/>", { to }))).toBe("cancel feature-not-implemented unsupported:persistent-items");
    expect(outcome(await request(stranger, "get", "<items node='passing'/>", { to }))).toBe("auth not-authorized presence-subscription-required");
    expect(outcome(await request(alice, "get", "<items node='last'/>"))).toBe("result");
  });
});
