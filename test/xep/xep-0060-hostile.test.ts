/** Requests that no client would make: each has an answer, and nothing else happens. */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";
import { item, itemsIn, options, publish, request, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
let alice: BoundClient;
let stranger: BoundClient;
beforeAll(async () => {
  stage = await startStage();
  alice = await stage.appear(await stage.person(), ["n"]);
  stranger = await stage.appear(await stage.person());
});
afterAll(() => stage.server.stop());

const words = ["publish", "retract", "items", "item", "create", "configure", "delete", "purge", "default", "subscribe", "unsubscribe", "subscriptions",
  "subscription", "affiliations", "affiliation", "options", "publish-options", "x", "field", "value", "set", "max", "before", "after", "__proto__", "constructor", "toString"];
const namespaces = ["", " xmlns=''", " xmlns='jabber:x:data'", " xmlns='http://jabber.org/protocol/rsm'", " xmlns='http://jabber.org/protocol/pubsub#owner'", " xmlns='urn:x'"];
const values = ["n", "", "other", "1", "-1", "max", "@", "a@b/c", "submit", "cancel", "form", "FORM_TYPE", "pubsub#access_model", "whitelist", "__proto__", "constructor", "&#9;&#10;",
  "http://jabber.org/protocol/pubsub#node_config", "http://jabber.org/protocol/pubsub#publish-options", "&#x10FFFF;", "%2F/%"];
const names = ["node", "id", "jid", "var", "type", "notify", "max_items", "subscription", "affiliation", "publisher", "subid"];

const attribute = fc.record({ name: fc.constantFrom(...names), value: fc.constantFrom(...values) });
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc.record({
    name: fc.constantFrom(...words), xmlns: fc.constantFrom(...namespaces, "", "", ""), attributes: fc.uniqueArray(attribute, { selector: ({ name }) => name, maxLength: 3 }),
    children: fc.array(fc.oneof({ depthSize: "small" }, fc.constantFrom(...values), tie("element")), { maxLength: 3 }),
  }).map(({ name, xmlns, attributes, children }) => `<${name}${xmlns}${attributes.map((each) => ` ${each.name}='${each.value}'`).join("")}>${children.join("")}</${name}>`),
}));
const anyRequest = fc.record({
  type: fc.constantFrom("get", "set"), xmlns: fc.constantFrom("http://jabber.org/protocol/pubsub", "http://jabber.org/protocol/pubsub#owner"), content: fc.array(element, { maxLength: 3 }),
});

describe("A request that nobody would make", () => {
  it("is answered, to the owner and to a stranger, and the session lives on", async () => {
    const seen = new Set<string>();
    await fc.assert(fc.asyncProperty(fc.array(anyRequest, { minLength: 10, maxLength: 30 }), async (requests) => {
      for (const [client, to] of [[alice, ""], [stranger, ` to='${alice.bare}'`]] as const) {
        for (const [number, { type, xmlns, content }] of requests.entries()) client.send(`<iq type='${type}' id='h${number}'${to}><pubsub xmlns='${xmlns}'>${content.join("")}</pubsub></iq>`);
        const answers = (await client.caughtUp()).filter(({ name, attrs }) => name === "iq" && attrs["id"]?.startsWith("h") === true);
        expect(answers.map(({ attrs }) => attrs["id"])).toEqual(requests.map((_, number) => `h${number}`));
        for (const answer of answers) {
          const error = childOf(answer, "error");
          const condition = answer.attrs["type"] === "result" ? "result" : (error?.children[0] as { name: string } | undefined)?.name ?? "nothing";
          seen.add(condition);
          expect(condition).not.toBe("internal-server-error");
        }
      }
    }), { numRuns: 30 });
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(["bad-request", "forbidden", "result"]));
  });

  it("reaches no node of another user", async () => {
    await request(alice, "set", publish("mine", item("a", "1"), options({ access_model: "whitelist", max_items: "max" })));
    for (const content of [publish("mine", item("b", "1")), "<retract node='mine'><item id='1'/></retract>", "<create node='theirs'/>"]) {
      await request(stranger, "set", content, { to: alice.bare });
      await request(stranger, "set", content, { to: `${alice.bare}/r` });
    }
    expect(itemsIn(await request(alice, "get", "<items node='mine'/>"))).toEqual(["1=a"]);
  });
});
