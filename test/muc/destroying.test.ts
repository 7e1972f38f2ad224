/** The end of a room by its owner (XEP-0045 section 10.9). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage, until } from "../presence/support.ts";
import { showXml } from "../support/xml-reader.ts";
import { asked, inRoom, words } from "./asking.ts";
import { roomFacts } from "./facts.ts";
import { field, owning } from "./owning.ts";
import { entered, heard, joining, newRoom, opened, person, said, userNamespace, userPart } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts], admins: ["admin@localhost"] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const venue = "<destroy jid='coven@muc.localhost'><password>cauldron</password><reason>Macbeth doth come.</reason></destroy>";

describe("XEP-0045 section 10.9: destroying a room", () => {
  it("removes everybody, each told once of itself alone, with the reason and where to go", async () => {
    const { room, clients } = await inRoom(stage, { persistent: true, archive: true }, "romeo", "juliet", "nurse");
    await clients.romeo.ask(said(room, "hello"));
    await heard(clients.juliet, clients.nurse);
    const [own, answer, ...more] = await clients.romeo.ask(owning(room, venue));
    expect([words(own!), words(answer!), more]).toEqual(["romeo unavailable: none/none [110]", "result", []]);
    for (const name of ["juliet", "nurse"] as const) {
      const [presence, ...others] = await clients[name].caughtUp();
      expect(others).toEqual([]);
      expect(presence?.attrs).toEqual({ type: "unavailable", from: `${room}/${name}`, to: clients[name].jid });
      expect(showXml(userPart(presence!)!, userNamespace)).toBe(
        "<x><item affiliation='none' role='none'/><destroy jid='coven@muc.localhost'><password>cauldron</password>" +
          "<reason>Macbeth doth come.</reason></destroy><status code='110'/></x>",
      );
    }
    // It is another one that has its name from now on, without anything of the old one.
    expect(await entered(clients.juliet, room, "juliet")).toEqual(["juliet: moderator/owner [110 170 201]", 'subject: ""']);
    expect(await heard(clients.romeo, clients.nurse)).toEqual([[], []]);
  });

  it("says that it is over also where the owner gives no reason", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    await clients.romeo.ask(owning(room, "<destroy/>"));
    const [presence] = await clients.juliet.caughtUp();
    expect(showXml(userPart(presence!)!, userNamespace)).toContain("<destroy/>");
  });

  it("leaves nothing of what was said in the store, and is done after a crash too", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await person(stage, romeo);
    const room = newRoom();
    await opened(client, room, "romeo", { [field("persistentroom")]: "1" });
    await client.ask(said(room, "a secret"));
    const stream = `room/${room.split("@").toReversed().join("/")}`;
    const kept = async () => ({ texts: (await server.store.contents(stream, "", 10)).length, facts: (await server.store.read(stream, 0, 100)).map(({ type }) => type) });
    expect((await kept()).texts).toBe(1);
    expect(await asked(client, owning(room, "<destroy/>"))).toEqual(["romeo unavailable: none/none [110]", "result"]);
    expect(await kept()).toEqual({ texts: 0, facts: ["RoomDestroyed"] });
    await server.restart({ kill: true });
    expect(await entered(await person(stage, romeo), room, "romeo")).toEqual(["romeo: moderator/owner [110 170 201]", 'subject: ""']);
  });

  it("is for owners alone, and for administrators of the server: to others it is forbidden, with what they sent", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const [answer, ...more] = await clients.juliet.ask(owning(room, venue));
    expect(more).toEqual([]);
    expect(words(answer!)).toBe("error forbidden");
    expect(showXml(answer!)).toContain("Macbeth doth come.");
    const admin = await person(stage, await server.addUser("admin", "secret"));
    expect(await asked(admin, owning(room, "<destroy/>"))).toEqual(["result"]);
    expect(await heard(clients.romeo, clients.juliet)).toEqual([["romeo unavailable: none/none [110]"], ["juliet unavailable: none/none [110]"]]);
  });

  it("works where nobody is there, and what comes to it later finds no room", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await person(stage, romeo);
    const room = newRoom();
    await opened(client, room, "romeo", { [field("persistentroom")]: "1" });
    await client.close();
    await until(() => server.session(client.jid) === undefined);
    const again = await person(stage, romeo);
    again.send(owning(room, "<destroy/>"));
    again.send(said(room, "hello"));
    expect((await again.ask(owning(room, "<destroy/>"))).map(words)).toEqual(["result", "error item-not-found", "error item-not-found"]);
  });

  it.each([
    ["an address that is none", "<destroy jid='@'/>", "jid-malformed"],
    ["a reason that is too long", `<destroy><reason>${"x".repeat(1_001)}</reason></destroy>`, "policy-violation"],
    ["a password that is too long", `<destroy><password>${"x".repeat(1_024)}</password></destroy>`, "policy-violation"],
    ["nothing", "", "bad-request"],
    ["two wishes", "<destroy/><destroy/>", "bad-request"],
    ["a wish of another namespace", "<destroy xmlns='urn:example'/>", "bad-request"],
  ])("is refused with %s", async (_, inner, condition) => {
    const { romeo } = await stage.cast("romeo");
    const client = await person(stage, romeo);
    const room = newRoom();
    await client.ask(joining(room, "romeo"));
    expect(await asked(client, owning(room, inner))).toEqual([`error ${condition}`]);
  });
});
