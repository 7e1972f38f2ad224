/** XEP-0198 section 4: what becomes of stanzas that nobody acknowledged when the session is over, whatever ended it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { conditionOf, told } from "../presence/support.ts";
import { bindRequest } from "../support/login.ts";
import { HandClock } from "./clock.ts";
import { bodies, chat, delayOf, expectFailed, gone, ManagedStage, resume, words, type ManagedClient } from "./support.ts";

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

/** Juliet's session without a link, and Romeo, whom she lets see her. */
async function apart(): Promise<{ readonly away: ManagedClient; readonly romeo: ManagedClient; readonly juliet: string }> {
  const { romeo, juliet } = await stage.cast("romeo", "juliet");
  await stage.relate(romeo, juliet, "Both");
  const away = await stage.resumable(juliet, "balcony", "<presence/>");
  const client = await stage.bound(romeo, "orchard");
  await away.caughtUp();
  await away.vanish(server);
  return { away, romeo: client, juliet };
}

async function expire(client: ManagedClient): Promise<void> {
  clock.forward(resumptionMs + 1);
  await gone(server, client.jid);
}

/** What waited for a user who comes now. */
async function waited(user: string, resource = "later"): Promise<ReturnType<ManagedClient["settled"]>> {
  const client = await stage.bound(user, resource);
  client.send("<presence/>");
  return (await client.settled()).filter(({ name }) => name === "message");
}

describe("XEP-0198 section 4: unacknowledged stanzas of a session that was not resumed in time", () => {
  it.each(["get", "set"])("an iq of type %s is answered service-unavailable, once", async (type) => {
    const { away, romeo } = await apart();
    expect(await romeo.ask(`<iq type='${type}' id='q' to='${away.jid}'><query xmlns='urn:example:q'/></iq>`)).toEqual([]);
    await expire(away);
    const [error, ...more] = await romeo.caughtUp();
    expect(more).toEqual([]);
    expect(error).toMatchObject({ name: "iq", attrs: { type: "error", id: "q", from: away.jid, to: romeo.jid } });
    expect(conditionOf(error)).toBe("service-unavailable");
  });

  it.each([
    ["the result of an iq", (to: string) => `<iq type='result' id='q' to='${to}'/>`],
    ["the error of an iq", (to: string) => `<iq type='error' id='q' to='${to}'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`],
    ["presence", (to: string) => `<presence to='${to}'><status>here</status></presence>`],
    ["a headline", (to: string) => chat(to, "news", "headline")],
    ["an error of a message", (to: string) => `<message type='error' id='m' to='${to}'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`],
  ])("%s is dropped without a word", async (_, stanza) => {
    const { away, romeo, juliet } = await apart();
    expect(await romeo.ask(stanza(away.jid))).toEqual([]);
    await expire(away);
    expect(await romeo.caughtUp()).toEqual([]);
    expect(await waited(juliet)).toEqual([]);
  });

  it("a message of a room is answered with an error, once", async () => {
    const { away, romeo, juliet } = await apart();
    expect(await romeo.ask(chat(away.jid, "to all", "groupchat"))).toEqual([]);
    await expire(away);
    const errors = await romeo.caughtUp();
    expect(words(errors)).toEqual(["message error to all"]);
    expect(conditionOf(errors[0])).toBe("service-unavailable");
    expect(await waited(juliet)).toEqual([]);
  });

  it.each(["chat", "normal"])("a message of type %s is kept, with when it came", async (type) => {
    const { away, romeo, juliet } = await apart();
    const before = clock.now();
    expect(await romeo.ask(chat(away.jid, "later", type) + chat(juliet, "as well", type))).toEqual([]);
    const after = clock.now();
    await expire(away);
    expect(await romeo.caughtUp()).toEqual([]);
    const messages = await waited(juliet);
    expect(bodies(messages)).toEqual(["later", "as well"]);
    for (const message of messages) {
      expect(message.attrs).toMatchObject({ from: romeo.jid, type });
      // XEP-0203: when it should have been delivered, not when that failed.
      expect(delayOf(message)).toBeGreaterThanOrEqual(before - 1_000);
      expect(delayOf(message)).toBeLessThanOrEqual(after);
    }
    expect(await waited(juliet, "again")).toEqual([]);
  });

  it("a message goes to another resource that is there, with when it came, and only there", async () => {
    const { away, romeo, juliet } = await apart();
    const other = await stage.bound(juliet, "chamber");
    // Lower than the one that is away, so that messages go there.
    await other.ask("<presence><priority>0</priority></presence>");
    const before = clock.now();
    await romeo.ask(chat(away.jid, "one") + chat(away.jid, "two", "normal"));
    await expire(away);
    const messages = (await other.caughtUp()).filter(({ name }) => name === "message");
    expect(bodies(messages)).toEqual(["one", "two"]);
    for (const message of messages) {
      expect(message.attrs["from"]).toBe(romeo.jid);
      expect(delayOf(message)).toBeLessThan(before + resumptionMs / 2);
    }
    expect(await romeo.caughtUp()).toEqual([]);
    expect(await waited(juliet)).toEqual([]);
  });

  it("a message passes a resource that takes none", async () => {
    const { away, romeo, juliet } = await apart();
    const other = await stage.bound(juliet, "chamber");
    await other.ask("<presence><priority>-1</priority></presence>");
    await romeo.ask(chat(away.jid, "kept"));
    await expire(away);
    expect(bodies(await other.caughtUp())).toEqual([]);
    expect(bodies(await waited(juliet))).toEqual(["kept"]);
  });

  it("a message goes on to the next session without a link, and from there to the client that comes back to it", async () => {
    const { away, romeo, juliet } = await apart();
    clock.forward(resumptionMs / 2);
    const next = await stage.resumable(juliet, "chamber", "<presence/>");
    await next.caughtUp();
    await next.vanish(server);
    await romeo.ask(chat(away.jid, "passed on"));
    clock.forward(resumptionMs / 2 + 1);
    await gone(server, away.jid);
    await next.resume();
    expect(bodies(await next.caughtUp())).toEqual(["passed on"]);
    expect(await waited(juliet)).toEqual([]);
  });

  it("what was acknowledged is left alone", async () => {
    const { away, romeo, juliet } = await apart();
    await romeo.ask(chat(away.jid, "has it") + chat(away.jid, "has it not"));
    await away.resume();
    const came = await away.caughtUp();
    expect(bodies(came)).toEqual(["has it", "has it not"]);
    away.ack(away.handled - 2);
    await away.count();
    await away.vanish(server);
    await expire(away);
    expect(bodies(await waited(juliet))).toEqual(["has it not"]);
    expect(await romeo.caughtUp()).toEqual([]);
  });

  it("a message that waited before, goes back to wait, with its first date and no other", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const sender = await stage.bound(romeo);
    const before = clock.now();
    await sender.ask(chat(juliet, "for whoever comes"));
    const after = clock.now();
    for (let n = 0; n < 3; n++) {
      clock.forward(60_000);
      const client = await stage.bound(juliet, `try-${n}`);
      await client.enable();
      client.send("<presence/>");
      const message = (await client.settled()).find(({ name }) => name === "message");
      expect(bodies([message!])).toEqual(["for whoever comes"]);
      expect(delayOf(message)).toBeGreaterThanOrEqual(before - 1_000);
      expect(delayOf(message)).toBeLessThanOrEqual(after);
      await client.vanish(server);
      await expire(client);
    }
    expect(bodies(await waited(juliet))).toEqual(["for whoever comes"]);
    expect(await waited(juliet, "again")).toEqual([]);
  });

  it("a message whose sender was blocked meanwhile reaches nobody", async () => {
    const { away, romeo, juliet } = await apart();
    await romeo.ask(chat(away.jid, "unwanted"));
    const other = await stage.bound(juliet, "chamber");
    await other.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${romeo.bare}'/></block></iq>`);
    await other.ask("<presence/>");
    await expire(away);
    expect(bodies(await other.caughtUp())).toEqual([]);
    await other.close();
    expect(await waited(juliet)).toEqual([]);
  });

  it("of what the server itself said nothing remains: roster pushes, presence, answers", async () => {
    const { away, romeo, juliet } = await apart();
    const other = await stage.bound(juliet, "chamber");
    await other.ask("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com'/></query></iq>");
    await romeo.ask("<presence/>");
    await other.caughtUp();
    await expire(away);
    expect(words(await other.caughtUp()).filter((word) => word !== "presence unavailable")).toEqual([]);
    await other.ask("<presence/>");
    expect(words(await romeo.caughtUp()).filter((word) => !word.startsWith("presence"))).toEqual([]);
  });
});

describe("XEP-0198 section 4: unacknowledged stanzas of a session that ends otherwise", () => {
  it("because the client closed its stream without having acknowledged: they are kept", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(juliet, "balcony", "<presence/>");
    const sender = await stage.bound(romeo);
    await sender.ask(chat(client.jid, "first"));
    await client.caughtUp();
    client.ack();
    await sender.ask(chat(client.jid, "second"));
    await client.close();
    await gone(server, client.jid);
    expect(bodies(await waited(juliet))).toEqual(["second"]);
    expect(await sender.caughtUp()).toEqual([]);
  });

  it("because the client acknowledged and closed its stream: there are none", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(juliet, "balcony", "<presence/>");
    await (await stage.bound(romeo)).ask(chat(client.jid, "read"));
    expect(bodies(await client.caughtUp())).toEqual(["read"]);
    // XEP-0198 section 4: recommended to clients.
    client.ack();
    await client.close();
    await gone(server, client.jid);
    expect(await waited(juliet)).toEqual([]);
  });

  it("because a client that cannot resume has lost its link: they are kept as well", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.bound(juliet, "balcony");
    await client.enable("");
    await client.ask("<presence/>");
    const sender = await stage.bound(romeo);
    await sender.ask(chat(client.jid, "acknowledged"));
    await client.caughtUp();
    client.ack();
    await client.count();
    await sender.ask(chat(client.jid, "not acknowledged") + `<iq type='get' id='q' to='${client.jid}'/>`);
    client.cut();
    await gone(server, client.jid);
    expect(bodies(await waited(juliet))).toEqual(["not acknowledged"]);
  });

  it("because its resource was bound anew: the new session gets them", async () => {
    const { away, romeo, juliet } = await apart();
    await romeo.ask(chat(away.jid, "handed on") + chat(juliet, "this too"));
    await romeo.ask(`<iq type='get' id='q' to='${away.jid}'><query xmlns='urn:example:q'/></iq>`);
    const client = await stage.bound(juliet, "balcony");
    expect(client.jid).toBe(away.jid);
    client.send("<presence/>");
    expect(bodies(await client.settled())).toEqual(["handed on", "this too"]);
    const [error, ...more] = await romeo.caughtUp();
    expect([words([error!]), more]).toEqual([["iq error q"], []]);
    const link = await client.reconnect();
    link.send(resume(away.id, away.handled));
    expectFailed(await link.next(), "item-not-found", away.sent);
    link.raw.destroy();
    await client.close();
    expect(await waited(juliet)).toEqual([]);
  });

  it("because its resource was bound anew while its link was there: the new session gets them too", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const old = await stage.resumable(juliet, "balcony", "<presence/>");
    await (await stage.bound(romeo)).ask(chat(old.jid, "handed on"));
    const link = await old.reconnect();
    link.send(bindRequest("balcony"));
    expect(await link.next()).toMatchObject({ name: "iq", attrs: { type: "result" } });
    await old.raw.expect("<conflict ");
    link.send("<presence/>");
    await link.caughtUp();
    // Given to the new session, or kept for it: once, and of these one.
    const came = link.raw.received.split(">handed on<").length - 1;
    link.send("</stream:stream>");
    await link.raw.closed();
    link.raw.destroy();
    expect([came, bodies(await waited(juliet))]).toEqual([1, []]);
  });

  it("because the account was deleted: nothing remains, and contacts are told once", async () => {
    const { away, romeo, juliet } = await apart();
    await romeo.ask("<presence/>");
    const watcher = await stage.appear(romeo.bare, "watcher");
    await told(watcher);
    await romeo.ask(chat(away.jid, "too late"));
    await server.server.admin.userDelete(juliet);
    await gone(server, away.jid);
    const heard = await told(watcher);
    expect(heard.filter((word) => word === "juliet/balcony unavailable")).toEqual(["juliet/balcony unavailable"]);
    expect(heard.filter((word) => word.includes(" available"))).toEqual([]);
    await server.addUser(juliet, "secret");
    const link = await away.reconnect();
    link.send(resume(away.id, away.handled));
    // Nothing is known of who had this name before.
    expectFailed(await link.next(), "item-not-found");
    link.raw.destroy();
    expect(await waited(juliet)).toEqual([]);
  });
});

describe("XEP-0198 section 4: messages that cannot be kept", () => {
  it("are answered with an error when the session is over", async () => {
    const full = await startServer({ allowPlaintext: true, session: { resumptionMs, silenceMs: 86_400_000 }, limits: { offlineMessages: 0 }, parts: { clock } });
    await Promise.all([full.addUser("romeo", "secret"), full.addUser("juliet", "secret")]);
    const away = await stage.resumable("juliet", "balcony", "<presence/>", full);
    await away.vanish(full);
    const romeo = await stage.bound("romeo", "orchard", { at: full });
    // The other one is in the archive, where its addressee finds it (XEP-0313 section 6.1).
    const unarchived = chat(away.jid, "no room").replace("</message>", "<no-permanent-store xmlns='urn:xmpp:hints'/></message>");
    expect(await romeo.ask(chat(away.jid, "archived") + unarchived)).toEqual([]);
    clock.forward(resumptionMs + 1);
    await gone(full, away.jid);
    const errors = await romeo.caughtUp();
    expect(words(errors)).toEqual(["message error no room"]);
    expect(conditionOf(errors[0])).toBe("service-unavailable");
    await full.stop();
  });
});
