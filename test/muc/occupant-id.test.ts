/** What tells occupants apart for good (XEP-0421). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage } from "../management/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { inRoom } from "./asking.ts";
import { madeRoom, roomFacts } from "./facts.ts";
import { entered, joining, leaving, newRoom, ownerNamespace, person, said } from "./setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const xmlns = "urn:xmpp:occupant-id:0";
const forged = `<occupant-id xmlns='${xmlns}' id='forged'/>`;

/** Each has exactly one. */
function idOf(stanza: Xml | undefined): string {
  const found = (stanza?.children ?? []).filter((child): child is Xml => typeof child !== "string" && child.name === "occupant-id" && child.xmlns === xmlns);
  expect(found).toHaveLength(1);
  return found[0]?.attrs["id"] ?? "";
}

async function features(client: BoundClient, of: string): Promise<readonly (string | undefined)[]> {
  const [answer] = await client.ask(`<iq type='get' id='d' to='${of}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  return (childOf(answer, "query")?.children ?? []).map((child) => (child as Xml).attrs["var"]);
}

describe("XEP-0421 section 3: the id of an occupant", () => {
  it("is in presence of all kinds, in messages, in subjects, in history and in private messages", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, { changeSubject: true }, "romeo", "juliet");
    const [shown] = await juliet.ask(`<presence to='${room}/juliet'>${forged}<show>away</show></presence>`);
    const id = idOf(shown);
    expect(id).toMatch(/^[\w-]{43}$/);
    await juliet.ask(`<message type='groupchat' to='${room}'><body>a</body>${forged}${forged}</message>`);
    await juliet.ask(`<message type='groupchat' to='${room}'><subject>s</subject>${forged}</message>`);
    await juliet.ask(`<message type='chat' to='${room}/romeo'><body>psst</body>${forged}</message>`);
    await juliet.ask(`<presence to='${room}/jule'/>`);
    expect((await romeo.caughtUp()).map(idOf)).toEqual(Array.from({ length: 6 }, () => id));
    const nurse = await person(stage, (await stage.cast("nurse")).nurse);
    const told = await nurse.ask(joining(room, "nurse"));
    const of = (name: string) => told.filter(({ attrs }) => attrs["from"] === `${room}/${name}`);
    expect([...of("jule"), ...of("juliet")].map(idOf)).toEqual([id, id, id]);
    await romeo.caughtUp();
    await juliet.ask(leaving(room, "jule"));
    expect((await romeo.caughtUp()).map(idOf)).toEqual([id]);
    expect(new Set([...of("romeo"), ...of("nurse")].map(idOf)).size).toBe(2);
  });

  it("is in what goes back as an error, and in the end of the room", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const [shown] = await juliet.ask(`<presence to='${room}/juliet'/>`);
    await romeo.caughtUp();
    await juliet.ask(`<message type='error' to='${room}/romeo'>${forged}<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
    expect((await romeo.caughtUp()).map(idOf)).toEqual([idOf(shown)]);
    await romeo.ask(`<iq type='set' id='end' to='${room}'><query xmlns='${ownerNamespace}'><destroy/></query></iq>`);
    expect((await juliet.caughtUp()).map(idOf)).toEqual([idOf(shown)]);
  });
});

describe("XEP-0421 section 4.1: generation of ids", () => {
  it("is the same for a user in a room, with another nick, another session, after leaving and after the server was killed", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const room = newRoom();
    const romeo = await stage.resumable(jids.romeo);
    await madeRoom(romeo as never, room, "romeo", { persistent: true });
    const id = async (nick: string): Promise<string> => {
      const juliet = await person(stage, jids.juliet, nick);
      const own = (await juliet.ask(joining(room, nick))).find(({ attrs }) => attrs["from"] === `${room}/${nick}`);
      await juliet.ask(leaving(room, nick));
      return idOf(own);
    };
    const first = await id("juliet");
    expect(await id("jule")).toBe(first);
    await romeo.count();
    await server.restart({ kill: true });
    expect(await id("capulet")).toBe(first);
  });

  it("is another one in another room, and says nothing of who it is", async () => {
    const jids = await stage.cast("romeo");
    const romeo = await person(stage, jids.romeo);
    const ids: string[] = [];
    for (const room of [newRoom(), newRoom()]) ids.push(idOf((await romeo.ask(joining(room, "romeo")))[0]));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(Buffer.from(id, "base64url").toString("latin1")).not.toContain("romeo");
  });
});

describe("XEP-0421 section 2: discovering support", () => {
  it("tells of it for each room, and for the service, where all rooms have it (section 4)", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    await entered(romeo, room, "romeo");
    await romeo.ask(said(room, "x"));
    for (const of of [room, "muc.localhost"]) expect(await features(romeo, of)).toContain(xmlns);
  });
});
