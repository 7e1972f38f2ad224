/** From one occupant to another: messages (XEP-0045 section 7.5) and requests (section 17.4). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { relayedRequestMs } from "../../src/domain/limits.ts";
import { HandClock } from "../management/clock.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { assign, configure, madeRoom, roomFacts } from "./facts.ts";
import { entered, errorOf, heard, leaving, newRoom, person, roomWords, said, userNamespace } from "./setting.ts";

const clock = new HandClock();
let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts], parts: { clock } });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Romeo, who owns it, and two others are in a room; what was said of that is gone. */
async function three(changes: Parameters<typeof madeRoom>[3] = {}) {
  const jids = await stage.cast("romeo", "juliet", "nurse");
  const [romeo, juliet, nurse] = [await person(stage, jids.romeo), await person(stage, jids.juliet), await person(stage, jids.nurse)];
  const room = newRoom();
  await madeRoom(romeo, room, "romeo", changes);
  await entered(juliet, room, "juliet");
  await entered(nurse, room, "nurse");
  await Promise.all([romeo.caughtUp(), juliet.caughtUp()]);
  return { room, romeo, juliet, nurse };
}

const asked = async (client: BoundClient, text: string): Promise<readonly string[]> => (await client.ask(text)).map(roomWords);
const whisper = (to: string, body = "psst", attrs = "type='chat'"): string => `<message ${attrs} to='${to}' id='${body}'><body>${body}</body></message>`;
/** Without the ids that servers add, which have tests of their own. */
const passedOn = (message: Xml | undefined) => message?.children.filter((child) => typeof child === "string" || !["occupant-id", "stanza-id"].includes(child.name));
const errorElement = (stanza: Xml | undefined): Xml | undefined => childOf(stanza, "error");

describe("XEP-0045 section 7.5: sending a private message", () => {
  it("reaches one occupant alone, from the sender's occupant JID, with its id, and with <x/>", async () => {
    const { room, romeo, juliet, nurse } = await three();
    expect(await juliet.ask(whisper(`${room}/romeo`, "hgn27af1", "type='chat' xml:lang='fr'"))).toEqual([]);
    const [message] = await romeo.caughtUp();
    expect(message?.attrs).toEqual({ type: "chat", id: "hgn27af1", from: `${room}/juliet`, to: romeo.jid, "xml:lang": "fr" });
    expect(passedOn(message)).toEqual(
      readXml(`<message><body>hgn27af1</body><x xmlns='${userNamespace}'/></message>`).children,
    );
    expect(await heard(nurse)).toEqual([[]]);
    expect(showXml(message!)).not.toContain(juliet.bare);
  });

  it("may have no type, and has one <x/>, which is the room's", async () => {
    const { room, romeo, juliet } = await three();
    await juliet.ask(`<message to='${room}/romeo'><body>b</body><x xmlns='${userNamespace}'><item jid='a@b'/></x><stanza-id xmlns='urn:xmpp:sid:0' by='${room}' id='1'/></message>`);
    const [message] = await romeo.caughtUp();
    expect(message?.attrs["type"]).toBeUndefined();
    expect(passedOn(message)).toEqual(
      readXml(`<message><body>b</body><x xmlns='${userNamespace}'/></message>`).children,
    );
  });

  it("reaches all sessions of the occupant", async () => {
    const { room, romeo, juliet } = await three();
    const laptop = await person(stage, romeo.bare, "laptop");
    await entered(laptop, room, "romeo");
    await romeo.caughtUp();
    await juliet.ask(whisper(`${room}/romeo`));
    expect(await heard(romeo, laptop)).toEqual([['juliet: "psst"'], ['juliet: "psst"']]);
  });

  it("of type groupchat is refused with bad-request", async () => {
    const { room, romeo, juliet } = await three();
    const [refused] = await juliet.ask(whisper(`${room}/romeo`, "p", "type='groupchat'"));
    expect(refused?.attrs).toMatchObject({ type: "error", from: `${room}/romeo`, id: "p" });
    expect([errorOf(refused!), errorElement(refused)?.attrs]).toEqual(["bad-request", { type: "modify", by: room }]);
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("to nobody is refused with item-not-found", async () => {
    const { room, juliet, romeo } = await three();
    expect(await asked(juliet, whisper(`${room}/tybalt`))).toEqual(["error item-not-found"]);
    await romeo.ask(`<presence to='${room}/montague'/>`);
    await juliet.caughtUp();
    expect(await asked(juliet, whisper(`${room}/romeo`))).toEqual(["error item-not-found"]);
  });

  it("of who is not in the room is refused with not-acceptable", async () => {
    const { room, romeo, juliet } = await three();
    await juliet.ask(leaving(room, "juliet"));
    await romeo.caughtUp();
    expect(await asked(juliet, whisper(`${room}/romeo`))).toEqual(["error not-acceptable"]);
    expect(await asked(juliet, whisper(`${room}/tybalt`))).toEqual(["error not-acceptable"]);
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("is for whom the owners choose, and refused to others with forbidden (muc#roomconfig_allowpm)", async () => {
    const { room, romeo, juliet } = await three();
    const may = {
      anyone: ["visitor", "participant", "moderator"],
      participants: ["participant", "moderator"],
      moderators: ["moderator"],
      none: [],
    } as const;
    for (const [privateMessages, roles] of Object.entries(may)) {
      await configure(romeo, room, { privateMessages: privateMessages as keyof typeof may });
      for (const role of ["visitor", "participant", "moderator"] as const) {
        await assign(romeo, room, "juliet", role);
        const allowed = (roles as readonly string[]).includes(role);
        expect(await asked(juliet, whisper(`${room}/nurse`)), `${privateMessages}, ${role}`).toEqual(allowed ? [] : ["error forbidden"]);
      }
    }
  });

  it("that comes back as an error goes back to the sender, by its occupant JID", async () => {
    const { room, romeo, juliet, nurse } = await three();
    await juliet.ask(whisper(`${room}/romeo`, "id1"));
    await romeo.caughtUp();
    const inner = `<error type='cancel' by='${romeo.jid}'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
    expect(await romeo.ask(`<message type='error' id='id1' to='${room}/juliet'>${inner}</message>`)).toEqual([]);
    const [returned, ...rest] = await juliet.caughtUp();
    expect(rest).toEqual([]);
    expect(returned?.attrs).toMatchObject({ type: "error", id: "id1", from: `${room}/romeo`, to: juliet.jid });
    expect(errorOf(returned!)).toBe("not-allowed");
    expect(showXml(returned!)).not.toContain(romeo.bare);
    expect(await heard(nurse)).toEqual([[]]);
    // It is in the room still: what one occupant may not do is no sign that another is gone.
    expect(await asked(romeo, said(room, "x"))).toEqual(['romeo: "x"']);
  });

  it("is no way to write to who could not have written, nor to who has blocked the writer (XEP-0191)", async () => {
    const { room, romeo, juliet } = await three();
    const failed = (to: string): string =>
      `<message type='error' id='e' to='${room}/${to}'><body>psst</body><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`;
    await configure(romeo, room, { privateMessages: "moderators" });
    await romeo.ask(failed("juliet"));
    expect(await heard(juliet)).toEqual([[]]);
    await juliet.ask(failed("romeo"));
    expect(await heard(romeo)).toEqual([["error not-allowed"]]);
    await romeo.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${room}/juliet'/></block></iq>`);
    await juliet.ask(failed("romeo"));
    expect(await heard(romeo)).toEqual([[]]);
  });
});

describe("XEP-0045 section 17.4: requests of occupants to each other", () => {
  const request = (to: string, id = "v1", payload = "<query xmlns='jabber:iq:version'/>", type = "get"): string => `<iq type='${type}' id='${id}' to='${to}'>${payload}</iq>`;
  const answer = (iq: Xml | undefined, payload = "<query xmlns='jabber:iq:version'><name>x</name></query>", type = "result"): string =>
    `<iq type='${type}' id='${iq?.attrs["id"]}' to='${iq?.attrs["from"]}'>${payload}</iq>`;

  it("come from the asker's occupant JID under an id of the room, and the answer finds the way back; neither learns who the other is", async () => {
    const { room, romeo, juliet, nurse } = await three();
    expect(await juliet.ask(request(`${room}/nurse`))).toEqual([]);
    const [iq, ...rest] = await nurse.caughtUp();
    expect(rest).toEqual([]);
    expect(iq?.attrs).toMatchObject({ type: "get", from: `${room}/juliet`, to: nurse.jid });
    expect(iq?.attrs["id"]).not.toBe("v1");
    expect(iq?.children).toEqual(readXml("<iq><query xmlns='jabber:iq:version'/></iq>").children);
    expect(showXml(iq!)).not.toContain(juliet.bare);
    await nurse.ask(answer(iq));
    const [result] = await juliet.caughtUp();
    expect(result?.attrs).toMatchObject({ type: "result", id: "v1", from: `${room}/nurse`, to: juliet.jid });
    expect(textOf(childOf(childOf(result, "query"), "name"))).toBe("x");
    expect(showXml(result!)).not.toContain(nurse.bare);
    // Once.
    await nurse.ask(answer(iq));
    expect(await heard(juliet, romeo)).toEqual([[], []]);
  });

  it("of type set are handed on too, and errors come back without real addresses", async () => {
    const { room, juliet, nurse } = await three();
    await juliet.ask(request(`${room}/nurse`, "s1", "<query xmlns='jabber:iq:x'/>", "set"));
    const [iq] = await nurse.caughtUp();
    expect(iq?.attrs["type"]).toBe("set");
    const error = `<error type='cancel' by='${nurse.jid}'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
    await nurse.ask(answer(iq, error, "error"));
    const [refused] = await juliet.caughtUp();
    expect(refused?.attrs).toMatchObject({ type: "error", id: "s1", from: `${room}/nurse` });
    expect([errorOf(refused!), errorElement(refused)?.attrs]).toEqual(["service-unavailable", { type: "cancel" }]);
  });

  it("find the very session that has asked, and are asked of one session", async () => {
    const { room, juliet, nurse } = await three();
    const laptop = await person(stage, juliet.bare, "laptop");
    const tablet = await person(stage, nurse.bare, "tablet");
    await entered(laptop, room, "juliet");
    await entered(tablet, room, "nurse");
    await Promise.all([juliet, laptop, nurse].map((client) => client.caughtUp()));
    await laptop.ask(request(`${room}/nurse`, "same"));
    await juliet.ask(request(`${room}/nurse`, "same"));
    // Of the one that has spoken last.
    const [first, second] = await tablet.caughtUp();
    expect(await nurse.caughtUp()).toEqual([]);
    await tablet.ask(answer(second, "<query xmlns='jabber:iq:version'><name>2</name></query>"));
    await tablet.ask(answer(first, "<query xmlns='jabber:iq:version'><name>1</name></query>"));
    const names = (stanzas: readonly Xml[]) => stanzas.map((stanza) => textOf(childOf(childOf(stanza, "query"), "name")));
    expect([names(await juliet.caughtUp()), names(await laptop.caughtUp())]).toEqual([["2"], ["1"]]);
  });

  it("to the own nick reach one of the own sessions", async () => {
    const { room, juliet } = await three();
    const laptop = await person(stage, juliet.bare, "laptop");
    await entered(laptop, room, "juliet");
    await juliet.caughtUp();
    await juliet.ask(request(`${room}/juliet`));
    const [iq] = await laptop.caughtUp();
    expect(iq?.attrs["from"]).toBe(`${room}/juliet`);
    await laptop.ask(answer(iq));
    expect((await juliet.caughtUp()).map(({ attrs }) => [attrs["type"], attrs["id"], attrs["from"]])).toEqual([["result", "v1", `${room}/juliet`]]);
  });

  it("are answered after either has another nick", async () => {
    const { room, juliet, nurse } = await three();
    await juliet.ask(request(`${room}/nurse`));
    const [iq] = await nurse.caughtUp();
    await nurse.ask(`<presence to='${room}/Angelica'/>`);
    await juliet.ask(`<presence to='${room}/jule'/>`);
    await nurse.ask(answer(iq));
    expect((await juliet.caughtUp()).map(({ attrs }) => [attrs["type"], attrs["id"], attrs["from"]])).toEqual([["result", "v1", `${room}/nurse`]]);
  });

  it("are refused where there is no such occupant, where the asker is none, and where there is no room", async () => {
    const { room, juliet, nurse } = await three();
    expect(await asked(juliet, request(`${room}/tybalt`))).toEqual(["error item-not-found"]);
    await juliet.ask(leaving(room, "juliet"));
    await nurse.caughtUp();
    const [refused] = await juliet.ask(request(`${room}/nurse`));
    expect([errorOf(refused!), errorElement(refused)?.attrs["by"]]).toEqual(["not-acceptable", room]);
    expect(await asked(juliet, request(`${newRoom()}/nurse`))).toEqual(["error not-acceptable"]);
    expect(await heard(nurse)).toEqual([[]]);
  });

  it("are answered by the room when who was asked leaves", async () => {
    const { room, juliet, nurse } = await three();
    await juliet.ask(request(`${room}/nurse`));
    const [iq] = await nurse.caughtUp();
    await nurse.ask(leaving(room, "nurse"));
    const [failed, left] = await juliet.caughtUp();
    expect([failed?.attrs["id"], errorOf(failed!), roomWords(left!)]).toEqual(["v1", "recipient-unavailable", "nurse unavailable: none/none"]);
    await nurse.ask(answer(iq));
    expect(await heard(juliet)).toEqual([[]]);
  });

  it("cannot be answered by another, nor through another room", async () => {
    const { room, romeo, juliet, nurse } = await three();
    await juliet.ask(request(`${room}/nurse`));
    const [iq] = await nurse.caughtUp();
    await romeo.ask(answer(iq));
    const other = newRoom();
    await madeRoom(nurse, other, "nurse");
    await nurse.ask(`<iq type='result' id='${iq?.attrs["id"]}' to='${other}/juliet'/>`);
    await nurse.ask(`<iq type='result' id='guessed' to='${room}/juliet'/>`);
    expect(await heard(juliet)).toEqual([[]]);
    await nurse.ask(answer(iq));
    expect((await juliet.caughtUp()).map(({ attrs }) => attrs["type"])).toEqual(["result"]);
  });

  it("wait for at most 100 answers of one session; others may ask", async () => {
    const { room, romeo, juliet, nurse } = await three();
    for (let index = 0; index < 101; index++) juliet.send(request(`${room}/nurse`, `v${index}`));
    const refused = await juliet.caughtUp();
    expect(refused.map((stanza) => [stanza.attrs["id"], errorOf(stanza)])).toEqual([["v100", "resource-constraint"]]);
    const iqs = await nurse.caughtUp();
    expect(iqs.length).toBe(100);
    expect(new Set(iqs.map(({ attrs }) => attrs["id"])).size).toBe(100);
    expect(await romeo.ask(request(`${room}/nurse`))).toEqual([]);
    await nurse.ask(answer(iqs[7]));
    expect((await juliet.caughtUp()).map(({ attrs }) => attrs["id"])).toEqual(["v7"]);
    expect(await juliet.ask(request(`${room}/nurse`, "again"))).toEqual([]);
  });

  it("are answered by the room when nobody else does", async () => {
    const { room, juliet, nurse } = await three();
    await juliet.ask(request(`${room}/nurse`));
    const [iq] = await nurse.caughtUp();
    clock.forward(relayedRequestMs + 1);
    const [failed] = await juliet.caughtUp();
    expect([failed?.attrs["id"], failed?.attrs["from"], errorOf(failed!)]).toEqual(["v1", `${room}/nurse`, "remote-server-timeout"]);
    await nurse.ask(answer(iq));
    expect(await heard(juliet)).toEqual([[]]);
  });

  it("for a vCard go to the account, which answers in the occupant's place (XEP-0054 section 3.3)", async () => {
    const { room, juliet, nurse } = await three();
    const vcard = "<vCard xmlns='vcard-temp'/>";
    juliet.send(request(`${room}/nurse`, "c1", vcard));
    const none = await juliet.next();
    expect([none.attrs["id"], none.attrs["from"], errorOf(none)]).toEqual(["c1", `${room}/nurse`, "service-unavailable"]);
    nurse.send("<iq type='set' id='c'><vCard xmlns='vcard-temp'><FN>Angelica</FN></vCard></iq>");
    expect((await nurse.next()).attrs).toMatchObject({ type: "result", id: "c" });
    juliet.send(request(`${room}/nurse`, "c2", vcard));
    const card = await juliet.next();
    expect(card.attrs).toMatchObject({ type: "result", id: "c2", from: `${room}/nurse`, to: juliet.jid });
    expect(textOf(childOf(childOf(card, "vCard"), "FN"))).toBe("Angelica");
    expect(showXml(card)).not.toContain(nurse.bare);
    // The client is not asked.
    expect(await heard(nurse)).toEqual([[]]);
  });
});
