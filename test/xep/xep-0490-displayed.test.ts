import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { config, eventing, options, outcome, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

const node = "urn:xmpp:mds:displayed:0";
const marker = (id: string, by = "user1@localhost") => `<displayed xmlns='${node}'><stanza-id xmlns='urn:xmpp:sid:0' by='${by}' id='${id}'/></displayed>`;

let stage: Stage;
let users: readonly [string, string];
let alice: BoundClient;
let phone: BoundClient;
let bob: BoundClient;
beforeAll(async () => {
  stage = await startStage();
  users = await stage.friends();
  [alice, phone, bob] = [await stage.appear(users[0]), await stage.appear(users[0], [node], "phone"), await stage.appear(users[1], [node])];
  await settled(alice);
  await settled(phone);
  for (const client of [alice, phone]) await client.ask("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
});
afterAll(() => stage.server.stop());

/** `JID=stanza id`. */
const shown = (list: Xml | undefined) => (list?.children ?? []).map((item) => `${(item as Xml).attrs["id"]}=${childOf(childOf(item as Xml, "displayed"), "stanza-id")?.attrs["id"]}`);
const kept = async (client = alice, to = "") => shown(childOf(childOf((await request(client, "get", `<items node='${node}'/>`, { to })).answer, "pubsub"), "items"));
const told = (stanzas: readonly Xml[]) => stanzas.flatMap((stanza) => {
  const event = childOf(stanza, "event");
  return event?.xmlns === eventing ? shown(childOf(event, "items")) : [];
});
const names = (stanzas: readonly Xml[]) => stanzas.filter(({ name }) => name === "message").map((stanza) => stanza.children.map((child) => (child as Xml).name).join());

describe("XEP-0490 section 4.2 flagging a chat", () => {
  it("keeps one for each chat, for the user's own clients alone, with the options of the section or without", async () => {
    const fields = { persist_items: "true", max_items: "max", send_last_published_item: "never", access_model: "whitelist" };
    for (const [id, more] of [["romeo@montegue.lit", options(fields)], ["a room@x", ""], ["romeo@montegue.lit", ""]] as const) {
      expect(outcome(await request(alice, "set", `<publish node='${node}'><item id='${id}'>${marker("m1")}</item></publish>${more}`))).toBe("result");
    }
    expect(await kept()).toEqual(["a room@x=m1", "romeo@montegue.lit=m1"]);
    expect(told(await settled(phone))).toEqual(["romeo@montegue.lit=m1", "a room@x=m1", "romeo@montegue.lit=m1"]);
    expect(told(await settled(bob))).toEqual([]);
    expect(outcome(await request(bob, "get", `<items node='${node}'/>`, { to: alice.bare }))).toBe("cancel not-allowed closed-node");
  });
});

describe("XEP-0490 section 4.5.3 server assist", () => {
  it("is announced", async () => {
    const [answer] = await alice.ask(`<iq type='get' id='d' to='${alice.bare}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    expect(JSON.stringify(answer)).toContain('"urn:xmpp:mds:server-assist:0"');
  });

  it("publishes what the message brings, and nobody else gets to see it: not the contact, not its archive, not a copy", async () => {
    alice.send(`<message to='${bob.bare}' type='chat'><body>x</body><displayed xmlns='urn:xmpp:chat-markers:0' id='m'/>${marker("m2")}</message>`);
    await alice.caughtUp();
    expect(names(await settled(bob))).toEqual(["body,displayed,stanza-id"]);
    const [...came] = await settled(phone);
    expect(told(came)).toEqual([`${bob.bare}=m2`]);
    expect(JSON.stringify(came.filter((stanza) => childOf(stanza, "event") === undefined))).not.toContain(node);
    for (const client of [alice, bob]) {
      const archived = await client.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
      expect(names(archived)).not.toEqual([]);
      expect(JSON.stringify(archived)).not.toContain(node);
    }
    expect(await kept()).toContain(`${bob.bare}=m2`);
  });

  it("makes the node as it has to be (section 5.2)", async () => {
    const [a, b] = await stage.friends();
    const [one, other] = [await stage.enter(a), await stage.appear(b, [node])];
    for (const jid of [`${b}@localhost`, "x@localhost"]) await one.ask(`<message to='${jid}'><displayed xmlns='urn:xmpp:chat-markers:0' id='m'/>${marker("1")}</message>`);
    expect(await kept(one)).toEqual([`${b}@localhost=1`, "x@localhost=1"]);
    expect(told(await settled(other))).toEqual([]);
  });

  it("does not publish where others could see it, nor what is ambiguous, and takes it out all the same", async () => {
    const [a, b] = await stage.friends();
    const [one, other] = [await stage.enter(a), await stage.appear(b, [node])];
    await one.ask(`<message to='${b}@localhost'><body>x</body>${marker("1")}${marker("2")}</message>`);
    expect(await kept(one)).toEqual([]);
    await request(one, "set", `<create node='${node}'/><configure>${config({ access_model: "open" })}</configure>`);
    await one.ask(`<message to='${b}@localhost'><body>x</body>${marker("1")}</message>`);
    const came = await settled(other);
    expect([names(came), told(came), await kept(one)]).toEqual([["body,stanza-id", "body,stanza-id"], [], []]);
  });
});
