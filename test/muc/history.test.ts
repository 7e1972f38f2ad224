/** What was said before somebody came (XEP-0045 sections 7.2.13 to 7.2.15). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { madeRoom, roomFacts } from "./facts.ts";
import { entered, joining, leaving, mucNamespace, newRoom, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** A room in which romeo has said this. */
async function told(bodies: readonly string[], changes: Parameters<typeof madeRoom>[3] = {}): Promise<{ room: string; romeo: BoundClient; juliet: BoundClient }> {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
  const room = newRoom();
  await madeRoom(romeo, room, "romeo", changes);
  for (const body of bodies) romeo.send(said(room, body));
  await romeo.caughtUp();
  return { room, romeo, juliet };
}

const isHistory = (stanza: Xml): boolean => stanza.name === "message" && childOf(stanza, "body") !== undefined;
const stampOf = (stanza: Xml | undefined): string => childOf(stanza, "delay")?.attrs["stamp"] ?? "";

/** What is given to somebody who comes with this wish, and goes again. */
async function given(client: BoundClient, room: string, history = ""): Promise<readonly Xml[]> {
  const stanzas = await client.ask(joining(room, "juliet", history === "" ? "" : `<history ${history}/>`));
  await client.ask(leaving(room, "juliet"));
  // However little is asked for, the subject ends it.
  expect(roomWords(stanzas.at(-1)!)).toContain("subject: ");
  return stanzas.filter(isHistory);
}

const bodiesOf = (stanzas: readonly Xml[]): readonly string[] => stanzas.map((stanza) => textOf(childOf(stanza, "body")));

describe("XEP-0045 section 7.2.13: discussion history", () => {
  it("is stamped by the room, from the occupant JIDs, with their ids, in order, and tells no real JID", async () => {
    const { room, romeo, juliet } = await told(["one", "two"]);
    const before = Date.now();
    const history = await given(juliet, room);
    expect(bodiesOf(history)).toEqual(["one", "two"]);
    for (const stanza of history) {
      expect(stanza.attrs).toMatchObject({ type: "groupchat", from: `${room}/romeo`, to: juliet.jid, id: bodiesOf([stanza])[0] });
      expect(childOf(stanza, "delay")).toMatchObject({ xmlns: "urn:xmpp:delay", attrs: { from: room } });
      expect(stampOf(stanza)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      expect(Date.parse(stampOf(stanza))).toBeLessThanOrEqual(before);
      expect(showXml(stanza)).not.toContain(romeo.bare);
    }
    expect(await given(juliet, room)).toEqual(history);
  });

  it("has one stamp, whatever the speaker said of a delay", async () => {
    const { room, romeo, juliet } = await told([]);
    await romeo.ask(`<message type='groupchat' to='${room}'><body>old</body><delay xmlns='urn:xmpp:delay' stamp='2002-10-13T23:58:37Z'/></message>`);
    const [message] = await given(juliet, room);
    const delays = message?.children.filter((child) => typeof child !== "string" && child.name === "delay") as Xml[];
    expect(delays.map(({ attrs }) => attrs["from"])).toEqual([room]);
  });

  it("is as long as the owners choose, and without a choice has 20 messages; the last ones", async () => {
    const bodies = Array.from({ length: 25 }, (_, index) => `m${index}`);
    const { room, juliet } = await told(bodies);
    expect(bodiesOf(await given(juliet, room))).toEqual(bodies.slice(-20));
    const few = await told(["one", "two", "three"], { historyLength: 2 });
    expect(bodiesOf(await given(few.juliet, few.room))).toEqual(["two", "three"]);
    const none = await told(["one"], { historyLength: 0 });
    expect(await given(none.juliet, none.room)).toEqual([]);
  });

  it("knows what was said under the nick of then, and outlives a restart", async () => {
    const { room, romeo, juliet } = await told(["one"], { persistent: true });
    await romeo.ask(`<message type='groupchat' to='${room}'><subject>Fire</subject></message>`);
    await romeo.ask(`<presence to='${room}/montague'/>`);
    const before = (await juliet.ask(joining(room, "juliet"))).slice(-2);
    expect(before.map(roomWords)).toEqual(['romeo: "one" (delayed)', 'romeo subject: "Fire" (delayed)']);
    await server.restart();
    const again = await person(stage, juliet.bare);
    expect((await again.ask(joining(room, "juliet"))).slice(-2)).toEqual(before);
  });

  it("has nothing that asks not to be kept, and no notes without words", async () => {
    const { room, romeo, juliet } = await told(["one"]);
    await romeo.ask(`<message type='groupchat' to='${room}'><body>gone</body><no-store xmlns='urn:xmpp:hints'/></message>`);
    await romeo.ask(`<message type='groupchat' to='${room}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`);
    expect(bodiesOf(await given(juliet, room))).toEqual(["one"]);
  });
});

describe("XEP-0045 section 7.2.14: managing discussion history", () => {
  it("maxstanzas limits the messages, and cannot make them more than the room gives", async () => {
    const { room, juliet } = await told(["one", "two", "three"], { historyLength: 2 });
    expect(bodiesOf(await given(juliet, room, "maxstanzas='1'"))).toEqual(["three"]);
    expect(await given(juliet, room, "maxstanzas='0'")).toEqual([]);
    expect(bodiesOf(await given(juliet, room, "maxstanzas='20'"))).toEqual(["two", "three"]);
  });

  it("maxchars limits the characters of whole stanzas: as many as fit, and none of them cut", async () => {
    const { room, juliet } = await told(["one", "two \u{1F525}", "three"]);
    const texts = new Map<string, number>();
    const from = juliet.raw.received.length;
    await given(juliet, room);
    for (const [text, body] of juliet.raw.received.slice(from).matchAll(/<message (?:(?!<message ).)*?<body>(.*?)<\/body>.*?<\/message>/gs)) texts.set(body!, [...text].length);
    const [three = 0, two = 0, one = 0] = ["three", "two \u{1F525}", "one"].map((body) => texts.get(body));
    expect(one).toBeGreaterThan(100);
    expect(bodiesOf(await given(juliet, room, `maxchars='${three + two}'`))).toEqual(["two \u{1F525}", "three"]);
    expect(bodiesOf(await given(juliet, room, `maxchars='${three + two - 1}'`))).toEqual(["three"]);
    expect(bodiesOf(await given(juliet, room, `maxchars='${three + two + one}'`))).toEqual(["one", "two \u{1F525}", "three"]);
    expect(bodiesOf(await given(juliet, room, "maxchars='65000'"))).toEqual(["one", "two \u{1F525}", "three"]);
    expect(await given(juliet, room, `maxchars='${three - 1}'`)).toEqual([]);
    expect(await given(juliet, room, "maxchars='0'")).toEqual([]);
  });

  it("seconds and since leave out what is older", async () => {
    const { room, romeo, juliet } = await told(["one"]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await romeo.ask(said(room, "two"));
    const [one, two] = await given(juliet, room);
    expect(bodiesOf([one!, two!])).toEqual(["one", "two"]);
    expect(bodiesOf(await given(juliet, room, "seconds='1'"))).toEqual(["two"]);
    expect(bodiesOf(await given(juliet, room, "seconds='180'"))).toEqual(["one", "two"]);
    expect(bodiesOf(await given(juliet, room, `since='${stampOf(two)}'`))).toEqual(["two"]);
    expect(bodiesOf(await given(juliet, room, `since='${stampOf(one)}'`))).toEqual(["one", "two"]);
    expect(bodiesOf(await given(juliet, room, "since='1970-01-01T00:00:00Z'"))).toEqual(["one", "two"]);
    expect(await given(juliet, room, "since='2199-01-01T00:00:00Z'")).toEqual([]);
    // The least that any of them lets through.
    expect(bodiesOf(await given(juliet, room, "since='1970-01-01T00:00:00Z' seconds='180' maxstanzas='1'"))).toEqual(["two"]);
    expect(await given(juliet, room, "seconds='180' maxstanzas='20' maxchars='0'")).toEqual([]);
  });

  it("what is no number, or no time, limits nothing", async () => {
    const { room, juliet } = await told(["one", "two"]);
    for (const wish of ["maxstanzas='-1'", "maxchars='many'", "seconds=''", "since='yesterday'", "maxstanzas='99999999999999999999'"]) {
      expect(bodiesOf(await given(juliet, room, wish)), wish).toEqual(["one", "two"]);
    }
  });
});

describe("XEP-0045 section 7.2.15: the room subject", () => {
  it("comes last, from who has set it, with the time at which, stamped by the room", async () => {
    const { room, romeo, juliet } = await told(["one"]);
    await romeo.ask(`<message type='groupchat' to='${room}' id='s'><subject>Fire</subject></message>`);
    await romeo.ask(said(room, "two"));
    const stanzas = await juliet.ask(joining(room, "juliet"));
    expect(stanzas.map(roomWords).slice(-3)).toEqual(['romeo: "one" (delayed)', 'romeo: "two" (delayed)', 'romeo subject: "Fire" (delayed)']);
    expect(stanzas.at(-1)?.attrs).toMatchObject({ type: "groupchat", from: `${room}/romeo`, to: juliet.jid });
    expect(childOf(stanzas.at(-1), "delay")?.attrs["from"]).toBe(room);
    expect(Date.parse(stampOf(stanzas.at(-1)))).toBeLessThan(Date.now() + 1);
    expect(showXml(stanzas.at(-1)!)).not.toContain(romeo.bare);
  });

  it("is empty and without a time if there never was one", async () => {
    const { room, juliet } = await told([]);
    const last = (await juliet.ask(`<presence to='${room}/juliet'><x xmlns='${mucNamespace}'><history maxchars='0'/></x></presence>`)).at(-1);
    expect(last).toEqual({
      name: "message",
      xmlns: "jabber:client",
      attrs: { type: "groupchat", from: room, to: juliet.jid },
      children: [{ name: "subject", xmlns: "jabber:client", attrs: {}, children: [] }],
    });
    expect((await entered(juliet, room, "juliet")).at(-1)).toBe('subject: ""');
  });
});
