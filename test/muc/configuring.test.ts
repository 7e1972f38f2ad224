/** Configuring a room (XEP-0045 sections 10.2 and 16.5.3). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { defaultRoomConfig } from "../../src/domain/room-config.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage, until } from "../presence/support.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { asked, inRoom, listed, told, words } from "./asking.ts";
import { roomFacts } from "./facts.ts";
import { answerTo, askForm, cancelling, configType, elementsOf, featuresAt, field, formOf, owning, submitting, valuesOf } from "./owning.ts";
import { entered, errorOf, joining, newRoom, person, said, statusCodes } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts], admins: ["admin@localhost"], rooms: { occupants: 150 } });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** `code 104` for what a room says of a change of itself, and else what `words` says. */
const news = (stanza: Xml): string => (stanza.name === "message" && statusCodes(stanza).length > 0 ? `code ${statusCodes(stanza).join(" ")}` : words(stanza));

describe("XEP-0045 section 10.2: the form", () => {
  it("is forbidden to all but owners and the administrators of the server", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const answer = await answerTo(clients.juliet, askForm(room));
    expect(words(answer)).toBe("error forbidden");
    expect(childOf(answer, "error")?.attrs["type"]).toBe("auth");
    expect(await asked(clients.juliet, submitting(room, { moderatedroom: "1" }))).toEqual(["error forbidden"]);
    expect(await asked(clients.juliet, cancelling(room))).toEqual(["error forbidden"]);
    const admin = await person(stage, await server.addUser("admin", "secret"));
    expect(valuesOf(await formOf(admin, room))[field("roomowners")]).toEqual([clients.romeo.bare]);
  });

  it("shows the room as it is, and changes nothing when it is sent back", async () => {
    const { room, clients } = await inRoom(stage, { ...defaultRoomConfig, name: "Cave", description: "Dark & <deep>", language: "en", password: "x y", maxUsers: 30, memberList: [], persistent: true }, "romeo");
    const form = await formOf(clients.romeo, room);
    const values = valuesOf(form);
    expect(values).toMatchObject({ [field("roomdesc")]: ["Dark & <deep>"], [field("roomsecret")]: ["x y"], [field("maxusers")]: ["30"], [field("getmemberlist")]: [] });
    const short = Object.entries(values).flatMap(([name, given]) => (name === "FORM_TYPE" ? [] : [[name.replace(/^muc#(?:roomconfig_)?/, ""), given.map((value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;"))] as const]));
    expect(await asked(clients.romeo, submitting(room, Object.fromEntries(short)))).toEqual(["result"]);
    expect(valuesOf(await formOf(clients.romeo, room))).toEqual(values);
    // Every value of a list is one that can be chosen.
    for (const one of elementsOf(form, "field").filter(({ attrs }) => attrs["type"]?.startsWith("list-") && attrs["var"] !== field("maxusers"))) {
      const options = elementsOf(one, "option").map((option) => textOf(childOf(option, "value")));
      expect(options).toEqual(expect.arrayContaining([...values[one.attrs["var"]!]!]));
    }
  });

  it("leaves everything as it was when it is cancelled", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    expect(await asked(clients.romeo, cancelling(room))).toEqual(["result"]);
    expect(await told(clients.juliet)).toEqual([[]]);
  });

  it("keeps what is not in it, passes over what nobody knows, and is kept when the server is killed", async () => {
    const { room, clients } = await inRoom(stage, { persistent: true, changeSubject: true }, "romeo");
    expect((await clients.romeo.ask(submitting(room, { moderatedroom: "true", enablelogging: "1", clearance: "top", lang: "de-CH" }))).map(news)).toEqual(["result", "code 104"]);
    const values = valuesOf(await formOf(clients.romeo, room));
    expect(values).toMatchObject({ [field("moderatedroom")]: ["1"], [field("changesubject")]: ["1"], [field("persistentroom")]: ["1"], [field("lang")]: ["de-CH"] });
    expect(Object.keys(values)).not.toContain(field("enablelogging"));
    await server.restart({ kill: true });
    expect(valuesOf(await formOf(await person(stage, clients.romeo.bare), room))).toEqual(values);
  });

  it("is refused as bad-request where it is none, or another's", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    const bad = ["error bad-request"];
    expect(await asked(clients.romeo, submitting(room, { moderatedroom: "1" }, "http://jabber.org/protocol/muc#register"))).toEqual(bad);
    expect(await asked(clients.romeo, owning(room, "<x xmlns='jabber:x:data' type='form'/>"))).toEqual(bad);
    expect(await asked(clients.romeo, owning(room, "<x xmlns='jabber:x:data'/>"))).toEqual(bad);
    expect(await asked(clients.romeo, owning(room, `<x xmlns='jabber:x:data' type='submit'>${"<field var='a'/>".repeat(2)}</x>`))).toEqual(bad);
    expect(await asked(clients.romeo, owning(room, "<x xmlns='jabber:x:data' type='submit'/><destroy/>"))).toEqual(bad);
    expect(await asked(clients.romeo, `<iq type='get' id='old' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><item affiliation='owner'/></query></iq>`)).toEqual(bad);
  });

  it.each([
    ["lang", "not a language"],
    ["persistentroom", "yes"],
    ["publicroom", ["1", "0"]],
    ["membersonly", []],
    ["whois", "none"],
    ["allowpm", "everybody"],
    ["getmemberlist", ["moderator", "none"]],
    ["presencebroadcast", "owner"],
    ["maxusers", "151"],
    ["maxusers", "0"],
    ["maxusers", "-1"],
    ["maxhistoryfetch", "101"],
    ["maxhistoryfetch", "1e1"],
    ["passwordprotectedroom", "perhaps"],
    ["passwordprotectedroom", "1"],
    ["enablearchiving", ""],
    ["roomowners", "@"],
    ["roomadmins", "muc.localhost"],
  ])("is refused as not-acceptable, and changes nothing, with %s of %j", refused);

  it.each([
    ["roomname", 1_023],
    ["roomdesc", 4_095],
    ["roomsecret", 1_023],
  ])("takes a %s of %i bytes and no more", async (name, bytes) => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    await clients.romeo.ask(submitting(room, { [name]: "é".repeat(Math.floor(bytes / 2)) }));
    expect(valuesOf(await formOf(clients.romeo, room))[field(name)]).toEqual(["é".repeat(Math.floor(bytes / 2))]);
    await refused(name, "é".repeat(Math.ceil((bytes + 1) / 2)));
  });

  async function refused(name: string, value: string | readonly string[]): Promise<void> {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    const before = valuesOf(await formOf(clients.romeo, room));
    const answer = await answerTo(clients.romeo, submitting(room, { moderatedroom: "1", [name]: value }));
    expect(errorOf(answer)).toBe("not-acceptable");
    // The password is asked for by one field and named in another.
    expect(textOf(childOf(childOf(answer, "error"), "text"))).toContain(name === "passwordprotectedroom" && value === "1" ? field("roomsecret") : field(name));
    expect(valuesOf(await formOf(clients.romeo, room))).toEqual(before);
  }

  it.each([["none"], ["1"], ["37"], ["150"]])("takes maxusers of %s", async (maxusers) => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    await clients.romeo.ask(submitting(room, { maxusers }));
    expect(valuesOf(await formOf(clients.romeo, room))[field("maxusers")]).toEqual([maxusers]);
  });
});

describe("XEP-0045 section 10.1.3: the password", () => {
  it("is needed from when it is set until it is said that none is", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    const { juliet } = await stage.cast("juliet");
    const client = await person(stage, juliet);
    const features = () => featuresAt(client, room);
    await clients.romeo.ask(submitting(room, { roomsecret: "first" }));
    expect(await entered(client, room, "juliet")).toEqual(["error not-authorized"]);
    expect(await features()).toContain("muc_passwordprotected");
    await clients.romeo.ask(submitting(room, { passwordprotectedroom: "1", roomsecret: "second" }));
    expect(await entered(client, room, "juliet", "<password>first</password>")).toEqual(["error not-authorized"]);
    // One that is left out stays; taking it out alone is no way to open the room.
    expect(await asked(clients.romeo, submitting(room, { passwordprotectedroom: "1" }))).toEqual(["result"]);
    expect(errorOf(await answerTo(clients.romeo, submitting(room, { roomsecret: "" })))).toBe("not-acceptable");
    await clients.romeo.ask(submitting(room, { passwordprotectedroom: "0", roomsecret: "second" }));
    expect(await features()).toContain("muc_unsecured");
    expect(await entered(client, room, "juliet")).toContain("juliet: participant/none [110 170]");
  });
});

describe("XEP-0045 section 10.2: owners and admins by the form", () => {
  it("are who is named, each change told to everybody, and who is not any more steps down by one", async () => {
    const { room, jids, clients } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const { romeo, juliet, nurse } = clients;
    // XEP-0004 section 3.3: twice is once; a blank line is nobody.
    const first = await romeo.ask(submitting(room, { roomowners: [jids.romeo, jids.juliet], roomadmins: [jids.nurse, `${jids.nurse}/phone`, ""] }));
    expect(first.map(news)).toEqual(["result", "juliet: moderator/owner by romeo", "nurse: moderator/admin by romeo"]);
    expect((await told(juliet, nurse)).map((lines) => lines.slice(0, 2))).toEqual([
      ["juliet: moderator/owner [110] by romeo", "nurse: moderator/admin by romeo"],
      ["juliet: moderator/owner by romeo", "nurse: moderator/admin [110] by romeo"],
    ]);
    expect(valuesOf(await formOf(juliet, room))).toMatchObject({ [field("roomowners")]: [jids.romeo, jids.juliet], [field("roomadmins")]: [jids.nurse] });
    // One without the other: only those in the list are meant.
    await romeo.ask(submitting(room, { roomadmins: [] }));
    expect((await told(nurse)).flat()).toContain("nurse: participant/member [110] by romeo");
    await romeo.ask(submitting(room, { roomowners: [jids.romeo] }));
    expect((await told(nurse)).flat()).toContain("juliet: moderator/admin by romeo");
    expect(await listed(romeo, room, "affiliation='owner'")).toEqual([`<item affiliation='owner' jid='${jids.romeo}'/>`]);
  });

  it("gives up one's own ownership where there are others, and else is a conflict that changes nothing", async () => {
    const { room, jids, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const answer = await answerTo(clients.romeo, submitting(room, { moderatedroom: "1", roomowners: [] }));
    expect(words(answer)).toBe("error conflict");
    expect(valuesOf(await formOf(clients.romeo, room))).toMatchObject({ [field("moderatedroom")]: ["0"], [field("roomowners")]: [jids.romeo] });
    await clients.romeo.ask(submitting(room, { roomowners: [jids.juliet] }));
    expect((await told(clients.juliet)).flat()).toContain("romeo: moderator/admin by romeo");
    expect(await asked(clients.romeo, askForm(room))).toEqual(["error forbidden"]);
  });

  it("are not changed by the hundreds at once, and not in the form then", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    const many = Array.from({ length: 251 }, (_, index) => `witch-${index}@localhost`);
    expect(await asked(clients.romeo, submitting(room, { roomadmins: many }))).toEqual(["error policy-violation"]);
    await clients.romeo.ask(submitting(room, { roomadmins: many.slice(0, 249) }));
    expect(valuesOf(await formOf(clients.romeo, room))[field("roomadmins")]).toHaveLength(249);
    await clients.romeo.ask(submitting(room, { roomowners: [clients.romeo.bare, many[250]!] }));
    const values = valuesOf(await formOf(clients.romeo, room));
    expect([values[field("roomowners")], values[field("roomadmins")]]).toEqual([undefined, undefined]);
  });
});

describe("XEP-0045 section 10.2: a room becomes members-only", () => {
  it("removes who is none, with status 322 for everybody", async () => {
    const { room, jids, clients } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const { romeo, juliet, nurse } = clients;
    expect((await romeo.ask(submitting(room, { membersonly: "1", roomadmins: [jids.juliet] }))).map(news)).toEqual([
      "result",
      "juliet: moderator/admin by romeo",
      "nurse unavailable: none/none [322] by romeo",
      "code 104",
    ]);
    expect((await nurse.caughtUp()).map(news)).toEqual(["juliet: moderator/admin by romeo", "nurse unavailable: none/none [110 322] by romeo"]);
    expect((await juliet.caughtUp()).map(news)).toContain("nurse unavailable: none/none [322] by romeo");
    expect(await entered(nurse, room, "nurse")).toEqual(["error registration-required"]);
  });
});

describe("XEP-0045 section 10.2.1: everybody is told of a change", () => {
  it.each([
    [{ enablearchiving: "1" }, ["170"]],
    [{ enablearchiving: "0" }, []],
    [{ whois: "anyone" }, ["172"]],
    [{ whois: "anyone", enablearchiving: "1", roomname: "Cave" }, ["170", "172", "104"]],
    [{ roomname: "Cave" }, ["104"]],
    [{ maxusers: "none" }, []],
  ])("by %j with %j", async (fields, codes) => {
    const { room, clients } = await inRoom(stage, { archive: false }, "romeo", "juliet");
    await clients.romeo.ask(submitting(room, fields));
    const stanzas = await clients.juliet.caughtUp();
    expect(stanzas.flatMap(statusCodes)).toEqual(codes);
    for (const stanza of stanzas) {
      expect(stanza.attrs).toMatchObject({ type: "groupchat", from: room, to: clients.juliet.jid });
      expect(stanza.children.map((child) => showXml(child as Xml))).toEqual([
        expect.stringMatching(/^<x xmlns='http:\/\/jabber.org\/protocol\/muc#user'><status code='\d+'\/><\/x>$/),
      ]);
    }
  });

  it("also back again: 171 and 173", async () => {
    const { room, clients } = await inRoom(stage, { archive: true, whois: "anyone" }, "romeo", "juliet");
    await clients.romeo.ask(submitting(room, { whois: "moderators", enablearchiving: "0" }));
    expect((await clients.juliet.caughtUp()).map(news)).toEqual(["code 171", "code 173"]);
  });
});

describe("XEP-0045 section 10.1.3: whose presence is told (muc#roomconfig_presencebroadcast)", () => {
  it("goes and comes with the configuration, for those who are there", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const { romeo, juliet } = clients;
    await romeo.ask(submitting(room, { presencebroadcast: ["moderator"] }));
    expect((await juliet.caughtUp()).map(news)).toEqual(["nurse unavailable: none/none", "code 104"]);
    await romeo.ask(submitting(room, { presencebroadcast: ["moderator", "participant"] }));
    expect((await juliet.caughtUp()).map(news)).toEqual(["nurse: participant/none", "code 104"]);
  });
});

describe("XEP-0045 section 4.2: persistent and temporary rooms", () => {
  it("end with their last occupant, or with the configuration that makes an empty one temporary", async () => {
    const { room, jids, clients } = await inRoom(stage, {}, "romeo");
    await clients.romeo.ask(submitting(room, { persistentroom: "1" }));
    await clients.romeo.ask(`<presence type='unavailable' to='${room}/romeo'/>`);
    expect(await featuresAt(clients.romeo, room)).toContain("muc_persistent");
    expect(await asked(clients.romeo, submitting(room, { roomname: "Cave" }))).toEqual(["result"]);
    expect(await asked(clients.romeo, submitting(room, { persistentroom: "0" }))).toEqual(["result"]);
    expect(await entered(clients.romeo, room, "romeo")).toContain("romeo: moderator/owner [110 170 201]");
    await clients.romeo.ask(submitting(room, { persistentroom: "1" }));
    await clients.romeo.ask(submitting(room, { persistentroom: "0" }));
    await clients.romeo.close();
    await until(() => server.session(clients.romeo.jid) === undefined);
    expect(await asked(await person(stage, jids.romeo), askForm(room))).toEqual(["error item-not-found"]);
  });
});

describe("XEP-0045 section 7.2.9: max users", () => {
  it("counts from when it is set, and puts nobody out", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const { nurse } = await stage.cast("nurse");
    await clients.romeo.ask(submitting(room, { maxusers: "1" }));
    expect(await entered(await person(stage, nurse), room, "nurse")).toEqual(["error service-unavailable"]);
    expect(await asked(clients.juliet, said(room, "still here"))).toEqual(["code 104", 'juliet: "still here"'].map((line) => (line.startsWith("code") ? expect.any(String) : line)));
  });
});

describe("XEP-0045 section 16.5.3: the fields", () => {
  it("are those that are registered, but for public logs and nodes, and one that other servers have too", async () => {
    const room = newRoom();
    const { romeo } = await stage.cast("romeo");
    const client = await person(stage, romeo);
    await client.ask(joining(room, "romeo"));
    const form = await formOf(client, room);
    const registered = [
      "maxhistoryfetch", "allowpm", "allowinvites", "changesubject", "getmemberlist", "lang", "maxusers", "membersonly", "moderatedroom",
      "passwordprotectedroom", "persistentroom", "presencebroadcast", "publicroom", "roomadmins", "roomdesc", "roomname", "roomowners", "roomsecret", "whois",
    ];
    expect(Object.keys(valuesOf(form)).toSorted()).toEqual(["FORM_TYPE", ...[...registered, "enablearchiving"].map(field)].toSorted());
    expect(valuesOf(form)["FORM_TYPE"]).toEqual([configType]);
    expect(elementsOf(form, "field").filter(({ attrs }) => attrs["var"] !== "FORM_TYPE" && (attrs["type"] === undefined || attrs["label"] === undefined))).toEqual([]);
  });
});
