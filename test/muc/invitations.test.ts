/** Invitations, by way of the room and directly (XEP-0045 sections 7.8, 7.9 and 9.5, XEP-0249). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { roomInvitesAtOnceMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { asked, inRoom, listed, told } from "./asking.ts";
import { affiliate, assign, configure, roomFacts } from "./facts.ts";
import { entered, errorOf, heard, leaving, newRoom, person, roomWords, userNamespace, userPart } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const inviting = (room: string, to: readonly string[] | string, inner = "", attrs = "id='nzd143v8'"): string => {
  const invites = [to].flat().map((jid) => `<invite to='${jid}'>${inner}</invite>`).join("");
  return `<message to='${room}' ${attrs}><x xmlns='${userNamespace}'>${invites}</x></message>`;
};
const declining = (room: string, to: string, reason = ""): string =>
  `<message to='${room}' id='jk2vs61v'><x xmlns='${userNamespace}'><decline to='${to}'>${reason === "" ? "" : `<reason>${reason}</reason>`}</decline></x></message>`;

/** What is in the `<x/>` of the only message among them. */
function inside(stanzas: readonly Xml[]): readonly string[] {
  expect(stanzas.map(({ name }) => name)).toEqual(["message"]);
  return (userPart(stanzas[0]!)?.children ?? []).map((child) => showXml(child as Xml, userNamespace));
}

describe("XEP-0045 section 7.8.2: a mediated invitation", () => {
  it("goes from the room to the invitee, with reason, password and the inviter's address in the room", async () => {
    const { room, jids, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await configure(romeo, room, { password: "cauldronburn" });
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    expect(await juliet.ask(inviting(room, hecate.bare, "<reason>this is the place</reason>"))).toEqual([]);
    const came = await hecate.caughtUp();
    expect(came[0]?.attrs).toMatchObject({ from: room, to: hecate.bare });
    expect(inside(came)).toEqual([`<invite from='${room}/juliet'><reason>this is the place</reason></invite>`, "<password>cauldronburn</password>"]);
    expect(showXml(came[0]!)).not.toContain(jids.juliet);
    expect(await told(romeo, juliet)).toEqual([[], []]);
  });

  it("names the real JID of the inviter where everybody sees it", async () => {
    const { room, jids, clients: { romeo } } = await inRoom(stage, { whois: "anyone" }, "romeo");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await romeo.ask(inviting(room, hecate.jid));
    expect(inside(await hecate.caughtUp())).toEqual([`<invite from='${jids.romeo}'/>`]);
  });

  it("waits for who is not there", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const { hecate } = await stage.cast("hecate");
    expect(await romeo.ask(inviting(room, hecate))).toEqual([]);
    const phone = await stage.enter(hecate, "broom", "<presence/>");
    const stanzas = await phone.caughtUp();
    const invitation = stanzas.find(({ name }) => name === "message") ?? (await phone.next());
    expect(childOf(userPart(invitation), "invite")?.attrs).toEqual({ from: `${room}/romeo` });
  });

  it("goes to all that are named, each with its own reason and thread (section 7.9)", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const jids = await stage.cast("hag", "wicca");
    const [hag, wicca] = [await stage.appear(jids.hag, "pda"), await stage.appear(jids.wicca, "laptop")];
    const invites = `<invite to='${hag.bare}'><reason>we need both</reason><continue thread='e0ff'/></invite><invite to='${wicca.jid}'><continue/></invite>`;
    await romeo.ask(`<message to='${room}'><x xmlns='${userNamespace}'>${invites}</x></message>`);
    const [one, other] = [await hag.caughtUp(), await wicca.caughtUp()];
    expect([inside(one), inside(other)]).toEqual([
      [`<invite from='${room}/romeo'><reason>we need both</reason><continue thread='e0ff'/></invite>`],
      [`<invite from='${room}/romeo'><continue/></invite>`],
    ]);
    expect(one[0]?.attrs["id"]).not.toBe(other[0]?.attrs["id"]);
  });

  it("of somebody who is not in the room, or of another type, is refused", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await juliet.ask(leaving(room, "juliet"));
    await romeo.caughtUp();
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    expect(await asked(juliet, inviting(room, hecate.bare))).toEqual(["error not-acceptable"]);
    expect(await asked(romeo, inviting(room, hecate.bare, "", "type='chat'"))).toEqual(["error bad-request"]);
    expect(await told(romeo, hecate)).toEqual([[], []]);
  });

  it("to a JID that is not there gets item-not-found, once, and with the id of the invitation", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const answers = [...(await romeo.ask(inviting(room, ["nobody@localhost", "no-one@localhost"]))), ...(await romeo.caughtUp())];
    expect(answers.map((stanza) => [errorOf(stanza), stanza.attrs["id"], stanza.attrs["from"]])).toEqual([["item-not-found", "nzd143v8", room]]);
    for (const to of ["elsewhere.example", "who@elsewhere.example"]) expect((await romeo.ask(inviting(room, to))).map(errorOf), to).toEqual(["item-not-found"]);
  });

  it("to something that is no JID, to too many, or with too long a reason reaches nobody", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    const many = Array.from({ length: roomInvitesAtOnceMax + 1 }, () => hecate.bare);
    expect(await asked(romeo, inviting(room, [hecate.bare, "@"]))).toEqual(["error jid-malformed"]);
    expect(await asked(romeo, `<message to='${room}'><x xmlns='${userNamespace}'><invite/></x></message>`)).toEqual(["error jid-malformed"]);
    expect(await asked(romeo, inviting(room, many))).toEqual(["error policy-violation"]);
    expect(await asked(romeo, inviting(room, hecate.bare, `<reason>${"x".repeat(1_001)}</reason>`))).toEqual(["error policy-violation"]);
    expect(await told(hecate)).toEqual([[]]);
  });

  it("is not for who is banned: an admin is told so, others no more than of a JID that is not there", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await affiliate(romeo, room, hecate.bare, "outcast");
    expect(await asked(romeo, inviting(room, hecate.bare))).toEqual(["error not-allowed"]);
    const [refused] = await juliet.ask(inviting(room, hecate.bare));
    const [missing] = [...(await juliet.ask(inviting(room, "nobody@localhost"))), ...(await juliet.caughtUp())];
    expect(showXml(childOf(refused, "error")!)).toContain("item-not-found");
    expect(textOf(childOf(childOf(refused, "error"), "text"))).toBe(textOf(childOf(childOf(missing, "error"), "text")));
    expect(await told(hecate)).toEqual([[]]);
  });

  it("is no message to all: who is invited with a groupchat message is not", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await romeo.ask(inviting(room, hecate.bare, "", "type='groupchat'"));
    expect(await told(hecate)).toEqual([[]]);
  });
});

describe("XEP-0045 section 9.5: an invitation to a members-only room", () => {
  it("makes a member, who can come in then", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, { membersOnly: true }, "romeo");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    expect(await romeo.ask(inviting(room, hecate.jid))).toEqual([]);
    expect(inside(await hecate.caughtUp())).toEqual([`<invite from='${room}/romeo'/>`]);
    expect(await listed(romeo, room, "affiliation='member'")).toEqual([`<item affiliation='member' jid='${hecate.bare}'/>`]);
    expect((await entered(hecate, room, "hecate")).find((word) => word.startsWith("hecate"))).toBe("hecate: participant/member [110 170]");
  });

  it("is an admin's, unless the owners let members invite", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await affiliate(romeo, room, juliet.bare, "member");
    await configure(romeo, room, { membersOnly: true });
    expect(await asked(juliet, inviting(room, hecate.bare))).toEqual(["error forbidden"]);
    // A moderator who is a member is no admin.
    await assign(romeo, room, "juliet", "moderator");
    expect(await asked(juliet, inviting(room, hecate.bare))).toEqual(["error forbidden"]);
    await assign(romeo, room, "juliet", "participant");
    expect(await told(hecate)).toEqual([[]]);
    await configure(romeo, room, { allowInvites: true });
    expect(await juliet.ask(inviting(room, hecate.bare))).toEqual([]);
    expect(inside(await hecate.caughtUp())).toEqual([`<invite from='${room}/juliet'/>`]);
    expect(await listed(romeo, room, "affiliation='member'")).toContainEqual(`<item affiliation='member' jid='${hecate.bare}'/>`);
  });

  it("leaves admins what they are, and through an open room nobody becomes a member", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, { membersOnly: true }, "romeo");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await affiliate(romeo, room, hecate.bare, "admin");
    await romeo.ask(inviting(room, hecate.bare));
    expect(inside(await hecate.caughtUp())).toHaveLength(1);
    expect(await listed(romeo, room, "affiliation='member'")).toEqual([]);
    await affiliate(romeo, room, hecate.bare, "none");
    await configure(romeo, room, { membersOnly: false });
    await romeo.ask(inviting(room, hecate.bare));
    expect(await listed(romeo, room, "affiliation='member'")).toEqual([]);
  });
});

describe("XEP-0045 section 7.8.2: declining an invitation", () => {
  it("is told the inviter, with the reason, who may have left and come again", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, { persistent: true }, "romeo", "juliet");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await romeo.ask(inviting(room, hecate.bare));
    await hecate.caughtUp();
    await romeo.ask(leaving(room, "romeo"));
    expect(await hecate.ask(declining(room, `${room}/romeo`, "too busy"))).toEqual([]);
    const came = await romeo.caughtUp();
    expect(came[0]?.attrs).toMatchObject({ from: room, to: romeo.jid });
    expect(inside(came)).toEqual([`<decline from='${hecate.bare}'><reason>too busy</reason></decline>`]);
    expect((await heard(juliet))[0]).toEqual(["romeo unavailable: none/owner"]);
  });

  it("works with the real JID of the inviter too, and once", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, { whois: "anyone" }, "romeo");
    const hecate = await stage.appear((await stage.cast("hecate")).hecate, "broom");
    await romeo.ask(inviting(room, hecate.bare));
    await hecate.ask(declining(room, romeo.bare));
    expect(inside(await romeo.caughtUp())).toEqual([`<decline from='${hecate.bare}'/>`]);
    await hecate.ask(declining(room, romeo.bare));
    expect(await told(romeo)).toEqual([[]]);
  });

  it("by somebody whom nobody has invited is not heard, and not answered", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const jids = await stage.cast("tybalt", "hecate");
    const tybalt = await person(stage, jids.tybalt);
    await juliet.ask(inviting(room, jids.hecate));
    for (const to of [`${room}/romeo`, `${room}/juliet`, romeo.bare, juliet.jid, `${room}/nobody`]) expect(await tybalt.ask(declining(room, to, "hello")), to).toEqual([]);
    expect(await told(romeo, juliet)).toEqual([[], []]);
    expect((await tybalt.ask(declining(room, "@"))).map(roomWords)).toEqual(["error jid-malformed"]);
    expect((await tybalt.ask(declining(newRoom(), romeo.bare))).map(roomWords)).toEqual(["error item-not-found"]);
  });
});

describe("XEP-0249 section 2: a direct invitation", () => {
  it("goes from user to user as it is, and waits for who is not there", async () => {
    const jids = await stage.cast("crone", "hecate");
    const crone = await person(stage, jids.crone, "desktop");
    const x = "<x xmlns='jabber:x:conference' continue='true' jid='darkcave@muc.localhost' password='cauldronburn' reason='Hey Hecate' thread='e0ff'/>";
    expect(await crone.ask(`<message to='${jids.hecate}'>${x}</message>`)).toEqual([]);
    const hecate = await stage.enter(jids.hecate, "broom", "<presence/>");
    const stanzas = await hecate.caughtUp();
    const invitation = stanzas.find(({ name }) => name === "message") ?? (await hecate.next());
    expect(invitation.attrs["from"]).toBe(crone.jid);
    expect(childOf(invitation, "x")).toEqual(readXml(x));
  });
});
