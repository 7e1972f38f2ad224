/** What service discovery tells of rooms (XEP-0045 sections 6 and 7.12), and what a room answers for itself. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { extensions } from "../../src/xep/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { asked, inRoom, setItems, words } from "./asking.ts";
import { roomFacts } from "./facts.ts";
import { answerTo, discover, elementsOf, featuresAt, field, info, items, submitting, valuesOf } from "./owning.ts";
import { heard, instant, joining, newRoom, opened, person } from "./setting.ts";
import type { BoundClient } from "../support/login.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "deep.localhost"], extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const muc = "muc.localhost";
const rsm = "http://jabber.org/protocol/rsm";

async function one(name = "romeo"): Promise<BoundClient> {
  return person(stage, Object.values(await stage.cast(name))[0]!);
}

/** Its children, as XML. */
async function query(client: BoundClient, text: string): Promise<readonly string[]> {
  const answer = await answerTo(client, text);
  const xmlns = childOf(answer, "query")?.xmlns;
  return (childOf(answer, "query")?.children ?? []).map((child) => showXml(child as Xml, xmlns));
}

const infoForm = async (client: BoundClient, room: string) => valuesOf(childOf(childOf(await answerTo(client, discover(info, room)), "query"), "x"));

describe("XEP-0045 section 6.1: discovering the service", () => {
  it("is done by the items of its own server", async () => {
    const romeo = await one();
    expect(await query(romeo, discover(items, "localhost"))).toEqual(["<item jid='muc.localhost' name='Rooms'/>"]);
    expect(await query(romeo, discover(items, "deep.localhost"))).toEqual(["<item jid='muc.deep.localhost' name='Rooms'/>"]);
    expect(await query(romeo, `<iq type='get' id='d'><query xmlns='${items}'/></iq>`)).toEqual([]);
  });

  it("finds none where there are no rooms", async () => {
    const bare = await startServer({ allowPlaintext: true, rooms: { enabled: false } });
    try {
      const stage = new Stage(bare);
      const romeo = await person(stage, Object.values(await stage.cast("romeo"))[0]!);
      expect(await query(romeo, discover(items, "localhost"))).toEqual([]);
      stage.clear();
    } finally {
      await bare.stop();
    }
  });
});

describe("XEP-0045 section 6.2: the service", () => {
  it("tells its identity and the features of all that belongs to it, each once", async () => {
    const romeo = await one();
    const described = childOf(await answerTo(romeo, discover(info, muc)), "query");
    expect(elementsOf(described, "identity").map(({ attrs }) => attrs)).toEqual([{ category: "conference", type: "text", name: "Rooms" }]);
    const features = await featuresAt(romeo, muc);
    expect(features).toEqual([...new Set(extensions.flatMap(({ rooms }) => rooms?.serviceFeatures ?? []))].toSorted());
    expect(features).toEqual(expect.arrayContaining([info, items, "http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#stable_id", rsm, "vcard-temp", "urn:xmpp:ping", "urn:xmpp:time", "jabber:iq:version"]));
  });

  it("has no nodes", async () => {
    const romeo = await one();
    for (const xmlns of [info, items]) expect(await asked(romeo, discover(xmlns, muc, "node='urn:example'"))).toEqual(["error item-not-found"]);
    expect(await asked(romeo, discover(info, muc, "node='http://jabber.org/protocol/muc#rooms'"))).toEqual(["error item-not-found"]);
  });
});

describe("XEP-0045 section 6.3: the list of rooms", () => {
  it("has those that are public and configured, with their names", async () => {
    const lists = await startServer({ allowPlaintext: true });
    try {
      const stage = new Stage(lists);
      const romeo = await person(stage, Object.values(await stage.cast("romeo"))[0]!);
      const listed = () => query(romeo, discover(items, muc));
      expect(await listed()).toEqual([]);
      await romeo.ask(joining("heath@muc.localhost", "romeo"));
      await opened(romeo, "coven@muc.localhost", "romeo", { [field("roomname")]: "A Dark Cave" });
      await opened(romeo, "hidden@muc.localhost", "romeo", { [field("publicroom")]: "0" });
      expect(await listed()).toEqual(["<item jid='coven@muc.localhost' name='A Dark Cave'/>"]);
      await romeo.ask(instant("heath@muc.localhost"));
      await romeo.ask(submitting("hidden@muc.localhost", { publicroom: "1" }));
      expect(await listed()).toEqual(["<item jid='coven@muc.localhost' name='A Dark Cave'/>", "<item jid='heath@muc.localhost'/>", "<item jid='hidden@muc.localhost'/>"]);
      await romeo.ask(submitting("hidden@muc.localhost", { publicroom: "0" }));
      await romeo.ask("<presence type='unavailable' to='heath@muc.localhost/romeo'/>");
      await lists.restart();
      expect(await query(await person(stage, romeo.bare), discover(items, muc))).toEqual([]);
      stage.clear();
    } finally {
      await lists.stop();
    }
  });

  it("comes in pages (XEP-0059)", async () => {
    const romeo = await one();
    const host = "muc.deep.localhost";
    const names = ["a", "b", "c", "d", "e"].map((name) => `${name}@${host}`);
    for (const room of names.toReversed()) await opened(romeo, room, "romeo");
    const page = async (set: string) => {
      const [answer] = await romeo.ask(discover(items, host, "", `<set xmlns='${rsm}'>${set}</set>`));
      if (answer?.attrs["type"] === "error") return words(answer);
      const query = childOf(answer, "query");
      const given = childOf(query, "set");
      const [first, last, count] = ["first", "last", "count"].map((name) => childOf(given, name));
      const rooms = elementsOf(query, "item").map(({ attrs }) => attrs["jid"]!.slice(0, 1)).join("");
      expect([textOf(first).slice(0, 1), textOf(last).slice(0, 1)]).toEqual([rooms.slice(0, 1), rooms.slice(-1)]);
      return `${rooms} at ${first?.attrs["index"] ?? "?"} of ${textOf(count)}`;
    };
    expect(await page("<max>2</max>")).toBe("ab at 0 of 5");
    expect(await page(`<max>2</max><after>${names[1]}</after>`)).toBe("cd at ? of 5");
    expect(await page(`<max>2</max><after>${names[3]}</after>`)).toBe("e at ? of 5");
    expect(await page(`<max>2</max><before>${names[3]}</before>`)).toBe("bc at ? of 5");
    expect(await page("<max>2</max><before/>")).toBe("de at 3 of 5");
    expect(await page("<max>0</max>")).toBe(" at ? of 5");
    expect(await page("<max>2</max><index>0</index>")).toBe("ab at 0 of 5");
    expect(await page("<max>2</max><index>5</index>")).toBe(" at ? of 5");
    expect(await page("<max>2</max><index>1</index>")).toBe("error feature-not-implemented");
    expect(await page("<max>2</max><after>a@elsewhere</after>")).toBe("error item-not-found");
    expect(await page("<max>two</max>")).toBe("error bad-request");
    // What came last is gone by now: it goes on from where that was.
    await romeo.ask(`<presence type='unavailable' to='${names[1]}/romeo'/>`);
    expect(await page(`<max>2</max><after>${names[1]}</after>`)).toBe("cd at ? of 4");
    expect(await page("")).toBe("acde at 0 of 4");
    expect(await query(romeo, discover(items, host))).toHaveLength(4);
  });
});

describe("XEP-0045 section 6.4: a room", () => {
  it("tells its identity and what type of room it is", async () => {
    const { room, clients } = await inRoom(stage, { name: "A Dark Cave" }, "romeo");
    const answer = await answerTo(clients.romeo, discover(info, room));
    expect(answer.attrs).toMatchObject({ type: "result", from: room });
    expect(elementsOf(childOf(answer, "query"), "identity").map(({ attrs }) => attrs)).toEqual([{ category: "conference", type: "text", name: "A Dark Cave" }]);
    const always = ["http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#stable_id", info, items, "vcard-temp", "urn:xmpp:ping"];
    const features = await featuresAt(clients.romeo, room);
    expect(features).toEqual(expect.arrayContaining([...always, "muc_unsecured", "muc_public", "muc_temporary", "muc_open", "muc_unmoderated", "muc_semianonymous"]));
    expect(features).toEqual([...new Set(features)].toSorted());
    const other = { roomsecret: "x", publicroom: "0", persistentroom: "1", membersonly: "1", moderatedroom: "1", whois: "anyone" };
    await clients.romeo.ask(submitting(room, other));
    const types = (await featuresAt(clients.romeo, room)).filter((feature) => feature.startsWith("muc_"));
    expect(types).toEqual(["muc_hidden", "muc_membersonly", "muc_moderated", "muc_nonanonymous", "muc_passwordprotected", "muc_persistent"]);
  });

  it("has the name of its address where it has no other", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    const [identity] = elementsOf(childOf(await answerTo(clients.romeo, discover(info, room)), "query"), "identity");
    expect(identity?.attrs["name"]).toBe(room.slice(0, room.indexOf("@")));
  });

  it("says more in a form, and what happens in it only to those who could come in", async () => {
    const { room, clients } = await inRoom(stage, { description: "For all good witches!", language: "en", changeSubject: true, historyLength: 7 }, "romeo");
    const juliet = await one("juliet");
    const known = {
      FORM_TYPE: ["http://jabber.org/protocol/muc#roominfo"],
      "muc#roominfo_description": ["For all good witches!"],
      "muc#roominfo_lang": ["en"],
      "muc#roominfo_subjectmod": ["1"],
      "muc#roomconfig_changesubject": ["1"],
      "muc#maxhistoryfetch": ["7"],
    };
    expect(await infoForm(juliet, room)).toEqual({ ...known, "muc#roominfo_occupants": ["1"] });
    await clients.romeo.ask(`<message type='groupchat' to='${room}'><subject>Spells</subject></message>`);
    expect(await infoForm(juliet, room)).toEqual({ ...known, "muc#roominfo_occupants": ["1"], "muc#roominfo_subject": ["Spells"] });
    await clients.romeo.ask(submitting(room, { roomsecret: "x" }));
    expect(await infoForm(juliet, room)).toEqual(known);
    await clients.romeo.ask(submitting(room, { passwordprotectedroom: "0", membersonly: "1" }));
    expect(await infoForm(juliet, room)).toEqual(known);
    expect(await infoForm(clients.romeo, room)).toMatchObject({ "muc#roominfo_subject": ["Spells"] });
  });

  it("is not found where there is none, and has no other nodes", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    for (const xmlns of [info, items]) expect(await asked(clients.romeo, discover(xmlns, newRoom()))).toEqual(["error item-not-found"]);
    for (const xmlns of [info, items]) expect(await asked(clients.romeo, discover(xmlns, room, "node='urn:example'"))).toEqual(["error item-not-found"]);
  });
});

describe("XEP-0045 section 6.5: the occupants of a room", () => {
  it("are listed for each other, and for nobody else", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    expect(await query(clients.juliet, discover(items, room))).toEqual([`<item jid='${room}/romeo'/>`, `<item jid='${room}/juliet'/>`]);
    expect(await query(await one("nurse"), discover(items, room))).toEqual([]);
  });

  it("are listed only as far as they are told of", async () => {
    const { room, clients } = await inRoom(stage, { presenceOf: ["moderator"] }, "romeo", "juliet", "nurse");
    expect(await query(clients.juliet, discover(items, room))).toEqual([`<item jid='${room}/romeo'/>`, `<item jid='${room}/juliet'/>`]);
  });

  it("come in pages (XEP-0059)", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const set = (inner: string) => discover(items, room, "", `<set xmlns='${rsm}'>${inner}</set>`);
    const part = async (inner: string) => {
      const answer = await answerTo(clients.romeo, set(inner));
      const query = childOf(answer, "query");
      return answer.attrs["type"] === "error" ? words(answer) : elementsOf(query, "item").map(({ attrs }) => attrs["jid"]!.slice(room.length + 1)).join(" ");
    };
    expect(await part("<max>2</max>")).toBe("romeo juliet");
    expect(await part(`<max>2</max><after>${room}/juliet</after>`)).toBe("nurse");
    expect(await part("<max>2</max><before/>")).toBe("juliet nurse");
    expect(await part("<max>2</max><index>1</index>")).toBe("juliet nurse");
    expect(await part(`<after>${room}/nobody</after>`)).toBe("error item-not-found");
  });
});

describe("XEP-0045 section 6.6: an occupant", () => {
  it("is asked by those who are in the room, and to others it is a bad request", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const nurse = await one("nurse");
    for (const xmlns of [info, items]) expect(await asked(nurse, discover(xmlns, `${room}/romeo`))).toEqual(["error bad-request"]);
    clients.juliet.send(discover(info, `${room}/romeo`));
    await clients.juliet.caughtUp();
    const [question] = await clients.romeo.caughtUp();
    expect(question?.attrs).toMatchObject({ type: "get", from: `${room}/juliet`, to: clients.romeo.jid });
  });
});

describe("XEP-0045 section 7.12: discovering one's reserved nick", () => {
  it("tells it as an identity, and nothing where there is none", async () => {
    const { room, jids, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const node = "node='x-roomuser-item'";
    expect(await query(clients.juliet, discover(info, room, node))).toEqual([]);
    await clients.romeo.ask(setItems(room, `<item affiliation='member' jid='${jids.juliet}' nick='thirdwitch'/>`));
    await heard(clients.juliet);
    expect(await query(clients.juliet, discover(info, room, node))).toEqual(["<identity category='conference' name='thirdwitch' type='text'/>"]);
    expect(childOf(await answerTo(clients.juliet, discover(info, room, node)), "query")?.attrs).toEqual({ node: "x-roomuser-item" });
    expect(await query(clients.romeo, discover(info, room, node))).toEqual([]);
  });
});

describe("XEP-0045 section 18.1.1: allowed namespaces", () => {
  it("are all of them, which is told by an error, at the service and at a room", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    for (const to of [room, "muc.localhost"]) {
      expect(await asked(clients.romeo, discover(info, to, "node='http://jabber.org/protocol/muc#traffic'"))).toEqual(["error service-unavailable"]);
    }
  });
});

describe("XEP-0045 section 17.4: what a service and a room answer for themselves", () => {
  it("is a ping (XEP-0199), the version (XEP-0092) and the time (XEP-0202)", async () => {
    const { room } = await inRoom(stage, {}, "romeo");
    const other = await one("juliet");
    for (const to of [muc, room]) {
      const ask = (payload: string) => answerTo(other, `<iq type='get' id='q' to='${to}'>${payload}</iq>`);
      expect((await ask("<ping xmlns='urn:xmpp:ping'/>")).children).toEqual([]);
      expect((await ask("<ping xmlns='urn:xmpp:ping'/>")).attrs).toEqual({ type: "result", id: "q", from: to, to: other.jid });
      expect(textOf(childOf(childOf(await ask("<query xmlns='jabber:iq:version'/>"), "query"), "name"))).toBe("refrain");
      const utc = textOf(childOf(childOf(await ask("<time xmlns='urn:xmpp:time'/>"), "time"), "utc"));
      expect(Math.abs(Date.parse(utc) - Date.now())).toBeLessThan(60_000);
      expect(words(await ask("<query xmlns='urn:example:none'/>"))).toBe("error service-unavailable");
    }
  });
});
