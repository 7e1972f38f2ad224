import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { events, itemsIn, outcome, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

const vcard = (name: string) => `<item><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>${name}</text></fn></vcard></item>`;
const node = "urn:xmpp:vcard4";

describe("XEP-0292 section 4 a user's own vCard", () => {
  it("is there for everybody, and there is one", async () => {
    const [alice, stranger] = [await stage.enter(await stage.person()), await stage.enter(await stage.person())];
    for (const name of ["A", "Alice"]) expect(outcome(await request(alice, "set", publish(node, vcard(name))))).toBe("result");
    const found = itemsIn(await request(stranger, "get", `<items node='${node}'/>`, { to: alice.bare }));
    expect(found).toEqual([expect.stringMatching(/=Alice$/)]);
  });

  it("is announced without what it says (section 4.2.2)", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.enter(a), await stage.appear(b, [node])];
    const { answer } = await request(alice, "set", publish(node, vcard("Alice")));
    const id = (childOf(childOf(childOf(answer, "pubsub"), "publish"), "item") as Xml).attrs["id"];
    expect(events(await settled(bob))).toEqual([`${a}@localhost ${node}: ${id}=`]);
  });
});

describe("XEP-0292 section 5.2 vCards of contacts", () => {
  it("are many, and their owner's alone unless it says otherwise", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a, ["urn:xmpp:contacts"]), await stage.appear(b, ["urn:xmpp:contacts"])];
    for (const id of ["x@y", "z@y"]) await request(alice, "set", publish("urn:xmpp:contacts", vcard(id).replace("<item>", `<item id='${id}'>`)));
    expect(itemsIn(await request(alice, "get", "<items node='urn:xmpp:contacts'/>"))).toEqual(["x@y=x@y", "z@y=z@y"]);
    expect(events(await settled(bob))).toEqual([]);
    expect(outcome(await request(bob, "get", "<items node='urn:xmpp:contacts'/>", { to: alice.bare }))).toBe("cancel not-allowed closed-node");
  });
});

describe("XEP-0292 section 7 support", () => {
  it("is announced on accounts", async () => {
    const alice = await stage.enter(await stage.person());
    const [answer] = await alice.ask(`<iq type='get' id='d' to='${alice.bare}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    expect(JSON.stringify(answer)).toContain('"urn:ietf:params:xml:ns:vcard-4.0"');
  });
});
