/** Making a room (XEP-0045 section 10.1). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, textOf } from "../support/xml-reader.ts";
import { asked, told, words } from "./asking.ts";
import { askForm, cancelling, configType, elementsOf, featuresAt, field, formOf, owning, submitting, valuesOf } from "./owning.ts";
import { entered, errorOf, heard, instant, joining, leaving, newRoom, opened, person, said, userPart } from "./setting.ts";

const perUser = 3;
let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, rooms: { perUser }, admins: ["admin@localhost"] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

async function two() {
  const jids = await stage.cast("romeo", "juliet");
  return { jids, romeo: await person(stage, jids.romeo), juliet: await person(stage, jids.juliet) };
}

const locked = ["romeo: moderator/owner [110 170 201]", 'subject: ""'];

describe("XEP-0045 section 10.1.1: making a room", () => {
  it("makes who enters first its owner, and lets nobody else in, nor know of it, until it is configured", async () => {
    const { romeo, juliet } = await two();
    const room = newRoom();
    expect(await entered(romeo, room, "romeo")).toEqual(locked);
    expect(await entered(juliet, room, "juliet")).toEqual(["error item-not-found"]);
    expect(await asked(juliet, said(room, "hello"))).toEqual(["error item-not-found"]);
    expect(await asked(juliet, `<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`)).toEqual(["error item-not-found"]);
    expect(await asked(juliet, askForm(room))).toEqual(["error forbidden"]);
    expect(await asked(juliet, instant(room))).toEqual(["error forbidden"]);
    expect(await heard(romeo)).toEqual([[]]);
    expect(await asked(romeo, instant(room))).toEqual(["result"]);
    expect(await entered(juliet, room, "juliet")).toContain("juliet: participant/none [110 170]");
  });

  it("is refused as not-allowed to who may not, where that is for administrators", async () => {
    const strict = await startServer({ allowPlaintext: true, rooms: { creation: "admins" }, admins: ["admin@localhost"] });
    try {
      const stage = new Stage(strict);
      const { romeo } = await stage.cast("romeo");
      const admin = await strict.addUser("admin", "secret");
      const [one, other] = [await person(stage, romeo), await person(stage, admin)];
      expect(await entered(one, newRoom(), "romeo")).toEqual(["error not-allowed"]);
      expect(await entered(other, newRoom(), "admin")).toContain("admin: moderator/owner [110 170 201]");
      stage.clear();
    } finally {
      await strict.stop();
    }
  });
});

describe("XEP-0045 section 10.1.2: an instant room", () => {
  it("is as rooms are that nobody has configured, and says nothing of a change", async () => {
    const { romeo } = await two();
    const room = newRoom();
    await entered(romeo, room, "romeo");
    expect(await asked(romeo, instant(room))).toEqual(["result"]);
    expect(await featuresAt(romeo, room)).toEqual(
      expect.arrayContaining(["muc_unsecured", "muc_public", "muc_temporary", "muc_open", "muc_unmoderated", "muc_semianonymous"]),
    );
    // Once more: there is nothing to change.
    expect(await asked(romeo, instant(room))).toEqual(["result"]);
  });
});

describe("XEP-0045 section 10.1.3: a reserved room", () => {
  it("has its form, is as the owner fills it in, and open from then on", async () => {
    const { romeo, juliet } = await two();
    const room = newRoom();
    await entered(romeo, room, "romeo");
    const form = await formOf(romeo, room);
    expect(form.attrs).toEqual({ type: "form" });
    expect(valuesOf(form)).toMatchObject({
      FORM_TYPE: [configType],
      [field("roomname")]: [],
      [field("persistentroom")]: ["0"],
      [field("publicroom")]: ["1"],
      [field("whois")]: ["moderators"],
      [field("presencebroadcast")]: ["moderator", "participant", "visitor"],
      [field("maxusers")]: ["none"],
      [field("maxhistoryfetch")]: ["20"],
      [field("passwordprotectedroom")]: ["0"],
      [field("roomsecret")]: [],
      [field("roomowners")]: [romeo.bare],
      [field("roomadmins")]: [],
    });
    expect(await asked(romeo, submitting(room, { roomname: "A Dark Cave", passwordprotectedroom: "1", roomsecret: "cauldronburn", enablearchiving: "0" }))).toEqual([
      "result",
      expect.stringContaining("171"),
      expect.stringContaining("104"),
    ]);
    expect(await entered(juliet, room, "juliet")).toEqual(["error not-authorized"]);
    expect(await entered(juliet, room, "juliet", "<password>cauldronburn</password>")).toContain("juliet: participant/none [110]");
  });

  it("stays locked when what is filled in cannot be: a password that is blank", async () => {
    const { romeo, juliet } = await two();
    const room = newRoom();
    await entered(romeo, room, "romeo");
    for (const roomsecret of ["", " "]) {
      const [answer, ...more] = await romeo.ask(submitting(room, { passwordprotectedroom: "1", roomsecret }));
      expect(more).toEqual([]);
      expect(errorOf(answer!)).toBe("not-acceptable");
      expect(childOf(answer, "error")?.attrs["type"]).toBe("modify");
      expect(textOf(childOf(childOf(answer, "error"), "text"))).toContain(field("roomsecret"));
    }
    expect(await entered(juliet, room, "juliet")).toEqual(["error item-not-found"]);
  });

  it("is no more when its owner cancels: the owner is told that it is out of it, and the name is free", async () => {
    const { romeo, juliet } = await two();
    const room = newRoom();
    await entered(romeo, room, "romeo");
    const [presence, answer, ...more] = await romeo.ask(cancelling(room));
    expect(words(presence!)).toBe("romeo unavailable: none/none [110]");
    expect(elementsOf(userPart(presence!), "destroy")).toHaveLength(1);
    expect([words(answer!), more]).toEqual(["result", []]);
    expect(await entered(juliet, room, "juliet")).toEqual(["juliet: moderator/owner [110 170 201]", 'subject: ""']);
  });

  it("is no more when its owner goes without having configured it, and says so", async () => {
    const { romeo, juliet } = await two();
    const room = newRoom();
    await entered(romeo, room, "romeo");
    const [presence] = await romeo.ask(leaving(room, "romeo"));
    expect(elementsOf(userPart(presence!), "destroy")).toHaveLength(1);
    await entered(romeo, room, "romeo");
    await stage.kill(romeo);
    expect(await entered(juliet, room, "juliet")).toEqual(["juliet: moderator/owner [110 170 201]", 'subject: ""']);
  });

  it("is opened by a form with a session of the owner that is not in it", async () => {
    const { jids, romeo, juliet } = await two();
    const other = await person(stage, jids.romeo, "desk");
    const room = newRoom();
    await entered(romeo, room, "romeo");
    expect(await asked(other, owning(room, "<x xmlns='jabber:x:data' type='submit'/>"))).toEqual(["result"]);
    expect(await entered(juliet, room, "juliet")).toContain("juliet: participant/none [110 170]");
  });
});

describe("XEP-0045 section 14.6: rooms of one user", () => {
  it("are refused beyond a bound, which counts those that are there, whatever becomes of the server", async () => {
    const { romeo, juliet } = await two();
    const rooms = Array.from({ length: perUser }, () => newRoom());
    for (const room of rooms) await opened(romeo, room, "romeo", { [field("persistentroom")]: "1" });
    // 10,000 of them end like these.
    for (let index = 0; index < 20; index += 1) {
      const [answer] = await romeo.ask(joining(newRoom(), "romeo"));
      expect(errorOf(answer!)).toBe("resource-constraint");
      expect(childOf(answer, "error")?.attrs["type"]).toBe("wait");
    }
    expect(await entered(juliet, newRoom(), "juliet")).toContain("juliet: moderator/owner [110 170 201]");
    // A room of others is none of theirs.
    await juliet.ask(joining(rooms[0]!, "juliet"));
    await server.restart({ kill: true });
    const again = await person(stage, romeo.bare, "desk");
    expect(await entered(again, newRoom(), "romeo")).toEqual(["error resource-constraint"]);
    expect(await asked(again, owning(rooms[0]!, "<destroy/>"))).toEqual(["result"]);
    const next = newRoom();
    expect(await entered(again, next, "romeo")).toEqual(locked);
    expect(await entered(again, newRoom(), "romeo")).toEqual(["error resource-constraint"]);
    // One that is not made after all is none.
    await again.ask(leaving(next, "romeo"));
    expect(await entered(again, newRoom(), "romeo")).toEqual(locked);
  });

  it("are not counted of administrators", async () => {
    const admin = await person(stage, await server.addUser("admin", "secret"));
    for (let index = 0; index <= perUser; index += 1) await opened(admin, newRoom(), "admin");
    expect(await told(admin)).toEqual([[]]);
  });
});
