import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bookmarkListBytesMax, bookmarksBytesMax, nodeItemsMax } from "../../src/domain/limits.ts";
import type { BoundClient } from "../support/login.ts";
import { config, events, outcome, owner, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";
import { add, conference, everywhere, items, list, privateList, publishedItems, publishedList, publishList, remove, setPrivate, storage } from "./xep-0402-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

const fresh = async (): Promise<BoundClient> => stage.enter(await stage.person());
const play = "play@muc.example";
const orchard = "orchard@muc.example";
const room = (jid: string, attrs = "", children = "") => `<conference jid='${jid}' ${attrs}>${children}</conference>`;

describe("XEP-0402 section 3 items", () => {
  it("are many, their owner's alone and never sent unasked, though nobody has said so", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a, [items]), await stage.appear(b, [items, list])];
    const told = await add(alice, play, conference("name='The Play' autojoin='1'", "<nick>JC</nick>"));
    expect(events(told.others)).toEqual([`${a}@localhost ${items}: ${play}=JC`]);
    await add(alice, orchard);
    expect(await publishedItems(alice)).toEqual([`${play} name=The Play autojoin=1 nick=JC`, orchard]);
    expect(events(await settled(bob))).toEqual([]);
    for (const node of [items, list]) {
      expect(outcome(await request(bob, "get", `<items node='${node}'/>`, { to: `${a}@localhost` }))).toBe("cancel not-allowed closed-node");
    }
    const again = await stage.appear(a, [items], "again");
    expect(events(again.heard)).toEqual([]);
  });

  it("can be published with the options of section 3.3", async () => {
    const client = await fresh();
    const fields = Object.entries({ FORM_TYPE: "http://jabber.org/protocol/pubsub#publish-options", "pubsub#persist_items": "true", "pubsub#max_items": "max",
      "pubsub#send_last_published_item": "never", "pubsub#access_model": "whitelist" }).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
    const options = `<publish-options><x xmlns='jabber:x:data' type='submit'>${fields.join("")}</x></publish-options>`;
    for (const jid of [play, orchard]) expect(outcome(await add(client, jid, conference(), options))).toBe("result");
    await setPrivate(client, storage(room("third@muc.example")));
    expect(outcome(await add(client, play, conference(), options))).toBe("result");
  });

  it("are announced to be one set with the other forms (sections 5.3 and 6)", async () => {
    const client = await fresh();
    const [answer] = await client.ask(`<iq type='get' id='d' to='${client.bare}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    for (const feature of [`${items}#compat`, `${items}#compat-pep`, "urn:xmpp:bookmarks-conversion:0"]) expect(JSON.stringify(answer)).toContain(`"${feature}"`);
  });

  it("have a bound, all of them together", async () => {
    const client = await fresh();
    const big = conference("", `<extensions><x xmlns='u'>${"x".repeat(250_000)}</x></extensions>`);
    for (const id of ["a", "b", "c", "d"]) expect(outcome(await add(client, `${id}@m`, big))).toBe("result");
    expect(4 * 250_000).toBeLessThan(bookmarksBytesMax);
    expect(outcome(await add(client, "e@m", big))).toBe("wait resource-constraint");
    expect(outcome(await add(client, "d@m", big))).toBe("result");
    expect(await privateList(client)).toEqual(["a@m", "b@m", "c@m", "d@m"]);
  });
});

describe("XEP-0402 section 5.3.1 publishing items", () => {
  it("shows them in both lists, with all that both forms know, as they are changed and removed", async () => {
    const client = await fresh();
    await add(client, play, conference("name='The Play&apos;s &lt;' autojoin='true'", "<nick>JC</nick><password>&amp;</password><extensions><s xmlns='u'/></extensions>"));
    await add(client, orchard);
    const expected = [`${play} name=The Play's < autojoin=true nick=JC password=&`, orchard];
    expect(await everywhere(client)).toEqual({ items: [`${expected[0]} extensions=s`, orchard], private: expected, list: expected });
    await add(client, play, conference("autojoin='0'"));
    expect((await everywhere(client)).private).toEqual([play, orchard]);
    await remove(client, play);
    expect(await everywhere(client)).toEqual({ items: [orchard], private: [orchard], list: [orchard] });
    await remove(client, orchard);
    expect(await everywhere(client)).toEqual({ items: [], private: [], list: [] });
  });

  it("leaves what only a list can have where it is", async () => {
    const client = await fresh();
    const others = "<url name='Works' url='http://w/'/><conference name='nowhere'/><conference jid='@'/><conference jid='room@m/me'/><x xmlns='urn:y'>z</x>";
    await setPrivate(client, storage(others + room(play, "minimize='1'", "<nick>JC</nick><status xmlns='urn:s'>s</status>")) + `<more xmlns='${list}'/>`);
    const kept = ["url name=Works url=http://w/", "no jid name=nowhere", "@", "room@m/me", "x"];
    expect(await publishedItems(client)).toEqual([`${play} nick=JC`]);
    await add(client, play, conference("name='N'"));
    await add(client, orchard);
    const expected = [...kept, `${play} minimize=1 name=N status=s`, orchard];
    expect([await privateList(client), await publishedList(client)]).toEqual([["beside: more", ...expected], expected]);
    await remove(client, play, orchard);
    expect([await privateList(client), await publishedList(client)]).toEqual([["beside: more", ...kept], kept]);
  });

  it("takes no notice of what is no bookmark, and lets it be", async () => {
    const client = await fresh();
    await add(client, play);
    for (const id of ["not a jid@", "room@m/me", ""]) await add(client, id);
    await add(client, "x@m", "<conference xmlns='urn:other'/>");
    await add(client, "y@m", `<room xmlns='${items}'/>`);
    expect([await privateList(client), (await publishedItems(client)).length]).toEqual([[play], 6]);
    await setPrivate(client, storage(""));
    expect((await publishedItems(client)).length).toBe(5);
    await add(client, play);
    await add(client, play, "<nothing xmlns='u'/>");
    expect(await privateList(client)).toEqual([]);
  });

  it("knows a room by its address, however that is spelt", async () => {
    const client = await fresh();
    await add(client, "Play@MUC.example", conference("name='A'"));
    await setPrivate(client, storage(room("play@muc.EXAMPLE", "name='B'") + room("PLAY@muc.example", "name='C'")));
    expect(await publishedItems(client)).toEqual(["Play@MUC.example name=B"]);
    await add(client, play, conference("name='D'"));
    expect(await privateList(client)).toEqual(["play@muc.EXAMPLE name=D"]);
    await remove(client, play);
    expect(await privateList(client)).toEqual(["play@muc.EXAMPLE name=B"]);
    await setPrivate(client, storage(""));
    expect(await publishedItems(client)).toEqual([]);
  });

  it("follows items that are purged, pushed out, or go with their node, and those of a node that is there again", async () => {
    const client = await fresh();
    await setPrivate(client, storage("<url/>" + room(play)));
    await request(client, "set", `<purge node='${items}'/>`, { xmlns: owner });
    expect(await privateList(client)).toEqual(["url"]);
    await setPrivate(client, storage(room(play) + room(orchard)));
    await request(client, "set", `<configure node='${items}'>${config({ max_items: "1" })}</configure>`, { xmlns: owner });
    expect([await publishedItems(client), await privateList(client)]).toEqual([[orchard], [orchard]]);
    await setPrivate(client, storage(room(play) + room(orchard)));
    expect(await publishedItems(client)).toEqual([orchard, play]);
    await request(client, "set", `<delete node='${items}'/>`, { xmlns: owner });
    expect([await privateList(client), await publishedList(client)]).toEqual([[], []]);
    await setPrivate(client, storage(room(play)));
    expect(await publishedItems(client)).toEqual([play]);
  });
});

describe("XEP-0402 section 5.3.2 publishing a list", () => {
  it.each([
    ["in private XML", (client: BoundClient, content: string) => setPrivate(client, storage(content))],
    ["as an item", publishList],
  ])("%s, changes items one by one, and tells of those that changed", async (_, set) => {
    const user = await stage.person();
    const reader = await stage.appear(user, [items]);
    const writer = await stage.enter(user, "old");
    const told = async () => events(await settled(reader)).map((text) => text.slice(`${user}@localhost ${items}: `.length));
    await set(writer, room(play, "name='A' autojoin='1'", "<nick>n</nick>") + room(orchard, "", "<password>p</password>"));
    expect(await told()).toEqual([`${play}=n`, `${orchard}=p`]);
    const expected = [`${play} name=A autojoin=true nick=n`, `${orchard} password=p`];
    expect((await everywhere(writer)).items).toEqual(expected);
    await set(writer, room(orchard, "autojoin='false'", "<password>p</password>") + room(play, "name='A' autojoin='true'", "<nick>n</nick><nick/>"));
    expect(await told()).toEqual([]);
    await set(writer, room(orchard, "autojoin='1'", "<password>p</password>") + room(play, "name='A' autojoin='true'", "<nick>n</nick>"));
    expect(await told()).toEqual([`${orchard}=p`]);
    await set(writer, room(orchard, "autojoin='1'", "<password>p</password>"));
    expect(await told()).toEqual([`-${play}`]);
    const all = await everywhere(writer);
    expect(all).toEqual({ items: [`${orchard} autojoin=true password=p`], private: all.list, list: [`${orchard} autojoin=1 password=p`] });
    await set(writer, "");
    expect(await told()).toEqual([`-${orchard}`]);
    expect(await everywhere(writer)).toEqual({ items: [], private: [], list: [] });
  });

  it("keeps the extensions of items, and everything else that a list does not say", async () => {
    const client = await fresh();
    await add(client, play, conference("name='A' x='y'", "<nick>n</nick><extensions><state xmlns='urn:s' minimized='true'/></extensions><later xmlns='urn:l'/>"));
    await setPrivate(client, storage(room(play, "name='B'", "<nick>m</nick>")));
    expect(await publishedItems(client)).toEqual([`${play} name=B x=y nick=m extensions=state later=`]);
  });

  it("changes nothing where there is no list in it", async () => {
    const client = await fresh();
    await add(client, play);
    expect(outcome(await setPrivate(client, `<bookmarks xmlns='${list}'>x</bookmarks>`))).toBe("result");
    expect(await everywhere(client)).toEqual({ items: [play], private: ["beside: bookmarks", play], list: [play] });
    await request(client, "set", `<publish node='${list}'><item id='current'><storage xmlns='urn:other'/></item></publish>`);
    expect([await publishedItems(client), await privateList(client)]).toEqual([[play], ["beside: bookmarks", play]]);
    await add(client, orchard);
    expect(await publishedList(client)).toEqual([play, orchard]);
    await setPrivate(client, `<storage xmlns='${list}'/>`);
    expect(await everywhere(client)).toEqual({ items: [], private: [], list: [] });
  });

  it("is refused where it is too long, and nothing has changed then", async () => {
    const client = await fresh();
    await setPrivate(client, storage(room(play)));
    const long = `<url name='${"x".repeat(bookmarkListBytesMax)}'/>${room(orchard)}`;
    // Each apostrophe takes six times as much where it is kept.
    const longAsKept = `<url name="${"'".repeat(bookmarkListBytesMax / 6)}"/>${room(orchard)}`;
    for (const content of [long, longAsKept]) {
      expect(outcome(await setPrivate(client, storage(content)))).toBe("wait resource-constraint");
      expect(outcome(await publishList(client, content))).toBe("wait resource-constraint");
    }
    expect(await everywhere(client)).toEqual({ items: [play], private: [play], list: [play] });
    expect(outcome(await setPrivate(client, storage(room(play) + `<url name='${"x".repeat(bookmarkListBytesMax - 1_000)}'/>`)))).toBe("result");
    expect(outcome(await setPrivate(client, "<other xmlns='urn:other'/>"))).toBe("result");
  });

  it("has room for an item, or the item is refused; what is there may be changed and taken out", async () => {
    const client = await fresh();
    await setPrivate(client, storage(room(play)));
    const half = (nick: string) => conference("", `<nick>${nick.repeat(bookmarkListBytesMax / 2)}</nick>`);
    expect(outcome(await add(client, "big@m", half("b")))).toBe("result");
    expect(outcome(await add(client, orchard, half("o")))).toBe("wait resource-constraint");
    expect(outcome(await add(client, play, half("p")))).toBe("wait resource-constraint");
    expect(outcome(await add(client, "big@m", half("c")))).toBe("result");
    expect(outcome(await add(client, orchard))).toBe("result");
    const all = await everywhere(client);
    expect([all.private.length, all.list]).toEqual([3, all.private]);
    await remove(client, "big@m");
    expect(outcome(await add(client, play, half("p")))).toBe("result");
    expect((await privateList(client)).map((text) => text.slice(0, 4))).toEqual(["play", "orch"]);
  });

  it("takes the whole list out with its item, but not with its node", async () => {
    const client = await fresh();
    await add(client, play);
    await request(client, "set", `<delete node='${list}'/>`, { xmlns: owner });
    expect([await publishedItems(client), await privateList(client), await publishedList(client)]).toEqual([[play], [play], "cancel item-not-found"]);
    await add(client, orchard);
    expect(await publishedList(client)).toEqual([play, orchard]);
    await request(client, "set", `<retract node='${list}'><item id='current'/></retract>`);
    expect(await everywhere(client)).toEqual({ items: [], private: [], list: [] });
  });

  it("has as many items as a node can have, and leaves the others in the list", async () => {
    const client = await fresh();
    const jids = Array.from({ length: nodeItemsMax + 2 }, (_, i) => `room${i}@m`);
    await setPrivate(client, storage(jids.map((jid) => room(jid)).join("")));
    expect(await publishedItems(client)).toEqual(jids.slice(0, nodeItemsMax));
    expect([(await privateList(client)).length, (await publishedList(client)).length]).toEqual([nodeItemsMax + 2, nodeItemsMax + 2]);
    await remove(client, "room0@m");
    expect((await privateList(client))[0]).toBe("room1@m");
    await setPrivate(client, storage(""));
    expect(await everywhere(client)).toEqual({ items: [], private: [], list: [] });
  }, 20_000);
});
