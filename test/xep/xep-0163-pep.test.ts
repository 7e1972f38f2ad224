import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { announce, events, item, itemsIn, options, outcome, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

const tune = "urn:test:tune";

describe("XEP-0163 section 3 publishing", () => {
  it("makes the node, keeps the item and says its id", async () => {
    const [a] = await stage.friends();
    const alice = await stage.appear(a);
    const { answer } = await request(alice, "set", publish(tune, item("La")));
    const published = childOf(childOf(answer, "pubsub"), "publish");
    const id = childOf(published, "item")?.attrs["id"] ?? "";
    expect([published?.attrs["node"], id.length > 8]).toEqual([tune, true]);
    expect(itemsIn(await request(alice, "get", `<items node='${tune}'/>`))).toEqual([`${id}=La`]);
  });
});

describe("XEP-0163 section 4 notifications", () => {
  it("go to each of the owner's resources and of the contacts' that want them, and to no other", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a, [tune], "one");
    const other = await stage.appear(a, [], "two");
    const bob = await stage.appear(b, [tune], "one");
    const deaf = await stage.appear(b, ["urn:test:mood"], "two");
    const stranger = await stage.appear(await stage.person(), [tune]);
    await alice.caughtUp();
    const { others, answer } = await request(alice, "set", publish(tune, item("La", "1")));
    expect(outcome({ answer })).toBe("result");
    expect(events(others)).toEqual([`${a}@localhost ${tune}: 1=La`]);
    const heard = await settled(bob);
    expect(events(heard)).toEqual([`${a}@localhost ${tune}: 1=La`]);
    expect(heard.find(({ name }) => name === "message")?.attrs).toMatchObject({ type: "headline", from: `${a}@localhost`, to: `${b}@localhost/one` });
    for (const client of [other, deaf, stranger]) expect(events(await settled(client))).toEqual([]);
  });

  it("say which resource has published, to those who see the owner's presence (section 4.3.1, rule 3)", async () => {
    const [a, b] = await stage.friends();
    const bob = await stage.appear(b, [tune]);
    const alice = await stage.appear(a);
    await request(alice, "set", publish(tune, item("La", "1")));
      const address = (stanzas: readonly Xml[]) => stanzas.map((stanza) => childOf(childOf(stanza, "addresses"), "address")?.attrs).filter((attrs) => attrs !== undefined);
    expect(address(await settled(bob))).toEqual([{ type: "replyto", jid: `${a}@localhost/r` }]);
    const stranger = await stage.appear(await stage.person());
    await request(alice, "set", publish("open", item("La", "1"), options({ access_model: "open" })));
    await request(stranger, "set", `<subscribe node='open' jid='${stranger.bare}'/>`, { to: `${a}@localhost` });
    await settled(stranger);
    await request(alice, "set", publish("open", item("Si", "2")));
    const told = await settled(stranger);
    expect([events(told), address(told)]).toEqual([[`${a}@localhost open: 2=Si`], []]);
    const hidden = await stage.enter(a, "hidden");
    await request(hidden, "set", publish(tune, item("Si", "2")));
    expect(address(await settled(bob))).toEqual([]);
  });
});

describe("XEP-0060 section 9.1.3 presence sharers", () => {
  it("hear of an open node with the resource that has shown itself, and with no other", async () => {
    const alice = await stage.appear(await stage.person());
    const name = await stage.person();
    const [one, two] = [await stage.appear(name, [tune], "one"), await stage.appear(name, [tune], "two")];
    await one.ask(`<presence to='${alice.bare}'/>`);
    for (const client of [one, two]) await settled(client);
    await request(alice, "set", publish(tune, item("La", "1"), options({ access_model: "open" })));
    expect([events(await settled(one)), events(await settled(two))]).toEqual([[`${alice.bare} ${tune}: 1=La`], []]);
  });
});

describe("XEP-0060 section 7.1.2.3 the publisher", () => {
  it("is told where the node says so, in notifications and with every item, whatever the request says", async () => {
    const name = await stage.person();
    const alice = await stage.appear(name, [tune]);
    const content = publish(tune, "<item id='1' publisher='juliet@capulet.lit'><own/></item>", options({ itemreply: "publisher" }));
    const itemOf = (stanza: Xml | undefined, holder: string) => childOf(childOf(childOf(stanza, holder), "items"), "item");
    const { others } = await request(alice, "set", content);
    const told = itemOf(others.find((stanza) => stanza.name === "message"), "event");
    const kept = itemOf((await request(alice, "get", `<items node='${tune}'/>`)).answer, "pubsub");
    for (const element of [told, kept]) {
      expect(element?.attrs).toEqual({ id: "1", publisher: alice.bare });
      // What named no namespace has that of the request, also where it is told in another.
      expect(childOf(element, "own")?.xmlns).toBe("http://jabber.org/protocol/pubsub");
    }
  });
});

describe("XEP-0163 section 4.3.4 the last item", () => {
  it("is sent to each resource that becomes available, once", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    await request(alice, "set", publish(tune, item("La", "1")));
    await request(alice, "set", publish(tune, item("Si", "2")));
    await alice.close();
    const bob = await stage.appear(b, [tune]);
    expect(events(bob.heard)).toEqual([`${a}@localhost ${tune}: 2=Si (late)`]);
    expect(events(await announce(bob, [tune]))).toEqual([]);
    await bob.ask("<presence type='unavailable'/>");
    expect(events(await announce(bob, [tune]))).toEqual([`${a}@localhost ${tune}: 2=Si (late)`]);
    const again = await stage.appear(a, [tune], "again");
    expect(events(again.heard)).toEqual([`${a}@localhost ${tune}: 2=Si (late)`]);
  });
});

describe("XEP-0223 section 3 private data", () => {
  it("is for its owner alone", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a, ["storage"]);
    const bob = await stage.appear(b, ["storage"]);
    const made = await request(alice, "set", publish("storage", item("secret", "1"), options({ persist_items: "true", access_model: "whitelist" })));
    expect([outcome(made), events(made.others)]).toEqual(["result", [`${a}@localhost storage: 1=secret`]]);
    expect(events(await settled(bob))).toEqual([]);
    expect(outcome(await request(bob, "get", "<items node='storage'/>", { to: `${a}@localhost` }))).toBe("cancel not-allowed closed-node");
    expect(outcome(await request(alice, "set", publish("storage", item("x"), options({ access_model: "open" }))))).toBe("cancel conflict precondition-not-met");
  });
});
