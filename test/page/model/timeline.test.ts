/** Timelines of what real clients did with a real server, watched from the first byte. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FromServer } from "../../../src/inspector/protocol.ts";
import type { TimelineRow } from "../../../src/page/model/contract.ts";
import { LiveRecording } from "../../../src/page/model/recording.ts";
import { sequenceOf } from "../../../src/page/model/sequence.ts";
import { watchedServer, type Setting } from "../../inspector/setting.ts";
import { ack, authenticated, chat, request, type ManagedClient } from "../../management/support.ts";
import { eventually } from "../../session/watching.ts";
import { connectRaw } from "../../support/raw-client.ts";
import { saslPlain, streamHeader } from "../../support/login.ts";

let setting: Setting;
let clients: { cut(): void }[] = [];
let recordings = new Map<string, LiveRecording>();
let page: ReturnType<Setting["open"]>;

beforeAll(async () => {
  setting = await watchedServer(["romeo", "juliet"], {}, { session: { resumptionMs: 60_000 } });
});

afterAll(async () => {
  setting.feed.close();
  await setting.server.stop();
});

afterEach(() => {
  page.leave();
  for (const client of clients) client.cut();
  clients = [];
  recordings = new Map();
});

function watchNew(): void {
  page = setting.open();
  page.say({ type: "watch-new", on: true });
}

async function entered(user: string, managed = false, resource = "phone"): Promise<ManagedClient> {
  const client = await (managed ? setting.enterManaged(user, resource) : setting.enter(user, resource));
  clients.push(client);
  return client;
}

/** The recordings of all sessions that were told of, in the order in which they began. */
function all(): readonly LiveRecording[] {
  for (const message of page.told.splice(0)) take(message);
  return [...recordings.values()];
}

function take(message: FromServer): void {
  if (message.type === "watching") {
    const recording = new LiveRecording(message.summary.id);
    recording.begin(message);
    recordings.set(recording.id, recording);
  }
  if (message.type === "items") for (const item of message.items) recordings.get(item.session)!.take(item);
}

const rowWhere = (matches: (row: TimelineRow) => boolean, place = 0) => eventually(() => all()[place]?.rows.find(matches));
const titled = (title: string | RegExp, place = 0) => rowWhere((row) => (typeof title === "string" ? row.title === title : title.test(row.title)), place);
const kinds = ({ entries }: TimelineRow) =>
  entries.map(({ what }) => (what.kind === "wire" ? what.direction : what.kind === "told" ? what.event.type : what.kind === "fact" ? what.fact.type : what.kind));

describe("A timeline: one exchange is one row", () => {
  it("a stream and its features, a login, a bind", async () => {
    watchNew();
    await entered("romeo");
    const bind = await titled("bind → phone");
    expect(bind).toMatchObject({ group: "bind", from: "client", mark: null, state: "connected.unavailable+uninterested+attached", durationMs: expect.any(Number) });
    expect(kinds(bind)).toEqual(expect.arrayContaining(["in", "bind.requested", "resource.bound", "out"]));
    const [, header, login, second] = all()[0]!.rows;
    expect(header).toMatchObject({ group: "stream", from: "client", mark: null, state: "negotiating.offering" });
    expect(header!.title).toMatch(/^stream header → features .*mechanisms/);
    expect(kinds(header!)).toEqual(["in", "stream.opened", "out", "out"]);
    expect(login).toMatchObject({ group: "sasl", title: "login with PLAIN → success", mark: null, state: "authenticated.awaitingRestart" });
    expect(kinds(login!)).toEqual(expect.arrayContaining(["in", "sasl.started", "sasl.succeeded", "out"]));
    expect(second!.title).toMatch(/^stream header → features .*bind/);
    await eventually(() => all()[0]!.facts[0]);
    expect(kinds(all()[0]!.rows[2]!)).toEqual(expect.arrayContaining(["SessionSnapshotTaken"]));
  });

  it("a login that fails, and the end of the stream", async () => {
    watchNew();
    const raw = await connectRaw({ port: setting.server.port });
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    raw.send(saslPlain("romeo", "wrong"));
    await raw.expect("</failure>");
    raw.send("</stream:stream>");
    const end = await titled("the client closes its stream");
    expect(await titled("login with PLAIN → failure not-authorized")).toMatchObject({ mark: "failed", group: "sasl" });
    await eventually(() => (all()[0]!.rows.at(-1)!.entries.at(-1)!.what.kind === "closed" ? true : undefined));
    expect(kinds(all()[0]!.rows.at(-1)!)).toEqual(["in", "stream.ended", "out", "closed"]);
    expect(end).toMatchObject({ group: "end", from: "client", state: "closed" });
    raw.destroy();
  });

  it("a stream error, which is what its row is about", async () => {
    watchNew();
    const raw = await connectRaw({ port: setting.server.port });
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    raw.send("<message><body>too early</body></message>");
    await raw.expect("</stream:stream>");
    const end = await titled("stream error not-authorized");
    expect(end).toMatchObject({ group: "end", from: "server", mark: "failed" });
    expect(await rowWhere(({ group, from }) => group === "message" && from === "client")).toMatchObject({ state: "closing" });
    raw.destroy();
  });

  it("an iq and its answer, in whatever order others come between, and with how much is in it", async () => {
    watchNew();
    const romeo = await entered("romeo");
    romeo.send("<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq><iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    romeo.send("<iq type='get' id='x' to='nobody@localhost/nowhere'><query xmlns='jabber:iq:version'/></iq>");
    const roster = await titled(/^iq get jabber:iq:roster → result/);
    expect(roster).toMatchObject({ group: "iq", from: "client", mark: null, durationMs: expect.any(Number), state: "connected.unavailable+interested+attached" });
    expect(kinds(roster).filter((kind) => kind !== "SessionTold")).toEqual(expect.arrayContaining(["in", "roster.requested", "out"]));
    expect(await titled("iq get disco#info → result")).toMatchObject({ from: "client" });
    expect(await titled("iq get jabber:iq:version → error service-unavailable")).toMatchObject({ mark: "failed" });
  });

  it("a question of the server stays open until the client answers it", async () => {
    watchNew();
    const romeo = await entered("romeo");
    const desk = await entered("romeo", false, "desk");
    desk.send(`<iq type='get' id='q1' to='${romeo.jid}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const asked = await titled("iq get urn:xmpp:ping");
    expect(asked).toMatchObject({ from: "server", mark: "open", durationMs: null });
    expect(await titled("iq get urn:xmpp:ping", 1)).toMatchObject({ from: "client", mark: "open" });
    // An answer from somebody else is no answer (RFC 6120 section 8.2.3).
    romeo.send("<iq type='result' id='q1' to='mercutio@localhost/street'/>");
    await rowWhere(({ title, from }) => title === "iq result" && from === "client");
    expect((await titled("iq get urn:xmpp:ping")).mark).toBe("open");
    romeo.send(`<iq type='result' id='q1' to='${desk.jid}'/>`);
    expect(await titled("iq get urn:xmpp:ping → result")).toMatchObject({ from: "server", mark: null, key: asked.key });
    expect(await titled("iq get urn:xmpp:ping → result", 1)).toMatchObject({ from: "client", mark: null });
  });

  it("a request for an acknowledgement and its answer, of either side; a stanza and its place in the queue", async () => {
    watchNew();
    const romeo = await entered("romeo", true);
    expect(await titled("enable stream management → enabled, can be resumed")).toMatchObject({ group: "management", mark: null });
    romeo.send(request);
    expect(await titled("ack request → 0")).toMatchObject({ group: "management", from: "client", mark: null });
    romeo.send(chat(romeo.jid, "self"));
    const asked = await rowWhere(({ title, mark }) => title === "ack request" && mark === "open");
    expect(asked.from).toBe("server");
    const message = await rowWhere(({ group, from }) => group === "message" && from === "server");
    await eventually(() => (kinds(all()[0]!.rowOf(message.entries[0]!.index)!).includes("StanzaQueued") ? true : undefined));
    romeo.send(ack(1));
    const answered = await rowWhere(({ key, mark }) => key === asked.key && mark === null);
    expect(answered.title).toBe("ack request → 1");
    await eventually(() => (kinds(all()[0]!.rowOf(answered.entries[0]!.index)!).includes("StanzasAcknowledged") ? true : undefined));
  });

  it("presence with what it changed, and who else was told of it", async () => {
    watchNew();
    const romeo = await entered("romeo");
    const juliet = await entered("juliet");
    await juliet.ask("<presence/>");
    romeo.send(`<presence to='${juliet.jid}'><show>dnd</show></presence>`);
    const directed = await titled(`presence dnd to ${juliet.jid}`);
    expect(kinds(directed)).toEqual(expect.arrayContaining(["in", "presence.directed"]));
    await eventually(() => (kinds(all()[0]!.rowOf(directed.entries[0]!.index)!).includes("touched") ? true : undefined));
    const { entries } = all()[0]!;
    const drawn = sequenceOf(entries, { jid: romeo.jid, host: "localhost" });
    expect(drawn.lanes.map(({ kind, title }) => [kind, title])).toEqual([["client", romeo.jid], ["server", "localhost"], ["other", juliet.jid]]);
    const arrows = drawn.steps.flatMap((step) => (step.kind === "arrow" ? [`${step.from}→${step.to} ${step.label}`] : []));
    expect(arrows).toEqual(expect.arrayContaining(["0→1 stream header", "0→1 auth PLAIN", "1→0 success", "0→1 presence dnd", "1→2 presence"]));
    expect(drawn.steps.flatMap((step) => (step.kind === "note" && step.about === "state" ? [step.text] : [])).slice(0, 4)).toEqual([
      "negotiating.offering", "negotiating.authenticating", "authenticated.awaitingRestart", "authenticated.binding.idle",
    ]);
  });

  it("of the two sessions of a resumption each has its own part", async () => {
    watchNew();
    const romeo = await entered("romeo", true);
    romeo.cut();
    await titled(/^lost its link/);
    await romeo.resume();
    const resumed = await titled(/^resume → resumed, h \d+$/);
    expect(resumed).toMatchObject({ group: "link", from: "client", mark: null, durationMs: expect.any(Number), state: "connected.unavailable+uninterested+attached" });
    expect(kinds(resumed)).toEqual(expect.arrayContaining(["link.attached", "out"]));
    expect(await titled("resume → granted", 1)).toMatchObject({ group: "management", from: "client", mark: null });
  });

  it("a request for an acknowledgement that was lost with its link is not answered on the next one", async () => {
    watchNew();
    const romeo = await entered("romeo", true);
    romeo.send(chat(romeo.jid, "self"));
    const lost = await rowWhere(({ title, mark }) => title === "ack request" && mark === "open");
    romeo.cut();
    await titled(/^lost its link/);
    await romeo.resume({ h: 1 });
    romeo.send(chat(romeo.jid, "again"));
    const asked = await rowWhere(({ title, mark, key }) => title === "ack request" && mark === "open" && key !== lost.key);
    romeo.send(ack(2));
    await rowWhere(({ key, title }) => key === asked.key && title === "ack request → 2");
    expect(all()[0]!.rows.find(({ key }) => key === lost.key)).toMatchObject({ title: "ack request", mark: "open" });
  });

  it("a resumption that is refused, and what follows instead", async () => {
    watchNew();
    const link = await authenticated(setting.server, { user: "romeo" });
    clients.push({ cut: () => link.raw.destroy() });
    link.send("<resume xmlns='urn:xmpp:sm:3' previd='nothing-of-the-kind' h='0'/>");
    const refused = await titled("resume → item-not-found");
    expect(refused).toMatchObject({ group: "management", mark: "failed", state: null });
    expect(kinds(await titled("resume → item-not-found"))).toEqual(expect.arrayContaining(["in", "resume.requested", "resume.refused"]));
  });

  it("is made of words where only the log tells of a session", async () => {
    watchNew();
    const romeo = await entered("romeo", true);
    await romeo.ask("<presence><priority>4</priority></presence>");
    const { stream } = await eventually(() => all()[0]?.facts[0]);
    await setting.settled();
    const read = new LiveRecording(all()[0]!.id);
    read.takeFacts(await setting.facts(stream));
    const titles = read.rows.map(({ group, from, title }) => `${group} ${from} ${title}`);
    expect(titles.slice(0, 4)).toEqual([
      "sasl self romeo@localhost has logged in; the session's log begins",
      "stream client the client opened a stream to localhost",
      "bind client bind → phone",
      "management client enabled stream management, to be resumed",
    ]);
    expect(titles).toContain("presence client available with priority 4");
    expect(read.rows.flatMap(({ entries }) => entries).length).toBe(read.entries.length);
  });
});
