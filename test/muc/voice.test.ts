/** Asking for voice, and giving it on request (XEP-0045 sections 7.13 and 8.6). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { voiceRequestMs, voiceRequestsMax } from "../../src/domain/limits.ts";
import { liveClock } from "../../src/live.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { asked, inRoom, told } from "./asking.ts";
import { affiliate, assign, roomFacts } from "./facts.ts";
import { entered, joining, leaving, mucNamespace, person, said } from "./setting.ts";

let server: TestServer;
let stage: Stage;
/** Milliseconds that the server's clock is ahead. */
let ahead = 0;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts], parts: { clock: { ...liveClock, now: () => liveClock.now() + ahead } } });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const form = (fields: Readonly<Record<string, string>>, type = "submit"): string =>
  `<x xmlns='jabber:x:data' type='${type}'>${Object.entries({ FORM_TYPE: `${mucNamespace}#request`, ...fields }).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`).join("")}</x>`;
const message = (room: string, content: string, attrs = ""): string => `<message to='${room}' id='voice' ${attrs}>${content}</message>`;
const request = (room: string): string => message(room, form({ "muc#role": "participant" }));
const approval = (room: string, jid: string, nick: string, allow = "true", role = "participant"): string =>
  message(room, form({ "muc#role": role, "muc#jid": jid, "muc#roomnick": nick, "muc#request_allow": allow }));

/** The fields of the form in a message, with their values. */
function fieldsOf(stanza: Xml | undefined): Readonly<Record<string, string>> {
  const x = childOf(stanza, "x");
  const fields = (x?.children ?? []).filter((child): child is Xml => typeof child !== "string" && child.name === "field");
  return Object.fromEntries(fields.map((field) => [field.attrs["var"] ?? "", textOf(childOf(field, "value"))]));
}

const moderatedRoom = () => inRoom(stage, { moderated: true }, "romeo", "juliet", "nurse");

describe("XEP-0045 sections 7.13 and 8.6: voice requests", () => {
  it("go to the moderators as a form, and are granted by one who submits it", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await moderatedRoom();
    expect(await asked(juliet, request(room))).toEqual([]);
    const [asking] = await romeo.caughtUp();
    expect(asking).toMatchObject({ name: "message", attrs: { from: room, to: romeo.jid } });
    expect(childOf(asking, "x")?.attrs["type"]).toBe("form");
    expect(fieldsOf(asking)).toEqual({
      FORM_TYPE: `${mucNamespace}#request`,
      "muc#role": "participant",
      "muc#jid": juliet.jid,
      "muc#roomnick": "juliet",
      "muc#request_allow": "false",
    });
    expect(await told(nurse)).toEqual([[]]);
    expect(await asked(romeo, approval(room, juliet.jid, "juliet"))).toEqual(["juliet: participant/none by romeo"]);
    expect(await told(juliet, nurse)).toEqual([["juliet: participant/none [110] by romeo"], ["juliet: participant/none by romeo"]]);
    expect(await asked(juliet, said(room, "hello"))).toEqual(['juliet: "hello"']);
    // Another moderator's answer comes late.
    expect(await asked(romeo, approval(room, juliet.jid, "juliet"))).toEqual(['juliet: "hello"']);
  });

  it("go to every moderator", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await moderatedRoom();
    await assign(romeo, room, "nurse", "moderator");
    await asked(juliet, request(room));
    for (const moderator of [romeo, nurse]) expect((await moderator.caughtUp()).map(fieldsOf)).toMatchObject([{ "muc#roomnick": "juliet" }]);
    expect(await asked(nurse, approval(room, juliet.jid, "juliet"))).toEqual(["juliet: participant/none by nurse"]);
  });

  it("are declined by saying so, or by nothing", async () => {
    const { room, clients: { romeo, juliet } } = await moderatedRoom();
    await asked(juliet, request(room));
    await romeo.caughtUp();
    expect(await asked(romeo, approval(room, juliet.jid, "juliet", "false"))).toEqual([]);
    expect(await asked(romeo, message(room, form({}, "cancel")))).toEqual([]);
    expect(await told(juliet)).toEqual([[]]);
  });

  it("are of the occupant who has asked, whatever its nick is by then, and of nobody who came after it", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await moderatedRoom();
    await asked(juliet, request(room));
    await juliet.ask(joining(room, "jule"));
    await nurse.ask(joining(room, "juliet"));
    await told(juliet, romeo);
    expect(await asked(romeo, approval(room, juliet.jid, "juliet"))).toEqual(["jule: participant/none by romeo"]);
    expect(await asked(romeo, approval(room, "gone@localhost/phone", "juliet"))).toEqual(["error item-not-found"]);
    expect(await asked(romeo, approval(room, "", "juliet"))).toEqual(["error item-not-found"]);
  });

  it("are for visitors, who are in the room, and are for voice", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await moderatedRoom();
    await affiliate(romeo, room, jids.nurse, "member");
    await assign(romeo, room, "nurse", "participant");
    expect(await asked(nurse, request(room))).toEqual(["error not-acceptable"]);
    expect(await asked(romeo, request(room))).toEqual(["error not-acceptable"]);
    expect(await asked(juliet, message(room, form({ "muc#role": "moderator" })))).toEqual(["error not-acceptable"]);
    const outsider = await person(stage, (await stage.cast("paris")).paris);
    expect(await asked(outsider, request(room))).toEqual(["error not-acceptable"]);
    expect(await told(romeo)).toEqual([[]]);
    // Another form is none of its business.
    const other = message(room, "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:other</value></field></x>");
    expect(await asked(juliet, other)).toEqual(["error bad-request"]);
  });

  it("are granted by moderators alone, by a form that is whole", async () => {
    const { room, clients: { romeo, juliet } } = await moderatedRoom();
    expect(await asked(juliet, approval(room, juliet.jid, "juliet"))).toEqual(["error forbidden"]);
    expect(await asked(romeo, approval(room, juliet.jid, "juliet", "perhaps"))).toEqual(["error bad-request"]);
    expect(await asked(romeo, approval(room, juliet.jid, "juliet", "true", "moderator"))).toEqual(["error not-acceptable"]);
    expect(await asked(romeo, message(room, form({ "muc#request_allow": "true" }, "form")))).toEqual(["error bad-request"]);
    expect(await told(juliet)).toEqual([[]]);
  });

  it("find nobody where no moderator is", async () => {
    const { room, clients: { romeo, juliet } } = await moderatedRoom();
    await romeo.ask(leaving(room, "romeo"));
    await told(juliet);
    expect(await asked(juliet, request(room))).toEqual(["error recipient-unavailable"]);
  });
});

describe("XEP-0045 section 14.6: voice requests that are too many", () => {
  it("are refused for a while: of one user, who may not come back for it", async () => {
    const { room, clients: { romeo, juliet } } = await moderatedRoom();
    expect(await asked(juliet, request(room))).toEqual([]);
    expect(await asked(juliet, request(room))).toEqual(["error resource-constraint"]);
    await juliet.ask(leaving(room, "juliet"));
    await entered(juliet, room, "jule");
    expect(await asked(juliet, request(room))).toEqual(["error resource-constraint"]);
    expect((await romeo.caughtUp()).filter(({ name }) => name === "message")).toHaveLength(1);
    ahead += voiceRequestMs;
    expect(await asked(juliet, request(room))).toEqual([]);
  });

  it("are refused for a while: of many users", async () => {
    const { room, clients: { romeo, juliet } } = await moderatedRoom();
    const names = Array.from({ length: voiceRequestsMax }, (_, index) => `user${index}`);
    const crowd = await Promise.all(Object.values(await stage.cast(...names)).map((jid) => person(stage, jid)));
    for (const [index, client] of crowd.entries()) {
      await client.ask(joining(room, names[index]!));
      expect(await asked(client, request(room))).toEqual([]);
    }
    expect((await romeo.caughtUp()).filter(({ name }) => name === "message")).toHaveLength(voiceRequestsMax);
    expect((await juliet.ask(request(room))).filter(({ name }) => name === "message")).toMatchObject([{ attrs: { type: "error" } }]);
  });
});
