/** The feed over a real server with real clients: what a page is told is what happened. */
import { afterEach, describe, expect, it } from "vitest";
import { fold, restoreSnapshot } from "../../machines/fold.ts";
import { stateName } from "../../machines/state-name.ts";
import {
  inspectorFrameCharsMax, inspectorMessageCharsMax, inspectorNewWatchedMax, inspectorQuestionsMax, inspectorUnsentBytesMax, inspectorViewersMax, inspectorWatchedMax,
} from "../../src/domain/limits.ts";
import type { SessionRow } from "../../src/history/source.ts";
import type { StoredFact } from "../../src/ports.ts";
import { authenticated, chat, request, resume, type ManagedClient } from "../management/support.ts";
import { streamHeader } from "../support/login.ts";
import { connectRaw } from "../support/raw-client.ts";
import { eventually, foldAll } from "../session/watching.ts";
import type { Page } from "./page.ts";
import { watchedServer, type Setting } from "./setting.ts";

let setting: Setting | undefined;
let clients: ManagedClient[] = [];

async function begin(users: readonly string[], ...rest: [Parameters<typeof watchedServer>[1]?, Parameters<typeof watchedServer>[2]?]): Promise<Setting> {
  return (setting = await watchedServer(users, ...rest));
}

async function entered(user: string, managed = false): Promise<ManagedClient> {
  const client = await (managed ? setting!.enterManaged(user) : setting!.enter(user));
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients) client.cut();
  clients = [];
  setting?.feed.close();
  await setting?.server.stop();
});

async function idOf(user: string): Promise<string> {
  return eventually(async () => (await setting!.server.sessions()).find(({ username, resource }) => username === user && resource !== null)?.id);
}

async function watch(page: Page, session: string): Promise<void> {
  page.say({ type: "watch", session });
  await eventually(() => page.of("watching").find(({ summary }) => summary.id === session));
}

const typesOf = (page: Page, session: string): readonly string[] => page.items("told", session).map(({ event }) => event.type);
const xmlOf = (page: Page, session: string): readonly string[] => page.items("wire", session).map(({ direction, xml }) => `${direction === "in" ? ">" : "<"} ${xml}`);
const factsOf = (page: Page, session: string): readonly StoredFact[] => page.items("fact", session).map(({ fact }) => fact);

/** All that the log holds of the session was told, each once and in order. */
async function allFacts(page: Page, session: string): Promise<readonly StoredFact[]> {
  await setting!.settled();
  const stored = await setting!.facts(`session/localhost/${session}`);
  await eventually(() => (factsOf(page, session).length >= stored.length ? true : undefined));
  expect(factsOf(page, session)).toEqual(stored);
  return stored;
}

describe("A session that is watched from its first byte", () => {
  it("is told in the states that its machine is in at each step, and its facts fold to the same", async () => {
    const { open, server, logged } = await begin(["romeo"]);
    const page = open();
    page.say({ type: "watch-new", on: true });
    const romeo = await entered("romeo", true);
    await romeo.ask("<presence><show>away</show></presence>");
    romeo.send(request);
    const id = await idOf("romeo");
    const [view] = await server.sessions();
    await eventually(() => page.items("told", id).find(({ state }) => state === view!.state));
    const [begun] = page.of("watching");
    expect(begun).toMatchObject({ stream: null, counts: null, snapshot: { value: "awaitingStream" }, summary: { id, state: "awaitingStream", jid: null } });
    let snapshot = restoreSnapshot(begun!.snapshot);
    for (const { event, state, transitions } of page.items("told", id)) {
      snapshot = fold(snapshot, [event]);
      expect(stateName(snapshot.value)).toBe(state);
      expect(transitions.length).toBeGreaterThan(0);
    }
    expect(stateName(snapshot.value)).toBe(view!.state);
    expect(typesOf(page, id)).toEqual([
      "stream.opened", "sasl.started", "sasl.succeeded", "stream.opened", "bind.requested", "resource.bound", "management.requested", "presence.changed",
    ]);
    const facts = await allFacts(page, id);
    expect(stateName(foldAll(facts).at(-1)!.value)).toBe(view!.state);
    // Facts and what was told are brought together by their step.
    const steps = new Set(page.items("told", id).map(({ step }) => step));
    expect(facts.filter(({ type }) => type === "SessionTold").every(({ step }) => steps.has(step))).toBe(true);
    // One line for all of them: strangers choose how many they are.
    expect(logged.filter(({ event }) => event?.startsWith("inspector."))).toEqual([{ event: "inspector.watched-new", by: "127.0.0.1" }]);
    page.say({ type: "watch", session: id });
    page.leave();
    expect(logged.slice(1)).toEqual([
      { event: "inspector.watched", session: id, by: "127.0.0.1" }, { event: "inspector.unwatched-new", by: "127.0.0.1" }, { event: "inspector.unwatched", session: id, by: "127.0.0.1" },
    ]);
  });

  it("shows what went over its link, without secrets and words", async () => {
    const { open } = await begin(["romeo", "juliet"]);
    const page = open();
    page.say({ type: "watch-new", on: true });
    const romeo = await entered("romeo", true);
    await romeo.ask(`<message to='juliet@localhost' type='chat'><body>It is the east</body></message>`);
    romeo.send(request);
    const id = await idOf("romeo");
    await eventually(() => xmlOf(page, id).find((xml) => xml.startsWith("< <a ")));
    const xml = xmlOf(page, id);
    expect(xml.slice(0, 5)).toEqual([
      '> <stream:stream to="localhost" version="1.0">', expect.stringMatching(/^< <\?xml .*<stream:stream /), expect.stringMatching(/^< <stream:features>.*<mechanism>PLAIN<.*<\/stream:features>$/),
      '> <auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">[withheld]</auth>', '< <success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>',
    ]);
    expect(xml).toContain('> <message to="juliet@localhost" type="chat"><body>[14 characters]</body></message>');
    expect(xml).toContain('> <r xmlns="urn:xmpp:sm:3"/>');
    expect(JSON.stringify(page.told)).not.toMatch(/It is the east|AHJvbWVv/);
  });

  it("withholds what SASL exchanges", async () => {
    const { open, server } = await begin(["romeo"], { bodies: true });
    const page = open();
    page.say({ type: "watch-new", on: true });
    const raw = await connectRaw({ port: server.port });
    raw.send("<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
    await raw.expect("</stream:features>");
    raw.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>${Buffer.from("n,,n=romeo,r=abcdefgh").toString("base64")}</auth>`);
    const challenge = /<challenge [^>]*>([^<]+)</.exec(await raw.expect(/<challenge [^>]*>[^<]+</))![1]!;
    const [begun] = page.of("watching");
    const told = await eventually(() => page.items("told", begun!.summary.id).find(({ event }) => event.type === "sasl.challenged"));
    expect(told.event).toMatchObject({ data: "[withheld]" });
    await eventually(() => xmlOf(page, begun!.summary.id).find((xml) => xml.includes("<challenge ")));
    expect(JSON.stringify(page.told)).not.toContain(challenge);
    raw.destroy();
    await eventually(() => (page.items("closed").length === 1 ? true : undefined));
  });
});

describe("A session that is watched from somewhere on", () => {
  it("is told as it is then, and goes on from there", async () => {
    const { open, server, facts } = await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    await romeo.ask("<presence/>");
    const id = await idOf("romeo");
    const page = open();
    await watch(page, id);
    const [begun] = page.of("watching");
    expect(begun).toMatchObject({ stream: `session/localhost/${id}`, summary: { jid: "romeo@localhost/phone" }, counts: { received: 2 } });
    await romeo.ask("<presence><priority>5</priority></presence>");
    await eventually(() => (typesOf(page, id).includes("presence.changed") ? true : undefined));
    const snapshot = fold(restoreSnapshot(begun!.snapshot), page.items("told", id).map(({ event }) => event));
    expect(snapshot.context.priority).toBe(5);
    expect(stateName(snapshot.value)).toBe((await server.sessions())[0]!.state);
    // With what it asks for of before, it has all facts.
    const before = (await page.ask({ kind: "facts", stream: `session/localhost/${id}`, after: 0 })) as readonly StoredFact[];
    await setting!.settled();
    const stored = await facts(`session/localhost/${id}`);
    await eventually(() => (factsOf(page, id).at(-1)?.version === stored.at(-1)!.version ? true : undefined));
    const known = new Map([...before, ...factsOf(page, id)].map((fact) => [fact.version, fact]));
    expect([...known.values()].toSorted((a, b) => a.version - b.version)).toEqual(stored);
  });

  it("is taken over by another link, and shown with the conflict that the first one is closed with (XEP-0198 section 5)", async () => {
    const { open, server } = await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    const id = await idOf("romeo");
    const page = open();
    await watch(page, id);
    const other = await authenticated(server, { user: "romeo" });
    other.send(resume(romeo.id, 0));
    await romeo.raw.expect("<conflict");
    const last = await eventually(() => (xmlOf(page, id).at(-1) === "< </stream:stream>" ? xmlOf(page, id) : undefined));
    expect(last.at(-2)).toBe('< <stream:error><conflict xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></stream:error>');
    expect(last.findIndex((xml) => xml.startsWith("< <resumed"))).toBeGreaterThanOrEqual(0);
    other.raw.destroy();
  });

  it("loses its link, is sent something meanwhile, and resumes", async () => {
    const { open } = await begin(["romeo", "juliet"]);
    const [romeo, juliet] = [await entered("romeo", true), await entered("juliet")];
    await romeo.ask("<presence/>");
    const id = await idOf("romeo");
    const page = open();
    page.say({ type: "watch-new", on: true });
    await watch(page, id);
    romeo.cut();
    await eventually(() => page.items("told", id).find(({ event }) => event.type === "link.lost"));
    await juliet.ask(chat(romeo.jid, "art thou gone"));
    // Nothing leaves, and it is known all the same.
    await eventually(() => factsOf(page, id).find(({ type, data }) => type === "StanzaQueued" && (data as { readonly id: unknown }).id === "art thou gone"));
    expect(xmlOf(page, id).filter((xml) => xml.includes("art thou gone"))).toEqual([]);
    await romeo.resume();
    await eventually(() => xmlOf(page, id).find((xml) => xml.startsWith("< <message")));
    expect(typesOf(page, id)).toEqual(["link.lost", "link.attached"]);
    const xml = xmlOf(page, id);
    expect(xml.findIndex((one) => one.startsWith("< <resumed"))).toBeLessThan(xml.findIndex((one) => one.startsWith("< <message")));
    // The session that asked to resume was new, and is over.
    const other = await eventually(() => page.items("closed")[0]);
    // That it is closed is told last.
    expect(other.session).not.toBe(id);
    expect(typesOf(page, other.session)).toContain("resume.granted");
    expect(factsOf(page, other.session).at(-1)).toMatchObject({ type: "SessionEnded" });
  });

  it("touches other sessions", async () => {
    const { open } = await begin(["romeo", "juliet", "nurse"]);
    const [romeo, juliet, nurse] = [await entered("romeo"), await entered("juliet"), await entered("nurse")];
    for (const client of [romeo, juliet, nurse]) await client.ask("<presence/>");
    const [from, to] = [await idOf("romeo"), await idOf("juliet")];
    const page = open();
    await watch(page, from);
    await watch(page, to);
    await nurse.ask(chat(romeo.jid, "anon"));
    await romeo.ask(chat(juliet.jid, "hail"));
    const touched = await eventually(() => page.items("touched")[0]);
    expect(touched).toMatchObject({
      session: from, other: { session: to, jid: "juliet@localhost/phone" },
      stanza: { name: "message", type: "chat", id: "hail", from: "romeo@localhost/phone", to: "juliet@localhost/phone" },
    });
    expect(page.items("wire", from).find(({ xml }) => xml.includes('id="hail"'))!.step).toBe(touched.step);
    // It is in the step of the one that sent it that the other one was written to.
    expect(page.items("wire", to).find(({ xml }) => xml.includes('id="hail"'))!.step).toBe(touched.step);
    expect(page.items("touched")).toHaveLength(1);
  });

  it("is no more when it has ended, and its last facts come before that", async () => {
    const { open, logged } = await begin(["romeo"]);
    const romeo = await entered("romeo");
    const id = await idOf("romeo");
    const page = open();
    await watch(page, id);
    await romeo.close();
    await eventually(() => logged.find(({ event }) => event === "inspector.unwatched"));
    await eventually(() => factsOf(page, id).find(({ type }) => type === "SessionEnded"));
    expect(page.items("closed", id)).toHaveLength(1);
    page.say({ type: "watch", session: id });
    expect(page.of("watch-refused")).toEqual([{ type: "watch-refused", session: id, why: "no such session lives; look for it in the log" }]);
  });

  it("is told to two pages, and goes on for one when the other leaves", async () => {
    const { open, server } = await begin(["romeo"]);
    const romeo = await entered("romeo");
    const id = await idOf("romeo");
    const [one, two] = [open("127.0.0.2"), open("127.0.0.3")];
    await watch(one, id);
    await romeo.ask("<presence/>");
    await watch(two, id);
    expect(two.of("watching")[0]!.summary.state).not.toBe(one.of("watching")[0]!.summary.state);
    await romeo.ask("<presence type='unavailable'/>");
    await eventually(() => (typesOf(one, id).length === 2 && typesOf(two, id).length === 1 ? true : undefined));
    one.leave();
    await romeo.ask("<presence/>");
    await eventually(() => (typesOf(two, id).length === 2 ? true : undefined));
    expect(typesOf(one, id)).toHaveLength(2);
    two.say({ type: "unwatch", session: id });
    expect(server.server.observation!.onDelivery).toBeUndefined();
    expect(setting!.logged.filter(({ event }) => event === "inspector.unwatched").map(({ by }) => by)).toEqual(["127.0.0.2", "127.0.0.3"]);
  });
});

describe("The list", () => {
  it("is told whole, and then what changes", async () => {
    const { open } = await begin(["romeo", "juliet"]);
    await entered("romeo");
    const page = open();
    page.say({ type: "list", on: true });
    expect(page.of("list")).toMatchObject([{ whole: true, gone: [], changed: [{ jid: "romeo@localhost/phone" }] }]);
    expect(page.of("totals")).toMatchObject([{ sessions: 1, loginFailures: {} }]);
    const juliet = await entered("juliet");
    const came = await eventually(() => page.of("list")[1]);
    expect(came).toMatchObject({ whole: false, changed: [{ jid: "juliet@localhost/phone" }], gone: [] });
    juliet.cut();
    const left = await eventually(() => page.of("list")[2]);
    expect(left).toMatchObject({ whole: false, changed: [], gone: [came.changed[0]!.id] });
    expect(page.of("totals").at(-1)!.told).toBeGreaterThan(10);
    const told = page.of("list").length;
    page.say({ type: "list", on: false });
    expect(page.of("list")).toHaveLength(told);
  });
});

describe("Who does not look costs nothing", () => {
  it("has no timers and no hooks before, after and between", async () => {
    const { open, server, timers } = await begin(["romeo"]);
    await entered("romeo");
    const id = await idOf("romeo");
    const observation = server.server.observation!;
    const nothing = (): void => {
      expect({ timers: timers(), onDelivery: observation.onDelivery, onBegun: observation.onBegun }).toEqual({ timers: 0, onDelivery: undefined, onBegun: undefined });
    };
    nothing();
    const page = open();
    nothing();
    page.say({ type: "list", on: true });
    expect(timers()).toBe(1);
    page.say({ type: "list", on: false });
    nothing();
    page.say({ type: "watch-new", on: true });
    expect(observation.onBegun).toBeDefined();
    page.say({ type: "watch-new", on: false });
    nothing();
    await watch(page, id);
    expect(observation.onDelivery).toBeDefined();
    page.say({ type: "unwatch", session: id });
    await eventually(() => (timers() === 0 ? true : undefined));
    nothing();
    await watch(page, id);
    page.say({ type: "list", on: true });
    page.say({ type: "watch-new", on: true });
    page.leave();
    await eventually(() => (timers() === 0 ? true : undefined));
    nothing();
  });
});

describe("A page that does not keep up", () => {
  it("misses what happens, is told how much, and gets its facts all the same", async () => {
    const { open, facts } = await begin(["romeo", "juliet"], { bodies: true });
    const [romeo, juliet] = [await entered("romeo", true), await entered("juliet")];
    await juliet.ask("<presence/>");
    const id = await idOf("romeo");
    const page = open();
    const other = open();
    await watch(page, id);
    await watch(other, id);
    page.reads = false;
    const long = "x".repeat(60_000);
    // 60 KB each way, twice: more than waits for a page.
    for (let n = 0; n < 60; n += 1) await romeo.ask(`<message to='${romeo.jid}' id='m${n}'><body>${long}</body></message>`);
    await eventually(() => (xmlOf(other, id).some((xml) => xml.includes('id="m59"')) ? true : undefined));
    expect(other.dropped).toBe(0);
    page.readOn();
    await eventually(() => (page.dropped > 0 ? true : undefined));
    await setting!.settled();
    const stored = await facts(`session/localhost/${id}`);
    await eventually(() => (factsOf(page, id).at(-1)?.version === stored.at(-1)!.version ? true : undefined));
    // Everything from where it began, without a gap.
    const versions = factsOf(page, id).map(({ version }) => version);
    expect(versions).toEqual(stored.map(({ version }) => version).filter((version) => version >= versions[0]!));
    expect(page.items("wire", id).length + page.items("told", id).length + page.dropped).toBe(other.items("wire", id).length + other.items("told", id).length);
    await romeo.ask("<presence/>");
    await eventually(() => (typesOf(page, id).includes("presence.changed") ? true : undefined));
  });

  const waitingMax = inspectorUnsentBytesMax + 2 * inspectorFrameCharsMax;

  it("is answered when it has read on, and let go if it asks and asks", async () => {
    const { open, settled } = await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    for (let index = 0; index < 150; index += 1) romeo.send(`<presence to='nobody@localhost/${index}${"x".repeat(900)}'/>`);
    await romeo.ask(request);
    await settled();
    const id = await idOf("romeo");
    const page = open();
    page.reads = false;
    const ask = async (): Promise<void> => {
      for (let n = 0; n < inspectorQuestionsMax; n += 1) page.say({ type: "ask", id: n, question: { kind: "facts", stream: `session/localhost/${id}`, after: 0 } });
      await new Promise((resolve) => setTimeout(resolve, 100));
    };
    for (let round = 0; round < 3; round += 1) await ask();
    expect(page.socket.bufferedBytes).toBeGreaterThan(inspectorUnsentBytesMax);
    expect([page.socket.bufferedBytes < waitingMax, page.closed]).toEqual([true, undefined]);
    page.readOn();
    await eventually(() => (page.of("answer").length === 3 * inspectorQuestionsMax ? true : undefined));
    expect(page.of("answer").filter((answer) => "error" in answer)).toEqual([]);
    page.reads = false;
    for (let round = 0; round < 40 && page.closed === undefined; round += 1) await ask();
    expect(page.socket.bufferedBytes).toBeLessThan(waitingMax);
    expect(page.closed).toMatchObject({ code: 1013 });
  }, 20_000);

  it("misses sessions that begin, however many they are, and watches others when it has read on", async () => {
    const { open, server, logged } = await begin([]);
    const page = open();
    page.say({ type: "watch-new", on: true });
    page.reads = false;
    for (let round = 0; round < 30; round += 1) {
      const raws = await Promise.all(Array.from({ length: 50 }, () => connectRaw({ port: server.port })));
      for (const raw of raws) raw.send(streamHeader("localhost"));
      await Promise.all(raws.map((raw) => raw.expect("features>")));
      for (const raw of raws) raw.destroy();
    }
    await eventually(async () => ((await server.sessions()).length === 0 ? true : undefined));
    expect(page.socket.bufferedBytes).toBeLessThan(waitingMax);
    expect(logged.filter(({ event }) => event?.startsWith("inspector."))).toHaveLength(1);
    page.readOn();
    await eventually(() => (page.dropped > 0 ? true : undefined));
    const before = page.of("watching").length;
    expect(before).toBeLessThan(1_500);
    const raw = await connectRaw({ port: server.port });
    await eventually(() => (page.of("watching").length > before ? true : undefined));
    raw.destroy();
  }, 30_000);
});

describe("What a page may say", () => {
  it.each([
    ["{", /JSON/], ['{"type":"shutdown"}', /no message/], ['{"type":"watch"}', /session/], ['{"type":"list","on":1}', /on/], ["[]", /no message/],
    ['{"type":"list","on":true,"more":1}', /no message/],
    ['{"type":"ask","id":1,"question":{"kind":"facts","stream":"account/localhost/romeo","after":0}}', /stream/],
    ['{"type":"ask","id":1,"question":{"kind":"rosters","host":"a/b","username":"c","positions":[]}}', /host/],
  ])("is what the protocol has; %s closes it", async (text, why) => {
    const { open, timers } = await begin([]);
    const page = open();
    page.sayText(text);
    expect(page.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(why) as string });
    expect(Buffer.byteLength(page.closed!.reason!)).toBeLessThanOrEqual(123);
    page.say({ type: "list", on: true });
    expect(timers()).toBe(0);
  });

  it("is not long", async () => {
    const { open } = await begin([]);
    const page = open();
    page.say({ type: "watch", session: "x".repeat(inspectorMessageCharsMax) });
    expect(page.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(/^a message has at most/) as string });
  });

  it("comes not too fast", async () => {
    const { open } = await begin([]);
    const page = open();
    for (let n = 0; n < 200; n += 1) page.say({ type: "unwatch", session: "none" });
    expect(page.closed).toEqual({ code: 1008, reason: "messages come too fast" });
  });

  it("is bounded in pages, in sessions and in questions", async () => {
    const { open, server } = await begin(["romeo"]);
    const pages = Array.from({ length: inspectorViewersMax }, () => open());
    expect(open().closed).toMatchObject({ code: 1013 });
    pages[0]!.leave();
    const page = open();
    expect(page.closed).toBeUndefined();
    page.say({ type: "watch-new", on: true });
    const raws = [];
    for (let n = 0; n <= inspectorNewWatchedMax; n += 1) raws.push(await connectRaw({ port: server.port }));
    await eventually(() => (page.of("watching").length === inspectorNewWatchedMax + 1 ? true : undefined));
    const ids = page.of("watching").map(({ summary }) => summary.id);
    expect(page.of("watch-refused")).toMatchObject([{ session: ids[0] }]);
    for (const id of ids.slice(0, inspectorWatchedMax + 1)) page.say({ type: "watch", session: id });
    expect(page.of("watch-refused").map(({ session }) => session)).toEqual([ids[0], ids[inspectorWatchedMax]]);
    for (let id = 1; id <= inspectorQuestionsMax + 1; id += 1) page.say({ type: "ask", id, question: { kind: "find", text: "" } });
    await eventually(() => (page.of("answer").length === inspectorQuestionsMax + 1 ? true : undefined));
    expect(page.of("answer").filter((answer) => "error" in answer).map(({ id }) => id)).toEqual([inspectorQuestionsMax + 1]);
    for (const raw of raws) raw.destroy();
  });
});

describe("Questions", () => {
  it("find sessions of the log, alive and ended, by their user and by their id", async () => {
    const { open } = await begin(["romeo", "juliet"]);
    const first = await entered("romeo");
    const [before] = [await idOf("romeo")];
    await first.close();
    await entered("romeo");
    await entered("juliet");
    const now = await idOf("romeo");
    const page = open();
    for (const text of ["romeo@localhost", "romeo@localhost/phone", " romeo ", "ROMEO@localhost"]) {
      expect(((await page.ask({ kind: "find", text })) as readonly SessionRow[]).map(({ id }) => id)).toEqual([now, before]);
    }
    expect(await page.ask({ kind: "find", text: before.slice(0, 10) })).toMatchObject([{ id: before, username: "romeo", reason: expect.any(String) as string }]);
    expect(await page.ask({ kind: "find", text: "" })).toHaveLength(3);
    for (const text of ["tybalt@localhost", "@", "a@b@c", "\u{1f602}"]) expect(await page.ask({ kind: "find", text })).toEqual([]);
  });

  it("tell what else belongs to a step, and the roster as it was", async () => {
    const { open } = await begin(["romeo", "juliet"]);
    const romeo = await entered("romeo", true);
    await romeo.ask(chat("juliet@localhost", "waiting"));
    await romeo.ask("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='My only love'/></query></iq>");
    const id = await idOf("romeo");
    const page = open();
    const position = await setting!.settled();
    const all = await setting!.all();
    const stored = all.find(({ type }) => type === "OfflineMessageStored")!;
    const archived = all.filter(({ type }) => type === "MessageArchived");
    expect(archived.map(({ stream }) => stream)).toEqual(["account/localhost/romeo", "account/localhost/juliet"]);
    const own = all.find(({ stream }) => stream.startsWith("session/"))!;
    // Juliet's account had to be loaded first: it is what follows from the step that the message came in.
    for (const step of [stored.step, stored.cause!]) {
      expect(await page.ask({ kind: "related", position: own.position, step })).toEqual([...archived, stored]);
    }
    const set = all.find(({ type }) => type === "RosterItemSet")!;
    const [named] = (await page.ask({ kind: "related", position: own.position, step: set.step })) as readonly StoredFact[];
    expect(named).toMatchObject({ type: "RosterItemSet", data: { item: { jid: "juliet@localhost", name: "[12 characters]" } } });
    const rosters = await page.ask({ kind: "rosters", host: "localhost", username: "romeo", positions: [set.position - 1, position] });
    expect(rosters).toMatchObject([{ items: 0 }, { items: 1 }]);
    expect(await page.ask({ kind: "facts", stream: `session/localhost/${id}`, after: 10_000 })).toEqual([]);
  });

  it("tell no password out of what a client keeps with the server, whatever the page may see", async () => {
    const { open, all, facts, settled } = await begin(["romeo"], { bodies: true });
    const romeo = await entered("romeo");
    const id = await idOf("romeo");
    const page = open();
    await watch(page, id);
    await romeo.ask(
      "<iq type='set' id='p'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>" +
      "<conference jid='room@muc.localhost'><nick>Romeo</nick><password>Hidden</password></conference></storage></query></iq>",
    );
    await settled();
    const set = (await all()).find(({ type }) => type === "AccountDataSet")!;
    const wired = await eventually(() => xmlOf(page, id).find((xml) => xml.includes("<conference")));
    const { position } = (await facts(`session/localhost/${id}`)).at(-1)!;
    const related = JSON.stringify(await page.ask({ kind: "related", position, step: set.cause ?? set.step }));
    expect(related).toContain("AccountDataSet");
    for (const told of [wired, related]) {
      expect(told).toContain("<nick>Romeo</nick>");
      expect(told).not.toContain("Hidden");
    }
  });
});

describe("Hostile content", () => {
  it("stays text, is cut, and harms nobody", async () => {
    const { open } = await begin(["romeo"], { bodies: true });
    const romeo = await entered("romeo");
    const id = await idOf("romeo");
    const page = open();
    await watch(page, id);
    const body = "&lt;script&gt;alert(1)&lt;/script&gt;\u202e\u{1f602}".repeat(2_000);
    await romeo.ask(`<message to='&quot;&lt;img@localhost/&quot;&gt;' id="&lt;b&gt;'"><body>${body}</body></message>`);
    const wire = await eventually(() => page.items("wire", id).find(({ xml }) => xml.includes("script")));
    expect(wire.xml.length).toBeLessThan(70_000);
    expect(wire.xml).toMatch(/… \[\d+ characters more\]<\/body><\/message>$/);
    expect(wire.xml).not.toContain("<script");
    expect(wire.chars).toBeGreaterThan(80_000);
    expect((await setting!.server.sessions())[0]!.id).toBe(id);
  });
});

describe("A recorded session", () => {
  it("is shown without anything that lives", async () => {
    const row = { host: "localhost", id: "x", username: "romeo", resource: null, startedAt: 1, endedAt: null, reason: null, received: null };
    const { open } = await begin(["romeo"], { live: false, observation: () => undefined, opened: [row] });
    await entered("romeo");
    const page = open();
    expect(page.of("hello")).toMatchObject([{ live: false, opened: [row], hosts: ["localhost"], bodies: false }]);
    page.say({ type: "list", on: true });
    expect(page.of("list")).toMatchObject([{ whole: true, changed: [], gone: [] }]);
    page.say({ type: "watch", session: "x" });
    expect(page.of("watch-refused")).toHaveLength(1);
    expect(await page.ask({ kind: "find", text: "romeo" })).toHaveLength(1);
  });
});

describe("Another epoch", () => {
  it("goes on counting where the one before ended, though nobody looked at that", async () => {
    const { open, server, feed } = await begin(["romeo"]);
    await entered("romeo");
    const { told } = server.server.observation!.totals();
    await server.restart();
    feed.newEpoch();
    const page = open();
    page.say({ type: "list", on: true });
    expect(page.of("totals")[0]!.told).toBeGreaterThanOrEqual(told);
    expect(told).toBeGreaterThan(0);
  });

  it("begins everything anew", async () => {
    const { open, server, feed, timers } = await begin(["romeo"]);
    await entered("romeo");
    const id = await idOf("romeo");
    const former = server.server.observation!;
    const page = open();
    page.say({ type: "list", on: true });
    page.say({ type: "watch-new", on: true });
    await watch(page, id);
    const before = page.of("totals").at(-1)!.told;
    await server.restart();
    feed.newEpoch();
    expect(page.of("epoch")).toHaveLength(1);
    expect([former.onBegun, former.onDelivery]).toEqual([undefined, undefined]);
    const whole = await eventually(() => page.of("list").findLast((list) => list.whole && page.told.indexOf(list) > page.told.indexOf(page.of("epoch")[0]!)));
    expect(whole.changed).toEqual([]);
    expect(page.of("totals").at(-1)!.told).toBeGreaterThanOrEqual(before);
    await entered("romeo");
    await eventually(() => (page.of("watching").length === 2 ? true : undefined));
    page.leave();
    await eventually(() => (timers() === 0 ? true : undefined));
  });
});

