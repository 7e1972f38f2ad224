/** Bookmarks that were there before anybody kept them one set: written past the conversion, as an import does. */
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Account } from "../../src/domain/account.ts";
import { parseJid } from "../../src/domain/jid.ts";
import { privateCountKey, privateKey, privateSpace } from "../../src/domain/kept-xml.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Extension, House } from "../../src/router/extension.ts";
import type { Step } from "../../src/step/batch.ts";
import { bookmarkListBytesMax, nodePayloadBytesMax } from "../../src/domain/limits.ts";
import { SeededRandom } from "../../src/testing/virtual/seeded-random.ts";
import { prepare } from "../../src/xep/xep-0402-conversion.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { el } from "../../src/xml/stanza.ts";
import { elementsOf } from "../../src/xep/xep-0402-conference.ts";
import { SlowStore } from "../presence/concurrency/slow-store.ts";
import type { BoundClient } from "../support/login.ts";
import { config, events, options, outcome, owner, pubsub, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";
import { add, conference, everywhere, items, list, privateList, publishedItems, publishedList, publishList, remove, setPrivate, storage } from "./xep-0402-setting.ts";

/** Writes what its payload holds: private XML, and items with their nodes. `while`: while bookmarks are being read. */
const sower: Extension = {
  name: "sower",
  specification: { id: "TEST", title: "What was there before" },
  iq: [{
    xmlns: "urn:test:sow", name: "sow", types: ["set"], at: ["server"],
    handle({ step, payload, house, session }) {
      const account = house.account(step, session.jid.bare)!;
      if (payload.attrs["while"] !== undefined) prepare(house, account);
      for (const given of elementsOf(payload)) sow(house, step, account, given.attrs as Readonly<Record<string, string>>, elementsOf(given)[0]!);
      if (payload.attrs["broken"] !== undefined) throw new Error("the test asks for it");
      return { result: undefined };
    },
  }],
};

function sow(house: House, step: Step, account: Account, { node, id }: Readonly<Record<string, string>>, content: ReturnType<typeof el>): void {
  if (node !== undefined) {
    house.nodes.publish(step, account, { node, payload: content, publisher: parseJid(account.bare)!, ...(id === undefined ? {} : { id }) });
    return;
  }
  house.data.set(step, account, privateSpace, privateKey(content.getNS()!), serialise(el("query", { xmlns: "jabber:iq:private" }, content)));
  house.data.set(step, account, privateSpace, privateCountKey, 1);
}

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ extensions: [sower], logger: pino({ level: "silent" }) });
});
afterAll(() => stage.server.stop());

const [play, orchard, third] = ["play@m", "orchard@m", "third@m"];
const room = (jid: string, attrs = "", children = "") => `<conference jid='${jid}' ${attrs}>${children}</conference>`;

async function sown(client: BoundClient, content: string, attrs = ""): Promise<void> {
  const [answer] = await client.ask(`<iq type='set' id='s' to='localhost'><sow xmlns='urn:test:sow' ${attrs}>${content}</sow></iq>`);
  expect(answer!.attrs["type"]).toBe("result");
}
const inPrivate = (content: string) => `<private>${storage(content)}</private>`;
const asList = (content: string) => `<item node='${list}' id='current'>${storage(content)}</item>`;
const asItem = (id: string, attrs = "", children = "") => `<item node='${items}' id='${id}'>${conference(attrs, children)}</item>`;

describe("XEP-0411 section 4 what was there before", () => {
  it.each([
    ["in private XML", inPrivate(`<url name='u'/>${room(play, "name='A'")}`)],
    ["in the list of a node", asList(`<url name='u'/>${room(play, "name='A'")}`)],
  ])("%s, is everywhere as soon as anybody looks", async (_, content) => {
    const user = await stage.person();
    const client = await stage.enter(user);
    await sown(client, content);
    expect(await publishedItems(client)).toEqual([`${play} name=A`]);
    const expected = ["url name=u", `${play} name=A`];
    expect(await everywhere(client)).toEqual({ items: [`${play} name=A`], private: expected, list: expected });
    await stage.server.restart();
    const again = await stage.enter(user);
    expect(await everywhere(again)).toEqual({ items: [`${play} name=A`], private: expected, list: expected });
  });

  it("as items, is in both lists", async () => {
    const client = await stage.enter(await stage.person());
    await sown(client, asItem(play, "name='A'") + asItem(orchard) + asItem("nothing"));
    expect(await privateList(client)).toEqual([`${play} name=A`, orchard]);
    expect(await publishedList(client)).toEqual([`${play} name=A`, orchard]);
  });

  it("is united where the forms differ: items know best, then the list of the node, and nothing is lost", async () => {
    const client = await stage.enter(await stage.person());
    await sown(client, inPrivate(`<url name='p'/>${room(play, "name='p'")}${room(orchard, "name='p'")}${room("p@m")}`) +
      asList(`<url name='l'/>${room(play, "name='l'")}${room(orchard, "name='l'")}${room("l@m")}${room(orchard, "name='L'")}`) + asItem(play, "name='i'") + asItem("i@m"));
    const rooms = [`${play} name=i`, `${orchard} name=l`, "p@m"];
    const expected = ["url name=p", ...rooms, "url name=l", "l@m", "i@m"];
    expect([await privateList(client), await publishedList(client)]).toEqual([expected, expected]);
    expect((await publishedItems(client)).toSorted()).toEqual([...rooms, "i@m", "l@m"].toSorted());
  });

  it("is told to a client that wants to hear of it and asks for nothing", async () => {
    for (const node of [items, list]) {
      const user = await stage.person();
      const writer = await stage.enter(user, "writer");
      await sown(writer, inPrivate(room(play, "", "<nick>JC</nick>")));
      const reader = await stage.appear(user, [node], "reader");
      const heard = events([...reader.heard, ...(await settled(reader))]);
      expect(heard).toEqual([`${user}@localhost ${node}: ${node === items ? play : "current"}=JC`]);
    }
  });

  it("is read again where it changes meanwhile, and kept one from then on, whoever writes", async () => {
    const client = await stage.enter(await stage.person());
    await sown(client, inPrivate(room(play)), "while='reading'");
    expect(await publishedItems(client)).toEqual([play]);
    await sown(client, asItem(orchard) + inPrivate(room(third) + room(orchard)));
    expect(await everywhere(client)).toEqual({ items: [orchard, third], private: [third, orchard], list: [third, orchard] });
  });

  it("is as it was where the step that changed it failed", async () => {
    const user = await stage.person();
    const [client, broken] = [await stage.enter(user), await stage.enter(user, "broken")];
    await add(client, play);
    broken.send(`<iq type='set' id='s' to='localhost'><sow xmlns='urn:test:sow' broken='1'>${asItem(orchard)}${inPrivate(room(third))}</sow></iq>`);
    await broken.raw.closed();
    expect(await everywhere(client)).toEqual({ items: [play], private: [play], list: [play] });
    await setPrivate(client, storage(room(orchard)));
    expect(await everywhere(client)).toEqual({ items: [orchard], private: [orchard], list: [orchard] });
  });

  it("that is too long for an item is in none, stays where it is, and may become shorter", async () => {
    const client = await stage.enter(await stage.person());
    const url = (length: number) => `<url name='${"x".repeat(length)}'/>`;
    // Each apostrophe takes six times as much where it is kept.
    const longer = (length: number) => `<url name="${"'".repeat(length / 6)}"/>`;
    await sown(client, inPrivate(longer(nodePayloadBytesMax) + room(play)));
    expect([await publishedItems(client), (await privateList(client)).length, await publishedList(client)]).toEqual([[play], 2, "cancel item-not-found"]);
    // A list that is too long already does not grow.
    expect(outcome(await add(client, orchard))).toBe("wait resource-constraint");
    expect(outcome(await setPrivate(client, storage(longer(nodePayloadBytesMax + 1_000) + room(play))))).toBe("wait resource-constraint");
    expect(outcome(await setPrivate(client, storage(url(2 * bookmarkListBytesMax) + room(play, "name='A'"))))).toBe("result");
    expect([await publishedItems(client), (await publishedList(client)).length]).toEqual([[`${play} name=A`], 2]);
    await remove(client, play);
    expect(await publishedItems(client)).toEqual([]);
    await setPrivate(client, storage(room(orchard)));
    expect(await everywhere(client)).toEqual({ items: [orchard], private: [orchard], list: [orchard] });
  });

  it("and has no room in the list is an item alone", async () => {
    const client = await stage.enter(await stage.person());
    const half = `<nick>${"n".repeat(bookmarkListBytesMax / 2)}</nick>`;
    await sown(client, asItem(play, "", half) + asItem(orchard, "", half) + asItem(third));
    expect((await publishedItems(client)).length).toBe(3);
    const all = await everywhere(client);
    expect([all.private.map((text) => text.split(" ")[0]), all.list]).toEqual([[play, third], all.private]);
  });

  it("that cannot be read is as nothing", async () => {
    const client = await stage.enter(await stage.person());
    await sown(client, `<private><storage xmlns='${list}'>text<conference/></storage></private>`);
    expect(await everywhere(client)).toEqual({ items: [], private: ["no jid"], list: ["no jid"] });
  });
});

describe("XEP-0411 section 5 nobody else has access", () => {
  it("makes nodes private before anything is copied to them, and ends the access of members", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.enter(a), await stage.appear(b, [items, list])];
    for (const node of [items, list]) {
      await request(alice, "set", `<create node='${node}'/><configure>${config({ access_model: "open", persist_items: "0" })}</configure>`);
      await request(alice, "set", `<affiliations node='${node}'><affiliation jid='${b}@localhost' affiliation='member'/></affiliations>`, { xmlns: owner });
    }
    await setPrivate(alice, storage(room(play)));
    expect(events(await settled(bob))).toEqual([]);
    for (const node of [items, list]) {
      expect(outcome(await request(bob, "get", `<items node='${node}'/>`, { to: `${a}@localhost` }))).toBe("cancel not-allowed closed-node");
    }
    expect(await everywhere(alice)).toEqual({ items: [play], private: [play], list: [play] });
  });

  it("leaves a node as its owner made it whose items only are copied", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.enter(a), await stage.appear(b, [items, list])];
    await add(alice, play, conference(), options({ access_model: "presence", max_items: "5" }));
    expect(events(await settled(bob))).toEqual([`${a}@localhost ${items}: ${play}=`]);
    expect(outcome(await add(alice, orchard, conference(), options({ access_model: "presence" })))).toBe("result");
    expect(await privateList(alice)).toEqual([play, orchard]);
  });
});

describe("XEP-0402 section 5.3 one set", () => {
  it("is one also where several clients change it at once, each in another way", async () => {
    const user = await stage.person();
    const clients = await Promise.all(["1", "2", "3", "4", "5", "6"].map((resource) => stage.enter(user, resource)));
    for (let round = 0; round < 6; round += 1) {
      await Promise.all(clients.map((client, i) => {
        const jid = `room${round}-${i}@m`;
        if (i % 3 === 0) return add(client, jid, conference(`name='${round}'`));
        return i % 3 === 1 ? setPrivate(client, storage(room(jid) + room(`room${round}-0@m`))) : publishList(client, room(jid) + room(`room${round}-3@m`));
      }));
      const all = await everywhere(clients[0]!);
      expect(all.private).toEqual(all.list);
      expect(all.items.toSorted()).toEqual([...all.list].toSorted());
      expect(all.items.length).toBeGreaterThan(0);
    }
    await stage.server.restart({ kill: true });
    const again = await stage.enter(user);
    const all = await everywhere(again);
    expect([all.private, all.items.toSorted()]).toEqual([all.list, [...all.list].toSorted()]);
  });

  it("is one after a thousand changes, of whatever kind", async () => {
    const client = await stage.enter(await stage.person());
    const random = new SeededRandom(402);
    const rooms = Array.from({ length: 12 }, (_, index) => `room${index}@m`);
    const attrs = () => (random.chance(0.5) ? "" : `name='${random.whole(1, 100)}'`);
    const inPubsub = (node: string, verb: "publish" | "retract", id: string, payload = "") =>
      `<pubsub xmlns='${pubsub}'><${verb} node='${node}'><item id='${id}'>${payload}</item></${verb}></pubsub>`;
    const change = (): string => {
      const all = storage(rooms.filter(() => random.chance(1 / 3)).map((jid) => room(jid, attrs())).join(""));
      const one = random.pick(rooms);
      const published = inPubsub(items, "publish", one, conference(attrs()));
      const content = random.pick([published, published, inPubsub(items, "retract", one), inPubsub(list, "publish", "current", all), `<query xmlns='jabber:iq:private'>${all}</query>`]);
      return `<iq type='set' id='change'>${content}</iq>`;
    };
    for (let round = 0; round < 10; round += 1) {
      client.send(Array.from({ length: 100 }, change).join(""));
      const all = await everywhere(client);
      expect(all.private).toEqual(all.list);
      expect(all.items.toSorted()).toEqual([...all.list].toSorted());
      expect(all.items.length).toBeGreaterThan(0);
    }
  });

  it("ends with the account: another one of its name has none", async () => {
    const user = await stage.person();
    const client = await stage.enter(user);
    await setPrivate(client, storage(room(play)));
    await stage.server.server.admin.userDelete(`${user}@localhost`);
    await stage.server.addUser(user, "secret");
    const again = await stage.enter(user);
    expect(await everywhere(again)).toEqual({ items: [], private: [], list: "cancel item-not-found" });
    await add(again, orchard);
    expect(await everywhere(again)).toEqual({ items: [orchard], private: [orchard], list: [orchard] });
  });
});

describe("XEP-0049 private XML that follows from something else", () => {
  it("counts as if a client had set it", async () => {
    const store = new SlowStore(createMemoryStore(projections));
    const stage = await startStage({ parts: { store } });
    const user = await stage.person();
    const [one, two] = [await stage.enter(user, "1"), await stage.enter(user, "2")];
    await privateList(two);
    // One reads how many there are, and waits for it; meanwhile another bookmark is the first one, or the last one goes.
    store.slow([300]);
    try {
      for (const [content, change] of [
        ["<a xmlns='urn:a'>1</a>", () => add(two, play)],
        ["<a xmlns='urn:a'/>", () => remove(two, play)],
        ["<a xmlns='urn:a'>1</a><b xmlns='urn:b'>1</b>", () => add(two, play)],
      ] as const) {
        await Promise.all([setPrivate(one, content), change()]);
      }
    } finally {
      store.slow([0]);
    }
    expect(await new AccountSource(store).value("localhost", user, privateSpace, privateCountKey)).toBe(3);
    await stage.server.stop();
  });
});
