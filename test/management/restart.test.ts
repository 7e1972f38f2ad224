/** XEP-0198 section 5 across the end of the server, in order or not: sessions go on in another process as if only the link had dropped. */
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { removeTempFolders, tempFolder } from "../log/engines.ts";
import { told } from "../presence/support.ts";
import { bindRequest } from "../support/login.ts";
import { befriended, house, leaveHouses, people, resumptionMs } from "./house.ts";
import { bodies, chat, expectFailed, gone, ManagedStage, resume, words } from "./support.ts";

afterEach(leaveHouses);
afterAll(removeTempFolders);

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
  });

  it.each([
    ["asks for stream management again", "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"],
    ["asks to resume", "<resume xmlns='urn:xmpp:sm:3' previd='none' h='0'/>"],
    ["binds again", bindRequest("elsewhere")],
    ["begins to log in", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>"],
  ])("keeps the session of a client that %s after the server's end tag", async (_, text) => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    const stopping = at.server.stop();
    await client.raw.expect("</stream:stream>");
    client.raw.send(`${text}</stream:stream>`);
    await client.raw.closed();
    await stopping;
    at.stage.clear();
    await at.begin();
    expect(await client.resume({ at: at.server })).toBeGreaterThanOrEqual(client.sent);
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
  });
});

describe("XEP-0198 section 5: a file", () => {
  it("carries sessions from one server to the next", async () => {
    const file = join(tempFolder(), "refrain.db");
    const open = () => openSqliteStore({ file, durability: "process", onFatal: () => undefined });
    const first = await startServer({ allowPlaintext: true, parts: { store: await open() } });
    await Promise.all(people.map((name) => first.addUser(name, "secret")));
    const stage = new ManagedStage(first);
    const client = await stage.resumable("juliet", "balcony", "<presence/>");
    await client.vanish(first);
    await (await stage.bound("romeo")).ask(chat(client.jid, "☃ & <ciao>".replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "")));
    await first.stop();
    const second = await startServer({ allowPlaintext: true, parts: { store: await open() } });
    expect(await client.resume({ at: second })).toBe(client.sent);
    expect(bodies(await client.caughtUp())).toEqual(["☃ & <ciao>"]);
    stage.clear();
    await second.stop();
  });
});
