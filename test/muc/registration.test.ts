/** Registering with a room (XEP-0045 sections 7.10 and 7.12). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { asked, inRoom, listed, told } from "./asking.ts";
import { affiliate, configure, roomFacts } from "./facts.ts";
import { entered, newRoom, person } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const xmlns = "jabber:iq:register";
const formType = "http://jabber.org/protocol/muc#register";
const requirements = (room: string): string => `<iq type='get' id='g' to='${room}'><query xmlns='${xmlns}'/></iq>`;
const sent = (room: string, inner: string): string => `<iq type='set' id='s' to='${room}'><query xmlns='${xmlns}'>${inner}</query></iq>`;
const removing = (room: string): string => sent(room, "<remove/>");
const registering = (room: string, nick: string): string =>
  sent(room, `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${formType}</value></field><field var='muc#register_roomnick'><value>${nick}</value></field></x>`);

/** What the room says of who asks: the nick, or that a form is to be filled in. */
async function standing(client: BoundClient, room: string): Promise<string> {
  const [answer] = await client.ask(requirements(room));
  const query = childOf(answer, "query");
  if (childOf(query, "registered") !== undefined) return textOf(childOf(query, "username"));
  const fields = (childOf(query, "x")?.children ?? []).flatMap((child) => (child as Xml).attrs["var"] ?? []);
  return fields.join(" ");
}

describe("XEP-0045 section 7.10: registering with a room", () => {
  it("asks for a nick, makes a member with that nick, and tells everybody", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    expect(await standing(juliet, room)).toBe("FORM_TYPE muc#register_roomnick");
    expect(await asked(juliet, registering(room, "thirdwitch"))).toEqual(["result", "juliet: participant/member [110]"]);
    expect(await told(romeo)).toEqual([["juliet: participant/member"]]);
    expect(await standing(juliet, room)).toBe("thirdwitch");
    expect(await listed(romeo, room, "affiliation='member'")).toEqual([`<item affiliation='member' jid='${jids.juliet}' nick='thirdwitch'/>`]);
    // Section 7.12.
    const [info] = await juliet.ask(`<iq type='get' id='i' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/></iq>`);
    expect(childOf(childOf(info, "query"), "identity")?.attrs["name"]).toBe("thirdwitch");
  });

  it("needs nobody to be in the room, and keeps the nick for the one who has it", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const jids = await stage.cast("hag", "wicca");
    const [hag, wicca] = [await person(stage, jids.hag), await person(stage, jids.wicca)];
    expect(await asked(hag, registering(room, "thirdwitch"))).toEqual(["result"]);
    expect(await entered(wicca, room, "ThirdWitch")).toEqual(["error conflict"]);
    expect(await asked(wicca, registering(room, "THIRDWITCH"))).toEqual(["error conflict"]);
    expect(await asked(wicca, registering(room, "romeo"))).toEqual(["error conflict"]);
    expect((await entered(hag, room, "thirdwitch")).find((word) => word.startsWith("thirdwitch"))).toBe("thirdwitch: participant/member [110 170]");
    await romeo.caughtUp();
  });

  it("lets a nick be changed, and given back", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await juliet.ask(registering(room, "one"));
    expect(await asked(juliet, registering(room, "two"))).toEqual(["result"]);
    expect(await standing(juliet, room)).toBe("two");
    await romeo.caughtUp();
    expect(await asked(juliet, removing(room))).toEqual(["result", "juliet: participant/none [110]"]);
    expect(await told(romeo)).toEqual([["juliet: participant/none"]]);
    expect(await standing(juliet, room)).toBe("FORM_TYPE muc#register_roomnick");
    expect(await asked(juliet, removing(room))).toEqual(["error registration-required"]);
  });

  it("leaves an owner or admin what they are", async () => {
    const { room, jids, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    expect(await asked(romeo, registering(room, "montague"))).toEqual(["result"]);
    expect(await listed(romeo, room, "affiliation='owner'")).toEqual([`<item affiliation='owner' jid='${jids.romeo}' nick='montague'/>`]);
    expect(await asked(romeo, removing(room))).toEqual(["result"]);
    expect(await listed(romeo, room, "affiliation='owner'")).toEqual([`<item affiliation='owner' jid='${jids.romeo}'/>`]);
  });

  it("is not for who is banned, nor for strangers where members have more than others", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const juliet = await person(stage, (await stage.cast("juliet")).juliet);
    const both = async () => [...(await asked(juliet, requirements(room))), ...(await asked(juliet, registering(room, "j")))];
    await affiliate(romeo, room, juliet.bare, "outcast");
    expect(await both()).toEqual(["error not-allowed", "error not-allowed"]);
    await affiliate(romeo, room, juliet.bare, "none");
    for (const config of [{ membersOnly: true }, { membersOnly: false, moderated: true }]) {
      await configure(romeo, room, config);
      expect(await both(), JSON.stringify(config)).toEqual(["error not-allowed", "error not-allowed"]);
    }
    await affiliate(romeo, room, juliet.bare, "member");
    expect(await asked(juliet, registering(room, "j"))).toEqual(["result"]);
  });

  it("takes no form but its own, filled in", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const form = (type: string, name: string, field = "muc#register_roomnick") =>
      sent(room, `<x xmlns='jabber:x:data' type='${type}'><field var='FORM_TYPE'><value>${name}</value></field><field var='${field}'><value>n</value></field></x>`);
    for (const text of [sent(room, ""), form("submit", "other"), form("form", formType), form("submit", formType, "muc#register_first"), sent(room, "<username>n</username>")]) {
      expect(await asked(romeo, text), text).toEqual(["error bad-request"]);
    }
    expect(await asked(romeo, registering(room, "  "))).toEqual(["error not-acceptable"]);
    expect(await asked(romeo, form("cancel", formType))).toEqual(["result"]);
    expect(await standing(romeo, room)).toBe("FORM_TYPE muc#register_roomnick");
    expect(await asked(romeo, requirements(newRoom()))).toEqual(["error item-not-found"]);
  });
});
