/** A session without a link, over sockets: it is there for everybody, what comes for it waits, and one day it ends. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { told, until } from "../presence/support.ts";
import { HandClock } from "./clock.ts";
import { bodies, chat, expectFailed, gone, ManagedStage, resume, words } from "./support.ts";

const resumptionMs = 600_000;
const clock = new HandClock();
let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, session: { resumptionMs, silenceMs: 86_400_000 }, parts: { clock } });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

describe("XEP-0198 section 7: a stream that was not closed", () => {
  it("keeps its session, and what comes for it in its order", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.vanish(server);
    const other = await stage.bound(juliet);
    for (let n = 0; n < 20; n++) other.send(chat(n % 2 === 0 ? romeo : client.jid, `${n}`));
    expect(await other.caughtUp()).toEqual([]);
    await client.resume();
    expect(bodies(await client.caughtUp())).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
  });

  it("keeps it also where the client's end of the connection was closed in order, but not its stream", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    client.raw.end();
    await client.raw.closed();
    expect(await client.resume()).toBe(client.sent);
  });

  it("that was closed ends its session at once, and its contacts are told", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await stage.relate(romeo, juliet, "Both");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const watcher = await stage.appear(juliet, "balcony");
    await client.caughtUp();
    await told(watcher);
    await client.close();
    await gone(server, client.jid);
    expect(await told(watcher)).toEqual(["romeo/phone unavailable"]);
  });

  it("is cut by a stream error that is its own: no session is kept for a client that breaks the rules", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    client.raw.send("</nonsense>");
    await client.raw.closed();
    await gone(server, client.jid);
  });
});

describe("RFC 6121 section 4: the presence of a session without a link", () => {
  it("is told to who comes meanwhile, as it was", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await stage.relate(romeo, juliet, "Both");
    const client = await stage.resumable(romeo, "phone", "<presence><status>back soon</status></presence>");
    await client.vanish(server);
    const watcher = await stage.enter(juliet, "balcony", "<presence/>");
    expect((await told(watcher)).toSorted()).toEqual(["juliet/balcony available", "romeo/phone available (back soon)"]);
    watcher.send(`<presence type='probe' to='${romeo}'/>`);
    expect(await told(watcher)).toEqual(["romeo/phone available (back soon)"]);
    await client.resume();
    // And the client learns of who came.
    expect(words(await client.caughtUp())).toContain("presence");
  });

  it("decides with its priority who gets a message", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence><priority>5</priority></presence>");
    const lower = await stage.resumable(romeo, "lower", "<presence><priority>1</priority></presence>");
    await client.vanish(server);
    const other = await stage.bound(juliet);
    await other.ask(chat(romeo, "for the highest"));
    expect(bodies(await lower.caughtUp())).toEqual([]);
    const higher = await stage.resumable(romeo, "higher", "<presence><priority>9</priority></presence>");
    await other.ask(chat(romeo, "for the one above"));
    expect(bodies(await higher.caughtUp())).toEqual(["for the one above"]);
    await client.resume();
    expect(bodies(await client.caughtUp())).toEqual(["for the highest"]);
  });

  it("negative, gets nothing that is sent to the account", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence><priority>-1</priority></presence>");
    await client.vanish(server);
    await (await stage.bound(juliet)).ask(chat(romeo, "kept"));
    await client.resume();
    expect(bodies(await client.caughtUp())).toEqual([]);
    client.send("<presence/>");
    expect(bodies(await client.settled())).toEqual(["kept"]);
  });

  it("ends with exactly one unavailable to each who saw it, when it was not resumed in time", async () => {
    const { romeo, juliet, nurse, rosaline } = await stage.cast("romeo", "juliet", "nurse", "rosaline");
    await stage.relate(romeo, juliet, "Both");
    await stage.relate(romeo, rosaline, "To");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const [watcher, directed, blind, own] = await Promise.all([
      stage.appear(juliet, "balcony"), stage.appear(nurse, "kitchen"), stage.appear(rosaline, "far"), stage.appear(romeo, "other"),
    ]);
    await client.ask(`<presence to='${directed.jid}'/>`);
    await client.vanish(server);
    const watchers = [watcher, directed, blind, own] as const;
    for (const each of watchers) await told(each);
    clock.forward(resumptionMs - 2_000);
    for (const each of watchers) expect(await told(each)).toEqual([]);
    clock.forward(2_001);
    await gone(server, client.jid);
    for (const each of [watcher, directed, own]) expect(await told(each)).toEqual(["romeo/phone unavailable"]);
    expect(await told(blind)).toEqual([]);
    clock.forward(resumptionMs);
    for (const each of watchers) expect(await told(each)).toEqual([]);
  });

  it("was none: nobody is told when it ends", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await stage.relate(romeo, juliet, "Both");
    const client = await stage.resumable(romeo);
    const watcher = await stage.appear(juliet, "balcony");
    await client.vanish(server);
    clock.forward(resumptionMs + 1);
    await gone(server, client.jid);
    expect(await told(watcher)).toEqual([]);
  });
});

describe("XEP-0198 section 5: the time to come back", () => {
  it("is as long as was promised, each time anew, and then the session is gone", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    for (let n = 0; n < 3; n++) {
      await client.vanish(server);
      clock.forward(resumptionMs - 2_000);
      await client.resume();
    }
    await client.vanish(server);
    clock.forward(resumptionMs + 1);
    await gone(server, client.jid);
    const link = await client.reconnect();
    link.send(resume(client.id, client.handled));
    expectFailed(await link.next(), "item-not-found", client.sent);
    link.raw.destroy();
  });

  it("does not run while a link is there", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.vanish(server);
    await client.resume();
    clock.forward(resumptionMs * 3);
    expect(await client.caughtUp()).toEqual([]);
  });
});

describe("An iq to a session without a link", () => {
  it("from a contact waits, and its answer comes after the resumption", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await stage.relate(romeo, juliet, "Both");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const other = await stage.appear(juliet, "balcony");
    await client.caughtUp();
    await client.vanish(server);
    expect(words(await other.ask(`<iq type='get' id='q' to='${client.jid}'><query xmlns='jabber:iq:version'/></iq>`))).toEqual([]);
    await client.resume();
    expect(words(await client.caughtUp())).toEqual(["iq get q"]);
    await client.ask(`<iq type='result' id='q' to='${other.jid}'/>`);
    expect(words(await other.caughtUp())).toEqual(["iq result q"]);
  });
});

describe("RFC 6120 section 4.6: a client that is silent for long", () => {
  it("is asked by a request for an acknowledgement, and its answer is enough", async () => {
    const quiet = await startServer({ allowPlaintext: true, session: { resumptionMs, silenceMs: 60_000, silenceAnswerMs: 10_000 }, parts: { clock } });
    await quiet.addUser("romeo", "secret");
    const client = await stage.resumable("romeo", "phone", "<presence/>", quiet);
    client.ack();
    await client.count();
    for (let n = 0; n < 3; n++) {
      const before = client.raw.received.length;
      clock.forward(62_000);
      await until(() => /<r [^>]*>/.test(client.raw.received.slice(before)));
      // It costs no stanza.
      expect(client.raw.received.slice(before)).toMatch(/^<r [^>]*>$/);
      client.ack();
      await client.count();
      clock.forward(12_000);
      expect(quiet.session(client.jid)?.conn).toBeDefined();
    }
    await quiet.stop();
  });

  it("and gives no answer, has lost its link and not its session", async () => {
    const quiet = await startServer({ allowPlaintext: true, session: { resumptionMs, silenceMs: 60_000, silenceAnswerMs: 10_000 }, parts: { clock } });
    await Promise.all([quiet.addUser("romeo", "secret"), quiet.addUser("juliet", "secret")]);
    const client = await stage.resumable("romeo", "phone", "<presence/>", quiet);
    await client.caughtUp();
    clock.forward(62_000);
    await client.raw.expect(/<r [^>]*>/);
    clock.forward(30_000);
    await client.raw.closed();
    expect(quiet.session(client.jid)).toBeDefined();
    const other = await stage.bound("juliet", "balcony", { at: quiet });
    await other.ask(chat(client.jid, "are you there"));
    expect(await client.resume()).toBe(client.sent);
    expect(bodies(await client.caughtUp())).toEqual(["are you there"]);
    await quiet.stop();
  });
});

describe("A message that several resources were given", () => {
  const both = async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const clients = [await stage.resumable(romeo, "phone", "<presence/>"), await stage.resumable(romeo, "tablet", "<presence/>")] as const;
    for (const client of clients) await client.caughtUp();
    const sender = await stage.bound(juliet);
    return { clients, sender, romeo };
  };
  const later = async (user: string): Promise<readonly string[]> => {
    const client = await stage.bound(user, "later");
    client.send("<presence/>");
    return bodies(await client.settled());
  };

  it("is nobody's loss once one of them has acknowledged it", async () => {
    const { clients: [phone, tablet], sender, romeo } = await both();
    await phone.vanish(server);
    await tablet.vanish(server);
    expect(await sender.ask(chat(romeo, "for both"))).toEqual([]);
    await phone.resume();
    expect(bodies(await phone.caughtUp())).toEqual(["for both"]);
    phone.ack();
    await phone.close();
    clock.forward(resumptionMs + 1);
    await gone(server, tablet.jid);
    expect(await later(romeo)).toEqual([]);
  });

  it("comes to each of them that is resumed", async () => {
    const { clients: [phone, tablet], sender, romeo } = await both();
    await phone.vanish(server);
    await sender.ask(chat(romeo, "for both"));
    expect(bodies(await tablet.caughtUp())).toEqual(["for both"]);
    tablet.ack();
    await tablet.count();
    await phone.resume();
    expect(bodies(await phone.caughtUp())).toEqual(["for both"]);
  });

  it("is kept once where none of them was resumed", async () => {
    const { clients: [phone, tablet], sender, romeo } = await both();
    await phone.vanish(server);
    await tablet.vanish(server);
    await sender.ask(chat(romeo, "for both"));
    clock.forward(resumptionMs + 1);
    for (const { jid } of [phone, tablet]) await gone(server, jid);
    expect(await sender.caughtUp()).toEqual([]);
    expect(await later(romeo)).toEqual(["for both"]);
    expect(await later(romeo)).toEqual([]);
  });

  it("stays with the one that still can be resumed when the other is over", async () => {
    const { clients: [phone, tablet], sender, romeo } = await both();
    await phone.vanish(server);
    clock.forward(resumptionMs / 2);
    await tablet.vanish(server);
    await sender.ask(chat(romeo, "for both"));
    clock.forward(resumptionMs / 2 + 1);
    await gone(server, phone.jid);
    expect(await later(romeo)).toEqual([]);
    await tablet.resume();
    expect(bodies(await tablet.caughtUp())).toEqual(["for both"]);
  });
});
