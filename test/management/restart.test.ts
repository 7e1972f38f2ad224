/** XEP-0198 section 5 across the end of the server, in order or not: sessions go on in another process as if only the link had dropped. */
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { removeTempFolders, tempFolder } from "../log/engines.ts";
import { told, until } from "../presence/support.ts";
import { arrange } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { HandClock } from "./clock.ts";
import { mortalStore, type MortalStore } from "./mortal-store.ts";
import { bodies, chat, expectFailed, gone, ManagedClient, ManagedStage, resume, words } from "./support.ts";

const resumptionMs = 600_000;
const stages: ManagedStage[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) stage.clear();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(removeTempFolders);

/** Servers that have one log, one after the other. */
class House {
  readonly clock = new HandClock();
  readonly #inner: Store = createMemoryStore(projections);
  readonly #options: TestServerOptions;
  mortal!: MortalStore;
  server!: TestServer;
  stage!: ManagedStage;

  constructor(options: TestServerOptions = {}) {
    this.#options = options;
  }

  async begin(): Promise<this> {
    this.mortal = mortalStore(this.#inner);
    const { session } = this.#options;
    this.server = await startServer({
      allowPlaintext: true, ...this.#options, session: { resumptionMs, silenceMs: 86_400_000, ...session },
      parts: { store: this.mortal.store, clock: this.clock },
    });
    this.stage = new ManagedStage(this.server);
    stages.push(this.stage);
    return this;
  }

  /** The process is killed, and another one begins. The old one is never heard of again: its links are cut and it can write nothing. */
  async crash(): Promise<void> {
    this.mortal.die();
    this.stage.clear();
    await this.begin();
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.stage.clear();
    await this.begin();
  }

  /** Facts of what the log holds. */
  get log(): Store {
    return this.#inner;
  }

  /** For `afterEach`: the last one. */
  over(): void {
    servers.push(this.server);
  }
}

const people = ["romeo", "juliet", "nurse"] as const;

async function house(options?: TestServerOptions): Promise<House> {
  const made = await new House(options).begin();
  await Promise.all(people.map((name) => made.server.addUser(name, "secret")));
  return made;
}

/** Romeo and Juliet see each other. */
async function befriended(options?: TestServerOptions): Promise<House> {
  const made = await house(options);
  const [romeo, juliet] = [await login(made.server, { user: "romeo", over: "plaintext" }), await login(made.server, { user: "juliet", over: "plaintext" })];
  await arrange(romeo, juliet, "Both");
  await Promise.all([romeo.close(), juliet.close()]);
  return made;
}

const ways = [["stops", "stop"], ["is killed", "crash"]] as const;

describe.each(ways)("XEP-0198 section 5: a server that %s and comes back", (_, end) => {
  it("resumes a session whose link was alive, with its counts and what was not acknowledged", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    const sender = await at.stage.bound("romeo");
    await sender.ask(chat(client.jid, "read") + chat(client.jid, "not read") + chat("juliet@localhost", "not read either"));
    for (let body = ""; body !== "read"; body = bodies([await client.next()])[0] ?? "");
    await client.count();
    const { handled } = client;
    // The rest has come, but the client was not told of it.
    await at[end]();
    expect(await client.resume({ at: at.server, h: handled - 2 })).toBe(client.sent);
    expect(bodies(await client.caughtUp())).toEqual(["not read", "not read either"]);
    expect(await client.count()).toBe(client.sent);
    at.over();
  });

  it("resumes a session that had no link then", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    await client.vanish(at.server);
    await (await at.stage.bound("romeo")).ask(chat(client.jid, "1") + chat(client.jid, "2"));
    await at[end]();
    await (await at.stage.bound("romeo")).ask(chat(client.jid, "3"));
    expect(await client.resume({ at: at.server })).toBe(client.sent);
    expect(bodies(await client.caughtUp())).toEqual(["1", "2", "3"]);
    at.over();
  });

  it("resumes it again and again", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    for (let n = 0; n < 4; n++) {
      await (await at.stage.bound("romeo")).ask(chat(client.jid, `before ${n}`));
      await at[end]();
      await (await at.stage.bound("romeo")).ask(chat(client.jid, `after ${n}`));
      expect(await client.resume({ at: at.server })).toBe(client.sent);
      expect(bodies(await client.caughtUp())).toEqual([`before ${n}`, `after ${n}`]);
      if (n % 2 === 0) client.ack();
      await client.count();
    }
    at.over();
  });

  it("knows the session as it was: address, presence, priority, interest", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence><priority>3</priority><show>dnd</show></presence>");
    await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    const view = async () => {
      const { conn, ...rest } = (await at.server.sessions()).find(({ full_jid }) => full_jid === client.jid)!;
      return { ...rest, connected: conn !== null };
    };
    const before = await view();
    await at[end]();
    expect(await view()).toMatchObject({ full_jid: client.jid, priority: 3, presence: before.presence, interested: true, connected: false });
    await client.resume({ at: at.server });
    expect(await view()).toEqual(before);
    const other = await at.stage.bound("juliet", "other");
    await other.ask("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query></iq>");
    expect(words(await client.caughtUp())).toEqual([expect.stringMatching(/^iq set /)]);
    at.over();
  });

  it("knows a session of which much was recorded since it began", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    for (let n = 0; n < 150; n++) client.send(`<presence><priority>${n % 100}</priority></presence>` + (n % 3 === 0 ? `<presence to='romeo@localhost/${n}'/>` : "") + chat(client.jid, `${n}`));
    expect(bodies(await client.caughtUp())).toHaveLength(150);
    client.ack(client.handled - 40);
    await client.count();
    const session = at.server.session(client.jid)!;
    const before = { priority: session.priority, presence: session.presence?.toString() };
    await at[end]();
    const after = at.server.session(client.jid)!;
    expect({ priority: after.priority, presence: after.presence?.toString() }).toEqual(before);
    expect(await client.resume({ at: at.server })).toBe(client.sent);
    expect(await client.caughtUp()).toEqual([]);
    client.ack();
    await client.count();
    at.over();
  });

  it("keeps what several resources were given until one of them has it", async () => {
    const at = await house();
    const [phone, tablet] = [await at.stage.resumable("juliet", "phone", "<presence/>"), await at.stage.resumable("juliet", "tablet", "<presence/>")];
    const sender = await at.stage.bound("romeo");
    await phone.caughtUp();
    await sender.ask(chat("juliet@localhost", "for both"));
    await at[end]();
    await tablet.resume({ at: at.server });
    expect(bodies(await tablet.caughtUp())).toEqual(["for both"]);
    tablet.ack();
    await tablet.close();
    at.clock.forward(resumptionMs + 1_000);
    await gone(at.server, phone.jid);
    const later = await at.stage.bound("juliet", "later");
    later.send("<presence/>");
    expect(bodies(await later.settled())).toEqual([]);
    at.over();
  });

  it("shows its contacts no change while it can be resumed, and tells who comes that it is there", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "balcony", "<presence><status>on the balcony</status></presence>");
    const romeo = await at.stage.resumable("romeo", "orchard", "<presence/>");
    await romeo.caughtUp();
    await juliet.caughtUp();
    await at[end]();
    await romeo.resume({ at: at.server });
    expect(words(await romeo.caughtUp())).toEqual([]);
    const watcher = await at.stage.enter("romeo@localhost", "watcher", "<presence/>");
    expect((await told(watcher)).toSorted()).toEqual([
      "juliet@localhost/balcony available (on the balcony)", "romeo@localhost/orchard available", "romeo@localhost/watcher available",
    ]);
    await romeo.caughtUp();
    await juliet.resume({ at: at.server });
    await juliet.caughtUp();
    expect(words(await romeo.caughtUp())).toEqual([]);
    expect(await told(watcher)).toEqual([]);
    at.over();
  });

  it("tells its contacts once when it is not resumed: they were there all the time", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "balcony", "<presence/>");
    const romeo = await at.stage.resumable("romeo", "orchard", "<presence/>");
    const nurse = await at.stage.resumable("nurse", "kitchen", "<presence/>");
    await juliet.ask(`<presence to='${nurse.jid}'/>`);
    for (const client of [romeo, nurse, juliet]) await client.caughtUp();
    await at[end]();
    await romeo.resume({ at: at.server });
    await nurse.resume({ at: at.server });
    at.clock.forward(resumptionMs + 1_000);
    await gone(at.server, juliet.jid);
    for (const client of [romeo, nurse]) expect((await client.caughtUp()).map(({ name, attrs }) => `${name} ${attrs["type"]} ${attrs["from"]}`)).toEqual([`presence unavailable ${juliet.jid}`]);
    at.over();
  });

  it("ends a session that could not be resumed, and tells its contacts once", async () => {
    const at = await befriended();
    const juliet = await at.stage.appear("juliet@localhost", "balcony");
    const romeo = await at.stage.resumable("romeo", "orchard", "<presence/>");
    await romeo.caughtUp();
    await juliet.caughtUp();
    await at[end]();
    expect(at.server.session(juliet.jid)).toBeUndefined();
    await romeo.resume({ at: at.server });
    const heard = await romeo.caughtUp();
    expect(heard.map(({ name, attrs }) => `${name} ${attrs["type"]} ${attrs["from"]}`)).toEqual([`presence unavailable ${juliet.jid}`]);
    romeo.ack();
    await romeo.count();
    await at[end]();
    await romeo.resume({ at: at.server });
    expect(words(await romeo.caughtUp())).toEqual([]);
    at.over();
  });

  it("gives what waited to others when it is not resumed, each once", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "balcony", "<presence/>");
    const romeo = await at.stage.resumable("romeo", "orchard", "<presence/>");
    await juliet.caughtUp();
    await romeo.ask(`${chat(juliet.jid, "kept")}<iq type='get' id='q' to='${juliet.jid}'><query xmlns='urn:example:q'/></iq>${chat(juliet.jid, "all", "groupchat")}`);
    romeo.ack();
    await romeo.count();
    await at[end]();
    await romeo.resume({ at: at.server });
    at.clock.forward(resumptionMs + 1_000);
    await gone(at.server, juliet.jid);
    expect(words(await romeo.caughtUp()).toSorted()).toEqual(["iq error q", "message error all", "presence unavailable"]);
    const later = await at.stage.bound("juliet", "later");
    later.send("<presence/>");
    expect(bodies(await later.settled())).toEqual(["kept"]);
    await later.close();
    const again = await at.stage.bound("juliet", "again");
    again.send("<presence/>");
    expect(bodies(await again.settled())).toEqual([]);
    at.over();
  });

  it("remembers sessions that have ended, and what was handled of them", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    await client.caughtUp();
    await client.close();
    await gone(at.server, client.jid);
    await at[end]();
    for (const [user, h] of [["juliet", client.sent], ["romeo", undefined]] as const) {
      const link = await (await at.stage.bound(user)).reconnect();
      link.send(resume(client.id, 0));
      expectFailed(await link.next(), "item-not-found", h);
      link.raw.destroy();
    }
    at.over();
  });
});

describe("XEP-0198 section 5: the time to come back after a crash", () => {
  it.each([
    { promised: 5_000, goneFor: 0, alive: 58_000, dead: 3_000, why: "is at least a minute from the start on" },
    { promised: 600_000, goneFor: 0, alive: 598_000, dead: 3_000, why: "is what was promised, where that is more" },
    { promised: 600_000, goneFor: 3_600_000, alive: 58_000, dead: 3_000, why: "is a minute where it was over while no server ran" },
  ])("$why", async ({ promised, goneFor, alive, dead }) => {
    const at = await house({ session: { resumptionMs: promised } });
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    await client.vanish(at.server);
    at.mortal.die();
    at.clock.forward(goneFor);
    await at.crash();
    at.clock.forward(alive);
    expect(at.server.session(client.jid)).toBeDefined();
    at.clock.forward(dead);
    await gone(at.server, client.jid);
    at.over();
  });
});

describe("XEP-0198 section 7: a server that stops", () => {
  it("says so with system-shutdown, and does not take the client's answering end tag for the end of its session", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    const stopping = at.server.stop();
    await client.raw.expect("<system-shutdown ");
    client.raw.send("</stream:stream>");
    await client.raw.closed();
    await stopping;
    at.stage.clear();
    await at.begin();
    expect(await client.resume({ at: at.server })).toBe(client.sent);
    at.over();
  });

  it("waits a few seconds at most for a client that does not read, which can come back all the same", async () => {
    const at = await house({ session: { closeTimeoutMs: 60_000 } });
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    client.raw.pauseReading();
    const stopping = at.server.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    at.clock.forward(5_000);
    await stopping;
    at.stage.clear();
    await at.begin();
    expect(await client.resume({ at: at.server })).toBe(client.sent);
    at.over();
  });

  it("says truly what of a client's last words it has taken", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    const stopping = at.server.stop();
    await client.raw.expect("<system-shutdown ");
    client.send(chat("romeo@localhost", "a last word"));
    await client.raw.closed();
    await stopping;
    at.stage.clear();
    await at.begin();
    const h = await client.resume({ at: at.server });
    if (h < client.sent) client.send(chat("romeo@localhost", "a last word"));
    await client.caughtUp();
    const romeo = await at.stage.bound("romeo");
    romeo.send("<presence/>");
    expect(bodies(await romeo.settled())).toEqual(["a last word"]);
    at.over();
  });
});

describe("XEP-0198 section 4: counts of 32 bits", () => {
  it("go from 2³²-1 to 0 on both sides, and resumption knows what is meant", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    await client.caughtUp();
    client.ack();
    await client.count();
    await client.vanish(at.server);
    // What is recorded of it is recorded once more with other counts, as after four thousand million stanzas.
    const most = 2 ** 32;
    const stream = `session/localhost/${client.id}`;
    const facts = await at.log.read(stream, 0, 1_000);
    const last = facts.findLast(({ type }) => type === "SessionSnapshotTaken")!;
    const counts = { received: most - 2, sent: most - 3, acknowledged: most - 3 };
    at.mortal.die();
    const { type, v, at: when, step, cause, data } = last;
    await at.log.append(stream, "any", [{ type, v, at: when, step, cause, data: { ...(data as object), counts } }]);
    await at.crash();
    client.sent = most - 2;
    client.handled = most - 3;
    expect(await client.resume({ at: at.server })).toBe(most - 2);
    const sender = await at.stage.bound("romeo");
    for (let n = 0; n < 6; n++) {
      await sender.ask(chat(client.jid, `${n}`));
      expect(bodies(await client.caughtUp())).toEqual([`${n}`]);
      expect(await client.count()).toBe(client.sent % most);
      if (n === 3) continue;
      client.ack();
      await client.count();
      if (n % 2 === 0) continue;
      await client.vanish(at.server);
      expect(await client.resume()).toBe(client.sent % most);
    }
    expect([client.sent > most, client.handled > most]).toEqual([true, true]);
    await sender.ask(chat(client.jid, "unread"));
    await at.crash();
    expect(await client.resume({ at: at.server })).toBe(client.sent % most);
    expect(bodies(await client.caughtUp())).toEqual(["unread"]);
    client.send(`<a xmlns='urn:xmpp:sm:3' h='${most - 1}'/>`);
    // Far behind is what was said before; what is ahead of all that was sent is too high.
    expect(await client.caughtUp()).toEqual([]);
    client.send(`<a xmlns='urn:xmpp:sm:3' h='${(client.handled % most) + 1}'/>`);
    await client.raw.expect(/<handled-count-too-high [^>]*\/>/);
    at.over();
  });
});

describe("XEP-0198 section 4: facts before bytes", () => {
  /** Each point at which a process can die while something is done, and both sides of the commit there. */
  const points = Array.from({ length: 8 }, (_, commits) => [{ commits, told: true }, { commits, told: false }]).flat().slice(1);

  it.each(points)("messages that waited reach a counting client once, killed at commit $commits (told $told)", async ({ commits, told }) => {
    const at = await house();
    await (await at.stage.bound("romeo")).ask(chat("juliet@localhost", "1") + chat("juliet@localhost", "2"));
    const link = await at.stage.bound("juliet", "balcony");
    at.mortal.dieAfter(commits, told);
    link.raw.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/><presence/>");
    await Promise.race([at.mortal.dead, until(() => /<body>2</.test(link.raw.received))]);
    await quiet();
    // All that has come until now is what the client has; it comes back at once, or logs in where it never learnt of an id.
    const { received } = link.raw;
    const id = /<enabled [^>]*id="([^"]*)"/.exec(received)?.[1];
    const after = id === undefined ? "" : received.slice(received.indexOf("<enabled "));
    const had = after.match(/<(?:message|presence|iq)[ >]/g)?.length ?? 0;
    await at.crash();
    const seen = [...after.matchAll(/<body>(\d)</g)].map(([, body]) => body!);
    if (id === undefined) {
      const client = await at.stage.bound("juliet", "balcony");
      await client.enable();
      client.send("<presence/>");
      seen.push(...bodies(await client.settled()));
      client.ack();
      await client.close();
    } else {
      const client = new ManagedClient(at.server, { user: "juliet", resource: "balcony" }, link.link);
      client.id = id;
      client.jid = link.jid;
      client.sent = 1;
      const h = await client.resume({ at: at.server, h: had });
      if (h === 0) client.send("<presence/>");
      seen.push(...bodies(await client.settled()));
      client.ack();
      await client.close();
    }
    expect(seen).toEqual(["1", "2"]);
    const again = await at.stage.bound("juliet", "again");
    again.send("<presence/>");
    expect(bodies(await again.settled())).toEqual([]);
    at.over();
  });

  it.each(points)("messages of a counting client are taken once, killed at commit $commits (told $told)", async ({ commits, told }) => {
    const at = await house();
    const client = await at.stage.resumable("romeo", "orchard", "<presence/>");
    await client.caughtUp();
    const before = client.sent;
    const messages = Array.from({ length: 12 }, (_, n) => chat("juliet@localhost", `${n}`));
    at.mortal.dieAfter(commits, told);
    for (const [n, message] of messages.entries()) {
      client.send(message + (n % 4 === 0 ? "<r xmlns='urn:xmpp:sm:3'/>" : ""));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.race([at.mortal.dead, client.count()]);
    await quiet();
    const acknowledged = [...client.raw.received.matchAll(/<a [^>]*h="(\d+)"/g)].reduce((most, [, h]) => Math.max(most, Number(h)), 0);
    await at.crash();
    const h = await client.resume({ at: at.server });
    // What it has said to have, it has.
    expect(h).toBeGreaterThanOrEqual(Math.max(acknowledged, before));
    client.send(messages.slice(h - before).join(""));
    await client.count();
    const juliet = await at.stage.bound("juliet", "balcony");
    juliet.send("<presence/>");
    expect(bodies(await juliet.settled())).toEqual(messages.map((_, n) => `${n}`));
    at.over();
  });
});

/** What was written before the end is here: two turns of everybody's loop. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 15));

describe("XEP-0198 section 5: a file", () => {
  it("carries sessions from one server to the next", async () => {
    const file = join(tempFolder(), "refrain.db");
    const open = () => openSqliteStore({ file, durability: "process", onFatal: () => undefined });
    const first = await startServer({ allowPlaintext: true, parts: { store: await open() } });
    await Promise.all(people.map((name) => first.addUser(name, "secret")));
    const stage = new ManagedStage(first);
    stages.push(stage);
    const client = await stage.resumable("juliet", "balcony", "<presence/>");
    await client.vanish(first);
    await (await stage.bound("romeo")).ask(chat(client.jid, "☃ & <ciao>".replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "")));
    await first.stop();
    const second = await startServer({ allowPlaintext: true, parts: { store: await open() } });
    servers.push(second);
    expect(await client.resume({ at: second })).toBe(client.sent);
    expect(bodies(await client.caughtUp())).toEqual(["☃ & <ciao>"]);
    expect(second.session(client.jid)?.conn).toBeDefined();
    client.cut();
  });
});
