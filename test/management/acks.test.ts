/** XEP-0198 section 4 over sockets: what is counted, when it is told, and what becomes of an h that cannot be. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { expectStreamError, lastStream } from "../streams/support.ts";
import { childOf } from "../support/xml-reader.ts";
import { ack, authenticated, bodies, chat, enable, expectFailed, gone, management, ManagedStage, request, resume, words } from "./support.ts";

let server: TestServer;
let stage: ManagedStage;
/** While there is one, nothing is written. */
let gate: Promise<void> | undefined;

beforeAll(async () => {
  const store = createMemoryStore(projections);
  const appendMany: typeof store.appendMany = async (batch) => {
    await gate;
    return store.appendMany(batch);
  };
  const gated = new Proxy(store, {
    get: (target, key) => {
      if (key === "appendMany") return appendMany;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  server = await startServer({ allowPlaintext: true, parts: { store: gated } });
  stage = new ManagedStage(server);
});
afterEach(() => {
  gate = undefined;
  stage.clear();
});
afterAll(() => server.stop());

describe("XEP-0198 section 4: the server's h", () => {
  it("begins at 0", async () => {
    const { romeo } = await stage.cast("romeo");
    expect(await (await stage.resumable(romeo)).count()).toBe(0);
  });

  it("counts messages, presence and iqs of every type, and nothing else", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo);
    const stanzas = [
      "<presence/>", `<presence to='${juliet}'/>`, "<presence type='unavailable'/>", `<presence type='subscribe' to='${juliet}'/>`,
      chat(juliet, "a"), chat(juliet, "b", "normal"), chat(juliet, "c", "headline"), chat(juliet, "d", "error"), chat(juliet, "e", "groupchat"),
      "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='set' id='2'><query xmlns='urn:nothing'/></iq>",
      `<iq type='result' id='3' to='${juliet}/x'/>`, `<iq type='error' id='4' to='${juliet}/x'><error type='cancel'/></iq>`,
    ];
    for (const [index, stanza] of stanzas.entries()) {
      client.send(stanza);
      expect(await client.count(), stanza).toBe(index + 1);
    }
    client.send(` \n${request}${ack(0)}${request} `);
    expect(await client.count()).toBe(stanzas.length);
  });

  it("counts a stanza that is refused", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    expect(words(await client.ask("<message to='nobody@localhost' id='m'><body>?</body></message><iq type='get' id='q'/>"))).toEqual(["message error m", "iq error q"]);
    expect(await client.count()).toBe(client.sent);
  });

  it("answers each request, also where nothing is new", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    client.send(`${request}${request}<presence/>${request}`);
    await client.raw.expect(/<a [^>]*h="0"\/>.*<a [^>]*h="0"\/>.*<a [^>]*h="1"\/>/s);
  });

  it("is the same for a client that cannot resume", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo);
    await client.enable("");
    await client.ask("<presence/>");
    expect(await client.count()).toBe(2);
  });

  it("states only what is on the disk", async () => {
    const { romeo, juliet, nurse } = await stage.cast("romeo", "juliet", "nurse");
    const client = await stage.resumable(romeo);
    await client.caughtUp();
    const other = await stage.bound(nurse);
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const before = client.raw.received;
    client.send(chat(juliet, "kept for later") + request);
    // Somebody whose stanzas are not counted is served meanwhile: the request was taken.
    for (let n = 0; n < 3; n++) await other.caughtUp();
    expect(client.raw.received).toBe(before);
    gate = undefined;
    open();
    expect(await client.count()).toBe(2);
  });
});

const question = /<r xmlns=["']urn:xmpp:sm:3["']\/>/;

describe("XEP-0198 section 4: the server's requests", () => {
  it("come after what was sent, one at a time, and again only for what was sent since", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.caughtUp();
    await client.raw.expect(question);
    const requests = () => client.raw.received.match(new RegExp(question, "g"))?.length ?? 0;
    for (let n = 0; n < 5; n++) await client.caughtUp();
    expect(requests()).toBe(1);
    // Of those that followed the first request nothing is known yet.
    client.ack(1);
    await client.caughtUp();
    expect(requests()).toBe(2);
    client.ack();
    expect(await client.count()).toBe(client.sent);
    client.ack();
    await client.count();
    const settled = requests();
    client.ack();
    await client.count();
    expect(requests()).toBe(settled);
    await client.caughtUp();
    await client.raw.expect(question);
    await client.count();
    expect(requests()).toBe(settled + 1);
  });

  it("are not sent to who has not enabled stream management", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.bound(romeo);
    for (let n = 0; n < 3; n++) await client.caughtUp();
    expect(client.nonzas).toEqual([]);
  });

  it("need no answer: who never gives one is served all the same", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    for (let n = 0; n < 100; n++) await client.caughtUp();
    expect(await client.count()).toBe(100);
  });
});

describe("XEP-0198 section 4: the client's h", () => {
  it("may come unasked, and is not answered", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.ask("<presence/>");
    client.nonzas.length = 0;
    client.ack();
    expect(await client.caughtUp()).toEqual([]);
    expect(client.nonzas.filter((nonza) => nonza !== "r")).toEqual([]);
  });

  it("means nothing new when it is behind what was said before", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    for (let n = 0; n < 4; n++) await client.caughtUp();
    for (const h of [4, 2, 0, 4]) client.send(ack(h));
    await client.caughtUp();
    await client.vanish(server);
    // What is acknowledged is gone: not even a smaller number brings it back.
    expect(await client.resume({ h: 2 })).toBe(5);
    expect(words(await client.caughtUp())).toEqual(["iq result caught-up-4"]);
  });

  it("may lag behind for ever, as that of clients that do not count every answer", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    const other = await stage.bound(juliet);
    let counted = 0;
    for (let n = 0; n < 50; n++) {
      await other.ask(chat(client.jid, `${n}`));
      expect(bodies(await client.caughtUp())).toEqual([`${n}`]);
      client.send(ack(++counted));
    }
    expect(await client.count()).toBe(client.sent);
  });

  it.each([
    ["is missing", `<a xmlns='${management}'/>`], ["is empty", ack("")], ["is no number", ack("many")], ["is negative", ack("-1")],
    ["is a fraction", ack("1.5")], ["has more than 32 bits", ack("4294967296")], ["is in hexadecimal", ack("0x1")],
  ])("ends the stream with bad-format where it %s", async (_, nonza) => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.caughtUp();
    client.send(nonza);
    await expectStreamError(client.raw, "bad-format");
    await gone(server, client.jid);
  });
});

describe("XEP-0198 section 6: an h that is too high", () => {
  it("ends the stream, and says what was told and what was sent", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await (await stage.bound(juliet)).ask(chat(client.jid, "still mine"));
    const { length } = await client.caughtUp();
    expect(length).toBe(1);
    client.send(ack(client.handled + 1));
    await client.raw.closed();
    const { elements, reader } = lastStream(client.raw);
    const error = elements.at(-1)!;
    expect(error.children[0]).toMatchObject({ name: "undefined-condition", xmlns: "urn:ietf:params:xml:ns:xmpp-streams" });
    expect(childOf(error, "handled-count-too-high")).toEqual({
      name: "handled-count-too-high", xmlns: management, attrs: { h: String(client.handled + 1), "send-count": String(client.handled) }, children: [],
    });
    expect(reader.ended).toBe(true);
    await gone(server, client.jid);
    // That was the end of the session, and what was not acknowledged is not lost.
    const link = await client.reconnect();
    link.send(resume(client.id, client.handled));
    expectFailed(await link.next(), "item-not-found", client.sent);
    link.raw.destroy();
    const again = await stage.bound(romeo);
    again.send("<presence/>");
    expect(bodies(await again.settled())).toEqual(["still mine"]);
  });

  it("right after <enable/> as well, where nothing was sent yet", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    client.send(ack(1));
    await client.raw.expect(/<handled-count-too-high [^>]*\/>/);
    expect(client.raw.received).toMatch(/<handled-count-too-high(?=[^>]* h="1")(?=[^>]* send-count="0")/);
  });

  it("in the first answer may count what came before <enabled/>, as @xmpp/client does for a moment; then it is asked anew, once", async () => {
    const { romeo } = await stage.cast("romeo");
    const link = await stage.bound(romeo);
    await link.ask("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    const before = link.raw.received.match(/<iq type="result" id="(?:roster|caught-up)/g)!.length;
    link.send(`${enable("resume='true'")}<presence/>`);
    const asked = /<r xmlns='urn:xmpp:sm:3'\/>/;
    await link.raw.expect(asked);
    link.send(ack(before + 1));
    await link.raw.expect(asked);
    link.send(ack(0));
    link.send(ack(before + 9));
    await link.raw.expect(/<handled-count-too-high [^>]*\/>/);
  });

  it("in <resume/> is answered with the same error", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.vanish(server);
    const link = await authenticated(server, { user: romeo });
    link.send(resume(client.id, client.handled + 5));
    await link.raw.closed();
    const error = lastStream(link.raw).elements.at(-1)!;
    expect(error.children[0]).toMatchObject({ name: "undefined-condition" });
    expect(childOf(error, "handled-count-too-high")).toMatchObject({
      xmlns: management, attrs: { h: String(client.handled + 5), "send-count": String(client.handled) },
    });
    link.raw.destroy();
    // The session that was asked for is as it was.
    expect(await client.resume()).toBe(client.sent);
  });
});
