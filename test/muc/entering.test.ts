/** Coming into a room, and not being let in (XEP-0045 sections 7.1 to 7.2.12, 7.2.17, 7.2.18 and 17.3). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { affiliate, configure, madeRoom, roomFacts } from "./facts.ts";
import { entered, errorOf, heard, itemOf, joining, leaving, mucNamespace, newRoom, person, roomWords, said, statusCodes, userPart } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

async function people<Name extends string>(...names: readonly Name[]) {
  const jids = await stage.cast(...names);
  const clients = await Promise.all(names.map(async (name) => [name, await person(stage, jids[name])] as const));
  return Object.fromEntries(clients) as Readonly<Record<Name, Awaited<ReturnType<typeof person>>>>;
}

const presences = (stanzas: readonly Xml[]): readonly Xml[] => stanzas.filter(({ name }) => name === "presence");
const errorElement = (stanza: Xml | undefined): Xml | undefined => childOf(stanza, "error");

describe("XEP-0045 section 7.1: the order of events", () => {
  it("is: the others, oneself, what was said, the subject, and what happens then", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { archive: true });
    await romeo.ask(`<message type='groupchat' to='${room}'><subject>Fire</subject></message>`);
    await romeo.ask(said(room, "one"));
    await entered(nurse, room, "nurse");
    juliet.send(joining(room, "juliet"));
    juliet.send(said(room, "two"));
    expect((await juliet.caughtUp()).map(roomWords)).toEqual([
      "romeo: moderator/owner",
      "nurse: participant/none",
      "juliet: participant/none [110 170]",
      'romeo: "one" (delayed)',
      'romeo subject: "Fire" (delayed)',
      'juliet: "two"',
    ]);
  });
});

describe("XEP-0045 section 7.2.1: entering", () => {
  it("without a nick is refused as jid-malformed", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    const [answer] = await juliet.ask(`<presence id='n1' to='${room}'><x xmlns='${mucNamespace}'/></presence>`);
    expect(answer?.attrs).toMatchObject({ type: "error", from: room, to: juliet.jid, id: "n1" });
    expect(errorElement(answer)?.attrs).toEqual({ type: "modify", by: room });
    expect(errorOf(answer!)).toBe("jid-malformed");
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("is refused with an error that comes from the room, says so, and has the mark of rooms", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { password: "cauldron" });
    const [answer] = await juliet.ask(joining(room, "juliet", "<password>wrong</password>"));
    expect(answer?.attrs).toEqual({ type: "error", from: `${room}/juliet`, to: juliet.jid });
    // Not the password.
    expect(childOf(answer, "x")).toEqual({ name: "x", xmlns: mucNamespace, attrs: {}, children: [] });
    expect(errorElement(answer)?.attrs).toEqual({ type: "auth", by: room });
  });
});

describe("XEP-0045 section 17.1: a nick", () => {
  it("that nobody can see is refused", async () => {
    const { romeo } = await people("romeo");
    const room = newRoom();
    for (const nick of ["\u2800", "\u2800 \u00A0", " ", "\u3164", "\u200B"]) {
      const answers = await romeo.ask(joining(room, nick));
      expect(answers.map(roomWords), JSON.stringify(nick)).toEqual(["error jid-malformed"]);
    }
  });
});

describe("XEP-0045 section 7.2.2: presence broadcast", () => {
  it("tells the newcomer of all, and all of the newcomer, with role and affiliation in one <x/>", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    await affiliate(romeo, room, nurse.bare, "member");
    expect(await entered(nurse, room, "nurse")).toEqual(["romeo: moderator/owner", "nurse: participant/member [110 170]", 'subject: ""']);
    const told = presences(await juliet.ask(joining(room, "juliet", "", "<show>xa</show><status>au clair de lune</status>").replace("<presence", "<presence xml:lang='fr'")));
    expect(told.map(roomWords)).toEqual(["romeo: moderator/owner", "nurse: participant/member", "juliet: participant/none [110 170]"]);
    for (const stanza of told) expect(stanza.children.filter((child) => typeof child !== "string" && child.name === "x").length).toBe(1);
    const [[copy], [other]] = [await romeo.caughtUp().then(presences).then((all) => all.slice(-1)), presences(await nurse.caughtUp())];
    expect(textOf(childOf(copy, "status"))).toBe("au clair de lune");
    // Section 13.
    expect(copy?.attrs).toEqual({ from: `${room}/juliet`, to: romeo.jid, "xml:lang": "fr" });
    expect(roomWords(other!)).toBe("juliet: participant/none");
  });

  it("gives the newcomer the id of its presence back, and nobody else", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    const told = presences(await juliet.ask(`<presence id='n13mt3l' to='${room}/juliet'><x xmlns='${mucNamespace}'/></presence>`));
    expect(told.map(({ attrs }) => attrs["id"])).toEqual([undefined, "n13mt3l"]);
    expect((await romeo.caughtUp())[0]?.attrs["id"]).toBeUndefined();
  });

  it("is only of the roles that the owners choose, but everybody is told of itself (muc#roomconfig_presencebroadcast)", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { moderated: true, presenceOf: ["moderator", "participant"] });
    expect(await entered(juliet, room, "juliet")).toEqual(["romeo: moderator/owner", "juliet: visitor/none [110 170]", 'subject: ""']);
    expect(await entered(nurse, room, "nurse")).toEqual(["romeo: moderator/owner", "nurse: visitor/none [110 170]", 'subject: ""']);
    expect((await juliet.ask(`<presence to='${room}/juliet'><show>away</show></presence>`)).map(roomWords)).toEqual(["juliet: visitor/none [110]"]);
    expect((await juliet.ask(`<presence to='${room}/jule'/>`)).map(roomWords)).toEqual(["juliet unavailable: visitor/none as jule [110 303]", "jule: visitor/none [110]"]);
    expect((await juliet.ask(leaving(room, "jule"))).map(roomWords)).toEqual(["jule unavailable: none/none [110]"]);
    expect(await heard(romeo, nurse)).toEqual([[], []]);
  });

  it("passes on what an occupant says of itself, but nothing that only the room says (section 17.3)", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    const forged = [
      `<x xmlns='${mucNamespace}#user'><item role='moderator' affiliation='owner'/><status code='307'/></x>`,
      `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='mine'/>`,
      `<delay xmlns='urn:xmpp:delay' from='${room}' stamp='2002-10-13T23:58:37Z'/>`,
      `<stanza-id xmlns='urn:xmpp:sid:0' by='${room}' id='forged'/>`,
    ].join("");
    const own = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x' ver='y'/><nick xmlns='http://jabber.org/protocol/nick'>J</nick>";
    await juliet.ask(joining(room, "juliet", "", forged + own));
    const [shown] = await romeo.caughtUp();
    const names = shown?.children.map((child) => (typeof child === "string" ? child : child.name));
    expect(names?.filter((name) => name !== "occupant-id")).toEqual(["c", "nick", "x"]);
    expect(showXml(shown!)).not.toContain("mine");
    expect(roomWords(shown!)).toBe("juliet: participant/none");
    await juliet.ask(`<presence type='unavailable' to='${room}/juliet'>${forged}<status>bye</status></presence>`);
    const [last] = await romeo.caughtUp();
    expect(roomWords(last!)).toBe("juliet unavailable: none/none");
    expect(textOf(childOf(last, "status"))).toBe("bye");
    expect(showXml(last!)).not.toContain("forged");
  });

  it("refuses presence that is too much for everybody", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    const much = `<status>${"x".repeat(8_200)}</status>`;
    expect((await juliet.ask(joining(room, "juliet", "", much))).map(roomWords)).toEqual(["error policy-violation"]);
    expect((await juliet.ask(joining(newRoom(), "juliet", "", much))).map(roomWords)).toEqual(["error policy-violation"]);
    await entered(juliet, room, "juliet");
    expect((await juliet.ask(`<presence to='${room}/juliet'>${much}</presence>`)).map(roomWords)).toEqual(["error policy-violation"]);
    expect((await juliet.ask(`<presence to='${room}/jule'>${much}</presence>`)).map(roomWords)).toEqual(["error policy-violation"]);
    expect((await juliet.ask(`<presence type='unavailable' to='${room}/juliet'>${much}</presence>`)).map(roomWords)).toEqual(["juliet unavailable: none/none [110]"]);
    const told = await romeo.caughtUp();
    expect(told.map(roomWords)).toEqual(["juliet: participant/none", "juliet unavailable: none/none"]);
    expect(childOf(told[1], "status")).toBeUndefined();
  });
});

describe("XEP-0045 sections 7.2.3 and 7.2.4: who sees real JIDs", () => {
  it("is everybody in a non-anonymous room, and the newcomer is warned with 100", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { whois: "anyone" });
    await entered(nurse, room, "nurse");
    const told = presences(await juliet.ask(joining(room, "juliet")));
    expect(told.map((stanza) => itemOf(stanza)?.attrs["jid"])).toEqual([romeo.jid, nurse.jid, juliet.jid]);
    expect(told.map(statusCodes)).toEqual([[], [], ["100", "110", "170"]]);
    expect((await nurse.caughtUp()).map((stanza) => itemOf(stanza)?.attrs["jid"])).toEqual([juliet.jid]);
  });

  it("is a moderator alone in a semi-anonymous one, of what happens later too", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    await entered(nurse, room, "nurse");
    await romeo.caughtUp();
    const told = presences(await juliet.ask(joining(room, "juliet")));
    expect(told.map((stanza) => itemOf(stanza)?.attrs["jid"])).toEqual([undefined, undefined, juliet.jid]);
    expect(told.map(statusCodes)).toEqual([[], [], ["110", "170"]]);
    await juliet.ask(`<presence to='${room}/juliet'><show>dnd</show></presence>`);
    await juliet.ask(`<presence to='${room}/jule'/>`);
    await juliet.ask(leaving(room, "jule"));
    const [seenByModerator, seenByOther] = [await romeo.caughtUp(), await nurse.caughtUp()];
    expect(seenByModerator.map((stanza) => itemOf(stanza)?.attrs["jid"])).toEqual(Array.from({ length: 5 }, () => juliet.jid));
    expect(seenByOther.map((stanza) => itemOf(stanza)?.attrs["jid"])).toEqual(Array.from({ length: 5 }, () => undefined));
    expect(seenByOther.map((stanza) => showXml(stanza)).join("")).not.toContain(juliet.bare);
  });
});

describe("XEP-0045 sections 7.2.5 to 7.2.10: who is not let in", () => {
  it("has no password, or a wrong one: not-authorized; the owner is asked for it too", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { password: "cauldron", persistent: true });
    expect(await entered(juliet, room, "juliet")).toEqual(["error not-authorized"]);
    expect(await entered(juliet, room, "juliet", "<password>Cauldron</password>")).toEqual(["error not-authorized"]);
    expect(await entered(juliet, room, "juliet", "<password>cauldron</password>")).toEqual(["romeo: moderator/owner", "juliet: participant/none [110 170]", 'subject: ""']);
    await romeo.ask(leaving(room, "romeo"));
    expect(await entered(romeo, room, "romeo")).toEqual(["error not-authorized"]);
  });

  it("is no member of a members-only room: registration-required", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { membersOnly: true });
    await affiliate(romeo, room, nurse.bare, "member");
    const [refused] = await juliet.ask(joining(room, "juliet"));
    expect(errorElement(refused)?.attrs["type"]).toBe("auth");
    expect(errorOf(refused!)).toBe("registration-required");
    expect((await entered(nurse, room, "nurse")).at(-2)).toBe("nurse: participant/member [110 170]");
  });

  it("is banned, or of a banned domain: forbidden", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    await affiliate(romeo, room, juliet.bare, "outcast");
    expect(await entered(juliet, room, "juliet")).toEqual(["error forbidden"]);
    await affiliate(romeo, room, juliet.bare, "none");
    await affiliate(romeo, room, "localhost", "outcast");
    expect(await entered(juliet, room, "juliet")).toEqual(["error forbidden"]);
  });

  it("asks for the nick of another: conflict; so does who asks for one that is reserved, while its owner may have it", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    await affiliate(romeo, room, nurse.bare, "member", "Nurse");
    const [refused] = await juliet.ask(joining(room, "romeo"));
    expect([errorOf(refused!), errorElement(refused)?.attrs["type"]]).toEqual(["conflict", "cancel"]);
    expect(await entered(juliet, room, "nurse")).toEqual(["error conflict"]);
    expect((await entered(nurse, room, "Nurse")).at(-2)).toBe("Nurse: participant/member [110 170]");
  });

  it("is one too many: service-unavailable of type wait; but owners and admins come in", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { maxUsers: 1 });
    const [refused] = await juliet.ask(joining(room, "juliet"));
    expect([errorOf(refused!), errorElement(refused)?.attrs["type"]]).toEqual(["service-unavailable", "wait"]);
    await affiliate(romeo, room, nurse.bare, "admin");
    expect((await entered(nurse, room, "nurse")).at(-2)).toBe("nurse: moderator/admin [110 170]");
    // Another session of who is in it takes no more room.
    const other = await person(stage, romeo.bare, "laptop");
    expect((await entered(other, room, "romeo")).at(-2)).toBe("romeo: moderator/owner [110 170]");
  });

  it("comes before the room is configured: item-not-found; its owner may come with another session", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await romeo.ask(joining(room, "romeo"));
    expect(await entered(juliet, room, "juliet")).toEqual(["error item-not-found"]);
    const other = await person(stage, romeo.bare, "laptop");
    expect((await entered(other, room, "romeo")).at(-2)).toBe("romeo: moderator/owner [110 170]");
    await configure(romeo, room, {});
    expect((await entered(juliet, room, "juliet")).at(-2)).toBe("juliet: participant/none [110 170]");
  });
});

describe("XEP-0045 section 7.2.12: a room that keeps what is said", () => {
  it("says so with 170, and one that does not is silent about it", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { archive: false });
    expect((await entered(juliet, room, "juliet")).at(-2)).toBe("juliet: participant/none [110]");
  });
});

describe("XEP-0045 section 5.1.2: the role on entering", () => {
  it("follows from the affiliation and the type of the room", async () => {
    const { romeo, juliet, nurse } = await people("romeo", "juliet", "nurse");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { moderated: true });
    await affiliate(romeo, room, nurse.bare, "member");
    expect((await entered(juliet, room, "juliet")).at(-2)).toBe("juliet: visitor/none [110 170]");
    expect((await entered(nurse, room, "nurse")).at(-2)).toBe("nurse: participant/member [110 170]");
  });
});

describe("XEP-0045 section 7.2.18: presence without <x/> of who is not in the room", () => {
  const kick = (stanza: Xml | undefined) => ({ words: roomWords(stanza!), reason: textOf(childOf(childOf(userPart(stanza!), "item"), "reason")) });

  it("is answered by a kick with 110, 307 and 333: its client believes to be in it", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    const answers = await juliet.ask(`<presence to='${room}/juliet'><show>away</show></presence>`);
    expect(answers.map(kick)).toEqual([{ words: "juliet unavailable: none/none [110 307 333]", reason: "You are not in the room." }]);
    expect(answers[0]?.attrs["from"]).toBe(`${room}/juliet`);
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("makes no room, and tells nobody whether there is one", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    expect((await juliet.ask(`<presence to='${room}/juliet'/>`)).map(kick)[0]?.words).toBe("juliet unavailable: none/none [110 307 333]");
    // It is still to be made.
    expect((await entered(romeo, room, "romeo"))[0]).toBe("romeo: moderator/owner [110 170 201]");
    expect((await juliet.ask(`<presence to='${room}/juliet'/>`)).map(kick)[0]?.words).toBe("juliet unavailable: none/none [110 307 333]");
  });
});

describe("XEP-0045 section 17.3: who enters and is in the room already", () => {
  it("is told all anew; the others are told only what is new", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    await romeo.ask(said(room, "one"));
    const first = await entered(juliet, room, "juliet");
    expect(first).toEqual(["romeo: moderator/owner", "juliet: participant/none [110 170]", 'romeo: "one" (delayed)', 'subject: ""']);
    await romeo.caughtUp();
    expect(await entered(juliet, room, "juliet")).toEqual(first);
    expect(await heard(romeo)).toEqual([[]]);
    const again = await juliet.ask(joining(room, "juliet", "", "<show>away</show>"));
    expect(again.map(roomWords)).toEqual(first);
    expect(textOf(childOf(again[1], "show"))).toBe("away");
    expect((await romeo.caughtUp()).map((stanza) => textOf(childOf(stanza, "show")))).toEqual(["away"]);
  });

  it("is no request to enter or to leave if it has another type, and to leave a room in which one is not does nothing", async () => {
    const { romeo, juliet } = await people("romeo", "juliet");
    const room = newRoom();
    await madeRoom(romeo, room, "romeo");
    await entered(romeo, room, "romeo");
    expect(await juliet.ask(`<presence type='probe' to='${room}/juliet'><x xmlns='${mucNamespace}'/></presence>`)).toEqual([]);
    expect(await juliet.ask(leaving(room, "juliet"))).toEqual([]);
    expect(await juliet.ask(leaving(newRoom(), "juliet"))).toEqual([]);
    expect(await romeo.ask(`<presence type='probe' to='${room}/romeo'/>`)).toEqual([]);
    // It is still in it.
    expect((await romeo.ask(said(room, "here"))).map(roomWords)).toEqual(['romeo: "here"']);
  });
});
