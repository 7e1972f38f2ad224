/** The official protocol, with the packages of Stately themselves at the other end. */
import { createInspector, createWebSocketReceiver } from "@statelyai/inspect";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import type { StateValue } from "xstate";
import { inspectorQueueCharsMax, inspectorUnsentBytesMax, statelySessionsMax } from "../../src/domain/limits.ts";
import { lifeOf } from "../../src/history/export/life.ts";
import { exportOfLog } from "../../src/history/export/session-export.ts";
import { streamOf } from "../../src/history/subject.ts";
import { actorFrame, StatelyTale, toldFrames } from "../../src/inspector/stately.ts";
import { StatelyFeed } from "../../src/inspector/stately-feed.ts";
import { liveClock } from "../../src/live.ts";
import type { Log } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { loggedServer, type LoggedServer } from "../history/living.ts";
import { policy, startAt } from "../machines/telling.ts";
import { eventually } from "../session/watching.ts";
import { login, streamHeader } from "../support/login.ts";
import { connectRaw } from "../support/raw-client.ts";
import { Page } from "./page.ts";

interface Frame {
  readonly type: "@xstate.actor" | "@xstate.event" | "@xstate.snapshot";
  readonly sessionId: string;
  readonly rootId: string;
  readonly name?: string;
  readonly definition?: string;
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value: StateValue; readonly status: string; readonly tags: readonly string[]; readonly context: object };
  readonly _version: string;
}

const eventsOf = (frames: readonly Frame[]) => frames.filter(({ type }) => type === "@xstate.event").map(({ event }) => event!.type);
const statesOf = (frames: readonly Frame[]) => frames.filter(({ type }) => type === "@xstate.snapshot").map(({ snapshot }) => stateName(snapshot!.value));

describe("What Stately's inspector is told of a session", () => {
  it("is what its package itself says of an actor that it watches from the begin, times apart", () => {
    const theirs: Record<string, unknown>[] = [];
    const inspector = createInspector({ send: (frame: object) => theirs.push(JSON.parse(JSON.stringify(frame)) as Record<string, unknown>) });
    const actor = createActor(sessionMachine, { input: { at: startAt, secure: true, policy } });
    const opened = { type: "stream.opened", at: startAt + 1, host: "localhost", from: null, version: 1 } as const;
    inspector.actor(actor, actor.getSnapshot() as never);
    actor.start();
    inspector.event(actor, opened);
    actor.send(opened);
    inspector.snapshot(actor, actor.getSnapshot() as never, { event: opened });

    const begun = createActor(sessionMachine, { input: { at: startAt, secure: true, policy } }).getSnapshot();
    const ours = [actorFrame({ id: actor.sessionId, name: "session" }, begun, 5), ...toldFrames(actor.sessionId, opened, actor.getSnapshot(), 6)];
    // Of an actor without a parent the package does not know the root, and says so in words of its own.
    const known = (frame: Record<string, unknown>) => Object.fromEntries(Object.entries(frame).filter(([name]) => !["createdAt", "id", "rootId"].includes(name)));
    const definitionOf = ({ definition, ...frame }: Record<string, unknown>) => ({ ...frame, ...(definition === undefined ? {} : { id: (JSON.parse(String(definition)) as { readonly id: string }).id }) });
    expect(ours.map((frame) => definitionOf(known(JSON.parse(frame) as Record<string, unknown>)))).toEqual(theirs.map(known).map(definitionOf));
    expect(ours.map((frame) => JSON.parse(frame) as Frame)).toMatchObject([{ createdAt: "5", rootId: actor.sessionId }, { createdAt: "6" }, { createdAt: "6" }]);
  });

  it("has the statechart whole, with names in place of functions", () => {
    const { definition } = JSON.parse(actorFrame({ id: "s", name: "n" }, createActor(sessionMachine, { input: { at: 0, secure: true, policy } }).getSnapshot(), 0)) as Frame;
    const config = JSON.parse(definition!) as { readonly id: string; readonly states: Readonly<Record<string, object>> };
    expect(config.id).toBe("session");
    expect(Object.keys(config.states)).toEqual(Object.keys(sessionMachine.config.states!));
    expect(JSON.stringify(config)).toContain(`"guard":"isUnknownHost"`);
  });

  it("withholds what SASL exchanges", () => {
    const snapshot = createActor(sessionMachine, { input: { at: 0, secure: true, policy } }).getSnapshot();
    const frames = toldFrames("s", { type: "sasl.challenged", at: 0, data: "c2VjcmV0" }, snapshot, 0).join();
    expect(frames).not.toContain("c2VjcmV0");
    expect(frames).toContain("[withheld]");
  });
});

describe("The official receiver, pointed at a running server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ allowPlaintext: true, http: true });
    await server.addUser("romeo", "secret");
  });
  afterAll(() => server.stop());

  function receive(query = ""): Frame[] {
    const { host, hash } = new URL(server.server.inspector!.url());
    const frames: Frame[] = [];
    createWebSocketReceiver({ server: `ws://${host}/inspect/stately?token=${hash.slice("#token=".length)}${query}` }).subscribe((frame) => void frames.push(frame as never));
    return frames;
  }

  it("receives sessions that begin: actor, events and snapshots, with the states that they are in", async () => {
    const frames = receive();
    const first = await login(server, { user: "romeo", over: "plaintext", resource: "first" });
    // Whoever connects is there before what the server tells next, but not before what it told first.
    await eventually(() => (frames.length > 0 ? true : undefined));
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
    await client.ask("<presence/>");
    const view = await eventually(async () => (await server.sessions()).find(({ full_jid }) => full_jid === "romeo@localhost/orchard"));
    const own = await eventually(() => {
      const found = frames.filter(({ sessionId }) => sessionId === view.id);
      return eventsOf(found).includes("presence.changed") ? found : undefined;
    });
    expect(own[0]).toMatchObject({ type: "@xstate.actor", rootId: view.id, name: `session ${view.id}`, snapshot: { value: "awaitingStream", status: "active" } });
    expect(eventsOf(own)).toEqual(["stream.opened", "sasl.started", "sasl.succeeded", "stream.opened", "bind.requested", "resource.bound", "presence.changed"]);
    expect(statesOf(own)).toEqual([
      "negotiating.offering", "negotiating.authenticating", "authenticated.awaitingRestart", "authenticated.binding.idle", "authenticated.binding.pending",
      "connected.unavailable+uninterested+attached", "connected.available+uninterested+attached",
    ]);
    expect(own.at(-1)!.snapshot!.tags).toEqual(expect.arrayContaining(["c2s", "connected", "available"]));
    for (const frame of frames) expect(frame).toMatchObject({ type: expect.stringMatching(/^@xstate\./), _version: expect.any(String) });
    first.raw.end();
    client.raw.end();
  });

  it("receives one session by its full JID, introduced as it is, and nothing of the others", async () => {
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "balcony" });
    const frames = receive("&session=romeo@localhost/balcony");
    const [actor] = await eventually(() => (frames.length > 0 ? frames : undefined));
    expect(actor).toMatchObject({ type: "@xstate.actor", name: "romeo@localhost/balcony" });
    expect(stateName(actor!.snapshot!.value)).toBe("connected.unavailable+uninterested+attached");
    const other = await login(server, { user: "romeo", over: "plaintext", resource: "other" });
    await client.ask("<presence/>");
    await eventually(() => (eventsOf(frames).includes("presence.changed") ? true : undefined));
    expect(new Set(frames.map(({ sessionId }) => sessionId))).toEqual(new Set([actor!.sessionId]));
    other.raw.end();
    client.raw.end();
  });
});

describe("A recorded session", () => {
  let stage: LoggedServer;
  let lines: { readonly event: string }[];
  let log: Log;
  beforeAll(async () => {
    stage = await loggedServer(["romeo", "juliet", "nurse"]);
  });
  beforeEach(() => {
    lines = [];
    const note = (fields: object) => void lines.push(fields as { readonly event: string });
    log = { debug: () => undefined, info: note, warn: note, error: note };
  });
  afterAll(() => stage.server.stop());

  const feeds: StatelyFeed[] = [];
  afterEach(() => {
    for (const feed of feeds.splice(0)) feed.close();
  });

  function open(query: string): { readonly page: Page; readonly frames: () => readonly Frame[]; readonly feed: StatelyFeed } {
    const feed = new StatelyFeed({ observation: () => stage.server.server.observation, history: stage.source, clock: liveClock, log });
    feeds.push(feed);
    const page = new Page();
    feed.serve(page.socket, new URLSearchParams(query));
    return { page, frames: () => page.told as unknown as readonly Frame[], feed };
  }

  it("is told from the log, to its end, when it does not live any more", async () => {
    const client = await stage.enter("romeo", "phone");
    await client.ask("<presence/>");
    await client.close();
    await stage.settled();
    const [row] = await eventually(async () => {
      const rows = await stage.sessionsOf("romeo");
      return rows[0]?.endedAt === null ? undefined : rows;
    });
    const { page, frames } = open(`session=${row!.id.slice(0, 8)}`);
    const { closed } = await eventually(() => (page.closed === undefined ? undefined : page));
    expect(closed).toEqual({ code: 1000, reason: "that was all of it" });
    const facts = await stage.facts(streamOf(row!));
    const tale = new StatelyTale({ id: row!.id, name: "romeo@localhost/phone" });
    const expected = lifeOf(exportOfLog(row!, facts, 0)).flatMap((step) => tale.frames(step)).map((frame) => JSON.parse(frame) as Frame);
    expect(frames()).toEqual(expected);
    expect(expected[0]).toMatchObject({ type: "@xstate.actor", name: "romeo@localhost/phone" });
    expect(statesOf(expected)).toEqual(facts.filter(({ type }) => type === "SessionTold").map(({ data }) => (data as { readonly state: string }).state));
    expect(statesOf(expected).at(-1)).toBe("closed");
  });

  it("is refused in words where there is none, and one that ends while it is watched is told to its end", async () => {
    const { page } = open("session=nobody-at-all");
    const { closed } = await eventually(() => (page.closed === undefined ? undefined : page));
    expect(closed!.code).toBe(1008);
    expect(closed!.reason).toMatch(/^session "nobody-at-all": none has such an id/);
    expect(Buffer.byteLength(closed!.reason!)).toBeLessThanOrEqual(123);
    const client = await stage.enter("romeo", "tablet");
    const live = open("session=romeo@localhost/tablet");
    await eventually(() => (live.frames().length > 0 ? true : undefined));
    await client.close();
    await eventually(() => live.page.closed);
    expect(live.page.closed).toEqual({ code: 1000, reason: "the session is over" });
    expect(statesOf(live.frames()).at(-1)).toBe("closed");
  });

  it("leaves out what is more than there is room for, and says so once", async () => {
    const clients = await Promise.all(Array.from({ length: statelySessionsMax + 2 }, (_, index) => stage.enter(["romeo", "juliet", "nurse"][index % 3]!, `r${index}`)));
    const { frames, feed } = open("");
    const more = await stage.enter("romeo", "more");
    await eventually(() => (frames().length >= statelySessionsMax ? true : undefined));
    expect(frames().filter(({ type }) => type === "@xstate.actor")).toHaveLength(statelySessionsMax);
    expect(lines.filter(({ event }) => event === "inspector.left-out")).toHaveLength(1);
    feed.close();
    expect(stage.server.server.observation!.onBegun).toBeUndefined();
    await Promise.all([...clients, more].map((client) => client.close()));
  });

  it("is told no more of those that began and ended while a viewer did not read, however many they are", async () => {
    const { page, feed } = open("");
    page.reads = false;
    for (let round = 0; round < 60; round += 1) {
      const clients = await Promise.all(Array.from({ length: 10 }, () => connectRaw({ port: stage.server.port })));
      for (const client of clients) client.send(streamHeader("localhost"));
      await Promise.all(clients.map((client) => client.expect("features>")));
      for (const client of clients) client.destroy();
      await eventually(async () => ((await stage.server.sessions()).length === 0 ? true : undefined));
    }
    // All that has waited for it, when it reads on.
    let chars = page.socket.bufferedBytes;
    const { send } = page.socket;
    Object.assign(page.socket, { send: (text: string) => ((chars += text.length), send(text)) });
    page.readOn();
    for (let before = -1; before !== chars; ) {
      before = chars;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(chars).toBeLessThan(inspectorUnsentBytesMax + 2 * inspectorQueueCharsMax);
    feed.close();
    expect(lines.filter(({ event }) => event === "inspector.dropped")).toHaveLength(1);
    // Not a line for each.
    expect(lines.filter(({ event }) => event.startsWith("inspector.watched"))).toHaveLength(1);
  }, 20_000);

  it("drops what a viewer does not take, and goes on with what is true then", async () => {
    const client = await stage.enter("romeo", "slow");
    const { page, frames } = open("session=romeo@localhost/slow");
    await eventually(() => (frames().length > 0 ? true : undefined));
    // What it knows is long, and so is every snapshot of it.
    for (let index = 0; index < 50; index += 1) client.send(`<presence to='nobody@localhost/${index}${"x".repeat(1_000)}'/>`);
    await client.ask("<presence/>");
    const size = await eventually(() => frames().find(({ type, event }) => type === "@xstate.snapshot" && event?.type === "presence.changed"));
    page.reads = false;
    const many = Math.ceil((inspectorUnsentBytesMax + inspectorQueueCharsMax) / JSON.stringify(size).length) + 50;
    const before = eventsOf(frames()).length;
    for (let round = 0; round < many; round += 1) client.send(`<presence><priority>${round % 100}</priority></presence>`);
    await client.ask("<presence><priority>101</priority></presence>");
    page.readOn();
    const priorityOf = ({ snapshot }: Frame) => (snapshot?.context as { readonly priority?: number } | undefined)?.priority;
    await eventually(() => frames().find((frame) => priorityOf(frame) === 101));
    const told = eventsOf(frames()).length;
    expect(statesOf(frames())).toHaveLength(told);
    expect(told - before).toBeLessThan(many);
    expect(told - before).toBeGreaterThan(20);
    page.leave();
    expect(lines.filter(({ event }) => event === "inspector.dropped")).toEqual([expect.objectContaining({ dropped: 2 * (many + 1 - (told - before)) })]);
    await client.close();
  });
});
