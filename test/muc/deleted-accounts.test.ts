/** What rooms keep of an account that was deleted: what was said there, and no place for its name (XEP-0045 sections 5.2 and 7.10). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetInRoomsOffline } from "../../src/cli/forget-in-rooms-offline.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { asked, listed, setItems, toAffiliation } from "./asking.ts";
import { entered, heard, leaving, newRoom, opened, person } from "./setting.ts";

type Store = ReturnType<typeof createMemoryStore>;
const store = createMemoryStore(projections);
let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, admins: ["keeper@localhost"], parts: { openStore: async () => wrapStore(store, { close: async () => undefined }) } });
  await server.addUser("keeper", "secret");
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const persistent = { "muc#roomconfig_persistentroom": "1" };
/** The rows of rooms whose keys or values name an address, but for who has made the room. */
const rowsWith = async (at: Store, text: string): Promise<readonly string[]> =>
  (await at.query("room-rows", { prefix: "", limit: 9_999 })).filter((row) => JSON.stringify(row).includes(text) && !row.key.endsWith("/meta/madeBy")).map(({ key }) => key);

/** Romeo's room, with Juliet on its list. */
async function listedIn(affiliation: string, more = "") {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
  const room = newRoom();
  await opened(romeo, room, "romeo", persistent);
  expect(await asked(romeo, setItems(room, toAffiliation(jids.juliet, affiliation, "", more)))).toContain("result");
  return { room, jids, romeo, juliet };
}

describe("XEP-0045 section 5.2: an account that is deleted", () => {
  it.each(["owner", "admin", "member", "outcast"])("is no %s of any room any more, and who takes its name later is none", async (affiliation) => {
    const { room, jids, romeo } = await listedIn(affiliation);
    await heard(romeo);
    await server.server.admin.userDelete(jids.juliet);
    expect(await rowsWith(store, jids.juliet)).toEqual([]);
    expect((await listed(romeo, room, `affiliation='${affiliation}'`)).join()).not.toContain(jids.juliet);
    await server.addUser(jids.juliet, "secret");
    const other = await person(stage, jids.juliet);
    expect(await entered(other, room, "juliet")).toContain("juliet: participant/none [110 170]");
    await server.restart({ kill: true });
    expect(await rowsWith(store, jids.juliet)).not.toContainEqual(expect.stringContaining("/affiliation/"));
  });

  it("has left the rooms that it was in, and has no nick reserved there (section 7.10)", async () => {
    const { room, jids, romeo, juliet } = await listedIn("member", "nick='jule'");
    await entered(juliet, room, "juliet");
    await heard(romeo);
    const nurse = await person(stage, (await stage.cast("nurse")).nurse);
    expect(await entered(nurse, room, "jule")).toEqual(["error conflict"]);
    await server.server.admin.userDelete(jids.juliet);
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/member"]]);
    expect(await entered(nurse, room, "jule")).toContain("jule: participant/none [110 170]");
    expect(await rowsWith(store, jids.juliet)).toEqual([]);
  });

  it("leaves a persistent room that it alone owned to those who are in it, and to the administrators of the server", async () => {
    const { room, jids, romeo, juliet } = await listedIn("member");
    await entered(juliet, room, "juliet");
    await romeo.ask(leaving(room, "romeo"));
    await heard(juliet);
    await server.server.admin.userDelete(jids.romeo);
    expect(await rowsWith(store, jids.romeo)).toEqual([]);
    expect(await asked(juliet, setItems(room, toAffiliation(jids.juliet, "owner")))).toEqual(["error forbidden"]);
    const keeper = await person(stage, "keeper@localhost");
    expect(await asked(keeper, setItems(room, toAffiliation(jids.juliet, "owner")))).toContain("result");
    expect(await listed(juliet, room, "affiliation='owner'")).toEqual([`<item affiliation='owner' jid='${jids.juliet}'/>`]);
  });

  it("leaves the lists of a room that nobody was in since the server was started", async () => {
    const { room, jids, romeo } = await listedIn("admin");
    await romeo.ask(leaving(room, "romeo"));
    await server.restart({ kill: true });
    await server.server.admin.userDelete(jids.juliet);
    expect(await rowsWith(store, jids.juliet)).toEqual([]);
    await server.restart({ kill: true });
    expect(await rowsWith(store, jids.juliet)).toEqual([]);
  });

  it("is gone from the lists, too, where it is deleted while no server runs", async () => {
    const stopped = createMemoryStore(projections);
    const own = await startServer({ allowPlaintext: true, parts: { store: wrapStore(stopped, { close: async () => undefined }) } });
    const ownStage = new Stage(own);
    const jids = await ownStage.cast("romeo", "juliet");
    const romeo = await person(ownStage, jids.romeo);
    for (const room of [newRoom(), newRoom()]) {
      await opened(romeo, room, "romeo", persistent);
      await romeo.ask(setItems(room, toAffiliation(jids.juliet, "admin")));
    }
    ownStage.clear();
    await own.stop();
    expect(await rowsWith(stopped, jids.juliet)).toHaveLength(2);
    await forgetInRoomsOffline(stopped, jids.juliet);
    expect(await rowsWith(stopped, jids.juliet)).toEqual([]);
    expect(await rowsWith(stopped, jids.romeo)).toHaveLength(2);
    await stopped.close();
  });
});
