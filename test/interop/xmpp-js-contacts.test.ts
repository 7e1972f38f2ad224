/** @xmpp/client with contacts: subscriptions, what is kept while it is away, blocking, vCards. */
import { beforeEach, describe, expect, it } from "vitest";
import { bodies, errorOf, password, xml, type XmlElement, type XmppJsUser } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";

const setting = xmppJsSetting([], { session: { resumptionMs: 300 } });
const rosterNamespace = "jabber:iq:roster";

/** Each test has its own two accounts. */
let made = 0;
let names: { readonly alice: string; readonly bob: string };
beforeEach(async () => {
  made += 1;
  names = { alice: `alice${made}`, bob: `bob${made}` };
  for (const name of Object.values(names)) await setting.server.addUser(name, password);
});

async function interested(name: "alice" | "bob", resource?: string): Promise<XmppJsUser> {
  const user = await setting.online(names[name], resource === undefined ? {} : { resource });
  await user.client.iqCaller.get(xml("query", rosterNamespace));
  return user.presence();
}

const jidOf = (name: "alice" | "bob"): string => `${names[name]}@localhost`;

async function say(from: XmppJsUser, type: string, to: string): Promise<void> {
  await from.client.send(xml("presence", { type, to, id: type }));
  await from.settled();
}

async function item(user: XmppJsUser, jid: string): Promise<Readonly<Record<string, string | undefined>> | undefined> {
  const query = await user.client.iqCaller.get(xml("query", rosterNamespace));
  return query?.getChildren("item").find(({ attrs }) => attrs["jid"] === jid)?.attrs;
}

const isPresence = (type: string | undefined, from: string) => (stanza: XmlElement): boolean =>
  stanza.name === "presence" && stanza.attrs["type"] === type && (stanza.attrs["from"] ?? "").startsWith(from);

/** Both see each other. */
async function befriend(alice: XmppJsUser, bob: XmppJsUser): Promise<void> {
  for (const [asks, grants] of [[alice, bob], [bob, alice]] as const) {
    await say(asks, "subscribe", grants.bareJid);
    await say(grants, "subscribed", asks.bareJid);
    await asks.next(isPresence(undefined, grants.bareJid));
  }
}

setting.everyWay("RFC 6121 section 3 with @xmpp/client", () => {
  it("asks and is granted", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await say(alice, "subscribe", jidOf("bob"));
    await bob.next(isPresence("subscribe", jidOf("alice")));
    expect(await item(alice, jidOf("bob"))).toMatchObject({ subscription: "none", ask: "subscribe" });
    await say(bob, "subscribed", jidOf("alice"));
    await alice.next(isPresence("subscribed", jidOf("bob")));
    expect((await alice.next(isPresence(undefined, jidOf("bob")))).attrs["from"]).toBe(bob.jid);
    expect(await item(alice, jidOf("bob"))).toMatchObject({ subscription: "to" });
    expect(await item(bob, jidOf("alice"))).toMatchObject({ subscription: "from" });
  });

  it("asks and is refused", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await say(alice, "subscribe", jidOf("bob"));
    await say(bob, "unsubscribed", jidOf("alice"));
    await alice.next(isPresence("unsubscribed", jidOf("bob")));
    expect(await item(alice, jidOf("bob"))).toEqual({ jid: jidOf("bob"), subscription: "none" });
    expect(await item(bob, jidOf("alice"))).toBeUndefined();
  });

  it("takes back what it granted, and gives up what it has", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await befriend(alice, bob);
    await say(bob, "unsubscribed", jidOf("alice"));
    await alice.next(isPresence("unavailable", bob.jid));
    await alice.next(isPresence("unsubscribed", jidOf("bob")));
    expect(await item(alice, jidOf("bob"))).toMatchObject({ subscription: "from" });
    await say(bob, "unsubscribe", jidOf("alice"));
    await alice.next(isPresence("unsubscribe", jidOf("bob")));
    await bob.next(isPresence("unavailable", alice.jid));
    expect(await item(alice, jidOf("bob"))).toMatchObject({ subscription: "none" });
  });

  it("removes a contact, and both are told", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await befriend(alice, bob);
    await alice.client.iqCaller.set(xml("query", rosterNamespace, xml("item", { jid: jidOf("bob"), subscription: "remove" })));
    await bob.next(isPresence("unavailable", alice.jid));
    await bob.next(isPresence("unsubscribed", jidOf("alice")));
    await alice.next(isPresence("unavailable", bob.jid));
    expect(await item(alice, jidOf("bob"))).toBeUndefined();
    expect(await item(bob, jidOf("alice"))).toMatchObject({ subscription: "none" });
  });

  it("approves a request before there is one", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await say(bob, "subscribed", jidOf("alice"));
    expect(await item(bob, jidOf("alice"))).toMatchObject({ subscription: "none", approved: "true" });
    await say(alice, "subscribe", jidOf("bob"));
    await alice.next(isPresence("subscribed", jidOf("bob")));
    await alice.next(isPresence(undefined, bob.jid));
    expect(bob.arrived("presence").filter(({ attrs }) => attrs["type"] === "subscribe")).toEqual([]);
    expect(await item(bob, jidOf("alice"))).toMatchObject({ subscription: "from" });
  });
});

setting.everyWay("What is kept while a client is away", () => {
  it("is the request, with all that it says, at each login until it is answered", async () => {
    const alice = await interested("alice");
    await alice.client.send(xml("presence", { type: "subscribe", to: jidOf("bob") }, xml("status", {}, "it is I"), xml("nick", "urn:example:nick", "A")));
    await alice.settled();
    for (const login of ["first", "second"]) {
      const bob = await interested("bob", login);
      const request = await bob.next(isPresence("subscribe", jidOf("alice")));
      expect(request.getChildText("status")).toBe("it is I");
      expect(request.getChildText("nick", "urn:example:nick")).toBe("A");
      await bob.stop();
    }
    const bob = await interested("bob");
    await say(bob, "subscribed", jidOf("alice"));
    await bob.stop();
    const again = await interested("bob");
    expect(again.arrived("presence").filter(({ attrs }) => attrs["type"] === "subscribe")).toEqual([]);
  });

  it("are messages, in order, with the time at which they came, once", async () => {
    const alice = await interested("alice");
    for (const body of ["one", "two", "three"]) await alice.message(jidOf("bob"), body);
    await alice.settled();
    const bob = await interested("bob");
    const messages = await bob.messages(3);
    expect(bodies(messages)).toEqual(["one", "two", "three"]);
    for (const message of messages) expect(message.getChild("delay", "urn:xmpp:delay")?.attrs["stamp"]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    await bob.settled();
    await bob.stop();
    const again = await interested("bob");
    await again.settled();
    expect(again.arrived("message")).toEqual([]);
    expect(alice.arrived("message")).toEqual([]);
  });

  it("go to a resource of priority 0 or more only, live ones to the highest", async () => {
    const alice = await interested("alice");
    const [low, high, negative] = [await interested("bob", "low"), await interested("bob", "high"), await interested("bob", "negative")];
    await low.presence(xml("priority", {}, "1"));
    await high.presence(xml("priority", {}, "5"));
    await negative.presence(xml("priority", {}, "-1"));
    await alice.message(jidOf("bob"), "to the highest");
    expect(bodies(await high.messages(1))).toEqual(["to the highest"]);
    await high.stop();
    await low.stop();
    await alice.message(jidOf("bob"), "kept");
    await alice.settled();
    await negative.settled();
    expect(negative.arrived("message")).toEqual([]);
    await negative.presence(xml("priority", {}, "0"));
    expect(bodies(await negative.messages(1))).toEqual(["kept"]);
  });
});

setting.everyWay("A client whose socket is gone", () => {
  it("is seen to leave, once, when it has not come back in time", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await befriend(alice, bob);
    bob.client.reconnect.stop();
    bob.abort();
    await alice.next(isPresence("unavailable", bob.jid));
    await alice.settled();
    expect(alice.arrived("presence").filter(isPresence("unavailable", bob.jid))).toEqual([]);
  });
});

describe("XEP-0191 with @xmpp/client", () => {
  it("blocks a contact, who sees it leave and reaches it no more, and unblocks", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await befriend(alice, bob);
    const set = (name: "block" | "unblock") =>
      alice.client.iqCaller.set(xml(name, "urn:xmpp:blocking", xml("item", { jid: jidOf("bob") })));
    await set("block");
    await bob.next(isPresence("unavailable", alice.jid));
    await bob.client.send(xml("message", { to: jidOf("alice"), type: "chat", id: "m" }, xml("body", {}, "hello?")));
    expect(errorOf(await bob.nextMessage())).toMatchObject({ condition: "service-unavailable" });
    await alice.message(jidOf("bob"), "not to you");
    expect(errorOf(await alice.nextMessage())).toMatchObject({ condition: "not-acceptable" });
    const list = await alice.client.iqCaller.get(xml("blocklist", "urn:xmpp:blocking"));
    expect(list?.getChildren("item").map(({ attrs }) => attrs["jid"])).toEqual([jidOf("bob")]);
    await set("unblock");
    await bob.next(isPresence(undefined, alice.jid));
    await bob.message(jidOf("alice"), "hello again");
    expect(bodies([await alice.nextMessage()])).toEqual(["hello again"]);
  });
});

describe("XEP-0054 with @xmpp/client", () => {
  it("shows one user's vCard to another", async () => {
    const [alice, bob] = [await interested("alice"), await interested("bob")];
    await alice.client.iqCaller.set(xml("vCard", "vcard-temp", xml("FN", {}, "Alice"), xml("NICKNAME", {}, "Al")));
    const card = await bob.client.iqCaller.get(xml("vCard", "vcard-temp"), jidOf("alice"));
    expect(card?.getChildText("FN")).toBe("Alice");
    expect(card?.getChildText("NICKNAME")).toBe("Al");
  });
});
