/** What moderators take back (XEP-0425). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage } from "../management/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { ask, stanzaIdBy } from "../xep/xep-0313-setting.ts";
import { asked, inRoom } from "./asking.ts";
import { affiliate, assign, configure, madeRoom, roomFacts } from "./facts.ts";
import { heard, joining, leaving, newRoom, person, said } from "./setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const xmlns = "urn:xmpp:message-moderate:1";
const retract = "urn:xmpp:message-retract:1";
const moderate = (room: string, id: string | undefined, reason = "", inner = `<retract xmlns='${retract}'/>`): string =>
  `<iq type='set' id='m' to='${room}'><moderate xmlns='${xmlns}'${id === undefined ? "" : ` id='${id}'`}>${inner}${reason === "" ? "" : `<reason>${reason}</reason>`}</moderate></iq>`;

/** Says it, and returns the id that the room gave it. */
async function spoken(client: BoundClient, room: string, body: string): Promise<string> {
  const own = (await client.ask(said(room, body))).findLast(({ name }) => name === "message");
  return stanzaIdBy(own, room) ?? "";
}

describe("XEP-0425 section 3.1: a message that is taken back", () => {
  it("is announced to all by the room, with who has done it and why", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    const id = await spoken(juliet, room, "free potions");
    await heard(romeo, nurse);
    const [announced, answer] = await romeo.ask(moderate(room, id, "not here"));
    expect(answer?.attrs).toMatchObject({ type: "result", id: "m", from: room });
    const [told, ...more] = await nurse.caughtUp();
    expect(more).toEqual([]);
    expect(told?.attrs).toEqual({ ...announced?.attrs, to: nurse.jid });
    expect(told?.attrs).toMatchObject({ type: "groupchat", from: room });
    const retraction = childOf(told, "retract");
    expect([retraction?.xmlns, retraction?.attrs]).toEqual([retract, { id }]);
    const moderated = childOf(retraction, "moderated");
    expect([moderated?.xmlns, moderated?.attrs]).toEqual([xmlns, { by: `${room}/romeo` }]);
    const [shown] = await romeo.ask(`<presence to='${room}/romeo'/>`);
    expect(childOf(moderated, "occupant-id")).toEqual(childOf(shown, "occupant-id"));
    expect(textOf(childOf(retraction, "reason"))).toBe("not here");
  });

  it("is a tombstone in the archive (section 4), with its author, and the announcement is there too (XEP-0424 section 5)", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const id = await spoken(juliet, room, "free potions");
    const before = (await ask(juliet, {}, room)).messages[0]!;
    const announced = (await romeo.ask(moderate(room, id, "not here"))).find(({ name, attrs }) => name === "message" && attrs["from"] === room);
    const { messages, count } = await ask(juliet, {}, room);
    expect(count).toBe(2);
    const [tombstone, announcement] = messages;
    expect([tombstone?.id, tombstone?.stamp]).toEqual([before.id, before.stamp]);
    expect(tombstone?.message?.attrs).toEqual(before.message?.attrs);
    expect(tombstone?.message?.children.map((child) => (child as Xml).name)).toEqual(["occupant-id", "retracted", "stanza-id"]);
    expect(childOf(tombstone?.message, "occupant-id")).toEqual(childOf(before.message, "occupant-id"));
    const retracted = childOf(tombstone?.message, "retracted");
    expect([retracted?.xmlns, retracted?.attrs["id"]]).toEqual([retract, announced?.attrs["id"]]);
    expect(Date.parse(retracted?.attrs["stamp"] ?? "")).toBeGreaterThanOrEqual(Date.parse(before.stamp));
    expect(childOf(retracted, "moderated")?.attrs).toEqual({ by: `${room}/romeo` });
    expect(textOf(childOf(retracted, "reason"))).toBe("not here");
    expect(childOf(announcement?.message, "retract")?.attrs).toEqual({ id });
    // A moderator still sees whose it was.
    const [own] = (await ask(romeo, {}, room)).messages;
    expect(showXml(own!.message!)).toContain(`jid='${juliet.jid}'`);
  });

  it("is not given to newcomers (section 5), also after the server was killed", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const romeo = await stage.resumable(jids.romeo);
    const room = newRoom();
    await madeRoom(romeo as never, room, "romeo", { persistent: true });
    const id = stanzaIdBy((await romeo.ask(said(room, "secret", "s"))).find(({ name }) => name === "message"), room)!;
    await romeo.ask(moderate(room, id));
    const history = async (): Promise<string> => {
      const juliet = await person(stage, jids.juliet, "laptop");
      const told = (await juliet.ask(joining(room, "juliet"))).map((stanza) => showXml(stanza)).join("");
      await juliet.ask(leaving(room, "juliet"));
      return told;
    };
    const before = await history();
    expect(before).toContain("<retracted ");
    expect(before).not.toContain("secret");
    await romeo.count();
    await server.restart({ kill: true });
    const after = await history();
    expect(after).toContain("<retracted ");
    expect(after).not.toContain("secret");
  });

  it("is taken back once, whoever asks again", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    const id = await spoken(juliet, room, "x");
    await romeo.ask(moderate(room, id));
    await juliet.caughtUp();
    expect(await asked(romeo, moderate(room, id))).toEqual(["result"]);
    expect(await heard(juliet)).toEqual([[]]);
    expect((await ask(romeo, {}, room)).count).toBe(2);
  });

  it("may be one's own", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const id = await spoken(romeo, room, "x");
    expect(await asked(romeo, moderate(room, id))).toContain("result");
  });
});

describe("XEP-0425 section 3.2: what is not taken back", () => {
  it("is what somebody wants who is no moderator in the room", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, { persistent: true }, "romeo", "juliet");
    const id = await spoken(romeo, room, "x");
    const nurse = await person(stage, (await stage.cast("nurse")).nurse);
    await juliet.caughtUp();
    expect(await asked(juliet, moderate(room, id))).toEqual(["error forbidden"]);
    expect(await asked(nurse, moderate(room, id))).toEqual(["error forbidden"]);
    await romeo.ask(leaving(room, "romeo"));
    expect(await asked(romeo, moderate(room, id))).toEqual(["error forbidden"]);
    const { messages } = await ask(juliet, {}, room);
    expect(messages.map(({ body }) => body)).toEqual(["x"]);
  });

  it("is what was said by somebody whose affiliation is higher", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, {}, "romeo", "juliet", "nurse");
    await assign(romeo, room, "juliet", "moderator");
    const [owners, equals] = [await spoken(romeo, room, "x"), await spoken(nurse, room, "y")];
    await juliet.caughtUp();
    expect(await asked(juliet, moderate(room, owners))).toEqual(["error not-allowed"]);
    expect(await asked(juliet, moderate(room, equals))).toContain("result");
    // It is who has said it that counts, and not the nick.
    const again = await spoken(nurse, room, "z");
    await affiliate(romeo, room, nurse.bare, "admin");
    await nurse.ask(leaving(room, "nurse"));
    await juliet.caughtUp();
    expect(await asked(juliet, moderate(room, again))).toEqual(["error not-allowed"]);
  });

  it("is what nobody has said here, what the room has said, and the subject as long as it is one", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const other = newRoom();
    await madeRoom(romeo, other, "romeo");
    const elsewhere = await spoken(romeo, other, "x");
    for (const id of [elsewhere, "nonsense", ""]) expect(await asked(romeo, moderate(room, id)), id).toEqual(["error item-not-found"]);
    const id = await spoken(romeo, room, "x");
    const [announced] = await romeo.ask(moderate(room, id));
    expect(await asked(romeo, moderate(room, stanzaIdBy(announced, room)))).toEqual(["error not-allowed"]);
    const subject = async (text: string) => stanzaIdBy((await romeo.ask(`<message type='groupchat' to='${room}'><subject>${text}</subject></message>`))[0], room);
    const first = await subject("Fire");
    expect(await asked(romeo, moderate(room, first))).toEqual(["error not-acceptable"]);
    await subject("Burn");
    expect(await asked(romeo, moderate(room, first))).toContain("result");
  });

  it("is what is not asked for as it has to be", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const id = await spoken(romeo, room, "x");
    expect(await asked(romeo, moderate(room, undefined))).toEqual(["error bad-request"]);
    expect(await asked(romeo, moderate(room, id, "", ""))).toEqual(["error feature-not-implemented"]);
    expect(await asked(romeo, moderate(room, id, "x".repeat(1_001)))).toEqual(["error policy-violation"]);
    expect(await asked(romeo, moderate(newRoom(), id))).toEqual(["error item-not-found"]);
  });
});

describe("XEP-0425 section 2: discovering support", () => {
  it("tells of it for rooms that keep what is said", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const features = async () => {
      const [answer] = await romeo.ask(`<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
      return (childOf(answer, "query")?.children ?? []).map((child) => (child as Xml).attrs["var"]);
    };
    expect(await features()).toContain(xmlns);
    await configure(romeo, room, { archive: false });
    expect(await features()).not.toContain(xmlns);
  });
});
