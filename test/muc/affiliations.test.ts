/** What admins and owners do to lists (XEP-0045 sections 9.1 to 9.5 and 10.3 to 10.8). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { roomAffiliationsBytesMax, roomAffiliationsMax, roomReasonCharsMax, roomToldMax } from "../../src/domain/limits.ts";
import type { Rooms } from "../../src/muc/rooms.ts";
import { enforceMembersOnly } from "../../src/muc/standing.ts";
import type { Extension } from "../../src/router/extension.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, showXml, textOf } from "../support/xml-reader.ts";
import { asked, inRoom, listed, setItems, toAffiliation, told, toRole, words } from "./asking.ts";
import { affiliate, assign, configure, roomFacts } from "./facts.ts";
import { submitting } from "./owning.ts";
import { entered, itemOf, joining, newRoom, person, said, userPart } from "./setting.ts";

/** To do what the protocol of owners does with them, and to fill lists faster than that. */
let rooms: Rooms;
const insight: Extension = {
  name: "insight",
  specification: { id: "XEP-0045", version: "1.35.5", title: "Multi-User Chat" },
  services(house) {
    ({ rooms } = house);
    return [];
  },
};

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts, insight], admins: ["prince@localhost"] });
  await server.addUser("prince", "secret");
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

describe("XEP-0045 section 9.1: banning a user", () => {
  it("removes the user from the room, and tells everybody", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "outcast", "Treason")))).toEqual(["result", "juliet unavailable: none/outcast [301] because Treason by romeo"]);
    expect(await told(juliet, nurse)).toEqual([
      ["juliet unavailable: none/outcast [110 301] because Treason by romeo"],
      ["juliet unavailable: none/outcast [301] because Treason by romeo"],
    ]);
    expect(await entered(juliet, room, "juliet")).toEqual(["error forbidden"]);
    expect(await listed(romeo, room, "affiliation='outcast'")).toEqual([`<item affiliation='outcast' jid='${jids.juliet}'><reason>Treason</reason></item>`]);
    // Section 9.2: and is let in again.
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "none")))).toEqual(["result"]);
    expect(await entered(juliet, room, "juliet")).toContain("juliet: participant/none [110 170]");
  });

  it("is of somebody who is not there too, and takes the full JID for the bare one", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const paris = await person(stage, (await stage.cast("paris")).paris);
    expect(await asked(romeo, setItems(room, toAffiliation(`${paris.bare}/anything`, "outcast")))).toEqual(["result"]);
    expect(await asked(paris, joining(room, "paris"))).toEqual(["error forbidden"]);
  });

  it("removes all nicks of the user", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const second = await person(stage, jids.juliet, "balcony");
    await entered(second, room, "jule");
    await told(romeo, juliet);
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "outcast")))).toEqual([
      "result",
      "juliet unavailable: none/outcast [301] by romeo",
      "jule unavailable: none/outcast [301] by romeo",
    ]);
    expect(await told(juliet, second)).toEqual([["juliet unavailable: none/outcast [110 301] by romeo"], ["jule unavailable: none/outcast [110 301] by romeo"]]);
  });

  it("takes the nick that was reserved for the user", async () => {
    const { room, jids, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const other = await stage.cast("juliet");
    await asked(romeo, setItems(room, toAffiliation(other.juliet, "member", "", "nick='Jule'")));
    expect(await listed(romeo, room, "affiliation='member'")).toEqual([`<item affiliation='member' jid='${other.juliet}' nick='Jule'/>`]);
    await asked(romeo, setItems(room, toAffiliation(other.juliet, "outcast")));
    expect(await listed(romeo, room, "affiliation='outcast'")).toEqual([`<item affiliation='outcast' jid='${other.juliet}'/>`]);
    expect(await asked(romeo, setItems(room, toAffiliation(other.juliet, "member")))).toEqual(["result"]);
    expect(await listed(romeo, room, "affiliation='member'")).toEqual([`<item affiliation='member' jid='${other.juliet}'/>`]);
    expect(jids.romeo).toBe(romeo.bare);
  });

  it("is not of oneself, and by an admin not of an owner or admin", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.juliet, "admin");
    expect(await asked(romeo, setItems(room, toAffiliation(jids.romeo, "outcast")))).toEqual(["error conflict"]);
    expect(await asked(juliet, setItems(room, toAffiliation(jids.juliet, "outcast")))).toEqual(["error conflict"]);
    expect(await asked(juliet, setItems(room, toAffiliation(jids.romeo, "outcast")))).toEqual(["error not-allowed"]);
    await affiliate(romeo, room, jids.nurse, "admin");
    expect(await asked(juliet, setItems(room, toAffiliation(jids.nurse, "outcast")))).toEqual(["error not-allowed"]);
    // Section 9.2: none of it where one of it may not be.
    const paris = (await stage.cast("paris")).paris;
    const [error] = await juliet.ask(setItems(room, toAffiliation(paris, "outcast") + toAffiliation(jids.romeo, "outcast")));
    expect(words(error!)).toBe("error not-allowed");
    expect(childOf(childOf(error, "query"), "item")?.attrs).toMatchObject({ jid: jids.romeo });
    expect(await listed(romeo, room, "affiliation='outcast'")).toEqual([]);
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "outcast")))).toContain("result");
    await told(juliet, nurse);
  });
});

describe("XEP-0045 section 9.2: the ban list", () => {
  it("is for admins and owners", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, { whois: "anyone" }, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.juliet, "admin");
    await affiliate(romeo, room, jids.nurse, "member");
    await assign(romeo, room, "nurse", "moderator");
    expect(await listed(juliet, room, "affiliation='outcast'")).toEqual([]);
    expect(await listed(nurse, room, "affiliation='outcast'")).toEqual(["error forbidden"]);
    expect(await asked(nurse, setItems(room, toAffiliation("paris@localhost", "outcast")))).toEqual(["error forbidden"]);
  });

  it("has domains, after users", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.nurse, "member");
    expect(await asked(romeo, setItems(room, toAffiliation("localhost", "outcast", "No Montagues")))).toEqual([
      "result",
      "juliet unavailable: none/outcast [301] because No Montagues by romeo",
    ]);
    expect(await told(juliet, nurse)).toEqual([
      ["juliet unavailable: none/outcast [110 301] because No Montagues by romeo"],
      ["juliet unavailable: none/outcast [301] because No Montagues by romeo"],
    ]);
    expect(await asked(juliet, joining(room, "juliet"))).toEqual(["error forbidden"]);
    // Who leaves the list of members is of that domain again.
    expect(await asked(romeo, setItems(room, toAffiliation(jids.nurse, "none")))).toEqual(["result", "nurse unavailable: none/outcast [301] by romeo"]);
    expect(await listed(romeo, room, "affiliation='outcast'")).toEqual(["<item affiliation='outcast' jid='localhost'><reason>No Montagues</reason></item>"]);
    expect(await asked(romeo, setItems(room, toAffiliation("localhost", "admin")))).toEqual(["error jid-malformed"]);
    expect(await asked(romeo, setItems(room, toAffiliation("localhost", "none")))).toEqual(["result"]);
    expect(await entered(juliet, room, "juliet")).toContain("juliet: participant/none [110 170]");
  });
});

describe("XEP-0045 sections 9.3 and 9.4: membership", () => {
  it("is granted: everybody is told, and who had no voice has it", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, { moderated: true }, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "member", "A worthy witch!")))).toEqual(["result", "juliet: participant/member because A worthy witch! by romeo"]);
    expect(await told(juliet, nurse)).toEqual([
      ["juliet: participant/member [110] because A worthy witch! by romeo"],
      ["juliet: participant/member because A worthy witch! by romeo"],
    ]);
    expect(await asked(juliet, said(room, "hello"))).toEqual(['juliet: "hello"']);
  });

  it("is revoked: everybody is told, and the role stays", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await affiliate(romeo, room, jids.juliet, "member");
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "none")))).toEqual(["result", "juliet: participant/none by romeo"]);
    expect(await told(juliet)).toEqual([["juliet: participant/none [110] by romeo"]]);
  });

  it("is revoked in a members-only room: removed with 321, and nothing else", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await affiliate(romeo, room, jids.juliet, "member");
    await configure(romeo, room, { membersOnly: true });
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "none", "Farewell")))).toEqual([
      "result",
      "juliet unavailable: none/none [321] because Farewell by romeo",
    ]);
    expect(await told(juliet)).toEqual([["juliet unavailable: none/none [110 321] because Farewell by romeo"]]);
    expect(await asked(juliet, joining(room, "juliet"))).toEqual(["error registration-required"]);
  });

  it("is nobody's to change but admins' and owners'", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    for (const affiliation of ["none", "member"] as const) {
      if (affiliation === "member") await affiliate(romeo, room, jids.juliet, affiliation);
      for (const wanted of ["member", "none", "outcast", "admin", "owner"]) {
        expect(await asked(juliet, setItems(room, toAffiliation(jids.nurse, wanted))), wanted).toEqual(["error forbidden"]);
      }
    }
    const outsider = await person(stage, (await stage.cast("paris")).paris);
    expect(await asked(outsider, setItems(room, toAffiliation(outsider.bare, "owner")))).toEqual(["error forbidden"]);
    expect(await told(nurse)).toEqual([[]]);
  });

  it("needs a JID and one affiliation", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo", "juliet");
    for (const [item, condition] of [
      ["<item affiliation='member'/>", "bad-request"],
      ["<item affiliation='member' nick='juliet'/>", "bad-request"],
      ["<item jid='paris@localhost'/>", "bad-request"],
      ["<item jid='paris@localhost' affiliation='count'/>", "bad-request"],
      ["<item jid='@localhost' affiliation='member'/>", "jid-malformed"],
      ["<item jid='' affiliation='member'/>", "jid-malformed"],
      ["<item jid='paris@localhost' affiliation='member' nick=' '/>", "jid-malformed"],
      ["<item jid='paris@localhost' affiliation='member' nick='juliet'/>", "conflict"],
      ["<item jid='paris@localhost' affiliation='member' nick='JULIET'/>", "conflict"],
      ["<item jid='paris@localhost' affiliation='member' nick='P'/><item jid='mercutio@localhost' affiliation='member' nick='p'/>", "conflict"],
      [toAffiliation("paris@localhost", "member") + toAffiliation("Paris@localhost/x", "outcast"), "bad-request"],
      [toAffiliation("paris@localhost", "outcast", "x".repeat(roomReasonCharsMax + 1)), "policy-violation"],
    ] as const) {
      expect(await asked(romeo, setItems(room, item)), item.slice(0, 100)).toEqual([`error ${condition}`]);
    }
  });

  it("lets a reserved nick be given, kept and taken away (section 9.5)", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const list = () => listed(romeo, room, "affiliation='member'");
    await asked(romeo, setItems(room, toAffiliation(jids.juliet, "member", "", "nick='juliet'")));
    expect(await list()).toEqual([`<item affiliation='member' jid='${jids.juliet}' nick='juliet'/>`]);
    await told(juliet);
    // Nothing that the others see has changed.
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "member")))).toEqual(["result"]);
    expect(await list()).toEqual([`<item affiliation='member' jid='${jids.juliet}' nick='juliet'/>`]);
    expect(await asked(romeo, setItems(room, toAffiliation("paris@localhost", "member", "", "nick='juliet'")))).toEqual(["error conflict"]);
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "member", "", "nick=''")))).toEqual(["result"]);
    expect(await list()).toEqual([`<item affiliation='member' jid='${jids.juliet}'/>`]);
    expect(await told(juliet)).toEqual([[]]);
  });
});

describe("XEP-0045 section 9.5: the member list", () => {
  it("is for admins, and in a non-anonymous room for occupants and members", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const [absent, paris] = await Promise.all([stage.cast("tybalt").then(({ tybalt }) => person(stage, tybalt)), stage.cast("paris").then(({ paris }) => person(stage, paris))]);
    await affiliate(romeo, room, jids.juliet, "member");
    await affiliate(romeo, room, absent.bare, "member");
    const both = [`<item affiliation='member' jid='${jids.juliet}'/>`, `<item affiliation='member' jid='${absent.bare}'/>`];
    const lists = () => Promise.all([romeo, juliet, nurse, absent, paris].map((client) => listed(client, room, "affiliation='member'")));
    const no = ["error forbidden"];
    // Section 5.2.1: there is an intent to hide JIDs.
    expect(await lists()).toEqual([both, no, no, no, no]);
    await configure(romeo, room, { whois: "anyone" });
    expect(await lists()).toEqual([both, both, both, both, no]);
    // muc#roomconfig_getmemberlist.
    await configure(romeo, room, { memberList: ["moderator"] });
    expect(await lists()).toEqual([both, no, no, no, no]);
    await assign(romeo, room, "nurse", "moderator");
    await configure(romeo, room, { whois: "moderators" });
    expect(await lists()).toEqual([both, no, both, no, no]);
    await configure(romeo, room, { memberList: [] });
    expect(await lists()).toEqual([both, no, no, no, no]);
  });

  it("invites new members of a members-only room, with its password", async () => {
    const { room, jids, clients: { romeo } } = await inRoom(stage, { membersOnly: true, password: "cauldron" }, "romeo");
    const { hecate, nurse } = await stage.cast("hecate", "nurse");
    const [phone, other] = [await stage.appear(hecate, "phone"), await stage.appear(nurse, "phone")];
    expect(await asked(romeo, setItems(room, toAffiliation(hecate, "member") + toAffiliation(nurse, "admin")))).toContain("result");
    const [invitation] = await phone.caughtUp();
    expect(invitation).toMatchObject({ name: "message", attrs: { from: room, to: hecate } });
    expect(userPart(invitation!)?.children.map((child) => showXml(child as never, "http://jabber.org/protocol/muc#user"))).toEqual([
      `<invite from='${room}/romeo'/>`,
      "<password>cauldron</password>",
    ]);
    expect(showXml(invitation!)).not.toContain(jids.romeo);
    expect(await told(other)).toEqual([[]]);
    // Who was on a list is not invited again.
    await asked(romeo, setItems(room, toAffiliation(nurse, "member")));
    await asked(romeo, setItems(room, toAffiliation(hecate, "member")));
    expect(await told(phone, other)).toEqual([[], []]);
  });

  it("waits for who is not there, and names the real JID in a non-anonymous room", async () => {
    const { room, jids, clients: { romeo } } = await inRoom(stage, { membersOnly: true, whois: "anyone" }, "romeo");
    const { hecate } = await stage.cast("hecate");
    await asked(romeo, setItems(room, toAffiliation(hecate, "member")));
    const phone = await stage.enter(hecate, "phone", "<presence/>");
    const stanzas = await phone.caughtUp();
    const invitation = stanzas.find(({ name }) => name === "message") ?? (await phone.next());
    expect(childOf(userPart(invitation), "invite")?.attrs).toEqual({ from: jids.romeo });
  });

  it("invites nobody to an open room", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const phone = await stage.appear((await stage.cast("hecate")).hecate, "phone");
    expect(await asked(romeo, setItems(room, toAffiliation(phone.bare, "member")))).toEqual(["result"]);
    expect(await told(phone)).toEqual([[]]);
  });
});

describe("XEP-0045 sections 10.3 to 10.8: owners and admins", () => {
  it("are made by owners: everybody is told, with the role of moderator, and they learn who is who", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "admin")))).toEqual(["result", "juliet: moderator/admin by romeo"]);
    expect(await told(juliet, nurse)).toEqual([
      ["juliet: moderator/admin [110] by romeo", "romeo: moderator/owner", "nurse: participant/none"],
      ["juliet: moderator/admin by romeo"],
    ]);
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "owner")))).toEqual(["result", "juliet: moderator/owner by romeo"]);
    expect(await told(juliet, nurse)).toEqual([["juliet: moderator/owner [110] by romeo"], ["juliet: moderator/owner by romeo"]]);
    // Section 10.7: and lose it with the role.
    expect(await asked(juliet, setItems(room, toAffiliation(jids.romeo, "none")))).toEqual(["result", "romeo: participant/none by juliet"]);
    expect(await told(romeo, nurse)).toEqual([["romeo: participant/none [110] by juliet"], ["romeo: participant/none by juliet"]]);
  });

  it("are not made, nor unmade, by admins", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.juliet, "admin");
    await affiliate(romeo, room, jids.nurse, "admin");
    for (const [jid, affiliation] of [
      ["paris@localhost", "admin"],
      ["paris@localhost", "owner"],
      [jids.nurse, "none"],
      [jids.nurse, "member"],
      [jids.nurse, "admin"],
      [jids.romeo, "admin"],
      [jids.romeo, "owner"],
      [jids.juliet, "none"],
    ] as const) {
      expect(await asked(juliet, setItems(room, toAffiliation(jid, affiliation))), `${jid} ${affiliation}`).toEqual(["error forbidden"]);
    }
    expect(await asked(juliet, setItems(room, toAffiliation("paris@localhost", "member")))).toEqual(["result"]);
  });

  it("leave a room no owner less than one", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    for (const wanted of ["none", "member", "admin"]) expect(await asked(romeo, setItems(room, toAffiliation(jids.romeo, wanted)))).toEqual(["error conflict"]);
    // In one request it is what comes of all of it that counts.
    expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, "owner") + toAffiliation(jids.romeo, "admin")))).toEqual([
      "result",
      "romeo: moderator/admin [110] by romeo",
      "juliet: moderator/owner by romeo",
    ]);
    await told(juliet);
    expect(await asked(juliet, setItems(room, toAffiliation(jids.romeo, "owner")))).toContain("result");
    const both = toAffiliation(jids.romeo, "member") + toAffiliation(jids.juliet, "none");
    expect(await asked(juliet, setItems(room, both))).toEqual(["error conflict"]);
    expect(await listed(juliet, room, "affiliation='owner'")).toHaveLength(2);
  });

  it("are told of to those who may see real JIDs while they are not in the room", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const messageOf = async (affiliation: string) => {
      const stanzas = await romeo.ask(setItems(room, toAffiliation("hecate@localhost", affiliation)));
      expect(stanzas.map(({ name }) => name)).toEqual(["iq", "message"]);
      expect(stanzas[1]!.attrs).toMatchObject({ from: room, to: romeo.jid });
      return itemOf(stanzas[1]!)?.attrs;
    };
    expect(await messageOf("owner")).toEqual({ affiliation: "owner", jid: "hecate@localhost", role: "none" });
    expect(await messageOf("admin")).toEqual({ affiliation: "admin", jid: "hecate@localhost", role: "none" });
    expect(await messageOf("none")).toEqual({ affiliation: "none", jid: "hecate@localhost", role: "none" });
    expect(await told(juliet)).toEqual([[]]);
    await configure(romeo, room, { whois: "anyone" });
    await messageOf("owner");
    expect((await juliet.caughtUp()).map((stanza) => itemOf(stanza)?.attrs["affiliation"])).toEqual(["owner"]);
  });

  it("have lists for owners, and for others in a non-anonymous room", async () => {
    const { room, jids, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await affiliate(romeo, room, jids.juliet, "admin", "Jule");
    const lists = (what: string) => Promise.all([romeo, juliet, nurse].map((client) => listed(client, room, `affiliation='${what}'`)));
    const [owners, admins, no] = [[`<item affiliation='owner' jid='${jids.romeo}'/>`], [`<item affiliation='admin' jid='${jids.juliet}' nick='Jule'/>`], ["error forbidden"]];
    expect([await lists("owner"), await lists("admin")]).toEqual([[owners, no, no], [admins, no, no]]);
    await configure(romeo, room, { whois: "anyone" });
    expect([await lists("owner"), await lists("admin")]).toEqual([[owners, owners, owners], [admins, admins, admins]]);
  });
});

describe("Administrators of the server", () => {
  it("own every room, whatever its lists say, and are banned from none", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const prince = await person(stage, "prince@localhost");
    expect(await listed(prince, room, "affiliation='owner'")).toEqual([`<item affiliation='owner' jid='${jids.romeo}'/>`]);
    expect(await asked(romeo, setItems(room, toAffiliation("prince@localhost", "outcast")))).toEqual(["error not-allowed"]);
    expect(await asked(prince, setItems(room, toAffiliation(jids.juliet, "owner")))).toEqual(["result"]);
    expect(await told(juliet)).toEqual([["juliet: moderator/owner [110]", "romeo: moderator/owner"]]);
    // They are not on the list for that: somebody of the room's own stays.
    await asked(prince, setItems(room, toAffiliation(jids.juliet, "none")));
    expect(await asked(prince, setItems(room, toAffiliation(jids.romeo, "none")))).toEqual(["error conflict"]);
    await affiliate(romeo, room, jids.juliet, "admin");
    expect(await asked(juliet, setItems(room, toAffiliation("prince@localhost", "outcast")))).toEqual(["juliet: participant/none [110]", "error not-allowed"]);
    expect(await asked(juliet, setItems(room, toAffiliation("prince@localhost", "none")))).toEqual(["error forbidden"]);
  });

  it("come in as owners, and are told and kept as such", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, { membersOnly: true, moderated: true, password: "secret" }, "romeo");
    const prince = await person(stage, "prince@localhost", "court");
    expect(await entered(prince, room, "prince", "<password>secret</password>")).toContain("prince: moderator/owner [110 170]");
    expect(await told(romeo)).toEqual([["prince: moderator/owner"]]);
    expect(await asked(romeo, setItems(room, toRole("prince", "visitor")))).toEqual(["error not-allowed"]);
    rooms.host.run(null, (step) => enforceMembersOnly(rooms, step, rooms.read(step, room)!, "romeo"));
    expect(await told(prince)).toEqual([[]]);
  });
});

describe("XEP-0045 section 10.2: a room that becomes members-only", () => {
  it("removes with 322 who is no member, and tells everybody", async () => {
    const { room, jids, clients: { romeo, juliet, nurse, tybalt } } = await inRoom(stage, {}, "romeo", "juliet", "nurse", "tybalt");
    await affiliate(romeo, room, jids.nurse, "member");
    await assign(romeo, room, "tybalt", "moderator");
    const enforce = () => rooms.host.run(null, (step) => enforceMembersOnly(rooms, step, rooms.read(step, room)!, "romeo"));
    enforce();
    expect(await told(romeo, juliet)).toEqual([[], []]);
    await configure(romeo, room, { membersOnly: true });
    enforce();
    expect(await told(romeo, juliet, tybalt, nurse)).toEqual([
      ["juliet unavailable: none/none [322] by romeo", "tybalt unavailable: none/none [322] by romeo"],
      ["juliet unavailable: none/none [110 322] by romeo"],
      ["tybalt unavailable: none/none [110 322] by romeo"],
      ["juliet unavailable: none/none [322] by romeo", "tybalt unavailable: none/none [322] by romeo"],
    ]);
  });
});

describe("XEP-0045 section 7.2.10: a locked room", () => {
  it("has lists for its owner alone, and is not there for others", async () => {
    const { romeo: jid, juliet: other } = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await person(stage, jid), await person(stage, other)];
    const room = newRoom();
    await romeo.ask(joining(room, "romeo"));
    expect(await asked(juliet, setItems(room, toAffiliation(other, "owner")))).toEqual(["error item-not-found"]);
    expect(await listed(juliet, room, "affiliation='owner'")).toEqual(["error item-not-found"]);
    expect(await listed(romeo, room, "affiliation='owner'")).toEqual([`<item affiliation='owner' jid='${jid}'/>`]);
  });
});

describe("XEP-0045 section 14.6: changes in a room of many", () => {
  it("are as many at once as can be told to everybody: all of them or none", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const crowd = Array.from({ length: 998 }, (_, index) => ({ nick: `extra-${index}`, bareJid: `extra-${index}@elsewhere.example` }));
    rooms.host.run(null, (step) => {
      const known = rooms.read(step, room)!;
      for (const { nick, bareJid } of crowd) rooms.change(step, known, "OccupantEntered", { nick, jid: `${bareJid}/a`, role: "participant", presence: "<presence xmlns='jabber:client'/>" });
    });
    const most = roomToldMax / 1_000;
    const [few, many] = [crowd.slice(0, most), crowd.slice(0, most + 1)];
    const voiceless = (some: typeof crowd): string => setItems(room, some.map(({ nick }) => toRole(nick, "visitor")).join(""));
    const members = (some: typeof crowd): string => setItems(room, some.map(({ bareJid }) => toAffiliation(bareJid, "member")).join(""));
    for (const change of [voiceless, members]) {
      expect(await asked(romeo, change(many))).toEqual(["error policy-violation"]);
      expect((await told(juliet))[0]).toEqual([]);
      expect(await asked(romeo, change(few))).toHaveLength(most + 1);
      expect((await told(juliet))[0]).toHaveLength(most);
    }
    // The form is no way round it.
    const admins = crowd.slice(0, most + 1).map(({ bareJid }) => bareJid);
    expect(await asked(romeo, submitting(room, { roomadmins: admins }))).toEqual(["error policy-violation"]);
    // Of who is not there nobody is told, and a single change may always be made.
    const absent = crowd.slice(0, 250).map(({ nick }) => ({ nick, bareJid: `${nick}@absent.example` }));
    expect(await asked(romeo, members(absent))).toEqual(["result"]);
    expect(await asked(romeo, setItems(room, toAffiliation("elsewhere.example", "outcast")))).toContain("extra-997 unavailable: none/outcast [301] by romeo");
  });
});

describe("The lists of a room", () => {
  it("are held against a form in a moment, however long both are", async () => {
    const { room, jids, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const owners = Array.from({ length: roomAffiliationsMax - 1 }, (_, index) => `o${index}@a.example`);
    rooms.host.run(null, (step) => {
      const known = rooms.read(step, room)!;
      for (const jid of owners) rooms.change(step, known, "AffiliationSet", { jid, affiliation: "owner", nick: null, reason: null });
    });
    await romeo.caughtUp();
    const form = submitting(room, { roomowners: [...Array.from({ length: 8_000 }, (_, index) => `n${index}@a.example`), jids.romeo] });
    const began = process.cpuUsage().user;
    expect(await asked(romeo, form)).toEqual(["error policy-violation"]);
    expect(process.cpuUsage().user - began).toBeLessThan(400_000);
  });

  it("have a bound, up to which they are read, and below which they come again", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    rooms.host.run(null, (step) => {
      const known = rooms.read(step, room)!;
      for (let index = 1; index < roomAffiliationsMax; index++) {
        rooms.change(step, known, "AffiliationSet", { jid: `user-${index}@localhost`, affiliation: "member", nick: null, reason: null });
      }
    });
    expect(await asked(romeo, setItems(room, toAffiliation("one-more@localhost", "member")))).toEqual(["error resource-constraint"]);
    expect(await asked(romeo, setItems(room, toAffiliation("user-1@localhost", "outcast")))).toEqual(["result"]);
    expect(await asked(romeo, setItems(room, toAffiliation("one-more@localhost", "member") + toAffiliation("user-2@localhost", "none")))).toEqual(["result"]);
    expect(await listed(romeo, room, "affiliation='member'")).toHaveLength(roomAffiliationsMax - 2);
  });

  it("have a bound of bytes", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const reason = "é".repeat(roomReasonCharsMax);
    rooms.host.run(null, (step) => {
      const known = rooms.read(step, room)!;
      for (let index = 0; index < roomAffiliationsBytesMax / 2_000 - 20; index++) {
        rooms.change(step, known, "AffiliationSet", { jid: `user-${index}@localhost`, affiliation: "outcast", nick: null, reason });
      }
    });
    expect(await asked(romeo, setItems(room, toAffiliation("one-more@localhost", "outcast")))).toEqual(["result"]);
    const many = Array.from({ length: 30 }, (_, index) => toAffiliation(`more-${index}@localhost`, "outcast", reason)).join("");
    const [error] = await romeo.ask(setItems(room, many));
    expect(words(error!)).toBe("error resource-constraint");
    expect(textOf(childOf(error, "error"))).toContain(String(roomAffiliationsBytesMax));
  });
});
