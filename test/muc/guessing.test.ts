/** Passwords of rooms that are tried one after the other (XEP-0045 section 7.2.5). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { roomGuessesMax, roomGuessMs } from "../../src/domain/limits.ts";
import { liveClock } from "../../src/live.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf } from "../support/xml-reader.ts";
import { madeRoom, roomFacts } from "./facts.ts";
import { entered, errorOf, joining, leaving, newRoom, person } from "./setting.ts";

let server: TestServer;
let stage: Stage;
/** Milliseconds that the server's clock is ahead. */
let ahead = 0;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts], parts: { clock: { ...liveClock, now: () => liveClock.now() + ahead } } });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const password = (text: string): string => `<password>${text}</password>`;

describe("XEP-0045 section 7.2.5: wrong passwords that are too many", () => {
  it("are refused for a while, and the right one with them, from every session of the user; others may enter", async () => {
    const jids = await stage.cast("romeo", "juliet", "nurse");
    const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
    const room = newRoom();
    await madeRoom(romeo, room, "romeo", { password: "cauldron" });
    // Whoever brings none guesses nothing.
    for (let tries = 0; tries <= roomGuessesMax; tries += 1) expect(await entered(juliet, room, "juliet")).toEqual(["error not-authorized"]);
    for (let tries = 0; tries < roomGuessesMax; tries += 1) {
      expect(await entered(juliet, room, "juliet", password(`guess ${tries}`))).toEqual(["error not-authorized"]);
    }
    const laptop = await person(stage, jids.juliet, "laptop");
    for (const session of [juliet, laptop]) {
      const [refused] = await session.ask(joining(room, "juliet", password("cauldron")));
      expect([errorOf(refused!), childOf(refused, "error")?.attrs]).toEqual(["resource-constraint", { type: "wait", by: room }]);
    }
    expect((await entered(await person(stage, jids.nurse), room, "nurse", password("cauldron"))).at(1)).toBe("nurse: participant/none [110 170]");
    ahead += roomGuessMs;
    expect((await entered(laptop, room, "juliet", password("cauldron"))).at(2)).toBe("juliet: participant/none [110 170]");
    await laptop.ask(leaving(room, "juliet"));
    expect(await entered(laptop, room, "juliet", password("guess"))).toEqual(["error not-authorized"]);
  });
});
