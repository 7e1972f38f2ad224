/** What is said to everybody, and the subject (XEP-0045 sections 7.4, 8.1 and 17.2). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { assign, configure, madeRoom, roomFacts } from "./facts.ts";
import { entered, errorOf, heard, joining, newRoom, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

async function pair(changes: Parameters<typeof madeRoom>[3] = {}): Promise<{ room: string; romeo: BoundClient; juliet: BoundClient }> {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
  const room = newRoom();
  await madeRoom(romeo, room, "romeo", changes);
  await entered(juliet, room, "juliet");
  await romeo.caughtUp();
  return { room, romeo, juliet };
}

const asked = async (client: BoundClient, text: string): Promise<readonly string[]> => (await client.ask(text)).map(roomWords);
const childrenOf = (stanza: Xml | undefined, but: readonly string[] = ["stanza-id", "occupant-id"]): readonly (Xml | string)[] =>
  stanza?.children.filter((child) => typeof child === "string" || !but.includes(child.name)) ?? [];
const subjectOf = (room: string, text: string, more = ""): string => `<message type='groupchat' to='${room}' id='s'><subject>${text}</subject>${more}</message>`;

describe("XEP-0045 section 7.4: a message to all occupants", () => {
  it("reaches each of them, the speaker too, from the speaker's occupant JID, with its id, its language and all that is in it", async () => {
    const { room, romeo, juliet } = await pair();
    const inner = "<body>'tis time</body><html xmlns='http://jabber.org/protocol/xhtml-im'><p>'tis</p></html><active xmlns='http://jabber.org/protocol/chatstates'/>";
    const [own] = await juliet.ask(`<message xml:lang='fr' type='groupchat' to='${room}' id='hysf1v37'>${inner}</message>`);
    const [copy] = await romeo.caughtUp();
    const attrs = { type: "groupchat", id: "hysf1v37", from: `${room}/juliet`, "xml:lang": "fr" };
    expect(own?.attrs).toEqual({ ...attrs, to: juliet.jid });
    expect(copy?.attrs).toEqual({ ...attrs, to: romeo.jid });
    expect(childrenOf(own)).toEqual(readXml(`<message>${inner}</message>`).children);
    expect(childrenOf(copy)).toEqual(childrenOf(own));
    // The same id of the room for all (XEP-0359).
    expect(childOf(copy, "stanza-id")).toEqual(childOf(own, "stanza-id"));
  });

  it("needs no body, and no id", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask(`<message type='groupchat' to='${room}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`);
    const [copy] = await romeo.caughtUp();
    expect(copy?.attrs["id"]).toBeUndefined();
    expect(childrenOf(copy).map((child) => (child as Xml).name)).toEqual(["composing"]);
  });

  it("keeps nothing that only the room says (section 17.3, XEP-0359 section 3)", async () => {
    const { room, romeo, juliet } = await pair();
    const forged = [
      `<x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x>`,
      `<stanza-id xmlns='urn:xmpp:sid:0' by='${room}' id='forged'/>`,
      `<stanza-id xmlns='urn:xmpp:sid:0' by=' ${room.toUpperCase()} ' id='forged'/>`,
      `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>`,
      `<delay xmlns='urn:xmpp:delay' from='${room}' stamp='2002-10-13T23:58:37Z'>forged</delay>`,
      `<x xmlns='jabber:x:delay' from='${room}' stamp='20021013T23:58:37'>forged</x>`,
    ].join("");
    const kept = "<stanza-id xmlns='urn:xmpp:sid:0' by='elsewhere.example' id='mine'/><origin-id xmlns='urn:xmpp:sid:0' id='o'/>";
    await juliet.ask(`<message type='groupchat' to='${room}' id='f'>${forged}<body>x</body>${kept}</message>`);
    const [copy] = await romeo.caughtUp();
    expect(showXml(copy!)).not.toContain("forged");
    expect(childrenOf(copy, ["occupant-id"]).map((child) => (child as Xml).name)).toEqual(["body", "stanza-id", "origin-id", "stanza-id"]);
    expect(childOf(copy, "x")).toBeUndefined();
  });

  it("of who is not in the room is refused with not-acceptable, whatever its type is, and reaches nobody", async () => {
    const { room, romeo } = await pair();
    const jids = await stage.cast("tybalt");
    const tybalt = await person(stage, jids.tybalt);
    const [refused] = await tybalt.ask(said(room, "x"));
    expect(refused?.attrs).toMatchObject({ type: "error", from: room, to: tybalt.jid, id: "x" });
    expect(errorOf(refused!)).toBe("not-acceptable");
    expect(await asked(tybalt, `<message to='${room}'><body>x</body></message>`)).toEqual(["error not-acceptable"]);
    // Another session of who is in it is not in it.
    const other = await person(stage, romeo.bare, "laptop");
    expect(await asked(other, said(room, "x"))).toEqual(["error not-acceptable"]);
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("of a visitor in a moderated room is refused with forbidden, and reaches nobody", async () => {
    const { room, romeo, juliet } = await pair({ moderated: true });
    const [refused] = await juliet.ask(said(room, "x"));
    expect([errorOf(refused!), childOf(refused, "error")?.attrs["type"]]).toEqual(["forbidden", "auth"]);
    expect(await heard(romeo)).toEqual([[]]);
    await assign(romeo, room, "juliet", "participant");
    expect(await asked(juliet, said(room, "x"))).toEqual(['juliet: "x"']);
  });
});

describe("XEP-0045 section 17.2: messages to a room", () => {
  it("of another type are refused with bad-request", async () => {
    const { room, romeo, juliet } = await pair();
    for (const type of ["chat", "normal", "headline"]) {
      expect(await asked(juliet, `<message type='${type}' to='${room}'><body>x</body></message>`), type).toEqual(["error bad-request"]);
    }
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("that is not there, or not yet unlocked, are refused with item-not-found", async () => {
    const jids = await stage.cast("romeo");
    const romeo = await person(stage, jids.romeo);
    const room = newRoom();
    expect(await asked(romeo, said(room, "x"))).toEqual(["error item-not-found"]);
    await romeo.ask(joining(room, "romeo"));
    expect(await asked(romeo, said(room, "x"))).toEqual(["error item-not-found"]);
    expect(await asked(romeo, `<message type='chat' to='${room}/romeo'><body>x</body></message>`)).toEqual(["error item-not-found"]);
    await configure(romeo, room, {});
    expect(await asked(romeo, said(room, "x"))).toEqual(['romeo: "x"']);
  });

  it("that are errors are answered by nobody", async () => {
    const { room, romeo, juliet } = await pair();
    expect(await juliet.ask(`<message type='error' to='${room}'><body>x</body></message>`)).toEqual([]);
    expect(await juliet.ask(`<message type='error' to='${newRoom()}'><body>x</body></message>`)).toEqual([]);
    expect(await heard(romeo)).toEqual([[]]);
  });
});

describe("XEP-0045 section 8.1: modifying the room subject", () => {
  it("is a moderator's by default, and told to all from who has done it", async () => {
    const { room, romeo, juliet } = await pair();
    const [own] = await romeo.ask(subjectOf(room, "Fire Burn"));
    expect(roomWords(own!)).toBe('romeo subject: "Fire Burn"');
    const [told] = await juliet.caughtUp();
    expect(told?.attrs).toMatchObject({ type: "groupchat", from: `${room}/romeo`, to: juliet.jid, id: "s" });
    expect(childrenOf(told)).toEqual(readXml("<message><subject>Fire Burn</subject></message>").children);
    const [refused] = await juliet.ask(subjectOf(room, "Cauldron"));
    expect([errorOf(refused!), childOf(refused, "error")?.attrs["type"]]).toEqual(["forbidden", "auth"]);
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("is a participant's too if the owners choose so, but no visitor's", async () => {
    const { room, romeo, juliet } = await pair({ changeSubject: true });
    expect(await asked(juliet, subjectOf(room, "Bubble"))).toEqual(['juliet subject: "Bubble"']);
    expect(await heard(romeo)).toEqual([['juliet subject: "Bubble"']]);
    await assign(romeo, room, "juliet", "visitor");
    expect(await asked(juliet, subjectOf(room, "Toil"))).toEqual(["error forbidden"]);
  });

  it("takes a subject with neither body nor thread: what has one of them is a message", async () => {
    const { room, romeo, juliet } = await pair();
    expect(await asked(juliet, subjectOf(room, "s", "<body>b</body>"))).toEqual(['juliet: "b"']);
    expect(await asked(juliet, subjectOf(room, "s", "<thread>t</thread>"))).toEqual(['juliet subject: "s"']);
    expect(await heard(romeo)).toEqual([['juliet: "b"', 'juliet subject: "s"']]);
    const jids = await stage.cast("nurse");
    const last = (await (await person(stage, jids.nurse)).ask(joining(room, "nurse"))).at(-1);
    expect(textOf(childOf(last, "subject"))).toBe("");
    expect(last?.attrs["from"]).toBe(room);
  });

  it("is known by what clients read as such: a body or subject of another namespace is none", async () => {
    const { room, romeo, juliet } = await pair();
    for (const beside of ["<body xmlns='urn:example'>b</body>", "<thread xmlns='urn:example'>t</thread>"]) {
      expect(await asked(juliet, subjectOf(room, "Cauldron", beside)), beside).toEqual(["error forbidden"]);
    }
    expect(await heard(romeo)).toEqual([[]]);
    await romeo.ask(subjectOf(room, "Fire", "<body xmlns='urn:example'/>"));
    await romeo.ask(`<message type='groupchat' to='${room}'><subject xmlns='urn:example'>none</subject></message>`);
    const last = (await (await person(stage, juliet.bare, "laptop")).ask(joining(room, "juliet"))).at(-1);
    expect([last?.attrs["from"], textOf(childOf(last, "subject"))]).toEqual([`${room}/romeo`, "Fire"]);
  });

  it("may take it away", async () => {
    const { room, romeo, juliet } = await pair();
    await romeo.ask(subjectOf(room, "Fire"));
    await romeo.ask(`<message type='groupchat' to='${room}'><subject/></message>`);
    expect(await heard(juliet)).toEqual([['romeo subject: "Fire"', 'romeo subject: ""']]);
    const laptop = await person(stage, juliet.bare, "laptop");
    expect((await entered(laptop, room, "juliet")).at(-1)).toBe('romeo subject: "" (delayed)');
  });
});
