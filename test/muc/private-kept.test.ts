/** Private messages of rooms in the archives of who writes and who reads them (XEP-0313), and copies for the writer's other clients (XEP-0280). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml } from "../support/xml-reader.ts";
import { copied, copyInWords, enabled, got } from "../xep/xep-0280-setting.ts";
import { all, ask, bodiesOf, stanzaIdBy } from "../xep/xep-0313-setting.ts";
import { block } from "./blocking.ts";
import { entered, heard, newRoom, opened, person, userNamespace } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Romeo and Juliet are in a room; what was said of that is gone. */
async function two() {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
  const room = newRoom();
  await opened(romeo, room, "romeo");
  await entered(juliet, room, "juliet");
  await heard(romeo, juliet);
  return { room, jids, romeo, juliet };
}

const whisper = (to: string, body: string, more = "", attrs = "type='chat'"): string => `<message ${attrs} to='${to}' id='${body}'><body>${body}</body>${more}</message>`;
/** Whom each archived message is from and to. */
const ends = async (client: BoundClient) => (await all(client)).map(({ message, body }) => `${message?.attrs["from"]} > ${message?.attrs["to"]}: ${body}`);

describe("XEP-0313 section 6.1.1: a private message of a room", () => {
  it("is in the archive of who has sent it and of who has received it, as each knows it, with what says that it is of a room", async () => {
    const { room, romeo, juliet } = await two();
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    const [received] = await juliet.caughtUp();
    expect(await ends(romeo)).toEqual([`${romeo.jid} > ${room}/juliet: one`]);
    expect(await ends(juliet)).toEqual([`${room}/romeo > ${juliet.jid}: one`]);
    for (const client of [romeo, juliet]) {
      const [{ message } = { message: undefined }] = await all(client);
      expect(childOf(message, "x")).toMatchObject({ xmlns: userNamespace, children: [] });
    }
    // Neither is told who the other is, and the reader can find it by its id.
    const [{ id, message } = { id: "", message: undefined }] = await all(juliet);
    expect(showXml(message!)).not.toContain(romeo.bare);
    expect(stanzaIdBy(received, juliet.bare)).toBe(id);
    expect(showXml(received!)).not.toContain(`by="${romeo.bare}"`);
  });

  it("is there once, however many clients of the occupant are given it, and is found by the room and by the occupant", async () => {
    const { room, romeo, juliet, jids } = await two();
    const desk = await person(stage, jids.juliet, "desk");
    await entered(desk, room, "juliet");
    await heard(romeo, juliet);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    const ids = [stanzaIdBy((await juliet.caughtUp())[0], juliet.bare), stanzaIdBy((await desk.caughtUp())[0], juliet.bare)];
    expect((await all(desk)).map(({ id }) => id)).toEqual([ids[0]]);
    expect(ids[1]).toBe(ids[0]);
    for (const jid of [room, `${room}/romeo`]) expect(bodiesOf((await ask(juliet, { form: { with: jid } })).messages)).toEqual(["one"]);
    expect(bodiesOf((await ask(juliet, { form: { with: `${room}/nurse` } })).messages)).toEqual([]);
  });

  it("that is not handed on, has no body, or is not to be stored is in none, and the archive of the room has none at all (section 6.1.2)", async () => {
    const { room, romeo, juliet } = await two();
    await romeo.ask(whisper(`${room}/tybalt`, "to nobody"));
    await romeo.ask(whisper(`${room}/juliet`, "not kept", "<no-store xmlns='urn:xmpp:hints'/>"));
    await romeo.ask(`<message type='chat' to='${room}/juliet'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`);
    await romeo.ask(whisper(`${room}/juliet`, "kept"));
    await juliet.ask(block(`${room}/romeo`));
    await romeo.ask(whisper(`${room}/juliet`, "refused"));
    expect(bodiesOf(await all(romeo))).toEqual(["kept"]);
    expect(bodiesOf(await all(juliet))).toEqual(["kept"]);
    expect((await ask(romeo, {}, room)).messages).toEqual([]);
  });

  it("to oneself is there once", async () => {
    const { room, romeo } = await two();
    await romeo.ask(whisper(`${room}/romeo`, "note"));
    expect(bodiesOf(await all(romeo))).toEqual(["note"]);
  });
});

describe("XEP-0280 section 6.1: a private message that a local user sends to an occupant of a room", () => {
  it("is copied to those clients of the user that are the same occupant, with what says that it is of a room", async () => {
    const { room, romeo, juliet, jids } = await two();
    const mate = await enabled(await person(stage, jids.romeo, "mate"));
    const other = await enabled(await person(stage, jids.romeo, "other"));
    const elsewhere = await enabled(await person(stage, jids.romeo, "elsewhere"));
    await entered(mate, room, "romeo");
    await entered(other, room, "montague");
    await heard(romeo, juliet, mate, other, elsewhere);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    const [carbon, ...more] = await mate.caughtUp();
    expect(more).toEqual([]);
    const { direction, message } = copied(carbon!)!;
    expect([direction, message.attrs]).toEqual(["sent", { type: "chat", id: "one", from: romeo.jid, to: `${room}/juliet` }]);
    expect(childOf(message, "x")).toMatchObject({ xmlns: userNamespace, children: [] });
    expect(message.children.filter((child) => typeof child !== "string" && child.name === "stanza-id")).toHaveLength(1);
    expect([stanzaIdBy(message, romeo.bare)]).toEqual((await all(romeo)).map(({ id }) => id));
    expect(await got(romeo, other, elsewhere)).toEqual([[], [], []]);
  });

  it("is not copied where it is private, and what a client says to be of a room is the server's to say", async () => {
    const { room, romeo, jids } = await two();
    const mate = await enabled(await person(stage, jids.romeo, "mate"));
    await entered(mate, room, "romeo");
    await heard(romeo, mate);
    await romeo.ask(whisper(`${room}/juliet`, "alone", "<private xmlns='urn:xmpp:carbons:2'/>"));
    expect(await got(mate)).toEqual([[]]);
    await romeo.ask(whisper(`${room}/juliet`, "one", `<x xmlns='${userNamespace}'><invite to='nurse@localhost'/></x>`));
    const [carbon, ...more] = await mate.caughtUp();
    expect([copyInWords(carbon!), more]).toEqual(["sent one", []]);
    expect(showXml(carbon!)).not.toContain("invite");
  });

  it("is not copied to the reader's other clients, which are given it if they are in the room (section 6.1)", async () => {
    const { room, romeo, jids, juliet } = await two();
    const mate = await enabled(await person(stage, jids.juliet, "mate"));
    const elsewhere = await enabled(await person(stage, jids.juliet, "elsewhere"));
    await entered(mate, room, "juliet");
    await heard(romeo, juliet, mate);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    expect(await got(juliet, mate, elsewhere)).toEqual([["one"], ["one"], []]);
  });
});
