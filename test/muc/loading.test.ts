/** What happens while a room is looked for in the store (XEP-0045 sections 7.2 and 11.1). */
import { afterEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { authenticate, bindRequest } from "../support/login.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { entered, instant, joining, newRoom, person, roomWords } from "./setting.ts";

let server: TestServer;
let stage: Stage;
afterEach(async () => {
  stage.clear();
  await server.stop();
});

/** A server whose store says nothing of this room until `found` is called; `sought` is called when it is asked. */
async function slowly(room: string): Promise<{ readonly sought: Promise<void>; readonly found: () => void }> {
  const memory = createMemoryStore(projections);
  let found = (): void => undefined;
  let seek = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (found = resolve));
  const sought = new Promise<void>((resolve) => (seek = resolve));
  const store = wrapStore(memory, {
    query: async (...args) => {
      if (JSON.stringify(args).includes(room.slice(0, room.indexOf("@")))) {
        seek();
        await waiting;
      }
      return memory.query(...args);
    },
  });
  server = await startServer({ allowPlaintext: true, parts: { store } });
  stage = new Stage(server);
  return { sought, found };
}

describe("XEP-0045 section 11.1: whose session ends while the room is looked for", () => {
  it("is not in it afterwards, though another session has its address by then", async () => {
    const room = newRoom();
    const { sought, found } = await slowly(room);
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
    juliet.send(joining(room, "juliet"));
    await sought;
    const other = await authenticate(server, { user: jids.juliet.slice(0, jids.juliet.indexOf("@")), over: "plaintext" });
    other.send(bindRequest("phone"));
    await other.expect(/<jid>[^<]+<\/jid>/);
    found();
    expect(await entered(romeo, room, "romeo")).toEqual(["romeo: moderator/owner [110 170 201]", 'subject: ""']);
    await romeo.ask(instant(room));
    other.destroy();
  });

  it("does not enter for the session that has its address by then, which has asked for nothing", async () => {
    const room = newRoom();
    const { sought, found } = await slowly(room);
    const { juliet: jid } = await stage.cast("juliet");
    const juliet = await person(stage, jid);
    juliet.send(joining(room, "juliet"));
    await sought;
    const other = await stage.enter(jid, "phone");
    found();
    expect(await entered(await person(stage, jid, "tablet"), room, "juliet")).toEqual(["juliet: moderator/owner [110 170 201]", 'subject: ""']);
    expect((await other.caughtUp()).map(roomWords)).toEqual([]);
  });
});
