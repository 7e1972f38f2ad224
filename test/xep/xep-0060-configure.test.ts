import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { config, events, form, item, itemsIn, outcome, owner, publish, pubsub, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
let alice: BoundClient;
let bob: BoundClient;
let to: string;
beforeAll(async () => {
  stage = await startStage();
  const [a, b] = await stage.friends();
  const wanted = ["n", "told", "brief", "emptied", "deleted", "kept"];
  [alice, bob] = [await stage.appear(a, wanted), await stage.appear(b, wanted)];
  to = `${a}@localhost`;
  await request(alice, "set", "<create node='n'/>");
});
afterAll(() => stage.server.stop());

const set = (content: string) => request(alice, "set", content);
const own = (type: "get" | "set", content: string) => request(alice, type, content, { xmlns: owner });

/** The fields of the form in an answer, by their names, without `pubsub#`. */
function fieldsOf({ answer }: { readonly answer: Xml }, name: string): Readonly<Record<string, string>> {
  const x = childOf(childOf(childOf(answer, "pubsub"), name), "x");
  return Object.fromEntries((x?.children ?? []).map((child) => {
    const { attrs, children } = child as Xml;
    const values = children.flatMap((value) => (typeof value !== "string" && value.name === "value" ? [String(value.children[0] ?? "")] : []));
    return [attrs["var"]!.replace("pubsub#", ""), values.join(",")];
  }));
}

const defaults = {
  access_model: "presence", deliver_notifications: "1", deliver_payloads: "1", send_last_published_item: "on_sub_and_presence", persist_items: "1", max_items: "1",
  notification_type: "headline", notify_config: "0", notify_delete: "1", notify_retract: "1", node_type: "leaf", publish_model: "publishers",
};

describe("XEP-0060 section 8.1 making nodes", () => {
  it("makes one with the defaults of XEP-0163 section 5, and says what it is called", async () => {
    expect(childOf(childOf((await set("<create node='plain'/>")).answer, "pubsub"), "create")?.attrs).toEqual({ node: "plain" });
    expect(fieldsOf(await own("get", "<configure node='plain'/>"), "configure")).toMatchObject(defaults);
    expect(fieldsOf(await own("get", "<default/>"), "default")).toMatchObject(defaults);
  });

  it("gives a name to one that has none", async () => {
    const name = childOf(childOf((await set("<create/>")).answer, "pubsub"), "create")?.attrs["node"] ?? "";
    expect(name.length).toBeGreaterThan(8);
    expect(outcome(await set(publish(name, item("a"))))).toBe("result");
  });

  it("makes one as it is asked for (section 8.1.3)", async () => {
    await set(`<create node='chosen'/><configure>${config({ access_model: "roster", roster_groups_allowed: ["A", "B"], title: "Näme" })}</configure>`);
    expect(fieldsOf(await own("get", "<configure node='chosen'/>"), "configure")).toMatchObject({ access_model: "roster", roster_groups_allowed: "A,B", title: "Näme" });
  });

  it.each([
    ["that is there", "<create node='n'/>", "cancel conflict"],
    ["with an access model that there is not", `<create node='x'/><configure>${config({ access_model: "secret" })}</configure>`, "modify not-acceptable unsupported-access-model"],
    ["with a configuration for a node", `<create node='x'/><configure node='x'>${config({})}</configure>`, "modify bad-request"],
    ["with a configuration before it", `<configure>${config({})}</configure><create node='x'/>`, "modify bad-request"],
    ["with a form of another type", `<create node='x'/><configure>${form("urn:x", { access_model: "open" })}</configure>`, "modify bad-request"],
    ["with a value that there is not", `<create node='x'/><configure>${config({ persist_items: "maybe" })}</configure>`, "modify not-acceptable"],
    ["with two values for one", `<create node='x'/><configure>${config({ access_model: ["open", "presence"] })}</configure>`, "modify not-acceptable unsupported-access-model"],
    ["with too long a title", `<create node='x'/><configure>${config({ title: "x".repeat(1_024) })}</configure>`, "modify not-acceptable"],
    ["with too many groups", `<create node='x'/><configure>${config({ roster_groups_allowed: Array.from({ length: 65 }, (_, number) => `${number}`) })}</configure>`, "modify not-acceptable"],
    ["with too much text", `<create node='x'/><configure>${config({ roster_groups_allowed: Array.from({ length: 5 }, (_, number) => `${number}`.repeat(1_000)) })}</configure>`, "modify not-acceptable"],
  ])("refuses one %s, and makes none", async (_, content, expected) => {
    expect(outcome(await set(content))).toBe(expected);
    expect(outcome(await own("get", "<configure node='x'/>"))).toBe("cancel item-not-found");
  });

  it("passes over fields that nobody knows", async () => {
    expect(outcome(await set(`<create node='odd'/><configure>${config({ unheard: "1", "x-own#field": "2" })}</configure>`))).toBe("result");
  });
});

describe("XEP-0060 section 8.2 configuring nodes", () => {
  it("changes what is named, and leaves the rest", async () => {
    await own("set", `<configure node='n'>${config({ max_items: "5" })}</configure>`);
    await own("set", `<configure node='n'>${config({ title: "T" })}</configure>`);
    expect(fieldsOf(await own("get", "<configure node='n'/>"), "configure")).toMatchObject({ max_items: "5", title: "T", access_model: "presence" });
  });

  it("changes nothing where the owner cancels (section 8.2.4)", async () => {
    expect(outcome(await own("set", "<configure node='n'><x xmlns='jabber:x:data' type='cancel'/></configure>"))).toBe("result");
    expect(fieldsOf(await own("get", "<configure node='n'/>"), "configure")).toMatchObject({ max_items: "5" });
  });

  it("lets go of the oldest items where there is less room", async () => {
    for (const id of ["1", "2", "3"]) await set(publish("n", item(id, id)));
    await settled(bob);
    await own("set", `<configure node='n'>${config({ max_items: "1" })}</configure>`);
    expect(itemsIn(await request(alice, "get", "<items node='n'/>"))).toEqual(["3=3"]);
    expect(events(await settled(bob))).toEqual([`${to} n: -1 -2`]);
  });

  it("tells of it where that is wanted, with the configuration where payloads are delivered (section 8.2.5.3)", async () => {
    await set(`<create node='told'/><configure>${config({ notify_config: "1" })}</configure>`);
    await own("set", `<configure node='told'>${config({ title: "New" })}</configure>`);
    const [first] = (await settled(bob)).map((message) => childOf(childOf(message, "event"), "configuration"));
    expect(first?.attrs).toEqual({ node: "told" });
    expect(childOf(first, "x")?.attrs).toEqual({ type: "result" });
    await own("set", `<configure node='told'>${config({ deliver_payloads: "0" })}</configure>`);
    const [second] = (await settled(bob)).map((message) => childOf(childOf(message, "event"), "configuration"));
    expect([second?.attrs, second?.children]).toEqual([{ node: "told" }, []]);
  });

  it("is quiet where nothing is to be delivered", async () => {
    await set(`<create node='brief'/><configure>${config({ deliver_notifications: "0" })}</configure>`);
    expect(events((await set(publish("brief", item("a")))).others)).toEqual([]);
    expect(events(await settled(bob))).toEqual([]);
  });
});

describe("XEP-0060 sections 8.4 and 8.5 deleting and purging nodes", () => {
  it("takes all items out, and tells of it once", async () => {
    await set(`<create node='emptied'/><configure>${config({ max_items: "max" })}</configure>`);
    for (const id of ["1", "2"]) await set(publish("emptied", item(id, id)));
    await settled(bob);
    expect(outcome(await own("set", "<purge node='emptied'/>"))).toBe("result");
    expect(events(await settled(bob))).toEqual([`${to} emptied: purge`]);
    expect(itemsIn(await request(alice, "get", "<items node='emptied'/>"))).toEqual([]);
    await set(`<create node='unkept'/><configure>${config({ persist_items: "0" })}</configure>`);
    expect(outcome(await own("set", "<purge node='unkept'/>"))).toBe("cancel feature-not-implemented unsupported:persistent-items");
  });

  it("takes the node out with all that it had, and tells of it", async () => {
    await set(publish("deleted", item("a", "1")));
    await own("set", `<affiliations node='deleted'><affiliation jid='${bob.bare}' affiliation='outcast'/></affiliations>`);
    await own("set", `<affiliations node='deleted'><affiliation jid='${bob.bare}' affiliation='none'/><affiliation jid='x@localhost' affiliation='outcast'/></affiliations>`);
    await settled(bob);
    expect(outcome(await own("set", "<delete node='deleted'/>"))).toBe("result");
    expect(events(await settled(bob))).toEqual([`${to} deleted: delete`]);
    expect(outcome(await request(alice, "get", "<items node='deleted'/>"))).toBe("cancel item-not-found");
    await set("<create node='deleted'/>");
    expect(itemsIn(await request(alice, "get", "<items node='deleted'/>"))).toEqual([]);
    const { answer } = await own("get", "<affiliations node='deleted'/>");
    expect(childOf(childOf(answer, "pubsub"), "affiliations")?.children).toHaveLength(1);
  });
});

describe("XEP-0060 section 8 what owners do", () => {
  const requests = [
    ["get", "<configure NODE/>"], ["set", `<configure NODE>${config({})}</configure>`], ["set", "<delete NODE/>"], ["set", "<purge NODE/>"],
    ["get", "<affiliations NODE/>"], ["set", "<affiliations NODE/>"], ["get", "<subscriptions NODE/>"], ["set", "<subscriptions NODE/>"],
  ] as const;

  it.each(requests)("is for them, and for a node that is there: %s %s", async (type, content) => {
    const named = (node: string) => content.replace("NODE", node === "" ? "" : `node='${node}'`);
    expect(outcome(await request(bob, type, named("n"), { xmlns: owner, to }))).toBe("auth forbidden");
    expect(outcome(await request(bob, type, named("n"), { xmlns: owner, to: "nobody@localhost" }))).toBe("auth forbidden");
    expect(outcome(await own(type, named("")))).toBe("modify bad-request nodeid-required");
    expect(outcome(await own(type, named("unknown")))).toBe("cancel item-not-found");
    expect(outcome(await own(type, `${named("n")}<more/>`))).toBe("modify bad-request");
  });

  it("is not for others where no node is needed", async () => {
    expect(outcome(await request(bob, "get", "<default/>", { xmlns: owner, to }))).toBe("auth forbidden");
    expect(outcome(await request(bob, "set", "<create node='x'/>", { to }))).toBe("auth forbidden");
    expect(outcome(await own("set", "<configure node='n'/>"))).toBe("modify bad-request");
    expect(outcome(await request(alice, "set", "<items node='n'/>"))).toBe("modify bad-request");
    expect(outcome(await request(alice, "get", "<delete node='n'/>", { xmlns: pubsub }))).toBe("modify bad-request");
  });
});
