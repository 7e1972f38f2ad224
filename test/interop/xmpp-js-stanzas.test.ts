/** @xmpp/client talks: messages, presence, sizes and order. */
import { describe, expect, it } from "vitest";
import { xmlLimitsAuthenticated } from "../../src/domain/limits.ts";
import { bodies, errorOf, xml, type XmppJsUser } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";

const setting = xmppJsSetting(["alice", "bob", "carol"]);
const { online, available } = setting;
const priority = (value: number) => xml("priority", {}, String(value));

setting.everyWay("RFC 6121 section 8.5 messages between users", () => {
  it("reach bare and full JIDs in both directions, with the sender's full JID", async () => {
    const [alice, bob] = [await available("alice", { resource: "a" }), await available("bob", { transport: "direct TLS", resource: "b" })];
    for (const [from, to] of [[alice, bob], [bob, alice]] as const) {
      await from.message(to.bareJid, "to the bare JID");
      await from.message(to.jid, "to the full JID");
      const [bare, full] = [await to.nextMessage(), await to.nextMessage()];
      expect(bare.attrs).toMatchObject({ from: from.jid, to: to.bareJid, type: "chat", id: "to the bare JID" });
      expect(full.attrs).toMatchObject({ from: from.jid, to: to.jid, type: "chat", id: "to the full JID" });
      expect(bodies([bare, full])).toEqual(["to the bare JID", "to the full JID"]);
    }
  });

  it("are the sender's own where there is no 'to' (RFC 6120 section 10.3.1)", async () => {
    const alice = await available("alice");
    await alice.message(undefined, "note to self");
    expect((await alice.nextMessage()).attrs).toMatchObject({ from: alice.jid, to: "alice@localhost" });
  });

  it("keep what they carry: markup characters, other namespaces, emoji, line ends", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    const body = "<&>\"'  two  spaces\tand\nlines 😀 \u{10FFFD}";
    const extra = xml("x", { xmlns: "urn:example:x", "q'uote": undefined, a: "<'\"&>" }, xml("y", {}, "inner"), xml("z", "urn:example:z"));
    await alice.client.send(xml("message", { to: bob.jid }, xml("body", {}, body), extra));
    const message = await bob.nextMessage();
    expect(bodies([message])).toEqual([body]);
    const x = message.getChild("x", "urn:example:x");
    expect(x?.attrs["a"]).toBe("<'\"&>");
    expect(x?.getChildText("y", "urn:example:x")).toBe("inner");
    expect(x?.getChild("z", "urn:example:z")).toBeDefined();
  });

  it("get the language of the sender's stream (RFC 6120 section 8.1.5)", async () => {
    const [alice, bob] = [await online("alice", { lang: "de" }), await online("bob")];
    await alice.message(bob.jid, "hallo");
    expect((await bob.nextMessage()).attrs["xml:lang"]).toBe("de");
  });

  it("have a sender that no client can choose (RFC 6120 section 8.1.2.1)", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    await alice.client.send(xml("message", { to: bob.jid, from: "carol@localhost/c" }, xml("body", {}, "from carol, honestly")));
    expect((await bob.nextMessage()).attrs["from"]).toBe(alice.jid);
  });
});

describe("RFC 6121 section 8.5 messages to nobody", () => {
  it.each([
    { what: "an unknown user (8.5.1)", to: "nobody@localhost", condition: "service-unavailable" },
    { what: "a remote domain (RFC 6120 section 10.4)", to: "someone@remote.example", condition: "remote-server-not-found" },
    { what: "the server itself (RFC 6120 section 10.5.1)", to: "localhost", condition: "service-unavailable" },
  ])("come back from $what: $condition", async ({ to, condition }) => {
    const alice = await online("alice");
    await alice.message(to, "anybody?");
    const answer = await alice.nextMessage();
    expect(answer.attrs).toMatchObject({ type: "error", id: "anybody?", from: to, to: alice.jid });
    expect(errorOf(answer)).toEqual({ type: "cancel", condition });
  });

  it("are dropped without a word if they are headlines (8.5.2.2.1)", async () => {
    const alice = await online("alice");
    await alice.message("bob@localhost", "news", "headline");
    await alice.settled();
    expect(alice.arrived("message")).toEqual([]);
  });
});

describe("XEP-0160 section 2 messages to users who are not there", () => {
  const sender = () => online("alice");
  const wait = async (alice: XmppJsUser, ...texts: readonly string[]) => {
    for (const text of texts) await alice.message("bob@localhost", text);
    await alice.message("bob@localhost/gone", "to a resource that is gone");
    await alice.settled();
    expect(alice.arrived("message")).toEqual([]);
  };

  it("wait, and come in order when the user comes, with the time at which they were sent (XEP-0203)", async () => {
    const alice = await sender();
    await wait(alice, "first", "second");
    const bob = await available("bob");
    await alice.message("bob@localhost", "third");
    const came = await bob.messages(4);
    expect(bodies(came)).toEqual(["first", "second", "to a resource that is gone", "third"]);
    expect(came.map((message) => message.getChild("delay", "urn:xmpp:delay")?.attrs["from"])).toEqual(["localhost", "localhost", "localhost", undefined]);
    await bob.settled();
  });

  it("wait while resources are connected and not available", async () => {
    const [alice, bob] = [await sender(), await online("bob")];
    await wait(alice, "anybody?");
    await bob.settled();
    expect(bob.arrived("message")).toEqual([]);
    await bob.presence();
    expect(bodies(await bob.messages(2))).toEqual(["anybody?", "to a resource that is gone"]);
    await bob.settled();
  });
});

describe("RFC 6121 section 8.5.2.1.1 priorities", () => {
  async function both(first: number, second: number): Promise<readonly [XmppJsUser, XmppJsUser]> {
    const users = [await online("bob", { resource: "one" }), await online("bob", { resource: "two" })] as const;
    await users[0].presence(priority(first));
    await users[1].presence(priority(second));
    return users;
  }

  it.each([
    { priorities: [1, 5], got: [0, 1] },
    { priorities: [5, 1], got: [1, 0] },
    { priorities: [3, 3], got: [1, 1] },
    { priorities: [-1, 0], got: [0, 1] },
    { priorities: [127, -128], got: [1, 0] },
  ] as const)("$priorities: a chat message to the bare JID goes $got", async ({ priorities, got }) => {
    const users = await both(priorities[0], priorities[1]);
    const alice = await online("alice");
    await alice.message("bob@localhost", "hello");
    await alice.settled();
    await Promise.all(users.map((user) => user.settled()));
    expect(users.map((user) => user.arrived("message").length)).toEqual(got);
  });

  it("below zero take no part: a message to the bare JID waits until one rises, one to the full JID arrives", async () => {
    const [one, two] = await both(-1, -1);
    const alice = await online("alice");
    await alice.message("bob@localhost", "bare");
    await alice.message(one.jid, "full");
    expect(bodies([await one.nextMessage()])).toEqual(["full"]);
    await two.presence(priority(0));
    expect(bodies([await two.nextMessage()])).toEqual(["bare"]);
    await two.settled();
    expect(alice.arrived("message")).toEqual([]);
  });

  it("that are no integer from -128 to 127 are refused with bad-request (section 4.7.2.3)", async () => {
    const alice = await online("alice");
    await alice.client.send(xml("presence", { id: "p" }, xml("priority", {}, "128")));
    const answer = await alice.next(({ name }) => name === "presence");
    expect(answer.attrs).toMatchObject({ type: "error", id: "p" });
    expect(errorOf(answer)).toEqual({ type: "modify", condition: "bad-request" });
  });
});

describe("RFC 6121 section 4 presence among a user's resources", () => {
  it("tells each of the other, and of the end", async () => {
    const one = await available("alice", { resource: "one" });
    const two = await available("alice", { resource: "two" });
    await two.settled();
    expect(one.arrived("presence").map(({ attrs }) => attrs["from"])).toEqual([one.jid, two.jid]);
    expect(two.arrived("presence").map(({ attrs }) => attrs["from"]).toSorted()).toEqual([one.jid, two.jid]);
    await two.client.send(xml("presence", { type: "unavailable" }, xml("status", {}, "lunch")));
    const gone = await one.next(({ attrs }) => attrs["type"] === "unavailable");
    expect(gone.attrs["from"]).toBe(two.jid);
    expect(gone.getChildText("status")).toBe("lunch");
  });

  it("makes the resource deaf to the bare JID again once it is unavailable", async () => {
    const [alice, bob] = [await online("alice"), await available("bob")];
    await bob.client.send(xml("presence", { type: "unavailable" }));
    await bob.settled();
    await alice.message("bob@localhost", "too late");
    await alice.settled();
    await bob.settled();
    expect(bob.arrived("message")).toEqual([]);
    await bob.presence();
    expect(bodies([await bob.nextMessage()])).toEqual(["too late"]);
    await bob.settled();
  });

  it("sent to one person is withdrawn from that person when the stream ends (section 4.6.3)", async () => {
    const [alice, bob] = [await available("alice"), await available("bob")];
    await alice.client.send(xml("presence", { to: bob.jid }));
    await bob.next(({ attrs }) => attrs["from"] === alice.jid && attrs["type"] === undefined);
    await alice.stop();
    expect((await bob.next(({ attrs }) => attrs["type"] === "unavailable")).attrs["from"]).toBe(alice.jid);
  });
});

setting.everyWay("RFC 6120 section 13.12 the size of a stanza", () => {
  const max = xmlLimitsAuthenticated.stanzaBytesMax;

  function messageOf(bytes: number, to: string) {
    // Over WebSocket each stanza names its namespace (RFC 7395 section 3.3.3), which counts.
    const make = (body: string) => xml("message", { xmlns: "jabber:client", to, type: "chat" }, xml("body", {}, body));
    return make("x".repeat(bytes + 1 - Buffer.byteLength(make("x").toString())));
  }

  it("may be as large as the stream's features say (XEP-0478)", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    const message = messageOf(max, bob.jid);
    expect(Buffer.byteLength(message.toString())).toBe(max);
    await alice.client.send(message);
    expect((await bob.nextMessage()).getChildText("body")).toBe(message.getChildText("body"));
  });

  it("that is one byte larger ends the stream with policy-violation, and nothing of it is delivered", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    await alice.client.send(messageOf(max + 1, bob.jid));
    expect(await alice.disconnected()).toBe("policy-violation");
    await bob.settled();
    expect(bob.arrived("message")).toEqual([]);
  });
});

setting.everyWay("RFC 6120 section 10.1 order", () => {
  it("holds for 1,000 messages in each direction at the same time", async () => {
    const [alice, bob] = [await available("alice"), await available("bob", { transport: "direct TLS" })];
    const count = 1_000;
    const sent = Array.from({ length: count }, (_, index) => `message ${index}`);
    const burst = (from: XmppJsUser, to: XmppJsUser) =>
      from.client.sendMany(sent.map((body, index) =>
        xml("message", { to: index % 2 === 0 ? to.jid : to.bareJid, type: "chat" }, xml("body", {}, body))));
    await Promise.all([burst(alice, bob), burst(bob, alice)]);
    expect(bodies(await bob.messages(count))).toEqual(sent);
    expect(bodies(await alice.messages(count))).toEqual(sent);
  });

  it("holds where the account of the first addressee has to be loaded first", async () => {
    const [alice, bob] = [await online("alice"), await available("bob")];
    const ask = (id: string, to: string) => xml("iq", { type: "get", id, to }, xml("query", "urn:example:unknown"));
    // In one write, so that the server has read all before anything is loaded. Nobody has spoken of carol yet.
    await alice.client.sendMany([ask("first", "carol@localhost"), ask("second", "localhost"), ask("third", bob.bareJid)]);
    const answers = [];
    for (let count = 0; count < 3; count++) {
      answers.push(await alice.next(({ attrs }) => ["first", "second", "third"].includes(attrs["id"] ?? "")));
    }
    expect(answers.map(({ attrs }) => attrs["id"])).toEqual(["first", "second", "third"]);
  });
});
