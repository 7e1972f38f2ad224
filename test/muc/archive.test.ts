/** The archives of rooms (XEP-0313 section 6.1.2), over real sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { archiveRoundMs, retentionFirstMs } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { ManagedStage } from "../management/support.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { ask, bodiesOf, mam, page, request, stanzaIdBy, type ToldMessage } from "../xep/xep-0313-setting.ts";
import { inRoom } from "./asking.ts";
import { affiliate, assign, configure, madeRoom, roomFacts } from "./facts.ts";
import { entered, itemOf, joining, leaving, newRoom, ownerNamespace, person, said, userPart } from "./setting.ts";

const day = 86_400_000;
let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

async function speak(client: BoundClient, room: string, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await client.ask(said(room, body));
}

/** The real JIDs that an archive tells. */
const speakers = (messages: readonly ToldMessage[]): readonly (string | undefined)[] => messages.map(({ message }) => (message === undefined ? undefined : itemOf(message)?.attrs["jid"]));
const features = async (client: BoundClient, room: string): Promise<readonly (string | undefined)[]> => {
  const [answer] = await client.ask(`<iq type='get' id='d' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
  return (childOf(answer, "query")?.children ?? []).map((child) => (child as Xml).attrs["var"]);
};

describe("XEP-0313 section 6.1.2: what is in the archive of a room", () => {
  it("is what was said to all, once, as it was given to them and under the same id, from the room", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await speak(romeo, room, "one");
    const live = (await juliet.ask(`<message type='groupchat' to='${room}' id='m2' xml:lang='it'><body>two</body><thread>t</thread></message>`)).at(-1);
    const told = await ask(juliet, { queryid: "g27" }, room);
    expect(bodiesOf(told.messages)).toEqual(["one", "two"]);
    expect([told.count, told.complete]).toEqual([2, true]);
    const { message, id, queryid } = told.messages[1]!;
    expect([message?.attrs, queryid]).toEqual([{ type: "groupchat", id: "m2", from: `${room}/juliet`, "xml:lang": "it" }, "g27"]);
    expect(message?.children.map((child) => showXml(child as Xml))).toEqual(live?.children.map((child) => showXml(child as Xml)));
    expect(stanzaIdBy(live, room)).toBe(id);
    const { before, answer } = await request(juliet, `<query xmlns='${mam}'/>`, "set", room);
    expect([...before, answer].map(({ attrs }) => attrs["from"])).toEqual([room, room, room]);
  });

  it("has ids from which nothing can be told (XEP-0359 section 6)", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    await speak(romeo, room, "a", "b");
    const ids = (await ask(romeo, {}, room)).messages.map(({ id }) => id);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
    expect(ids[0]!.slice(0, 6)).not.toBe(ids[1]!.slice(0, 6));
  });

  it("has subjects, and neither private messages nor what was refused nor who is typing", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await romeo.ask(`<message type='groupchat' to='${room}'><subject>Fire Burn</subject></message>`);
    await juliet.ask(`<message type='groupchat' to='${room}'><subject>refused</subject></message>`);
    await juliet.ask(`<message type='chat' to='${room}/romeo'><body>psst</body></message>`);
    await juliet.ask(`<message type='groupchat' to='${room}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`);
    const { messages } = await ask(romeo, {}, room);
    expect(messages.map(({ message }) => textOf(childOf(message, "subject")))).toEqual(["Fire Burn"]);
    // XEP-0045 section 7.2.15: who comes in is told one subject, at the end.
    const nurse = await person(stage, (await stage.cast("nurse")).nurse);
    expect((await entered(nurse, room, "nurse")).filter((word) => word.includes("subject"))).toEqual(['romeo subject: "Fire Burn" (delayed)']);
  });

  it("is there after the server was killed, and goes with the room", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const romeo = await stage.resumable(jids.romeo);
    const room = newRoom();
    await madeRoom(romeo as never, room, "romeo", { persistent: true });
    await romeo.ask(said(room, "before"));
    const before = await ask(await person(stage, jids.juliet), {}, room);
    await romeo.count();
    await server.restart({ kill: true });
    const juliet = await person(stage, jids.juliet, "laptop");
    expect(await ask(juliet, {}, room)).toEqual(before);
    const owner = await person(stage, jids.romeo, "laptop");
    await owner.ask(`<iq type='set' id='end' to='${room}'><query xmlns='${ownerNamespace}'><destroy/></query></iq>`);
    expect((await ask(juliet, {}, room)).error).toBe("item-not-found");
    await madeRoom(owner, room, "romeo");
    expect((await ask(owner, {}, room)).messages).toEqual([]);
    expect((await ask(owner, { form: { ids: [before.messages[0]!.id] } }, room)).error).toBe("item-not-found");
  });
});

describe("XEP-0313 section 6.1.2: who may read the archive of a room", () => {
  it("is whoever may enter, though not in it, but no outcast", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    await speak(romeo, room, "a");
    const juliet = await person(stage, (await stage.cast("juliet")).juliet);
    expect(bodiesOf((await ask(juliet, {}, room)).messages)).toEqual(["a"]);
    await affiliate(romeo, room, juliet.bare, "outcast");
    for (const [payload, type] of [["query", "set"], ["query", "get"], ["metadata", "get"]] as const) {
      const { before, answer } = await request(juliet, `<${payload} xmlns='${mam}'/>`, type, room);
      expect([before, answer.attrs["type"], childOf(answer, "error")?.attrs["type"]]).toEqual([[], "error", "auth"]);
    }
    expect((await ask(juliet, {}, room)).error).toBe("forbidden");
  });

  it("is a member where only members may enter", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, { membersOnly: true }, "romeo");
    await speak(romeo, room, "a");
    const juliet = await person(stage, (await stage.cast("juliet")).juliet);
    expect((await ask(juliet, {}, room)).error).toBe("forbidden");
    await affiliate(romeo, room, juliet.bare, "member");
    expect(bodiesOf((await ask(juliet, {}, room)).messages)).toEqual(["a"]);
  });

  it("is who has brought the password where there is one, or an owner", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, { password: "cauldron", persistent: true }, "romeo");
    await speak(romeo, room, "a");
    const juliet = await person(stage, (await stage.cast("juliet")).juliet);
    expect((await ask(juliet, {}, room)).error).toBe("forbidden");
    await juliet.ask(joining(room, "juliet", "<password>cauldron</password>"));
    expect(bodiesOf((await ask(juliet, {}, room)).messages)).toEqual(["a"]);
    await juliet.ask(leaving(room, "juliet"));
    expect((await ask(juliet, {}, room)).error).toBe("forbidden");
    await romeo.ask(leaving(room, "romeo"));
    expect(bodiesOf((await ask(romeo, {}, room)).messages)).toEqual(["a"]);
  });

  it("is nobody where there is no room, or it is not unlocked, or keeps nothing", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
    const room = newRoom();
    expect((await ask(juliet, {}, room)).error).toBe("item-not-found");
    await romeo.ask(joining(room, "romeo"));
    expect((await ask(juliet, {}, room)).error).toBe("item-not-found");
    expect(await features(romeo, room)).toEqual(expect.arrayContaining([mam, `${mam}#extended`, "urn:xmpp:sid:0"]));
    await configure(romeo, room, { archive: false });
    await speak(romeo, room, "a");
    expect((await ask(juliet, {}, room)).error).toBe("service-unavailable");
    expect(await features(romeo, room)).not.toContain(mam);
  });
});

describe("XEP-0313 section 6.1.2: real JIDs in the archive of a room", () => {
  it("are told to moderators, admins and owners, in the room or not, and to nobody else", async () => {
    const { room, clients: { romeo, juliet, nurse } } = await inRoom(stage, { persistent: true }, "romeo", "juliet", "nurse");
    await speak(juliet, room, "a");
    expect(speakers((await ask(juliet, {}, room)).messages)).toEqual([undefined]);
    const [message] = (await ask(romeo, {}, room)).messages;
    expect(userPart(message!.message!)?.children.map((child) => showXml(child as Xml, userPart(message!.message!)!.xmlns))).toEqual([
      `<item affiliation='none' jid='${juliet.jid}' role='participant'/>`,
    ]);
    await assign(romeo, room, "nurse", "moderator");
    expect(speakers((await ask(nurse, {}, room)).messages)).toEqual([juliet.jid]);
    await nurse.ask(leaving(room, "nurse"));
    expect(speakers((await ask(nurse, {}, room)).messages)).toEqual([undefined]);
    await affiliate(romeo, room, nurse.bare, "admin");
    expect(speakers((await ask(nurse, {}, room)).messages)).toEqual([juliet.jid]);
  });

  it("are told to all in a non-anonymous room, but not of what was said before it was one", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await speak(romeo, room, "hidden");
    await configure(romeo, room, { whois: "anyone" });
    await speak(romeo, room, "open");
    expect(speakers((await ask(juliet, {}, room)).messages)).toEqual([undefined, romeo.jid]);
    await configure(romeo, room, { whois: "moderators" });
    expect(speakers((await ask(juliet, {}, room)).messages)).toEqual([undefined, undefined]);
  });

  it("are not in the history that newcomers are given, and forged ones nowhere (section 8.4)", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await juliet.ask(`<message type='groupchat' to='${room}'><body>a</body><x xmlns='http://jabber.org/protocol/muc#user'><item jid='forged@localhost'/></x></message>`);
    const nurse = await person(stage, (await stage.cast("nurse")).nurse);
    const history = (await nurse.ask(joining(room, "nurse"))).filter(({ name }) => name === "message");
    expect(history.map((stanza) => showXml(stanza)).join("")).not.toContain(juliet.bare);
    expect(speakers((await ask(romeo, {}, room)).messages)).toEqual([juliet.jid]);
  });

  it("are nothing by which one can search (section 4.1.1)", async () => {
    const { room, clients: { romeo, juliet } } = await inRoom(stage, {}, "romeo", "juliet");
    await speak(romeo, room, "a");
    await speak(juliet, room, "b");
    expect(bodiesOf((await ask(juliet, { form: { with: `${room}/romeo` } }, room)).messages)).toEqual(["a"]);
    expect(bodiesOf((await ask(juliet, { form: { with: room } }, room)).messages)).toEqual(["a", "b"]);
    for (const client of [romeo, juliet]) expect((await ask(client, { form: { with: romeo.bare } }, room)).error).toBe("feature-not-implemented");
  });
});

describe("XEP-0313 section 4: queries to a room", () => {
  it("are answered page by page, forward, backward and turned round, by ids and times", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    await speak(romeo, room, "a", "b", "c", "d");
    const first = await ask(romeo, { set: "<max>2</max>" }, room);
    expect([bodiesOf(first.messages), first.index, first.count, first.complete]).toEqual([["a", "b"], 0, 4, false]);
    const next = await ask(romeo, { set: `<max>2</max><after>${first.last}</after>` }, room);
    expect([bodiesOf(next.messages), next.complete]).toEqual([["c", "d"], true]);
    expect(bodiesOf((await ask(romeo, { set: "<max>2</max><before/>", flip: true }, room)).messages)).toEqual(["d", "c"]);
    expect(bodiesOf((await ask(romeo, { form: { ids: [first.first!, next.last!] } }, room)).messages)).toEqual(["a", "d"]);
    expect(bodiesOf((await ask(romeo, { form: { "after-id": first.first!, "before-id": next.last! } }, room)).messages)).toEqual(["b", "c"]);
    expect(bodiesOf((await ask(romeo, { form: { end: "2002-10-13T23:58:37Z" } }, room)).messages)).toEqual([]);
  });

  it("know no id of another archive", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    await speak(romeo, room, "a");
    const other = newRoom();
    await madeRoom(romeo, other, "romeo");
    await speak(romeo, other, "b");
    const [message] = (await ask(romeo, {}, other)).messages;
    expect((await ask(romeo, { form: { ids: [message!.id] } }, room)).error).toBe("item-not-found");
    expect((await ask(romeo, { set: `<after>${message!.id}</after>` }, room)).error).toBe("item-not-found");
    expect((await ask(romeo, { set: "<after>nonsense</after>" }, room)).error).toBe("item-not-found");
  });

  it("tell the ends (section 5) and the form (section 4.1.5), which has nothing of other people's rooms", async () => {
    const { room, clients: { romeo } } = await inRoom(stage, {}, "romeo");
    const ends = async () => showXml(childOf((await request(romeo, `<metadata xmlns='${mam}'/>`, "get", room)).answer, "metadata")!);
    expect(await ends()).toBe(`<metadata xmlns='${mam}'/>`);
    await speak(romeo, room, "a", "b");
    const { first, last } = await ask(romeo, {}, room);
    expect(await ends()).toMatch(new RegExp(`<start id='${first}' timestamp='[^']+'/><end id='${last}' timestamp='[^']+'/>`));
    const { answer } = await request(romeo, `<query xmlns='${mam}'/>`, "get", room);
    const fields = (childOf(childOf(answer, "query"), "x")?.children ?? []).map((child) => (child as Xml).attrs["var"]);
    expect(fields).toEqual(["FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids"]);
    expect((await ask(romeo, { form: { "include-groupchat": "true" } }, room)).error).toBe("feature-not-implemented");
    const { answer: malformed } = await request(romeo, `<query xmlns='${mam}'>${page("<max>x</max>")}</query>`, "set", room);
    expect(malformed.attrs["type"]).toBe("error");
  });
});

describe("XEP-0313 section 3.2: the archive of a room in bounds", () => {
  it("is shortened as those of accounts are, and the history with it", async () => {
    const clock = new HandClock();
    const bounded = await startServer({ allowPlaintext: true, archive: { days: 1, messages: 3 }, session: { silenceMs: day }, parts: { clock }, extensions: [roomFacts] });
    const people = new Stage(bounded);
    try {
      const { room, clients: { romeo } } = await inRoom(people, { persistent: true }, "romeo");
      await speak(romeo, room, "a", "b", "c", "d", "e");
      const bodies = async () => bodiesOf((await ask(romeo, {}, room)).messages);
      expect(await bodies()).toEqual(["a", "b", "c", "d", "e"]);
      clock.forward(retentionFirstMs);
      await expect.poll(bodies).toEqual(["c", "d", "e"]);
      const juliet = await person(people, (await people.cast("juliet")).juliet);
      expect((await entered(juliet, room, "juliet")).filter((word) => word.includes("delayed"))).toEqual(["c", "d", "e"].map((body) => `romeo: "${body}" (delayed)`));
      // More rounds than are needed: one may end after the next look at the clock.
      for (let hours = 0; hours < 36; hours += 3) {
        clock.forward(3 * archiveRoundMs);
        await romeo.caughtUp();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await expect.poll(bodies).toEqual([]);
    } finally {
      people.clear();
      await bounded.stop();
    }
  });
});
