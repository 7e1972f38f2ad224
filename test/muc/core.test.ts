/** The main flow of a room: somebody makes it, others come, talk, and go (XEP-0045 sections 7.1 to 7.14). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage } from "../management/support.ts";
import { entered, heard, instant, joining, leaving, newRoom, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

describe("XEP-0045 section 7.2: entering a room", () => {
  it("tells the newcomer who is there, then itself, then what was said, then the subject", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
    const room = newRoom();
    expect(await entered(romeo, room, "romeo")).toEqual(["romeo: moderator/owner [110 170 201]", 'subject: ""']);
    await romeo.ask(instant(room));
    expect((await romeo.ask(said(room, "hello"))).map(roomWords)).toEqual(['romeo: "hello"']);
    expect(await entered(juliet, room, "juliet")).toEqual([
      "romeo: moderator/owner",
      "juliet: participant/none [110 170]",
      'romeo: "hello" (delayed)',
      'subject: ""',
    ]);
    expect(await heard(romeo)).toEqual([["juliet: participant/none"]]);
    await juliet.ask(said(room, "and to you"));
    expect(await heard(romeo)).toEqual([['juliet: "and to you"']]);
    expect((await juliet.ask(`<presence to='${room}/jule'/>`)).map(roomWords)).toEqual([
      "juliet unavailable: participant/none as jule [110 303]",
      "jule: participant/none [110]",
    ]);
    expect(await heard(romeo)).toEqual([["juliet unavailable: participant/none as jule [303]", "jule: participant/none"]]);
    expect((await juliet.ask(leaving(room, "jule", "good night"))).map(roomWords)).toEqual(["jule unavailable: none/none [110]"]);
    expect(await heard(romeo)).toEqual([["jule unavailable: none/none"]]);
  });

  it("loses nobody and nothing when the server is killed, and tells of who does not come back", async () => {
    const jids = await stage.cast("romeo", "juliet", "mercutio");
    const [romeo, juliet] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet)];
    const mercutio = await person(stage, jids.mercutio);
    const room = newRoom();
    await romeo.ask(joining(room, "romeo"));
    await romeo.ask(instant(room));
    await juliet.ask(joining(room, "juliet"));
    await mercutio.ask(joining(room, "mercutio"));
    await juliet.ask(said(room, "one"));
    await romeo.count();
    await server.restart({ kill: true });
    await juliet.resume();
    await romeo.resume();
    await juliet.ask(said(room, "two"));
    const words = (await romeo.ask(said(room, "three"))).map(roomWords);
    expect(words.filter((word) => !word.includes("available:") || word.includes("unavailable"))).toEqual(
      expect.arrayContaining(["mercutio unavailable: none/none", 'juliet: "two"', 'romeo: "three"']),
    );
  });
});
