import { afterEach, describe, expect, it } from "vitest";
import { recordSnapshot } from "../../../machines/fold.ts";
import { replay } from "../../../src/history/replay.ts";
import { Feed, type FeedOptions } from "../../../src/inspector/feed.ts";
import { liveClock } from "../../../src/live.ts";
import type { Store } from "../../../src/page/model/contract.ts";
import { createStore } from "../../../src/page/model/store.ts";
import { watchedServer, type Setting } from "../../inspector/setting.ts";
import { chat, request, type ManagedClient } from "../../management/support.ts";
import { eventually } from "../../session/watching.ts";
import { PageParts } from "./page-parts.ts";

let setting: Setting;
let clients: ManagedClient[] = [];
let parts: PageParts;

async function begin(users: readonly string[], options: Partial<FeedOptions> = {}): Promise<void> {
  setting = await watchedServer(users, options);
}

async function entered(user: string, managed = false): Promise<ManagedClient> {
  const client = await (managed ? setting.enterManaged(user) : setting.enter(user));
  clients.push(client);
  return client;
}

function open(fragment = ""): Store {
  parts = new PageParts(() => setting.feed, fragment);
  return createStore(parts);
}

afterEach(async () => {
  parts.reachable = false;
  parts.cut();
  for (const client of clients) client.cut();
  clients = [];
  setting.feed.close();
  await setting.server.stop();
});

const until = (look: () => boolean) => eventually(() => look() || undefined);
const idOf = (user: string) => eventually(async () => (await setting.server.sessions()).find(({ username, resource }) => username === user && resource !== null)?.id);
const stateOf = (store: Store) => store.moment.value?.past?.session.state;

async function looksAt(store: Store, id: string): Promise<void> {
  store.route.value = { view: "session", id, tab: "chart" };
  await until(() => store.recording.value?.id === id && store.recording.value.entries.length > 0);
}

describe("The page's store over a real feed: the list", () => {
  it("is what lives, follows what changes, and counts", async () => {
    await begin(["romeo", "juliet"]);
    const romeo = await entered("romeo");
    const store = open();
    await until(() => store.sessions.value.size === 1);
    expect(store.hello.value).toMatchObject({ hosts: ["localhost"], live: true });
    expect(store.connection.value).toBe("open");
    expect(Math.abs(store.now() - Date.now())).toBeLessThan(1_000);
    const before = store.sessions.value;
    expect([...before.values()]).toMatchObject([{ jid: romeo.jid, state: "connected.unavailable+uninterested+attached" }]);
    const juliet = await entered("juliet");
    romeo.cut();
    await until(() => [...store.sessions.value.values()].map(({ jid }) => jid).join() === juliet.jid);
    expect(store.sessions.value).not.toBe(before);
    expect(store.totals.value.at(-1)).toMatchObject({ sessions: expect.any(Number), told: expect.any(Number) });
    expect(store.totals.value.length).toBeLessThanOrEqual(120);
  });
});

describe("The page's store over a real feed: a session", () => {
  it("that lives is shown with its log from before, and goes on", async () => {
    await begin(["romeo", "juliet"]);
    const romeo = await entered("romeo", true);
    const id = await idOf("romeo");
    const store = open(`#/session/${id}/timeline`);
    expect(store.route.value).toEqual({ view: "session", id, tab: "timeline" });
    await until(() => (store.recording.value?.facts.length ?? 0) >= 5);
    expect(store.recording.value!.live).toBe(true);
    const revision = store.revision.value;
    await romeo.ask("<presence/>");
    await until(() => stateOf(store) === "connected.available+uninterested+attached");
    expect(store.revision.value).toBeGreaterThan(revision);
    await setting.settled();
    const facts = await setting.facts(store.recording.value!.stream!);
    await until(() => store.recording.value!.facts.length === facts.length);
    expect(store.recording.value!.facts).toEqual(facts);
    expect(store.moment.value!.disagreements).toEqual([]);
    romeo.send(chat("juliet@localhost", "m1"));
    await until(() => store.recording.value!.entries.some(({ what }) => what.kind === "wire" && what.xml.includes("m1")));
  });

  it("shows at each place what a replay of the log shows there, and keeps in sight what is looked at", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    const id = await idOf("romeo");
    const store = open();
    await looksAt(store, id);
    await romeo.ask("<presence><priority>3</priority></presence>");
    romeo.send(request);
    await romeo.ask("<presence type='unavailable'/>");
    await setting.settled();
    const stored = await setting.facts(`session/localhost/${id}`);
    await until(() => store.recording.value!.facts.length === stored.length);
    const [row] = await setting.sessionsOf("romeo");
    const recorded = store.recording.value!.entries.filter(({ position }) => position !== null);
    const { pasts } = await replay(setting.source, row!, recorded.map(({ position }) => position!));
    expect(recorded.length).toBeGreaterThan(6);
    recorded.forEach(({ index }, place) => {
      store.place.value = index;
      const { session, timers, counts, link } = store.moment.value!.past!;
      const expected = pasts[place]!;
      expect({ state: session.state, priority: session.priority, timers, counts, link }).toEqual({
        state: expected.session.state, priority: expected.session.priority, timers: expected.timers, counts: expected.counts, link: expected.link,
      });
    });
    // The live machine is where the last place is.
    store.place.value = "last";
    const [view] = await setting.server.sessions();
    expect(stateOf(store)).toBe(view!.state);
    store.place.value = recorded[2]!.index;
    store.mark.value = recorded[4]!.index;
    const key = store.moment.value!.past!.position;
    romeo.send(request);
    const { length } = store.recording.value!.entries;
    await until(() => store.recording.value!.entries.length > length);
    expect(store.moment.value!.past!.position).toBe(key);
  });

  it("that has ended is read from the log, and says why", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    const id = await idOf("romeo");
    await romeo.close();
    await until(() => setting.server.server !== undefined);
    await eventually(async () => ((await setting.server.sessions()).length === 0 ? true : undefined));
    const store = open(`#/session/${id}/session`);
    await until(() => (store.recording.value?.row?.endedAt ?? 0) > 0);
    await until(() => store.moment.value?.past?.ended === true);
    expect(store.recording.value).toMatchObject({ id, live: false, stream: `session/localhost/${id}` });
    expect(store.problem.value).toBe("");
    expect(store.moment.value!.disagreements).toEqual([]);
    expect(await store.find("romeo@localhost")).toMatchObject([{ id, username: "romeo" }]);
  });

  it("that ends while it is looked at stays in sight, with what the log says of it", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    const store = open();
    await looksAt(store, await idOf("romeo"));
    await romeo.close();
    await until(() => (store.recording.value!.row?.endedAt ?? 0) > 0);
    expect(store.recording.value!.live).toBe(false);
    expect(stateOf(store)).toBe("closed");
    expect(store.recording.value!.entries.some(({ what }) => what.kind === "closed")).toBe(true);
    expect(store.recording.value!.rows.at(-1)).toMatchObject({ group: "end", from: "client" });
  });

  it("that nobody knows is said to be unknown, and leaves no trace when one goes elsewhere", async () => {
    await begin(["romeo"]);
    const store = open("#/session/no-such-session-at-all/chart");
    await until(() => store.problem.value !== "");
    expect(store.problem.value).toMatch(/^session no-such-session-at-all: no such session lives.* the log does not know it either/);
    store.route.value = { view: "sessions" };
    expect(store.problem.value).toBe("");
    expect(parts.address.fragment()).toBe("#/sessions");
    parts.back();
    expect(store.route.value).toEqual({ view: "session", id: "no-such-session-at-all", tab: "chart" });
  });

  it("that is new is watched from its first byte where that is wanted, before anybody looks at it", async () => {
    await begin(["romeo"]);
    const store = open();
    store.watchNew.value = true;
    await until(() => store.connection.value === "open" && parts.said.some((text) => text.includes('"watch-new","on":true')));
    const romeo = await entered("romeo", true);
    await romeo.ask("<presence/>");
    await looksAt(store, await idOf("romeo"));
    await until(() => stateOf(store) === "connected.available+uninterested+attached");
    const { entries, rows } = store.recording.value!;
    expect(entries[0]!.what.kind).toBe("begun");
    expect(store.recording.value!.momentAt(0).active).toEqual(["awaitingStream"]);
    expect(rows.map(({ group }) => group)).toEqual(expect.arrayContaining(["stream", "sasl", "bind", "management", "presence"]));
    expect(store.moment.value!.disagreements).toEqual([]);
  });

  it("that is gone is known by its last name", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo");
    const store = open();
    const id = await idOf("romeo");
    await until(() => store.sessions.value.get(id)?.jid === romeo.jid);
    expect(store.lastName(id)).toBe(undefined);
    await romeo.close();
    await until(() => !store.sessions.value.has(id));
    expect(store.lastName(id)).toBe(romeo.jid);
  });

  it("goes on after its link was lost and it was resumed, and folds to the live state", async () => {
    await begin(["romeo", "juliet"]);
    const romeo = await entered("romeo", true);
    const juliet = await entered("juliet");
    const store = open();
    await looksAt(store, await idOf("romeo"));
    await romeo.ask("<presence/>");
    romeo.cut();
    await until(() => stateOf(store) === "connected.available+uninterested+hibernating");
    juliet.send(chat(romeo.jid, "while-away"));
    const queued = await eventually(() => store.recording.value!.rows.find(({ title }) => title.includes("while-away")));
    expect(queued).toMatchObject({ group: "message", from: "waits" });
    await romeo.resume();
    await until(() => stateOf(store) === "connected.available+uninterested+attached");
    const row = store.recording.value!.rows.find(({ title }) => title.startsWith("resume → resumed"))!;
    expect(row.group).toBe("link");
    expect(store.moment.value!.disagreements).toEqual([]);
    const moment = store.recording.value!.momentAt(row.entries.find(({ what }) => what.kind === "told")!.index);
    expect(moment.taken).toEqual(["connected.link.hibernating/link.attached/0"]);
    expect(moment.past!.queue.map(({ id }) => id)).toContain("while-away");
  });

  it("has the roster of each place, asked for once and only where it is looked at", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    const store = open();
    const id = await idOf("romeo");
    await looksAt(store, id);
    const set = (item: string) => romeo.ask(`<iq type='set' id='set'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
    const asked = () => parts.said.filter((text) => text.includes('"rosters"')).length;
    const lastFact = () => store.recording.value!.entries.findLast(({ position }) => position !== null)!.index;
    await set("<item jid='juliet@localhost'/>");
    await until(() => store.recording.value!.rows.filter(({ title }) => title.startsWith("iq set jabber:iq:roster → result")).length === 1);
    await romeo.ask("<presence><priority>1</priority></presence>");
    await until(() => store.moment.value!.past!.session.priority === 1 && store.recording.value!.facts.length > 0);
    await setting.settled();
    const one = lastFact();
    await set("<item jid='nurse@localhost'/>");
    await romeo.ask("<presence><priority>2</priority></presence>");
    await until(() => store.moment.value!.past!.session.priority === 2);
    expect(asked()).toBe(0);
    expect(store.rosterAt(one)).toBeUndefined();
    store.route.value = { view: "session", id, tab: "session" };
    await until(() => store.rosterAt(store.moment.value!.index)?.items === 2);
    store.place.value = one;
    await until(() => store.rosterAt(one)?.items === 1);
    const before = asked();
    store.place.value = 0;
    store.place.value = one;
    await setting.settled();
    expect(asked()).toBe(before);
    store.place.value = "last";
    await set("<item jid='juliet@localhost' subscription='remove'/>");
    await set("<item jid='nurse@localhost' subscription='remove'/>");
    await until(() => store.rosterAt(store.moment.value!.index)?.items === 0);
    expect(store.rosterAt(one)).toMatchObject({ items: 1 });
  });

  it("tells which facts of others belong to an entry", async () => {
    await begin(["romeo", "juliet"]);
    const juliet = await entered("juliet", true);
    await juliet.ask("<presence/>");
    const romeo = await entered("romeo", true);
    const store = open();
    await looksAt(store, await idOf("romeo"));
    romeo.send(chat(juliet.jid, "m7"));
    const told = () => store.recording.value!.entries.find(({ what }) => what.kind === "wire" && what.direction === "in" && what.xml.includes("m7"));
    await until(() => told() !== undefined && store.recording.value!.facts.some(({ type, step }) => type === "StanzasCounted" && step === told()!.step));
    const related = await store.related(told()!);
    const { step } = told()!;
    expect(related).toMatchObject([{ type: "MessageArchived", step }, { type: "MessageArchived", step }, { type: "StanzaQueued", step, data: { id: "m7" } }]);
  });
});

describe("The page's store and its connection", () => {
  it("shows the token once, takes it out of the address, and is let in by what it got for it afterwards", async () => {
    await begin([]);
    const store = open("#token=abc_-1");
    expect(parts.history).toEqual(["#/"]);
    await until(() => store.connection.value === "open");
    expect(parts.entered).toEqual(["abc_-1"]);
    parts.cut();
    await until(() => store.connection.value === "closed");
    await until(() => store.connection.value === "open");
    expect(parts.entered).toEqual(["abc_-1"]);
  });

  it("says what to do when it is refused, and goes on with another token", async () => {
    await begin([]);
    parts = new PageParts(() => setting.feed, "#token=old");
    parts.entrance = (token) => (token === "new" ? "entered" : "refused");
    const store = createStore(parts);
    await until(() => store.connection.value === "refused");
    expect(parts.entered).toEqual(["old", undefined]);
    expect(store.problem.value).toMatch(/refrain inspect/);
    parts.type("#token=new");
    await until(() => store.connection.value === "open");
    expect(store.problem.value).toBe("");
    expect(parts.address.fragment()).toBe("#/");
  });

  it("comes back after the server was away, ever more slowly, and goes on with what it showed", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    const id = await idOf("romeo");
    const store = open();
    await looksAt(store, id);
    store.mark.value = 1;
    parts.reachable = false;
    parts.entrance = () => "unreachable";
    parts.cut();
    await until(() => store.connection.value === "closed" && store.problem.value !== "");
    // Meanwhile something happens that nobody is told of.
    await romeo.ask("<presence><priority>9</priority></presence>");
    await until(() => parts.delays.filter((ms) => ms === 4_000).length > 0);
    expect(parts.delays.filter((ms) => ms < 5_000).slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    await expect(store.find("romeo")).rejects.toThrow("the server is not connected");
    parts.reachable = true;
    await until(() => store.connection.value === "open" && store.problem.value === "");
    await until(() => store.moment.value?.past?.session.priority === 9);
    expect(store.recording.value).toMatchObject({ id, live: true });
    await setting.settled();
    await romeo.ask("<presence><priority>-1</priority></presence>");
    await until(() => store.moment.value?.past?.session.priority === -1);
    await until(() => store.moment.value!.past!.position > 0 && store.recording.value!.entries.at(-1)!.position !== null);
    expect(store.moment.value!.disagreements).toEqual([]);
    const stored = await setting.facts(`session/localhost/${id}`);
    await until(() => store.recording.value!.facts.length === stored.length);
    // What was missed stands between the two begins.
    const { entries } = store.recording.value!;
    const begins = entries.flatMap(({ what, index }) => (what.kind === "begun" ? [index] : []));
    const missed = entries.find(({ what }) => what.kind === "told" && what.event.type === "presence.changed" && what.event.priority === 9)!;
    expect(begins.length).toBe(2);
    expect(missed.index).toBeGreaterThan(begins[0]!);
    expect(missed.index).toBeLessThan(begins[1]!);
  });

  it("begins anew when the server's store was opened again", async () => {
    await begin(["romeo"]);
    await entered("romeo", true);
    const id = await idOf("romeo");
    const store = open();
    await looksAt(store, id);
    const before = store.recording.value;
    // The session can be resumed: it goes on in the next epoch.
    await setting.server.restart();
    setting.feed.newEpoch();
    await until(() => store.recording.value !== undefined && store.recording.value !== before && stateOf(store)?.endsWith("hibernating") === true);
    expect(store.recording.value).toMatchObject({ id, live: true });
    await until(() => store.sessions.value.get(id)?.state.endsWith("hibernating") === true);
  });

  it("shows what was opened by name where nothing lives", async () => {
    await begin(["romeo"]);
    const romeo = await entered("romeo", true);
    await idOf("romeo");
    await romeo.close();
    await eventually(async () => ((await setting.server.sessions()).length === 0 ? true : undefined));
    await setting.settled();
    const [row] = await setting.sessionsOf("romeo");
    setting.feed.close();
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const words = { hosts: ["localhost"], software: "refrain", version: "0.0.0", bodies: false, live: false };
    const feed = new Feed({ ...words, observation: () => undefined, history: setting.source, opened: [row!], clock: liveClock, log });
    setting = { ...setting, feed };
    const store = open();
    await until(() => store.moment.value?.past?.ended === true);
    expect(store.route.value).toEqual({ view: "session", id: row!.id, tab: "chart" });
    expect(store.recording.value).toMatchObject({ live: false, row: { id: row!.id } });
    expect(parts.said.some((text) => text.includes('"watch"'))).toBe(false);
    const last = store.recording.value!.facts.at(-1)!;
    expect(last.type).toBe("SessionEnded");
    expect(recordSnapshot(store.moment.value!.snapshot!).value).toBe("closed");
  });
});
