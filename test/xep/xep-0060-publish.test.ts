import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeItemIdBytesMax, nodesMax } from "../../src/domain/limits.ts";
import type { BoundClient } from "../support/login.ts";
import { config, events, form, item, itemsIn, options, outcome, owner, publish, pubsub, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
let alice: BoundClient;
let bob: BoundClient;
let to: string;
beforeAll(async () => {
  stage = await startStage();
  const [a, b] = await stage.friends();
  alice = await stage.appear(a, ["n", "many", "full", "thrift", "notice", "quiet"]);
  bob = await stage.appear(b, ["n", "many"]);
  to = `${a}@localhost`;
});
afterAll(() => stage.server.stop());

const set = (content: string, where: { readonly to?: string; readonly xmlns?: string } = {}) => request(alice, "set", content, where);
const items = async (node: string, more = "") => itemsIn(await request(alice, "get", `<items node='${node}'${more}/>`));

describe("XEP-0060 section 7.1 publishing", () => {
  it("replaces the item with the same id, which becomes the latest", async () => {
    await set(publish("many", item("a", "1"), options({ max_items: "3" })));
    for (const [text, id] of [["b", "2"], ["c", "3"], ["d", "1"]] as const) await set(publish("many", item(text, id)));
    expect(await items("many")).toEqual(["2=b", "3=c", "1=d"]);
  });

  it("lets the oldest item go where the node is full, and says so (section 7.1.2.5)", async () => {
    const { others } = await set(publish("many", item("e", "4")));
    expect(events(others)).toEqual([`${to} many: 4=e`, `${to} many: -2`]);
    expect(await items("many")).toEqual(["3=c", "1=d", "4=e"]);
  });

  it("says nothing of it where the oldest is to be discarded, and where there is room for one", async () => {
    await set(publish("thrift", item("a", "1"), options({ max_items: "2", publish_node_full: "discard-oldest" })));
    for (const id of ["2", "3"]) expect(events((await set(publish("thrift", item("x", id)))).others)).toEqual([`${to} thrift: ${id}=x`]);
    await set(publish("n", item("a", "1")));
    expect(events((await set(publish("n", item("b", "2")))).others)).toEqual([`${to} n: 2=b`]);
    expect([await items("thrift"), await items("n")]).toEqual([["2=x", "3=x"], ["2=b"]]);
  });

  it("refuses what is too much where the node wants that (section 7.1.3.4), but never another version of an item", async () => {
    await set(publish("full", item("a", "1"), options({ max_items: "1", publish_node_full: "reject" })));
    expect(outcome(await set(publish("full", item("b", "2"))))).toBe("cancel conflict node-full");
    expect(outcome(await set(publish("full", item("b", "1"))))).toBe("result");
    expect(await items("full")).toEqual(["1=b"]);
  });

  it("keeps a payload as it is: in its own namespace, in that of the request, in none, with text and attributes", async () => {
    const payloads = ["<a xmlns='urn:x'><b xmlns='' c='&lt;&apos;'>&amp; ü</b></a>", "<own/>", "<none xmlns=''/>", "<p:q xmlns:p='urn:p' p:r='1'/>"];
    for (const [index, payload] of payloads.entries()) {
      expect(outcome(await set(publish("n", `<item id='${index}'>${payload}</item>`)))).toBe("result");
      const { answer } = await request(alice, "get", "<items node='n'/>");
      const name = ["urn:x a", `${pubsub} own`, " none", "urn:p q"][index];
      const [kept] = answer.children.flatMap((child) => (typeof child === "string" ? [] : child.children)).flatMap((child) => (typeof child === "string" ? [] : child.children))
        .flatMap((child) => (typeof child === "string" ? [] : child.children));
      expect(typeof kept === "object" ? `${kept.xmlns} ${kept.name}` : kept).toBe(name);
    }
    await settled(bob);
  });

  it.each([
    ["without a node", "<publish><item/></publish>", "modify bad-request nodeid-required"],
    ["with an empty node", publish("", item("a")), "modify bad-request nodeid-required"],
    ["without an item (section 7.1.3.7)", publish("n", ""), "modify bad-request item-required"],
    ["without a payload (section 7.1.3.7)", publish("n", "<item id='x'/>"), "modify bad-request payload-required"],
    ["with two payloads (section 7.1.3.6)", publish("n", "<item><a xmlns='u'/><b xmlns='u'/></item>"), "modify bad-request invalid-payload"],
    ["with two items", publish("n", item("a", "1") + item("b", "2")), "modify bad-request"],
    ["with an item of another namespace", publish("n", "<item xmlns='urn:other'><a/></item>"), "modify bad-request"],
    ["with something else", publish("n", "<entry/>"), "modify bad-request"],
    ["and retracting in one", publish("n", item("a")) + "<retract node='n'><item id='1'/></retract>", "modify bad-request"],
    ["with the name of a node that is too long", publish("n".repeat(1_024), item("a")), "modify not-acceptable"],
    ["with an id that is too long", publish("n", item("a", "i".repeat(nodeItemIdBytesMax + 1))), "modify not-acceptable"],
    ["nothing", "", "modify bad-request"],
    ["something unheard of", "<shout node='n'/>", "modify bad-request"],
    ["with an action of another namespace", "<publish xmlns='urn:other' node='n'/>", "modify bad-request"],
    ["with the name of what every object has", "<constructor node='n'/>", "modify bad-request"],
  ])("refuses a request %s", async (_, content, expected) => {
    const before = await items("n");
    expect(outcome(await set(content))).toBe(expected);
    expect(await items("n")).toEqual(before);
  });

  it("is for the owner alone (section 7.1.3.1)", async () => {
    for (const node of ["n", "unknown"]) expect(outcome(await request(bob, "set", publish(node, item("a")), { to }))).toBe("auth forbidden");
    expect(outcome(await request(bob, "set", publish("n", item("a")), { to: "nobody@localhost" }))).toBe("auth forbidden");
    expect(outcome(await request(bob, "set", "<retract node='n'><item id='1'/></retract>", { to }))).toBe("auth forbidden");
  });

  it("refuses a payload that is too big for the node (section 7.1.3.5), and takes one that just fits", async () => {
    await set(publish("small", "<item id='1'><a xmlns='u'/></item>", options({ max_payload_size: "100" })));
    const payload = (bytes: number) => `<item id='1'><a xmlns="u">${"x".repeat(bytes - 17)}</a></item>`;
    expect(outcome(await set(publish("small", payload(100))))).toBe("result");
    expect(outcome(await set(publish("small", payload(101))))).toBe("modify not-acceptable payload-too-big");
  });

  it("gives notice alone where nothing is kept and nothing delivered (section 4.3)", async () => {
    await set(`<create node='notice'/><configure>${config({ persist_items: "0", deliver_payloads: "0" })}</configure>`);
    expect(outcome(await set(publish("notice", item("a"))))).toBe("modify bad-request item-forbidden");
    const { answer, others } = await set(publish("notice", ""));
    expect([outcome({ answer }), events(others)]).toEqual(["result", [`${to} notice: nothing`]]);
  });

  it("leaves the payload out where it is not to be delivered (section 7.1.2.2)", async () => {
    await set(`<create node='quiet'/><configure>${config({ deliver_payloads: "false" })}</configure>`);
    expect(events((await set(publish("quiet", item("a", "1")))).others)).toEqual([`${to} quiet: 1=`]);
    expect(await items("quiet")).toEqual(["1=a"]);
    await set(publish("quiet", "<item id='2'/>"));
    expect(await items("quiet")).toEqual(["2="]);
  });

  it("keeps the last item of a node that persists nothing, to send it (section 12.10)", async () => {
    await set(publish("passing", item("a", "1"), options({ persist_items: "false" })));
    await set(publish("passing", item("b", "2")));
    expect(await items("passing")).toEqual(["2=b"]);
    expect(outcome(await set("<retract node='passing'><item id='2'/></retract>"))).toBe("cancel feature-not-implemented unsupported:persistent-items");
    await set(publish("gone", item("a", "1"), options({ persist_items: "false", send_last_published_item: "never" })));
    expect(await items("gone")).toEqual([]);
  });
});

describe("XEP-0060 section 7.1.5 publish-options", () => {
  const asked = (fields: Record<string, string>, node = "optional") => set(publish(node, item("a", "1"), options(fields)));

  it("make the node as they say, are met by such a node, and by no other", async () => {
    expect(outcome(await asked({ access_model: "whitelist", max_items: "max", persist_items: "1" }))).toBe("result");
    expect(outcome(await asked({ access_model: "whitelist", max_items: "1000", persist_items: "true", notify_retract: "1" }))).toBe("result");
    for (const [name, value] of [["access_model", "open"], ["max_items", "999"], ["persist_items", "0"]] as const) {
      expect(outcome(await asked({ [name]: value }))).toBe("cancel conflict precondition-not-met");
    }
  });

  it("that nobody knows, and that cannot be, are not met, and there is no node after that", async () => {
    expect(outcome(await asked({ "urn:x#unheard": "1" }, "new"))).toBe("cancel conflict precondition-not-met");
    expect(outcome(await asked({ unheard: "1" }, "new"))).toBe("cancel conflict precondition-not-met");
    const impossible = [{ access_model: "secret" }, { publish_model: "open" }, ...["0", "-1", "1001", "1e2", "many"].map((max) => ({ max_items: max }))];
    for (const wanted of impossible) expect(outcome(await asked(wanted, "new"))).toBe("cancel conflict precondition-not-met");
    expect(outcome(await asked({ publish_model: "publishers", node_type: "leaf", item_expire: "max" }, "newer"))).toBe("result");
    expect(outcome(await request(alice, "get", "<items node='new'/>"))).toBe("cancel item-not-found");
  });

  it.each([
    ["no form", "<publish-options/>"],
    ["a form of another type", `<publish-options>${form(`${pubsub}#node_config`, { access_model: "open" })}</publish-options>`],
    ["a form of no type", "<publish-options><x xmlns='jabber:x:data' type='submit'/></publish-options>"],
    ["a form that is not sent", `<publish-options>${form(`${pubsub}#publish-options`, { access_model: "open" }, "form")}</publish-options>`],
    ["a field twice", `<publish-options>${form(`${pubsub}#publish-options`, { access_model: "open" }).replace("</x>", "<field var='pubsub#access_model'><value>open</value></field></x>")}</publish-options>`],
    ["options of another namespace", options({ access_model: "open" }).replace("<publish-options", "<publish-options xmlns='urn:other'")],
    ["options twice", options({}) + options({})],
  ])("are refused with %s", async (_, wrong) => {
    expect(outcome(await set(publish("new", item("a", "1"), wrong)))).toBe("modify bad-request");
  });
});

describe("XEP-0060 section 7.2 deleting items", () => {
  it("takes the item out and tells of it (section 7.2.2.1)", async () => {
    await set(publish("many", item("x", "7")));
    await settled(bob);
    const { answer, others } = await set("<retract node='many'><item id='7'/></retract>");
    expect([outcome({ answer }), events(others)]).toEqual(["result", [`${to} many: -7`]]);
    expect(events(await settled(bob))).toEqual([`${to} many: -7`]);
    expect(await items("many")).not.toContain("7=x");
  });

  it("tells nobody where the node does not and nobody asks for it", async () => {
    await set(`<configure node='many'>${config({ notify_retract: "0" })}</configure>`, { xmlns: owner });
    await set(publish("many", item("x", "8")));
    expect(events((await set("<retract node='many'><item id='8'/></retract>")).others)).toEqual([]);
    await set(publish("many", item("x", "8")));
    expect(events((await set("<retract node='many' notify='true'><item id='8'/></retract>")).others)).toEqual([`${to} many: -8`]);
  });

  it.each([
    ["of a node that is not there", "<retract node='unknown'><item id='1'/></retract>", "cancel item-not-found"],
    ["that is not there", "<retract node='many'><item id='unknown'/></retract>", "cancel item-not-found"],
    ["of no node", "<retract><item id='1'/></retract>", "modify bad-request nodeid-required"],
    ["without an item", "<retract node='many'/>", "modify bad-request item-required"],
    ["without an id", "<retract node='many'><item/></retract>", "modify bad-request item-required"],
    ["of which one is not there", "<retract node='many'><item id='4'/><item id='unknown'/></retract>", "cancel item-not-found"],
  ])("refuses an item %s (section 7.2.3)", async (_, content, expected) => {
    const before = await items("many");
    expect(outcome(await set(content))).toBe(expected);
    expect(await items("many")).toEqual(before);
  });
});

describe("The nodes of one account", () => {
  it(`are ${nodesMax} at most`, async () => {
    const user = await stage.appear(await stage.person());
    let answers = "";
    for (let number = 0; number < nodesMax; number += 1) user.send(`<iq type='set' id='${number}'><pubsub xmlns='${pubsub}'><create node='${number}'/></pubsub></iq>`);
    for (const stanza of await user.caughtUp()) answers += stanza.attrs["type"] === "result" ? "." : "x";
    expect(answers).toBe(".".repeat(nodesMax));
    expect(outcome(await request(user, "set", publish("another", item("a"))))).toBe("wait resource-constraint max-nodes-exceeded");
    expect(outcome(await request(user, "set", publish("7", item("a"))))).toBe("result");
  });

  it("do not mix their items, whatever they are called", async () => {
    const user = await stage.appear(await stage.person());
    for (const [node, id] of [["a", "b/c"], ["a/b", "c"], ["a%2Fb", "c"], ["a%b", "c"]] as const) await request(user, "set", publish(node, item(`${node} ${id}`, id)));
    for (const [node, id] of [["a", "b/c"], ["a/b", "c"], ["a%2Fb", "c"], ["a%b", "c"]] as const) {
      expect(itemsIn(await request(user, "get", `<items node='${node}'/>`))).toEqual([`${id}=${node} ${id}`]);
    }
  });
});
