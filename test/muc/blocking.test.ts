/** Rooms and occupants that somebody has blocked (XEP-0191): who blocks a room leaves it, and who blocks an occupant does not see it any more. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { asked } from "./asking.ts";
import { block, unblock } from "./blocking.ts";
import { entered, heard, joining, leaving, newRoom, opened, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Three are in a room, of which Romeo is the owner; what was said of that is gone. */
async function three() {
  const jids = await stage.cast("romeo", "juliet", "tybalt");
  const [romeo, juliet, tybalt] = [await person(stage, jids.romeo), await person(stage, jids.juliet), await person(stage, jids.tybalt)];
  const room = newRoom();
  await opened(romeo, room, "romeo");
  await entered(juliet, room, "juliet");
  await entered(tybalt, room, "tybalt");
  await heard(romeo, juliet, tybalt);
  return { room, jids, romeo, juliet, tybalt };
}

/** The presence and messages among what came, in words. */
const changed = async (client: Awaited<ReturnType<typeof person>>, text: string): Promise<readonly string[]> =>
  (await client.ask(text)).filter(({ name }) => name !== "iq").map(roomWords);
const changes = (client: Awaited<ReturnType<typeof person>>) => changed(client, "");

describe("XEP-0191 section 3.3: who blocks a room", () => {
  it.each(["the room", "its domain", "the own address there"])("leaves it, by %s, and hears nothing of it any more", async (what) => {
    const { room, romeo, juliet } = await three();
    const jid = { "the room": room, "its domain": "muc.localhost", "the own address there": `${room}/juliet` }[what]!;
    expect(await changed(juliet, block(jid))).toEqual(["juliet unavailable: none/none [110]"]);
    expect(await changes(romeo)).toEqual(["juliet unavailable: none/none"]);
    await romeo.ask(said(room, "hello") + `<presence to='${room}/montague'/>`);
    expect(await changes(juliet)).toEqual([]);
    // Section 3.3: nothing goes there either.
    expect(await asked(juliet, joining(room, "juliet"))).toEqual(["error not-acceptable"]);
    await changed(juliet, unblock(jid));
    expect((await entered(juliet, room, "juliet")).at(-3)).toBe("juliet: participant/none [110 170]");
  });

  it("leaves it with all the user's clients, which is told to the others once", async () => {
    const { room, jids, romeo, juliet, tybalt } = await three();
    const desk = await person(stage, jids.juliet, "desk");
    await entered(desk, room, "juliet");
    await heard(romeo, juliet, tybalt);
    expect(await changed(juliet, block(room))).toEqual(["juliet unavailable: none/none [110]"]);
    expect(await changes(desk)).toEqual(["juliet unavailable: none/none [110]"]);
    expect(await changes(romeo)).toEqual(["juliet unavailable: none/none"]);
    await juliet.close();
    expect(await changes(romeo)).toEqual([]);
  });
});

describe("XEP-0191 section 3.3: who blocks an occupant of a room", () => {
  it("sees it leave, is given nothing of it any more, presence neither, and stays", async () => {
    const { room, romeo, juliet, tybalt } = await three();
    expect(await changed(juliet, block(`${room}/tybalt`))).toEqual(["tybalt unavailable: none/none"]);
    await tybalt.ask(`<presence to='${room}/tybalt'><show>away</show></presence>` + said(room, "hello"));
    await romeo.ask(said(room, "hi"));
    expect(await changes(juliet)).toEqual(['romeo: "hi"']);
    await tybalt.ask(leaving(room, "tybalt"));
    expect(await changes(juliet)).toEqual([]);
    // The blocked one is told nothing of it, and sees the user as before.
    expect((await entered(tybalt, room, "tybalt")).slice(0, 2).toSorted()).toEqual(["juliet: participant/none", "romeo: moderator/owner"]);
    expect(await changes(juliet)).toEqual([]);
  });

  it("does not see it on entering, and is blocked by what the address is, whoever has it", async () => {
    const { room, romeo, juliet, tybalt } = await three();
    await juliet.ask(leaving(room, "juliet"));
    await juliet.ask(block(`${room}/tybalt`));
    expect(await entered(juliet, room, "juliet")).toEqual(["romeo: moderator/owner", "juliet: participant/none [110 170]", 'subject: ""']);
    await tybalt.ask(`<presence to='${room}/tyb'/>`);
    expect(await changes(juliet)).toEqual(["tyb: participant/none"]);
    await romeo.ask(`<presence to='${room}/tybalt'/>`);
    expect(await changes(juliet)).toEqual(["romeo unavailable: moderator/owner as tybalt [303]"]);
  });

  it("is asked nothing by it: service-unavailable (section 3.3)", async () => {
    const { room, juliet, tybalt } = await three();
    await juliet.ask(block(`${room}/tybalt`));
    expect(await asked(tybalt, `<iq type='get' id='v' to='${room}/juliet'><query xmlns='jabber:iq:version'/></iq>`)).toContain("error service-unavailable");
    expect(await changes(juliet)).toEqual([]);
  });

  it("sees it again once it is free (section 3.4), as far as it is there", async () => {
    const { room, juliet, tybalt } = await three();
    await juliet.ask(block(`${room}/tybalt`, `${room}/nurse`, `${room}/romeo`));
    await tybalt.ask(`<presence to='${room}/tybalt'><show>away</show></presence>`);
    expect(await changed(juliet, unblock(`${room}/tybalt`, `${room}/nurse`))).toEqual(["tybalt: participant/none"]);
    expect(await changed(juliet, unblock())).toEqual(["romeo: moderator/owner"]);
    await tybalt.ask(said(room, "hello"));
    expect(await changes(juliet)).toEqual(['tybalt: "hello"']);
  });

  it("who is nowhere in the room is told nothing of who is there", async () => {
    const { room } = await three();
    const stranger = await person(stage, (await stage.cast("nurse")).nurse);
    expect(await changed(stranger, block(`${room}/tybalt`) + unblock(`${room}/tybalt`))).toEqual([]);
  });
});
