/** The corners of stream management: crashes while others end, bounds that are reached, extensions that fail, requests that are absurd. */
import { afterEach, describe, expect, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { StoredFact } from "../../src/ports.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { until } from "../presence/support.ts";
import { bindRequest } from "../support/login.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { befriended, house, leaveHouses, resumptionMs, type House } from "./house.ts";
import { ack, bodies, chat, enable, gone, ManagedStage, request, resume, type ManagedClient } from "./support.ts";

afterEach(leaveHouses);

const rounds = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Reads and acknowledges until nothing is asked any more. */
async function settle(client: ManagedClient): Promise<void> {
  for (let n = 0; n < 2; n++) {
    await client.count();
    client.ack();
  }
  await client.count();
}

async function waiting(at: House, resource = "later"): Promise<readonly string[]> {
  const client = await at.stage.bound("juliet", resource);
  client.send("<presence/>");
  return bodies(await client.settled());
}

const streamOf = (at: House, client: ManagedClient) => `session/${at.server.domain}/${client.id}`;

async function factsOf(at: House, stream: string): Promise<readonly StoredFact[]> {
  return at.log.read(stream, 0, 100_000);
}

describe("XEP-0198 section 4: an acknowledgement right before the end of the stream", () => {
  it.each([1, 2])("leaves %i stanzas that were still on their way to others, although the client has had an answer to an iq", async (count) => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet");
    const romeo = await at.stage.bound("romeo", "orchard");
    await juliet.ask("<presence/>");
    // It counts everything, answers included, and has said so.
    await settle(juliet);
    const sent = rounds(count).map((n) => `on its way ${n}`);
    await romeo.ask(sent.map((body) => chat(juliet.jid, body)).join(""));
    juliet.link.send(`${ack(juliet.handled)}</stream:stream>`);
    await gone(at.server, juliet.jid);
    expect(await waiting(at)).toEqual(sent);
  });
});

describe("RFC 6121 section 5.2.2: a message of a type that is not known", () => {
  it("is of type normal too when nobody has acknowledged it", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const romeo = await at.stage.bound("romeo", "orchard");
    await juliet.vanish(at.server);
    expect(await romeo.ask(chat(juliet.jid, "strange", "letter"))).toEqual([]);
    at.clock.forward(resumptionMs + 1);
    await gone(at.server, juliet.jid);
    expect(await waiting(at)).toEqual(["strange"]);
  });
});

describe("A crash, and what a session that ended with it had not acknowledged", () => {
  it("is not given to sessions that end with it as well", async () => {
    const at = await befriended();
    // Whichever is told first: ids are in no order.
    const counted: ManagedClient[] = [];
    for (const resource of ["one", "two", "three"]) {
      const client = await at.stage.bound("juliet", resource);
      await client.enable("");
      await client.ask("<presence/>");
      counted.push(client);
    }
    for (const resource of ["a", "b", "c"]) await (await at.stage.bound("juliet", resource)).ask("<presence/>");
    const romeo = await at.stage.bound("romeo", "orchard");
    for (const client of counted) await romeo.ask(chat(client.jid, `to ${client.person.resource}`));
    await at.crash();
    expect((await waiting(at)).toSorted()).toEqual(["to one", "to three", "to two"]);
  });

  it("is not kept from others by a session that was closing", async () => {
    const at = await befriended();
    const phone = await at.stage.resumable("juliet", "phone", "<presence/>");
    const desk = await at.stage.resumable("juliet", "desk", "<presence/>");
    const romeo = await at.stage.bound("romeo", "orchard");
    for (const client of [phone, desk]) await settle(client);
    await desk.vanish(at.server);
    await romeo.ask(chat(phone.bare, "to both"));
    // Its end tag is out, and its client's is awaited.
    at.server.session(phone.jid)?.close();
    await until(() => phone.raw.received.includes("</stream:stream>"));
    await at.crash();
    at.clock.forward(resumptionMs + 61_000);
    await gone(at.server, desk.jid);
    expect(await waiting(at)).toEqual(["to both"]);
  });
});

describe("XEP-0198 section 5: a queue within its bounds", () => {
  it.each(["plaintext", "tls"] as const)("can be sent again over %s, whatever its characters take in UTF-8", async (over) => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const romeo = await at.stage.bound("romeo", "orchard");
    await juliet.vanish(at.server);
    const text = "語".repeat(84_000);
    await romeo.ask(rounds(24).map(() => `<message to='${juliet.jid}' type='chat'><body>${text}</body></message>`).join(""));
    expect(at.server.session(juliet.jid)).toBeDefined();
    await juliet.resume({ over });
    expect(bodies(await juliet.caughtUp())).toHaveLength(24);
  }, 20_000);

  it("does not overflow the queues of others who are away when it is given to them", async () => {
    const at = await befriended({ limits: { queueStanzas: 100 } });
    const romeo = await at.stage.bound("romeo", "orchard");
    const away: ManagedClient[] = [];
    for (const resource of ["one", "two", "three", "four"]) away.push(await at.stage.resumable("juliet", resource, "<presence/>"));
    for (const client of away) await settle(client);
    for (const client of away) await client.vanish(at.server);
    for (const client of away) await romeo.ask(rounds(80).map((n) => chat(client.jid, `${client.person.resource} ${n}`)).join(""));
    const [first, ...others] = away as [ManagedClient, ...ManagedClient[]];
    const link = await first.reconnect();
    link.send(bindRequest("one"));
    expect((await link.next()).attrs["type"]).toBe("result");
    await romeo.caughtUp();
    expect(others.filter(({ jid }) => at.server.session(jid) === undefined).map(({ jid }) => jid)).toEqual([]);
  });
});

describe("XEP-0198 section 4: a queue that is full while the link still looks alive", () => {
  it("is not thrown away: what the client never read is given to others when the link is lost", async () => {
    const at = await befriended({ limits: { queueStanzas: 100 } });
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const nurse = await at.stage.bound("nurse");
    const romeo = await at.stage.bound("romeo", "orchard");
    await settle(juliet);
    await nurse.ask(chat(juliet.bare, "important"));
    await romeo.ask(rounds(150).map((n) => chat(juliet.bare, `${n}`)).join(""));
    juliet.cut();
    await gone(at.server, juliet.jid);
    expect(await waiting(at)).toContain("important");
  });
});

describe("XEP-0160: a message that was on its way to a client when it enabled resumption", () => {
  it("waits again when the link is lost before it has left", async () => {
    const inner = createMemoryStore(projections);
    let slow: Promise<void> | undefined;
    let goOn = (): void => undefined;
    const store = wrapStore(inner, {
      appendMany: async (batch) => {
        const result = await inner.appendMany(batch);
        await slow;
        return result;
      },
    });
    const server = await startServer({ allowPlaintext: true, parts: { store } });
    const stage = new ManagedStage(server);
    const aMoment = () => new Promise((resolve) => setTimeout(resolve, 50));
    try {
      for (const name of ["romeo", "juliet", "nurse"]) await server.addUser(name, "secret");
      const romeo = await stage.bound("romeo");
      await romeo.ask(chat(`juliet@${server.domain}`, "waited"));
      const juliet = await stage.bound("juliet");
      slow = new Promise((resolve) => (goOn = resolve));
      romeo.send(chat(`nurse@${server.domain}`, "what the disk is slow with"));
      await aMoment();
      // The answer waits for what it read of the nurse, and whatever follows waits behind it.
      juliet.link.send(`<iq type='get' id='q' to='nurse@${server.domain}'><query xmlns='urn:example:q'/></iq><presence/>`);
      await aMoment();
      juliet.link.send(enable("resume='true'"));
      await aMoment();
      expect(juliet.raw.received).not.toContain("waited");
      await juliet.vanish(server);
      goOn();
      await aMoment();
      const other = await stage.bound("juliet", "other");
      other.send("<presence><priority>1</priority></presence>");
      expect(bodies(await other.settled())).toEqual(["waited"]);
    } finally {
      goOn();
      stage.clear();
      await server.stop();
    }
  });
});

describe("RFC 6120 section 4.4: after this side's end tag", () => {
  it("nothing follows, whatever the client still asks of stream management", async () => {
    const at = await house();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    at.server.session(juliet.jid)?.close();
    await until(() => juliet.raw.received.includes("</stream:stream>"));
    juliet.link.send(`${request}${ack(0)}<resume xmlns='urn:xmpp:sm:3'/></stream:stream>`);
    await juliet.raw.closed();
    expect(juliet.raw.received.slice(juliet.raw.received.indexOf("</stream:stream>"))).toBe("</stream:stream>");
  });
});

describe("RFC 6120 section 7.7.2.2: conflict = reject-new", () => {
  it("refuses nobody for a session that has no link any more", async () => {
    const at = await house({ session: { conflict: "reject-new" } });
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    await juliet.vanish(at.server);
    const link = await juliet.reconnect();
    link.send(bindRequest("phone"));
    expect((await link.next()).attrs["type"]).toBe("result");
  });
});

describe("An extension that throws", () => {
  const failing = (parts: Partial<Extension>): Extension => ({ name: "failing", specification: { id: "TEST", title: "What throws" }, ...parts });
  const fail = (): never => {
    throw new Error("an extension's mistake");
  };

  it("at a resumption, closes that session or lets it go on, but leaves nobody without an answer", async () => {
    const at = await house({ extensions: [failing({ sessionResumed: fail })] });
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    await juliet.vanish(at.server);
    const link = await juliet.reconnect();
    link.send(resume(juliet.id, juliet.handled));
    const answer = await Promise.race([link.next(2_000).catch(() => undefined), link.raw.closed().then(() => "closed" as const)]);
    expect(answer).toBeDefined();
  });

  it("over one stanza of a session that ends, keeps neither its contacts from being told nor its other stanzas from being kept", async () => {
    const undelivered = ({ stanza }: { readonly stanza: { readonly id: string | undefined } }) => (stanza.id === "poison" ? fail() : undefined);
    const at = await befriended({ extensions: [failing({ phases: { undelivered } })] });
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const romeo = await at.stage.bound("romeo", "orchard");
    await romeo.ask("<presence/>");
    await juliet.vanish(at.server);
    const poison = `<message to='${juliet.jid}' type='chat' id='poison'><body>poison</body><no-store xmlns='urn:xmpp:hints'/></message>`;
    await romeo.ask(chat(juliet.jid, "before") + poison + chat(juliet.jid, "after"));
    at.clock.forward(resumptionMs + 1);
    await gone(at.server, juliet.jid);
    const told = (await romeo.caughtUp()).filter(({ name, attrs }) => name === "presence" && attrs["type"] === "unavailable");
    expect(told).toHaveLength(1);
    expect(await waiting(at)).toEqual(["before", "after"]);
  });
});

describe("What is recorded of a session", () => {
  const long = "x".repeat(100_000);
  const charsMax = 20_000;
  const charsOf = async (at: House, stream: string) => JSON.stringify(await factsOf(at, stream)).length;

  it.each([
    ["the id of a message", (to: string) => `<message to='${to}' type='chat' id='${long}'><body>hi</body></message>`],
    ["the type of a message", (to: string) => `<message to='${to}' type='${long}' id='1'><body>hi</body></message>`],
  ])("does not grow by %s, which stays when what it came with is erased", async (_, message) => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    await (await at.stage.bound("romeo", "orchard")).ask(message(juliet.jid));
    await settle(juliet);
    expect(await charsOf(at, streamOf(at, juliet))).toBeLessThan(charsMax);
  });

  it("and of an account does not grow by the id of a message that waits", async () => {
    const at = await befriended();
    const romeo = await at.stage.bound("romeo", "orchard");
    await romeo.ask(`<message to='juliet@${at.server.domain}' type='chat' id='${long}'><body>hi</body></message>`);
    expect(await charsOf(at, `account/${at.server.domain}/juliet`)).toBeLessThan(charsMax);
  });

  it.each([
    ["what it asks to resume", resume(long, 0)],
    ["the id of a second bind", bindRequest("other", long)],
  ])("does not grow by %s, again and again", async (_, text) => {
    const at = await house();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    for (let n = 0; n < 5; n++) juliet.send(text);
    await juliet.caughtUp();
    expect(await charsOf(at, streamOf(at, juliet))).toBeLessThan(charsMax);
  });

  it("is folded from near its end, however much it was sent in between", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const romeo = await at.stage.bound("romeo", "orchard");
    for (let n = 0; n < 50; n++) {
      await romeo.ask(rounds(20).map((k) => chat(juliet.jid, `${k}`)).join(""));
      await juliet.caughtUp();
      juliet.ack();
    }
    await settle(juliet);
    const facts = await factsOf(at, streamOf(at, juliet));
    const snapshot = facts.findLastIndex(({ type }) => type === "SessionSnapshotTaken");
    expect(facts.length - snapshot).toBeLessThan(500);
  });
});

describe("A session of the log that cannot be restored", () => {
  it("is named to the operator, and nothing of what people wrote is", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const stream = streamOf(at, juliet);
    const key = "queue/0000000000000099";
    const common = { type: "StanzasTaken", v: 1, at: 1, step: "step", cause: null, data: { numbers: [99] } };
    await at.log.append(stream, "any", [{ ...common, contents: [{ key, text: "private words" }] }]);
    const error: unknown = await at.crash().then(() => undefined, (reason: unknown) => reason);
    await at.log.append(stream, "any", [{ ...common, erases: [key] }]);
    await at.begin();
    expect(String(error)).toContain(juliet.id);
    expect(String(error)).not.toContain("private words");
  });
});
