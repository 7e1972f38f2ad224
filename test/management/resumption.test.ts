/** XEP-0198 section 5 over sockets: coming back, from wherever and however often, and who may not. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { resumeTriesMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { expectStreamError } from "../streams/support.ts";
import { told } from "../presence/support.ts";
import { bindRequest, connectSecure, saslPlain, streamHeader, type BoundClient } from "../support/login.ts";
import { authenticated, bodies, chat, expectFailed, gone, isStanza, management, ManagedStage, resume, words } from "./support.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

describe("XEP-0198 section 5: <resumed/>", () => {
  it("names the session, and how many stanzas of the client were handled", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    expect(await client.vanish(server).then(() => client.resume())).toBe(0);
    await client.ask("<presence/>");
    await client.vanish(server);
    expect(await client.resume()).toBe(2);
  });

  it("is followed by exactly those stanzas that the client has not got, as they were and in their order", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const other = await stage.bound(juliet);
    const sent = [chat(client.jid, "1"), `<iq type='get' id='2' to='${client.jid}'><query xmlns='jabber:iq:version'/></iq>`, `<presence to='${client.jid}' id='3'/>`, chat(client.jid, "4"), chat(client.jid, "5")];
    // Only those who share their presence are asked something (RFC 6121 section 8.5.3.1).
    await client.ask(`<presence to='${other.jid}'/>`);
    await other.caughtUp();
    for (const stanza of sent) await other.ask(stanza);
    const first = await client.caughtUp();
    expect(words(first)).toEqual(["message chat 1", "iq get 2", "presence 3", "message chat 4", "message chat 5"]);
    const before = client.handled - 6;
    await client.vanish(server);
    await client.resume({ h: before + 2 });
    const again = await client.caughtUp();
    expect(again.slice(0, 3)).toEqual(first.slice(2));
    // And the answer that the client counted on.
    expect(words(again.slice(3))).toEqual([expect.stringMatching(/^iq result caught-up-/)]);
  });

  it("is followed by everything where the client never got anything", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo);
    const other = await stage.bound(juliet);
    for (const body of ["1", "2", "3"]) await other.ask(chat(client.jid, body));
    await client.vanish(server);
    await client.resume({ h: 0 });
    expect(bodies(await client.caughtUp())).toEqual(["1", "2", "3"]);
  });

  it("lets both counts go on", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const other = await stage.bound(juliet);
    for (let n = 0; n < 4; n++) {
      await other.ask(chat(client.jid, `${n}`));
      expect(bodies(await client.caughtUp())).toEqual([`${n}`]);
      await client.vanish(server);
      expect(await client.resume()).toBe(client.sent);
      expect(await client.count()).toBe(client.sent);
      client.ack();
    }
  });

  it("tells which stanzas of the client were lost on the way", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo);
    const other = await stage.resumable(juliet, "balcony", "<presence/>");
    client.send(chat(other.jid, "arrived"));
    // The second one is cut off in its middle.
    client.send(chat(other.jid, "lost").slice(0, -5));
    await other.next();
    await client.vanish(server);
    expect(await client.resume()).toBe(1);
    await client.ask(chat(other.jid, "lost"));
    expect(bodies(await other.caughtUp())).toEqual(["lost"]);
  });
});

describe("XEP-0198 section 5: a session that is resumed is as it was", () => {
  it("with its address, presence, priority and interest in the roster", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    await client.ask("<presence><priority>7</priority><show>away</show></presence>");
    const view = async () => {
      const { conn, ...rest } = (await server.sessions()).find(({ full_jid }) => full_jid === client.jid)!;
      return { ...rest, connected: conn !== null };
    };
    const before = await view();
    expect(before).toMatchObject({ priority: 7, interested: true, connected: true });
    await client.vanish(server);
    const { state, ...away } = await view();
    expect({ ...away, state: before.state }).toEqual({ ...before, connected: false });
    expect(state).toContain("hibernating");
    await client.resume();
    expect(await view()).toEqual(before);
  });

  it("with what it asked for before: a change of the roster meanwhile comes as a push", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    await client.vanish(server);
    const other = await stage.bound(romeo, "other");
    await other.ask("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com' name='Nurse'/></query></iq>");
    await client.resume();
    const [push, ...more] = await client.caughtUp();
    expect(more).toEqual([]);
    expect(push).toMatchObject({ name: "iq", attrs: { type: "set" }, children: [{ name: "query", children: [{ name: "item", attrs: { jid: "nurse@example.com", name: "Nurse" } }] }] });
  });
});

describe("XEP-0198 section 5: from where a session is resumed", () => {
  it.each([{ over: "tls" as const }, { over: "starttls" as const }, { from: "127.0.0.2" }, { over: "tls" as const, from: "127.0.0.3" }])(
    "does not matter: %o",
    async (way) => {
      const { romeo, juliet } = await stage.cast("romeo", "juliet");
      const client = await stage.resumable(romeo, "phone", "<presence/>");
      await client.vanish(server);
      await (await stage.bound(juliet)).ask(chat(client.jid, "there you are"));
      await client.resume(way);
      expect(bodies(await client.caughtUp())).toEqual(["there you are"]);
      const { conn } = server.session(client.jid)!;
      expect(conn?.address).toBe(way.from ?? "127.0.0.1");
      expect(conn?.secure).toBe(way.over === undefined ? null : "TLSv1.3");
    },
  );

  it("is of no importance in the other direction either: from TLS back to the clear", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo, "phone", { over: "tls" });
    await client.enable();
    await client.vanish(server);
    await client.resume({ over: "plaintext" });
    expect(await client.caughtUp()).toEqual([]);
    expect(server.session(client.jid)?.conn).toMatchObject({ transport: "tcp", secure: null });
  });
});

describe("XEP-0198 section 5: a session whose old link still looks alive", () => {
  it("is resumed, and the old stream is closed with conflict", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const old = client.raw;
    await (await stage.bound(juliet)).ask(chat(client.jid, "on the old link, but not read"));
    expect(await client.resume()).toBe(client.sent);
    await expectStreamError(old, "conflict");
    expect(bodies(await client.caughtUp())).toEqual(["on the old link, but not read"]);
    expect(await server.sessions().then((all) => all.filter(({ full_jid }) => full_jid === client.jid))).toHaveLength(1);
  });

  it("takes nothing more from the old link", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo);
    const other = await stage.resumable(juliet, "balcony", "<presence/>");
    const old = client.raw;
    await client.resume();
    old.send(chat(other.jid, "from the dead"));
    await old.closed();
    expect(await client.count()).toBe(client.sent);
    await client.ask(chat(other.jid, "from the living"));
    expect(bodies(await other.caughtUp())).toEqual(["from the living"]);
    old.destroy();
  });

  it("lives on when the old link then breaks", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    const old = client.raw;
    await client.resume();
    old.destroy();
    for (let n = 0; n < 3; n++) expect(await client.caughtUp()).toEqual([]);
  });

  it("goes to exactly one of many that ask at once, and the others are told of the conflict", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.vanish(server);
    await (await stage.bound(juliet)).ask(chat(client.jid, "for one of you"));
    const links = await Promise.all(Array.from({ length: 6 }, () => client.reconnect()));
    for (const link of links) link.send(resume(client.id, client.handled));
    const outcomes = await Promise.all(links.map(lastWords));
    expect(outcomes.toSorted()).toEqual(["conflict", "conflict", "conflict", "conflict", "conflict", "resumed"]);
    const winner = links[outcomes.indexOf("resumed")]!;
    expect(winner.raw.received).toContain("for one of you");
    expect(await winner.caughtUp()).toEqual([]);
    expect(await server.sessions().then((all) => all.filter(({ username }) => username === client.bare.split("@")[0]))).toHaveLength(1);
    for (const { raw } of links) raw.destroy();
  });
});

/** `resumed` if the session is its own until nothing more happens, else the error that ended the stream. */
async function lastWords(link: BoundClient): Promise<string> {
  let last = "";
  for (;;) {
    const element = await link.next(300).catch(() => undefined);
    if (element === undefined) return last;
    if (element.name === "error" && !isStanza(element)) return (element.children[0] as { readonly name: string }).name;
    if (element.xmlns === management) last = element.name === "r" ? last : element.name;
  }
}

describe("XEP-0198 section 5: a session that cannot be resumed", () => {
  const cannot = async (user: string, id: string, h?: number): Promise<void> => {
    const client = await stage.bound(user, "another");
    const link = await client.reconnect();
    link.send(resume(id, 0));
    expectFailed(await link.next(), "item-not-found", h);
    // A resource can be bound now, on the same stream.
    link.send(bindRequest("instead"));
    expect(await link.next()).toMatchObject({ name: "iq", attrs: { type: "result" } });
    expect(await link.caughtUp()).toEqual([]);
    link.raw.destroy();
  };

  it.each(["nobody-ever-had-this", "", "x".repeat(4_000), "&lt;&apos;&quot;&amp; ☃"])("is answered item-not-found where nobody knows its id: %j", async (id) => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo);
    const link = await client.reconnect();
    link.send(resume(id, 0));
    expectFailed(await link.next(), id === "" ? "bad-request" : "item-not-found");
    link.send(bindRequest("instead"));
    expect(await link.next()).toMatchObject({ name: "iq", attrs: { type: "result" } });
    link.raw.destroy();
  });

  it("is another user's: nothing is told of it, and nothing happens to it", async () => {
    const { romeo, tybalt } = await stage.cast("romeo", "tybalt");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await cannot(tybalt, client.id);
    expect(await client.caughtUp()).toEqual([]);
    await client.vanish(server);
    await cannot(tybalt, client.id);
    expect(await client.resume()).toBe(client.sent);
  });

  it("is that of the same name at another host", async () => {
    const two = await startServer({ allowPlaintext: true, domains: ["localhost", "capulet.example"] });
    await Promise.all(["romeo@localhost", "romeo@capulet.example"].map((jid) => two.addUser(jid, "secret")));
    const client = await stage.resumable("romeo", "phone", "<presence/>", two);
    await client.vanish(two);
    const link = await authenticated({ ...two, domain: "capulet.example" }, { user: "romeo" });
    link.send(resume(client.id, client.handled));
    expectFailed(await link.next(), "item-not-found");
    link.raw.destroy();
    expect(await client.resume()).toBe(client.sent);
    client.cut();
    await two.stop();
  });

  it("has ended: the user is told how much was handled, others are not", async () => {
    const { romeo, tybalt } = await stage.cast("romeo", "tybalt");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.caughtUp();
    await client.close();
    await gone(server, client.jid);
    await cannot(romeo, client.id, client.sent);
    await cannot(tybalt, client.id);
  });

  it("was never resumable", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo);
    const { attrs } = await client.enable("");
    const id = attrs["id"] ?? "";
    if (id !== "") await cannot(romeo, id);
    expect(await client.caughtUp()).toEqual([]);
    // By the id that operators see as well.
    const { id: seen } = (await server.sessions()).find(({ full_jid }) => full_jid === client.jid)!;
    await cannot(romeo, seen);
    expect(await client.caughtUp()).toEqual([]);
  });

  it.each([
    ["no id", `<resume xmlns='${management}' h='0'/>`], ["no h", `<resume xmlns='${management}' previd='x'/>`],
    ["an h that is no number", resume("x", "all")], ["a negative h", resume("x", "-1")], ["an h of more than 32 bits", resume("x", "4294967296")],
  ])("is asked for with %s: bad-request, and a resource can be bound", async (_, nonza) => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo);
    const link = await client.reconnect();
    link.send(nonza);
    expectFailed(await link.next(), "bad-request");
    link.send(bindRequest("instead"));
    expect(await link.next()).toMatchObject({ name: "iq", attrs: { type: "result" } });
    link.raw.destroy();
  });

  it("does not keep the client from another that can be", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.vanish(server);
    const link = await client.reconnect();
    link.send(resume("not-this-one", 0) + resume(client.id, client.handled));
    expectFailed(await link.next(), "item-not-found");
    expect(await link.next()).toMatchObject({ name: "resumed", attrs: { previd: client.id, h: String(client.sent) } });
    link.raw.destroy();
  });

  it("after as many tries as a stream has closes it, but not before", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo);
    const link = await client.reconnect();
    for (let n = 0; n < resumeTriesMax; n++) {
      link.send(resume(`guess-${n}`, 0));
      expectFailed(await link.next(), "item-not-found");
    }
    link.send(resume("one-more", 0));
    await expectStreamError(link.raw, "policy-violation");
    link.raw.destroy();
  });
});

describe("XEP-0198 section 5: pipelining", () => {
  it("takes what follows <resume/> in the same bytes as the session's own", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo);
    const other = await stage.resumable(juliet, "balcony", "<presence/>");
    await client.vanish(server);
    const link = await client.reconnect();
    link.send(resume(client.id, 0) + chat(other.jid, "in the same breath") + `<r xmlns='${management}'/>`);
    await link.raw.expect(/<resumed [^>]*\/>/);
    await link.raw.expect(`<a xmlns="${management}" h="1"/>`);
    expect(bodies(await other.caughtUp())).toEqual(["in the same breath"]);
    link.raw.destroy();
  });

  it("loses nothing of what came before on the new stream: its header, its features and its answers", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.vanish(server);
    const raw = await connectSecure(server, "plaintext");
    const ask = "<iq type='get' id='early' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
    raw.send(streamHeader("localhost") + saslPlain(romeo.split("@")[0]!) + streamHeader("localhost") + ask + resume("not-this-one", 0) + resume(client.id, 0));
    await raw.expect(/<resumed [^>]*\/>/);
    expect(raw.received.match(/<\?xml|<stream:features|<success|"early"|<failed |<resumed /g)).toEqual(
      ["<?xml", "<stream:features", "<success", "<?xml", "<stream:features", '"early"', "<failed ", "<resumed "],
    );
    raw.destroy();
  });
});

describe("XEP-0198 section 5: contacts of a session that is resumed", () => {
  it("see nothing of it", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await stage.relate(romeo, juliet, "Both");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const watcher = await stage.appear(juliet, "balcony");
    const other = await stage.appear(romeo, "other");
    await told(watcher);
    for (const over of ["plaintext", "tls"] as const) {
      await client.vanish(server);
      expect(await told(watcher)).toEqual([]);
      await client.resume({ over });
      await client.caughtUp();
      expect(await told(watcher)).toEqual([]);
      expect(await told(other)).toEqual([]);
    }
  });
});
