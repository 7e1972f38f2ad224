/** What moderators do, and what admins do to moderators (XEP-0045 sections 8.2 to 8.5 and 9.6 to 9.8). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { roomChangesMax, roomReasonCharsMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage } from "../management/support.ts";
import { childOf, showXml } from "../support/xml-reader.ts";
import { asked, getItems, inRoom, listed, setItems, told, toRole, words } from "./asking.ts";
import { affiliate, assign, configure, roomFacts } from "./facts.ts";
import { adminNamespace, entered, itemOf, joining, leaving, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

describe("XEP-0045 section 8.2: kicking an occupant", () => {
  it("removes the occupant, then tells the moderator of success, then the others", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toRole("juliet", "none", "Avaunt!")))).toEqual(["result", "juliet unavailable: none/none [307] because Avaunt! by romeo"]);
    expect(await told(juliet, nurse)).toEqual([
      ["juliet unavailable: none/none [110 307] because Avaunt! by romeo"],
      ["juliet unavailable: none/none [307] because Avaunt! by romeo"],
    ]);
    expect(await asked(juliet, said(room, "hello"))).toEqual(["error not-acceptable"]);
    // A kick is no ban.
    expect(await entered(juliet, room, "juliet")).toContain("juliet: participant/none [110 170]");
  });

  it("removes every session of the nick, and tells the others once", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const second = await person(stage, jids.juliet, "balcony");
    await entered(second, room, "juliet");
    await told(romeo, juliet);
    expect(await asked(romeo, setItems(room, toRole("juliet", "none")))).toEqual(["result", "juliet unavailable: none/none [307] by romeo"]);
    const gone = "juliet unavailable: none/none [110 307] by romeo";
    expect(await told(juliet, second)).toEqual([[gone], [gone]]);
  });

  it("does not tell the real JID of who has acted, nor of who has gone but to moderators", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    romeo.send(setItems(room, toRole("juliet", "none")));
    const [, toRomeo] = await romeo.caughtUp();
    const [[toJuliet], [toNurse]] = [await juliet.caughtUp(), await nurse.caughtUp()];
    expect(itemOf(toRomeo!)?.attrs["jid"]).toBe(juliet.jid);
    expect(showXml(toJuliet!)).not.toContain(jids.romeo);
    expect(showXml(toNurse!)).not.toContain(jids.juliet);
    expect(itemOf(toNurse!)?.attrs).toEqual({ affiliation: "none", role: "none" });
  });

  it("is refused to who is no moderator, with the offending item", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const [error] = await juliet.ask(setItems(room, toRole("nurse", "none")));
    expect(words(error!)).toBe("error forbidden");
    expect(showXml(childOf(error, "query")!)).toBe(`<query xmlns='${adminNamespace}'><item nick='nurse' role='none'/></query>`);
    expect(await asked(juliet, setItems(room, toRole("nobody", "none")))).toEqual(["error forbidden"]);
    const outsider = await person(stage, (await stage.cast("paris")).paris);
    expect(await asked(outsider, setItems(room, toRole("nurse", "none")))).toEqual(["error forbidden"]);
    expect(await told(romeo, nurse)).toEqual([[], []]);
  });

  it("is refused about somebody with a higher affiliation, and about a moderator to who is no admin", async () => {
    const { room, jids, clients: { romeo, juliet, nurse, tybalt } } = await inRoom(stage, {}, "romeo", "juliet", "nurse", "tybalt");
    await assign(romeo, room, "juliet", "moderator");
    expect(await asked(juliet, setItems(room, toRole("romeo", "none")))).toEqual(["error not-allowed"]);
    await affiliate(romeo, room, jids.nurse, "member");
    expect(await asked(juliet, setItems(room, toRole("nurse", "none")))).toEqual(["error not-allowed"]);
    await assign(romeo, room, "tybalt", "moderator");
    expect(await asked(juliet, setItems(room, toRole("tybalt", "none")))).toEqual(["error not-allowed"]);
    expect(await asked(romeo, setItems(room, toRole("tybalt", "none")))).toContain("result");
    expect(await told(nurse)).toEqual([["tybalt unavailable: none/none [307] by romeo"]]);
    expect((await told(tybalt)).flat()).toEqual(["tybalt unavailable: none/none [110 307] by romeo"]);
  });

  it("may be of oneself; a temporary room whose last occupant is kicked is over", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    expect(await asked(romeo, setItems(room, toRole("romeo", "none")))).toEqual(["romeo unavailable: none/owner [110 307] by romeo", "result"]);
    expect(await asked(romeo, getItems(room, "affiliation='owner'"))).toEqual(["error item-not-found"]);
    expect(await entered(romeo, room, "romeo")).toContain("romeo: moderator/owner [110 170 201]");
  });

  it("is asked by nick: none of that name is item-not-found, and without one it is no request", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo", "juliet");
    for (const [item, condition] of [
      [toRole("rosaline", "none"), "item-not-found"],
      ["<item role='none'/>", "bad-request"],
      ["<item role='none' jid='juliet@localhost'/>", "bad-request"],
      ["<item nick='juliet'/>", "bad-request"],
      ["<item nick='juliet' role='king'/>", "bad-request"],
      // Section 17.4.
      ["<item nick='juliet' jid='juliet@localhost' role='none' affiliation='none'/>", "bad-request"],
      [`<item nick=' juliet' role='none'/>`, "jid-malformed"],
      ["", "bad-request"],
      ["<item xmlns='urn:other' nick='juliet' role='none'/>", "bad-request"],
      [toRole("juliet", "participant") + toRole("juliet", "none"), "bad-request"],
      [`${toRole("juliet", "none")}<item jid='paris@localhost' affiliation='member'/>`, "bad-request"],
      [toRole("juliet", "none", "x".repeat(roomReasonCharsMax + 1)), "policy-violation"],
      [toRole("juliet", "participant").repeat(roomChangesMax + 1), "policy-violation"],
    ] as const) {
      expect(await asked(romeo, setItems(room, item)), item.slice(0, 100)).toEqual([`error ${condition}`]);
    }
    expect(await asked(romeo, setItems(room, toRole("juliet", "none", "x".repeat(roomReasonCharsMax))))).toContain("result");
  });
});

describe("XEP-0045 sections 8.3 and 8.4: granting and revoking voice", () => {
  it("tells everybody of the new role, the moderator's success first", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, { moderated: true }, "romeo", "juliet", "nurse");
    expect(await asked(juliet, said(room, "hello"))).toEqual(["error forbidden"]);
    expect(await asked(romeo, setItems(room, toRole("juliet", "participant", "A worthy witch!")))).toEqual(["result", "juliet: participant/none because A worthy witch! by romeo"]);
    expect(await told(juliet, nurse)).toEqual([
      ["juliet: participant/none [110] because A worthy witch! by romeo"],
      ["juliet: participant/none because A worthy witch! by romeo"],
    ]);
    expect(await asked(juliet, said(room, "hello"))).toEqual(['juliet: "hello"']);
    await told(romeo, nurse);
    expect(await asked(romeo, setItems(room, toRole("juliet", "visitor")))).toEqual(["result", "juliet: visitor/none by romeo"]);
    expect(await told(juliet, nurse)).toEqual([["juliet: visitor/none [110] by romeo"], ["juliet: visitor/none by romeo"]]);
    expect(await asked(juliet, said(room, "hello"))).toEqual(["error forbidden"]);
  });

  it("keeps the presence that the occupant shows", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, { moderated: true }, "romeo", "juliet");
    await juliet.ask(`<presence to='${room}/juliet'><show>dnd</show></presence>`);
    await told(romeo);
    const stanzas = await romeo.ask(setItems(room, toRole("juliet", "participant")));
    expect(showXml(stanzas[1]!)).toContain("<show>dnd</show>");
  });

  it("is not of anybody at one's own level or above, nor of admins and owners, whoever asks", async () => {
    const { room, jids, clients: { romeo, juliet, nurse, tybalt } } = await inRoom(stage, {}, "romeo", "juliet", "nurse", "tybalt");
    await affiliate(romeo, room, jids.juliet, "member");
    await assign(romeo, room, "juliet", "moderator");
    await affiliate(romeo, room, jids.nurse, "member");
    expect(await asked(juliet, setItems(room, toRole("nurse", "visitor")))).toEqual(["error not-allowed"]);
    expect(await asked(juliet, setItems(room, toRole("tybalt", "visitor")))).toEqual(["result", "tybalt: visitor/none by juliet"]);
    await affiliate(romeo, room, jids.nurse, "admin");
    await assign(romeo, room, "nurse", "participant");
    expect(await asked(romeo, setItems(room, toRole("nurse", "visitor")))).toEqual(["error not-allowed"]);
    await told(nurse, tybalt);
  });

  it("makes all changes of one request, or none", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, { moderated: true }, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toRole("juliet", "participant") + toRole("nobody", "participant") + toRole("nurse", "none")))).toEqual(["error item-not-found"]);
    expect(await told(juliet, nurse)).toEqual([[], []]);
    expect(await asked(romeo, setItems(room, toRole("juliet", "participant") + toRole("nurse", "none")))).toEqual([
      "result",
      "juliet: participant/none by romeo",
      "nurse unavailable: none/none [307] by romeo",
    ]);
    // Who is removed is told of nobody any more.
    expect(await told(nurse, juliet)).toEqual([
      ["nurse unavailable: none/none [110 307] by romeo"],
      ["juliet: participant/none [110] by romeo", "nurse unavailable: none/none [307] by romeo"],
    ]);
  });

  it("tells nobody of what stays as it is", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    expect(await asked(romeo, setItems(room, toRole("juliet", "participant")))).toEqual(["result"]);
    expect(await told(juliet)).toEqual([[]]);
  });

  it("is gone for the others where presence of the new role is not told, and comes back (section 10.1.3)", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, { presenceOf: ["moderator", "participant"] }, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toRole("juliet", "visitor")))).toEqual(["result", "juliet unavailable: none/none by romeo"]);
    expect(await told(juliet, nurse)).toEqual([["juliet: visitor/none [110] by romeo"], ["juliet unavailable: none/none by romeo"]]);
    expect(await asked(romeo, setItems(room, toRole("juliet", "participant")))).toEqual(["result", "juliet: participant/none by romeo"]);
    expect(await told(juliet, nurse)).toEqual([["juliet: participant/none [110] by romeo"], ["juliet: participant/none by romeo"]]);
    await asked(romeo, setItems(room, toRole("juliet", "visitor")));
    await told(juliet, nurse);
    // Nobody knows that juliet is there.
    expect(await asked(romeo, setItems(room, toRole("juliet", "none")))).toEqual(["result"]);
    expect(await told(juliet, nurse)).toEqual([["juliet unavailable: none/none [110 307] by romeo"], []]);
  });
});

describe("XEP-0045 section 8.5: the voice list", () => {
  it("is who has that role, for moderators, with nick, role, affiliation and full JID", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, { moderated: true }, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.juliet, "member");
    await assign(romeo, room, "juliet", "participant");
    expect(await listed(romeo, room, "role='participant'")).toEqual([`<item affiliation='member' jid='${juliet.jid}' nick='juliet' role='participant'/>`]);
    expect(await listed(romeo, room, "role='visitor'")).toEqual([`<item affiliation='none' jid='${nurse.jid}' nick='nurse' role='visitor'/>`]);
    expect(await listed(juliet, room, "role='participant'")).toEqual(["error forbidden"]);
    expect(await listed(juliet, room, "role='visitor'")).toEqual(["error forbidden"]);
  });

  it("is one list at a time", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    for (const what of ["", "role='none'", "role='king'", "affiliation='none'", "affiliation='king'", "role='moderator' affiliation='owner'"]) {
      expect(await listed(romeo, room, what), what).toEqual(["error bad-request"]);
    }
    const two = `<iq type='get' id='get' to='${room}'><query xmlns='${adminNamespace}'><item role='visitor'/><item role='participant'/></query></iq>`;
    expect(await asked(romeo, two)).toEqual(["error bad-request"]);
  });
});

describe("XEP-0045 sections 9.6 to 9.8: moderators", () => {
  it("are made by admins and owners, in the room or not, and learn who is who", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toRole("juliet", "moderator")))).toEqual(["result", "juliet: moderator/none by romeo"]);
    const stanzas = await juliet.caughtUp();
    expect(stanzas.map(roomWords)).toEqual(["juliet: moderator/none [110]", "romeo: moderator/owner", "nurse: participant/none"]);
    expect(stanzas.map((stanza) => itemOf(stanza)?.attrs["jid"])).toEqual([juliet.jid, romeo.jid, nurse.jid]);
    expect(await told(nurse)).toEqual([["juliet: moderator/none by romeo"]]);
    const paris = await person(stage, (await stage.cast("paris")).paris);
    expect(await asked(paris, setItems(room, toRole("nurse", "moderator")))).toEqual(["error forbidden"]);
    await affiliate(romeo, room, paris.bare, "admin");
    // It acts from outside: it has no nick to be named by.
    expect(await asked(paris, setItems(room, toRole("nurse", "moderator")))).toEqual(["result"]);
    expect(await told(romeo)).toEqual([["nurse: moderator/none"]]);
    // But removing somebody is for moderators, who are in the room (section 8).
    expect(await asked(paris, setItems(room, toRole("nurse", "none")))).toEqual(["error forbidden"]);
    expect(jids.nurse).toBe(nurse.bare);
  });

  it("are known to each other in a non-anonymous room as before", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, { whois: "anyone" }, "romeo", "juliet");
    await asked(romeo, setItems(room, toRole("juliet", "moderator")));
    expect(await told(juliet)).toEqual([["juliet: moderator/none [110] by romeo"]]);
  });

  it("make no moderators, and unmake none", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await assign(romeo, room, "juliet", "moderator");
    expect(await asked(juliet, setItems(room, toRole("nurse", "moderator")))).toEqual(["error forbidden"]);
    await assign(romeo, room, "nurse", "moderator");
    expect(await asked(juliet, setItems(room, toRole("nurse", "participant")))).toEqual(["error forbidden"]);
    expect(await asked(juliet, setItems(room, toRole("nurse", "visitor")))).toEqual(["error forbidden"]);
    expect(await asked(romeo, setItems(room, toRole("nurse", "participant")))).toEqual(["result", "nurse: participant/none by romeo"]);
    await told(nurse, juliet);
  });

  it("stay it while they are admins or owners, whoever asks", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.juliet, "admin");
    await affiliate(romeo, room, jids.nurse, "admin");
    for (const nick of ["juliet", "nurse"]) await assign(romeo, room, nick, "moderator");
    for (const role of ["participant", "visitor"]) {
      expect(await asked(romeo, setItems(room, toRole("juliet", role)))).toEqual(["error not-allowed"]);
      expect(await asked(juliet, setItems(room, toRole("nurse", role)))).toEqual(["error not-allowed"]);
      expect(await asked(juliet, setItems(room, toRole("romeo", role)))).toEqual(["error not-allowed"]);
    }
    // Section 8.2: an admin is not kicked by somebody lower, but by an equal.
    expect(await asked(juliet, setItems(room, toRole("romeo", "none")))).toEqual(["error not-allowed"]);
    expect(await asked(juliet, setItems(room, toRole("nurse", "none")))).toEqual(["result", "nurse unavailable: none/admin [307] by juliet"]);
    await told(nurse);
  });

  it("are listed for admins and owners", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await assign(romeo, room, "juliet", "moderator");
    expect(await listed(romeo, room, "role='moderator'")).toEqual([
      `<item affiliation='owner' jid='${romeo.jid}' nick='romeo' role='moderator'/>`,
      `<item affiliation='none' jid='${juliet.jid}' nick='juliet' role='moderator'/>`,
    ]);
    expect(await listed(juliet, room, "role='moderator'")).toEqual(["error forbidden"]);
  });
});

describe("XEP-0045 section 5.1: roles", () => {
  it("are kept when the room becomes moderated, and when the server is killed", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet)];
    const room = `kept-${romeo.bare.slice(0, romeo.bare.indexOf("@"))}@muc.localhost`;
    await romeo.ask(`<presence to='${room}/romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    await configure(romeo as never, room, {});
    await juliet.ask(joining(room, "juliet"));
    await configure(romeo as never, room, { moderated: true });
    expect((await juliet.ask(said(room, "one"))).map(words)).toEqual(['juliet: "one"']);
    await romeo.ask(setItems(room, toRole("juliet", "visitor")));
    await romeo.count();
    await server.restart({ kill: true });
    await romeo.resume();
    await juliet.resume();
    expect((await juliet.ask(said(room, "two"))).map(words)).toContain("error forbidden");
    expect(words((await romeo.ask(getItems(room, "role='visitor'"))).at(-1)!)).toBe("result");
    await juliet.ask(leaving(room, "juliet"));
  });
});
