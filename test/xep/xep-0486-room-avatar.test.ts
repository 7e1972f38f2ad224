import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { roomVCardBytesMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { asked, inRoom, words } from "../muc/asking.ts";
import { roomFacts } from "../muc/facts.ts";
import { answerTo, discover, info, owning, valuesOf } from "../muc/owning.ts";
import { entered, instant, joining, newRoom, person, statusCodes } from "../muc/setting.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml } from "../support/xml-reader.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts], admins: ["admin@localhost"] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const svg = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>");
const photo = (bytes: Buffer, type: string) => `<PHOTO><TYPE>${type}</TYPE><BINVAL>${bytes.toString("base64")}</BINVAL></PHOTO>`;
const sha1 = (bytes: Buffer) => createHash("sha1").update(bytes).digest("hex");
const setting = (room: string, inner: string) => `<iq type='set' id='v' to='${room}'><vCard xmlns='vcard-temp'>${inner}</vCard></iq>`;
const getting = (room: string) => `<iq type='get' id='v' to='${room}'><vCard xmlns='vcard-temp'/></iq>`;

async function card(client: BoundClient, room: string): Promise<string> {
  const answer = await answerTo(client, getting(room));
  expect(answer.attrs).toMatchObject({ id: "v", from: room });
  return answer.attrs["type"] === "error" ? words(answer) : showXml(childOf(answer, "vCard")!, "vcard-temp");
}

async function hashes(client: BoundClient, room: string): Promise<readonly string[] | undefined> {
  const form = childOf(childOf(await answerTo(client, discover(info, room)), "query"), "x");
  return valuesOf(form)["muc#roominfo_avatarhash"];
}

describe("XEP-0486 section 3.2: an owner publishes the avatar of a room", () => {
  it("for everybody to read, in the room or not; who is in it is told that something has changed", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    const nurse = await person(stage, Object.values(await stage.cast("nurse"))[0]!);
    expect([await card(nurse, room), await hashes(nurse, room)]).toEqual(["error item-not-found", undefined]);
    const [answer, news, ...more] = await clients.romeo.ask(setting(room, photo(png, "image/png")));
    expect([answer?.attrs["type"], statusCodes(news!), more]).toEqual(["result", ["104"], []]);
    expect((await clients.juliet.caughtUp()).map(statusCodes)).toEqual([["104"]]);
    expect(await card(nurse, room)).toBe(`<vCard>${photo(png, "image/png")}</vCard>`);
    expect(await hashes(nurse, room)).toEqual([sha1(png)]);
  });

  it("replaces it, and takes it away with an empty vCard", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    await clients.romeo.ask(setting(room, photo(png, "image/png")));
    await clients.romeo.ask(setting(room, "<FN>The Garden</FN>"));
    expect([await card(clients.romeo, room), await hashes(clients.romeo, room)]).toEqual(["<vCard><FN>The Garden</FN></vCard>", undefined]);
    expect((await clients.romeo.ask(setting(room, ""))).flatMap(statusCodes)).toEqual(["104"]);
    expect(await card(clients.romeo, room)).toBe("error item-not-found");
    // There is nothing to take away any more.
    expect(await asked(clients.romeo, setting(room, ""))).toEqual(["result"]);
  });

  it("is forbidden to others, but for administrators of the server", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo", "juliet");
    expect(await asked(clients.juliet, setting(room, photo(png, "image/png")))).toEqual(["error forbidden"]);
    const admin = await person(stage, await server.addUser("admin", "secret"));
    expect(await asked(admin, setting(room, photo(png, "image/png")))).toEqual(["result"]);
  });

  it(`has at most ${roomVCardBytesMax} bytes`, async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    const frame = Buffer.byteLength('<vCard xmlns="vcard-temp"><FN></FN></vCard>');
    expect(await asked(clients.romeo, setting(room, `<FN>${"x".repeat(roomVCardBytesMax - frame + 1)}</FN>`))).toEqual(["error policy-violation"]);
    const [answer] = await clients.romeo.ask(setting(room, `<FN>${"x".repeat(roomVCardBytesMax - frame)}</FN>`));
    expect(answer?.attrs["type"]).toBe("result");
  });
});

describe("XEP-0045 section 7.2.10: the vCard of a locked room", () => {
  it("is there for its owner alone: to others there is no such room", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
    const room = newRoom();
    await romeo.ask(joining(room, "romeo"));
    expect(await asked(romeo, setting(room, "<FN>Secret</FN>"))).toContain("result");
    expect(await card(romeo, room)).toBe("<vCard><FN>Secret</FN></vCard>");
    expect([await card(juliet, room), await asked(juliet, setting(room, ""))]).toEqual(["error item-not-found", ["error item-not-found"]]);
    await romeo.ask(instant(room));
    expect(await card(juliet, room)).toBe("<vCard><FN>Secret</FN></vCard>");
  });
});

describe("XEP-0486 section 5.1: several pictures", () => {
  it("are told of with the hash of each; what is no picture has none", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    await clients.romeo.ask(setting(room, photo(svg, "image/svg+xml") + photo(png, "image/png") + "<PHOTO><BINVAL>!</BINVAL></PHOTO><PHOTO><EXTVAL>http://a.example/b</EXTVAL></PHOTO>"));
    expect(await hashes(clients.romeo, room)).toEqual([sha1(svg), sha1(png)]);
  });
});

describe("XEP-0486: what a room keeps", () => {
  it("is there after a crash, and gone with the room", async () => {
    const { room, clients } = await inRoom(stage, { persistent: true }, "romeo");
    await clients.romeo.ask(setting(room, photo(png, "image/png")));
    await server.restart({ kill: true });
    const romeo = await person(stage, clients.romeo.bare);
    expect([await card(romeo, room), await hashes(romeo, room)]).toEqual([`<vCard>${photo(png, "image/png")}</vCard>`, [sha1(png)]]);
    await romeo.ask(owning(room, "<destroy/>"));
    expect(await entered(romeo, room, "romeo")).toContain("romeo: moderator/owner [110 170 201]");
    await romeo.ask(instant(room));
    expect([await card(romeo, room), await hashes(romeo, room)]).toEqual(["error item-not-found", undefined]);
    const stream = `room/${room.split("@").toReversed().join("/")}`;
    expect(await server.store.contents(stream, "", 10)).toEqual([]);
  });

  it("is read as it was set just before, by the same client in one go", async () => {
    const { room, clients } = await inRoom(stage, {}, "romeo");
    clients.romeo.send(setting(room, "<FN>One</FN>"));
    clients.romeo.send(setting(room, "<FN>Two</FN>"));
    const stanzas = await clients.romeo.ask(getting(room));
    expect(stanzas.flatMap((stanza) => (childOf(stanza, "vCard") === undefined ? [] : [showXml(childOf(stanza, "vCard")!, "vcard-temp")]))).toEqual(["<vCard><FN>Two</FN></vCard>"]);
    // At an occupant it is that of the occupant.
    await clients.romeo.ask(joining(room, "romeo"));
    expect(await asked(clients.romeo, `<iq type='get' id='o' to='${room}/nobody'><vCard xmlns='vcard-temp'/></iq>`)).toEqual(["error item-not-found"]);
  });
});
