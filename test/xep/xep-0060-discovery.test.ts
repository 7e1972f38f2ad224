import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { item, options, outcome, publish, pubsub, request, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
let alice: BoundClient;
let friend: BoundClient;
let stranger: BoundClient;
let to: string;
beforeAll(async () => {
  stage = await startStage();
  const [a, b] = await stage.friends();
  [alice, friend, stranger] = [await stage.appear(a), await stage.appear(b), await stage.appear(await stage.person())];
  to = `${a}@localhost`;
  for (const model of ["open", "presence", "roster", "whitelist", "authorize"]) {
    await request(alice, "set", publish(model, item("a", "1"), options({ access_model: model, max_items: "max", title: model === "open" ? "For all" : "" })));
  }
  await request(alice, "set", publish("open", item("b", "2")));
});
afterAll(() => stage.server.stop());

async function discover(client: BoundClient, what: "info" | "items", node = "", address = to): Promise<Xml> {
  const [answer] = await client.ask(`<iq type='get' id='d' to='${address}'><query xmlns='http://jabber.org/protocol/disco#${what}'${node === "" ? "" : ` node='${node}'`}/></iq>`);
  return answer!;
}

const childrenOf = (answer: Xml, name: string) =>
  (childOf(answer, "query")?.children ?? []).flatMap((child) => (typeof child !== "string" && child.name === name ? [child.attrs] : []));
const nodesFor = async (client: BoundClient) => childrenOf(await discover(client, "items"), "item").flatMap(({ node }) => node ?? []).toSorted();

describe("XEP-0163 section 6.1 an account", () => {
  it("says that it is a service for personal eventing, and what it can do", async () => {
    const answer = await discover(alice, "info");
    expect(childrenOf(answer, "identity")).toEqual(expect.arrayContaining([{ category: "account", type: "registered" }, { category: "pubsub", type: "pep" }]));
    const features = childrenOf(answer, "feature").map(({ var: name }) => name);
    for (const name of ["access-presence", "auto-create", "auto-subscribe", "config-node", "create-and-configure", "create-nodes", "filtered-notifications",
      "persistent-items", "publish", "retrieve-items", "subscribe", "publish-options", "last-published", "pubsub-on-a-jid"]) {
      expect(features).toContain(`${pubsub}#${name}`);
    }
    expect(features).toContain(pubsub);
    // XEP-0060 section 10: which access model a node has where nobody chooses.
    expect(features.filter((name) => name?.includes("#access-"))).toEqual([`${pubsub}#access-presence`]);
  });

  it("says so for the server, to those who ask it (XEP-0222 and XEP-0223 section 6)", async () => {
    const answer = await discover(alice, "info", "", "localhost");
    expect(childrenOf(answer, "identity").filter(({ category }) => category === "pubsub")).toMatchObject([{ category: "pubsub", type: "pep" }]);
    expect(childrenOf(answer, "feature")).toContainEqual({ var: `${pubsub}#publish-options` });
  });
});

describe("XEP-0163 section 6.2 nodes of an account", () => {
  it("are listed for those who may have their items, or ask for them", async () => {
    expect(await nodesFor(alice)).toEqual(["authorize", "open", "presence", "roster", "whitelist"]);
    expect(await nodesFor(friend)).toEqual(["authorize", "open", "presence"]);
    expect(await nodesFor(stranger)).toEqual(["authorize", "open"]);
    expect(childrenOf(await discover(stranger, "items"), "item")).toContainEqual({ jid: to, node: "open", name: "For all" });
  });

  it("list their items for those who may have them (XEP-0060 section 5.5)", async () => {
    expect(childrenOf(await discover(stranger, "items", "open"), "item")).toEqual([{ jid: to, name: "1" }, { jid: to, name: "2" }]);
    for (const node of ["authorize", "presence", "unknown"]) expect(childrenOf(await discover(stranger, "items", node), "item")).toEqual([]);
    expect(outcome({ answer: await discover(friend, "items", "whitelist") })).toBe("cancel item-not-found");
  });

  it("are described for those who may know of them (XEP-0060 sections 5.3 and 5.4)", async () => {
    const answer = await discover(stranger, "info", "open");
    expect(childrenOf(answer, "identity")).toEqual([{ category: "pubsub", type: "leaf" }]);
    const fields = childOf(childOf(answer, "query"), "x")!.children.map((field) => [(field as Xml).attrs["var"], textOf(field as Xml)]);
    expect(Object.fromEntries(fields)).toMatchObject({
      FORM_TYPE: `${pubsub}#meta-data`, "pubsub#title": "For all", "pubsub#access_model": "open", "pubsub#owner": to, "pubsub#num_subscribers": "0", "pubsub#max_items": "max",
    });
    for (const node of ["presence", "unknown"]) expect(outcome({ answer: await discover(stranger, "info", node) })).toBe("cancel service-unavailable");
    for (const node of ["whitelist", "unknown"]) expect(outcome({ answer: await discover(friend, "info", node) })).toBe("cancel item-not-found");
  });
});
