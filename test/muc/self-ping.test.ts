/** Whether one is still in a room (XEP-0410). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { inRoom } from "./asking.ts";
import { roomFacts } from "./facts.ts";
import { entered, errorOf, heard, leaving, newRoom, person } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const ping = (to: string): string => `<iq type='get' id='s2c1' to='${to}'><ping xmlns='urn:xmpp:ping'/></iq>`;
const verdict = (stanza: Xml): string => (stanza.attrs["type"] === "error" ? `${errorOf(stanza)} by ${childOf(stanza, "error")?.attrs["by"]}` : String(stanza.attrs["type"]));

describe("XEP-0410 section 3.3: a ping to oneself", () => {
  it("is answered by the room at once, whatever other sessions do", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const laptop = await person(stage, juliet.bare, "laptop");
    await entered(laptop, room, "juliet");
    await heard(romeo, juliet);
    for (const client of [juliet, laptop]) {
      const [answer, ...more] = await client.ask(ping(`${room}/juliet`));
      expect(answer?.attrs).toEqual({ type: "result", id: "s2c1", from: `${room}/juliet`, to: client.jid });
      expect([answer?.children, more]).toEqual([[], []]);
    }
    expect(await heard(romeo, juliet, laptop)).toEqual([[], [], []]);
  });

  it("of somebody who is not in the room gets not-acceptable, whoever else is there", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await juliet.ask(leaving(room, "juliet"));
    const other = await person(stage, romeo.bare, "laptop");
    for (const client of [juliet, other]) {
      for (const nick of ["juliet", "romeo"]) expect((await client.ask(ping(`${room}/${nick}`))).map(verdict), nick).toEqual([`not-acceptable by ${room}`]);
    }
  });

  it("gets not-acceptable where there is no room any more: item-not-found would say that one is in it (section 3.2)", async () => {
    const romeo = await person(stage, (await stage.cast("romeo")).romeo);
    const room = newRoom();
    expect((await romeo.ask(ping(`${room}/romeo`))).map(verdict)).toEqual([`not-acceptable by ${room}`]);
  });

  it("under a nick that one has no more gets item-not-found", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    await romeo.ask(`<presence to='${room}/montague'/>`);
    expect((await romeo.ask(ping(`${room}/romeo`))).map(errorOf)).toEqual(["item-not-found"]);
    expect((await romeo.ask(ping(`${room}/montague`))).map(verdict)).toEqual(["result"]);
  });

  it("to somebody else reaches that one", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await juliet.ask(ping(`${room}/romeo`));
    const [asked] = await romeo.caughtUp();
    expect([asked?.attrs["from"], childOf(asked, "ping")?.xmlns]).toEqual([`${room}/juliet`, "urn:xmpp:ping"]);
  });

  it("is announced by rooms", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const [answer] = await romeo.ask(`<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    const features = (childOf(answer, "query")?.children ?? []).map((child) => (child as Xml).attrs["var"]);
    expect(features).toContain("http://jabber.org/protocol/muc#self-ping-optimization");
  });
});
