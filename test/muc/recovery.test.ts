/** Rooms outlive the server's death: who comes back notices nothing of it, and who does not has left (XEP-0045 section 11.1, XEP-0198 section 5). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { gone, ManagedStage, type ManagedClient } from "../management/support.ts";
import { asked, listed, setItems, toAffiliation, toRole, words } from "./asking.ts";
import { entered, heard, joining, leaving, newRoom, opened, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const killed = (): Promise<void> => server.restart({ kill: true });

/** Comes back as a client does, that sends again what the server has not handled. Returns all that it is told until then. */
async function comesBack(client: ManagedClient, unhandled: readonly string[] = []): Promise<readonly string[]> {
  const { sent } = client;
  const handled = await client.resume();
  const again = unhandled.slice(unhandled.length - (sent - handled));
  // It counts on from what the server has.
  client.sent = handled;
  for (const stanza of sent === handled ? [] : again) client.send(stanza);
  return (await client.caughtUp()).map(roomWords);
}

describe("XEP-0198 section 5: occupants whose sessions are resumed after the server was killed", () => {
  it("are told nothing of it, and miss, see twice and see out of order nothing", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet)];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await entered(juliet, room, "juliet");
    await heard(romeo);
    await juliet.vanish(server);
    for (const body of ["one", "two"]) expect((await romeo.ask(said(room, body))).map(roomWords)).toEqual([`romeo: "${body}"`]);
    await killed();
    expect(await comesBack(romeo)).toEqual([]);
    expect((await romeo.ask(said(room, "three"))).map(roomWords)).toEqual(['romeo: "three"']);
    expect(await comesBack(juliet)).toEqual(['romeo: "one"', 'romeo: "two"', 'romeo: "three"']);
    await killed();
    await killed();
    expect(await comesBack(romeo)).toEqual([]);
    expect(await comesBack(juliet)).toEqual([]);
    expect((await juliet.ask(said(room, "four"))).map(roomWords)).toEqual(['juliet: "four"']);
    expect(await heard(romeo)).toEqual([['juliet: "four"']]);
    expect((await juliet.ask(leaving(room, "juliet"))).map(roomWords)).toEqual(["juliet unavailable: none/none [110]"]);
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
  });

  it("may have spoken, entered, changed their nick or left at the very moment: it is done once, and everybody sees it once", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet)];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    const steps = [
      { sends: joining(room, "juliet"), sees: ["juliet: participant/none [110 170]"], others: ["juliet: participant/none"] },
      { sends: said(room, "soft"), sees: ['juliet: "soft"'], others: ['juliet: "soft"'] },
      {
        sends: `<presence to='${room}/jule'/>`,
        sees: ["juliet unavailable: participant/none as jule [110 303]", "jule: participant/none [110]"],
        others: ["juliet unavailable: participant/none as jule [303]", "jule: participant/none"],
      },
      { sends: leaving(room, "jule"), sees: ["jule unavailable: none/none [110]"], others: ["jule unavailable: none/none"] },
    ];
    for (const { sends, sees, others } of steps) {
      juliet.send(sends);
      await killed();
      const own = await comesBack(juliet, [sends]);
      expect(own.filter((word) => !word.startsWith("romeo: moderator") && !word.startsWith("subject"))).toEqual(sees);
      expect(await comesBack(romeo)).toEqual(others);
    }
  });

  it("are removed by a request that was not yet answered, once", async () => {
    const jids = await stage.cast("romeo", "juliet", "nurse");
    const [romeo, juliet, nurse] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet), await stage.resumable(jids.nurse)];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await entered(juliet, room, "juliet");
    await entered(nurse, room, "nurse");
    await heard(romeo, juliet);
    const ban = setItems(room, toAffiliation(jids.juliet, "outcast"));
    romeo.send(ban);
    await killed();
    expect((await comesBack(romeo, [ban])).filter((word) => word.startsWith("juliet"))).toEqual(["juliet unavailable: none/outcast [301]"]);
    expect(await comesBack(juliet)).toEqual(["juliet unavailable: none/outcast [110 301]"]);
    expect(await comesBack(nurse)).toEqual(["juliet unavailable: none/outcast [301]"]);
    expect(await entered(juliet, room, "juliet")).toEqual(["error forbidden"]);
  });
});

describe("XEP-0045 section 3: a room after the server was killed", () => {
  it("is as it was: who is there and as what, its lists, its configuration, what was said, the subject", async () => {
    const jids = await stage.cast("romeo", "juliet", "nurse", "paris", "tybalt");
    const [romeo, juliet, nurse] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet), await stage.resumable(jids.nurse)];
    const room = newRoom();
    const fields = { "muc#roomconfig_moderatedroom": "1", "muc#roomconfig_roomname": "Orchard", "muc#maxhistoryfetch": "2", "muc#roomconfig_whois": "anyone" };
    await opened(romeo, room, "romeo", fields);
    await entered(juliet, room, "juliet");
    await entered(nurse, room, "nurse");
    await romeo.ask(setItems(room, toAffiliation(jids.paris, "member", "a count", "nick='paris'") + toAffiliation(jids.tybalt, "outcast", "brawls")));
    await romeo.ask(setItems(room, toAffiliation(jids.juliet, "admin")));
    await romeo.ask(setItems(room, toRole("nurse", "participant")));
    await juliet.ask(`<presence to='${room}/jule'><show>away</show></presence>`);
    for (const body of ["one", "two", "three"]) await nurse.ask(said(room, body));
    await romeo.ask(`<message type='groupchat' to='${room}'><subject>the wall</subject></message>`);
    const look = async (): Promise<readonly unknown[]> => {
      const paris = await person(stage, jids.paris);
      const tybalt = await person(stage, jids.tybalt);
      const seen = [othersSorted(await entered(paris, room, "paris")), await entered(tybalt, room, "tybalt"), (await paris.ask(info(room))).map(words)];
      const lists: (readonly string[])[] = [];
      for (const affiliation of ["owner", "admin", "member", "outcast"]) lists.push(await listed(romeo, room, `affiliation='${affiliation}'`));
      await Promise.all([paris.close(), tybalt.close()]);
      return [...seen, ...lists];
    };
    const before = await look();
    expect(before[0]).toEqual([
      "jule: moderator/admin",
      "nurse: participant/none",
      "romeo: moderator/owner",
      "paris: participant/member [100 110 170]",
      'nurse: "two" (delayed)',
      'nurse: "three" (delayed)',
      'romeo subject: "the wall" (delayed)',
    ]);
    await killed();
    for (const client of [romeo, juliet, nurse]) await client.resume();
    expect(await look()).toEqual(before);
    await killed();
    for (const client of [romeo, juliet, nurse]) await client.resume();
    expect(await look()).toEqual(before);
  });
});

/** Who is there already comes in any order (section 7.2.2). */
function othersSorted(told: readonly string[]): readonly string[] {
  const self = told.findIndex((word) => word.includes("110"));
  return [...told.slice(0, self).toSorted(), ...told.slice(self)];
}

const info = (room: string): string => `<iq type='get' id='info' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;

describe("XEP-0045 section 11.1: ghosts, whose sessions do not come back after the server was killed", () => {
  it("have left: the others are told once, and their nicks are free", async () => {
    const jids = await stage.cast("romeo", "juliet", "nurse", "paris");
    const romeo = await stage.resumable(jids.romeo);
    const [juliet, nurse] = [await person(stage, jids.juliet), await person(stage, jids.nurse)];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await entered(juliet, room, "juliet");
    await entered(nurse, room, "nurse");
    await romeo.ask(setItems(room, toAffiliation(jids.juliet, "member")));
    await heard(romeo);
    await killed();
    await killed();
    expect((await comesBack(romeo)).toSorted()).toEqual(["juliet unavailable: none/member", "nurse unavailable: none/none"]);
    const paris = await person(stage, jids.paris);
    expect(await entered(paris, room, "nurse")).toEqual(["romeo: moderator/owner", "nurse: participant/none [110 170]", 'subject: ""']);
    const again = await person(stage, jids.juliet);
    expect(await entered(again, room, "juliet")).toContain("juliet: participant/member [110 170]");
    expect(await heard(romeo)).toEqual([["nurse: participant/none", "juliet: participant/member"]]);
  });

  it("leave only their own sessions of a nick", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const romeo = await stage.resumable(jids.romeo);
    const [phone, desk] = [await person(stage, jids.juliet, "phone"), await stage.resumable(jids.juliet, "desk")];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await entered(phone, room, "juliet");
    await entered(desk, room, "juliet");
    await heard(romeo);
    await killed();
    expect(await comesBack(romeo)).toEqual([]);
    expect(await comesBack(desk)).toEqual([]);
    await desk.ask(leaving(room, "juliet"));
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
  });

  it("take a temporary room with them, and one that was never configured", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
    const [room, locked] = [newRoom(), newRoom()];
    await opened(romeo, room, "romeo");
    await entered(juliet, room, "juliet");
    await romeo.ask(said(room, "hello"));
    await romeo.ask(joining(locked, "romeo"));
    await killed();
    const again = await person(stage, jids.juliet);
    for (const free of [room, locked]) expect(await entered(again, free, "juliet")).toEqual(["juliet: moderator/owner [110 170 201]", 'subject: ""']);
  });

  it("leave a persistent room empty, as it was", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const romeo = await person(stage, jids.romeo);
    const room = newRoom();
    await opened(romeo, room, "romeo", { "muc#roomconfig_persistentroom": "1", "muc#roomconfig_roomname": "Orchard" });
    await romeo.ask(setItems(room, toAffiliation(jids.juliet, "admin")));
    await romeo.ask(said(room, "hello"));
    for (const round of ["once", "twice"]) {
      await killed();
      const juliet = await person(stage, jids.juliet);
      expect(await entered(juliet, room, "juliet"), round).toEqual(["juliet: moderator/admin [110 170]", 'romeo: "hello" (delayed)', 'subject: ""']);
    }
  });

  it("have left, too, when their time to come back is over", async () => {
    const clock = new HandClock();
    const own = await startServer({ allowPlaintext: true, session: { resumptionMs: 600_000, silenceMs: 86_400_000 }, parts: { clock } });
    const ownStage = new ManagedStage(own);
    const jids = await ownStage.cast("romeo", "juliet");
    const [romeo, juliet] = [await ownStage.resumable(jids.romeo), await ownStage.resumable(jids.juliet)];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await entered(juliet, room, "juliet");
    await heard(romeo);
    await own.restart({ kill: true });
    expect(await comesBack(romeo)).toEqual([]);
    clock.forward(600_001);
    await gone(own, juliet.jid);
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
    await own.restart({ kill: true });
    expect(await comesBack(romeo)).toEqual([]);
    ownStage.clear();
    await own.stop();
  });

  it("are those too whose resource another session has bound", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet)];
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await entered(juliet, room, "juliet");
    await heard(romeo);
    await killed();
    expect(await comesBack(romeo)).toEqual([]);
    const other = await stage.resumable(jids.juliet);
    expect(other.jid).toBe(juliet.jid);
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
    expect(await asked(other, said(room, "hello"))).toEqual(["error not-acceptable"]);
    expect(await entered(other, room, "juliet")).toContain("juliet: participant/none [110 170]");
    await killed();
    expect(await comesBack(other)).toEqual([]);
    expect(await comesBack(romeo)).toEqual(["juliet: participant/none"]);
  });
});
