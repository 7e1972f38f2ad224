/** slixmpp with contacts: its own roster is what it made of our pushes and presences, and its plugins read what we keep. */
import { beforeEach, describe, expect, it } from "vitest";
import { password, slixmppIsMissing, slixmppSetting, type SlixmppLogin, type SlixmppUser } from "./setting.ts";

const setting = slixmppSetting([]);
type Name = "alice" | "bob" | "carol";

/** Each test has its own accounts, the first two. */
let made = 0;
const jidOf = (name: Name): string => `${name}${made}@localhost`;
beforeEach(async () => {
  if (slixmppIsMissing) return;
  made += 1;
  for (const name of ["alice", "bob"] as const) await setting.server.addUser(jidOf(name), password);
});

/** Has asked for the roster. */
async function interested(name: Name, resource = "r", options: Omit<SlixmppLogin, "jid"> = {}): Promise<SlixmppUser> {
  const user = await setting.online(`${jidOf(name)}/${resource}`, options);
  await user.call("roster");
  return user;
}

async function available(name: Name, resource?: string, options?: Omit<SlixmppLogin, "jid">): Promise<SlixmppUser> {
  const user = await interested(name, resource, options);
  await user.call("presence");
  await user.settled();
  return user;
}

const both = async (options?: Omit<SlixmppLogin, "jid">) =>
  [await available("alice", "r", options), await available("bob", "r", options)] as const;

/** Both see each other. */
async function friends(): Promise<readonly [SlixmppUser, SlixmppUser]> {
  const [alice, bob] = await both({ automatic: { authorize: true, subscribe: true } });
  await alice.call("subscribe", { jid: bob.bareJid });
  await sees(alice, bob, { subscription: "both", asked: false });
  await sees(bob, alice, { subscription: "both", asked: false });
  return [alice, bob];
}

/** slixmpp's own view; by default the contact is there, with priority 0. */
function sees(user: SlixmppUser, contact: SlixmppUser, view: { subscription: string; asked: boolean; priorities?: object }): Promise<void> {
  const priorities = { [contact.resource]: 0 };
  return user.eventually("contact", { jid: contact.bareJid }).toMatchObject({ priorities, ...view });
}

const nobodyThere = { priorities: {} };

async function item(user: SlixmppUser, jid: string): Promise<unknown> {
  return ((await user.call("roster")) as Record<string, unknown>)[jid];
}

describe.skipIf(slixmppIsMissing)("RFC 6121 section 3 with slixmpp's roster", () => {
  it("asks and is granted", async () => {
    const [alice, bob] = await both();
    await alice.call("subscribe", { jid: bob.bareJid });
    expect(await bob.next("subscription")).toMatchObject({ type: "subscribe", from: alice.bareJid, to: bob.bareJid });
    await sees(alice, bob, { subscription: "none", asked: true, ...nobodyThere });
    await bob.call("authorize", { jid: alice.bareJid });
    expect(await alice.next("subscription")).toMatchObject({ type: "subscribed", from: bob.bareJid });
    await sees(alice, bob, { subscription: "to", asked: false });
    await sees(bob, alice, { subscription: "from", asked: false, ...nobodyThere });
  });

  it("authorizes and asks back by itself where it is told to", async () => {
    const [alice, bob] = await friends();
    for (const [user, contact] of [[alice, bob], [bob, alice]] as const) {
      expect(await item(user, contact.bareJid)).toMatchObject({ subscription: "both", ask: "" });
    }
  });

  it("refuses by itself where it is told to", async () => {
    const [alice, bob] = [await available("alice"), await available("bob", "r", { automatic: { authorize: false, subscribe: false } })];
    await alice.call("subscribe", { jid: bob.bareJid });
    expect(await alice.next("subscription")).toMatchObject({ type: "unsubscribed", from: bob.bareJid });
    await sees(alice, bob, { subscription: "none", asked: false, ...nobodyThere });
    expect(await bob.call("roster")).toEqual({});
  });

  it("asks and is refused", async () => {
    const [alice, bob] = await both();
    await alice.call("subscribe", { jid: bob.bareJid });
    await bob.next("subscription");
    await bob.call("unauthorize", { jid: alice.bareJid });
    expect(await alice.next("subscription")).toMatchObject({ type: "unsubscribed", from: bob.bareJid });
    await sees(alice, bob, { subscription: "none", asked: false, ...nobodyThere });
    expect(await bob.call("roster")).toEqual({});
  });

  it("takes back a request", async () => {
    const [alice, bob] = await both();
    await alice.call("subscribe", { jid: bob.bareJid });
    await bob.next("subscription");
    await alice.call("unsubscribe", { jid: bob.bareJid });
    expect(await bob.next("subscription")).toMatchObject({ type: "unsubscribe", from: alice.bareJid });
    await sees(alice, bob, { subscription: "none", asked: false, ...nobodyThere });
    await bob.call("subscription", { to: alice.bareJid, type: "subscribed" });
    await bob.settled();
    // There is nothing left to grant: this approves the next request (section 3.4.2).
    expect(await item(bob, alice.bareJid)).toMatchObject({ subscription: "none", approved: "true" });
    expect(await item(alice, bob.bareJid)).toMatchObject({ subscription: "none" });
  });

  it("takes back what it granted, and gives up what it has", async () => {
    const [alice, bob] = await friends();
    await bob.call("unauthorize", { jid: alice.bareJid });
    await sees(alice, bob, { subscription: "from", asked: false, ...nobodyThere });
    await sees(bob, alice, { subscription: "to", asked: false });
    await bob.call("unsubscribe", { jid: alice.bareJid });
    await sees(alice, bob, { subscription: "none", asked: false, ...nobodyThere });
    await sees(bob, alice, { subscription: "none", asked: false, ...nobodyThere });
  });

  it("removes a contact, and the other is told", async () => {
    const [alice, bob] = await friends();
    await alice.call("remove", { jid: bob.bareJid });
    await sees(bob, alice, { subscription: "none", asked: false, ...nobodyThere });
    expect(await alice.call("roster")).toEqual({});
    expect(await item(bob, alice.bareJid)).toMatchObject({ subscription: "none" });
  });

  it("approves a request before there is one", async () => {
    const [alice, bob] = await both();
    await bob.call("subscription", { to: alice.bareJid, type: "subscribed" });
    await bob.settled();
    expect(await item(bob, alice.bareJid)).toMatchObject({ subscription: "none", approved: "true" });
    await alice.call("subscribe", { jid: bob.bareJid });
    await sees(alice, bob, { subscription: "to", asked: false });
    expect(await bob.count("subscription")).toBe(0);
    expect(await item(bob, alice.bareJid)).toMatchObject({ subscription: "from", approved: "" });
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6121 section 2 with slixmpp's roster", () => {
  it("names and groups reach every interested resource; what slixmpp says of the subscription is ignored (section 2.1.2.5)", async () => {
    const [alice, bob] = await friends();
    const other = await interested("alice", "other");
    const label = { name: "Bob & Co.", groups: ["Friends", "Büro"] };
    await alice.call("label", { jid: bob.bareJid, ...label });
    await other.eventually("contact", { jid: bob.bareJid }).toMatchObject({ ...label, subscription: "both" });
    await alice.call("label", { jid: bob.bareJid, name: "Bob", groups: [] });
    await other.eventually("contact", { jid: bob.bareJid }).toMatchObject({ name: "Bob", groups: [], subscription: "both" });
    await alice.call("remove", { jid: bob.bareJid });
    await other.eventually("knows", { jid: bob.bareJid }).toBe(false);
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6121 section 2.6 with slixmpp's roster", () => {
  it("sends nothing again to a client that names the version it has", async () => {
    const [alice, bob] = await friends();
    expect(await alice.call("roster", { known: true })).toEqual({});
    await sees(alice, bob, { subscription: "both", asked: false });
    expect(await item(alice, bob.bareJid)).toMatchObject({ subscription: "both" });
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6121 section 4 with slixmpp's roster", () => {
  it("shows each resource of a contact with its priority", async () => {
    const [alice, bob] = await friends();
    const second = await available("bob", "second");
    await second.call("presence", { priority: 7 });
    await sees(alice, bob, { subscription: "both", asked: false, priorities: { [bob.resource]: 0, second: 7 } });
    await second.call("presence", { priority: -3 });
    await sees(alice, bob, { subscription: "both", asked: false, priorities: { [bob.resource]: 0, second: -3 } });
    await second.call("logout");
    await sees(alice, bob, { subscription: "both", asked: false });
    await bob.call("presence", { type: "unavailable" });
    await sees(alice, bob, { subscription: "both", asked: false, ...nobodyThere });
  });

  it("shows a contact that was there before (section 4.2.2)", async () => {
    const [alice, bob] = await friends();
    await alice.call("logout");
    await sees(bob, alice, { subscription: "both", asked: false, ...nobodyThere });
    const again = await available("alice", "again");
    await sees(again, bob, { subscription: "both", asked: false });
    await sees(bob, again, { subscription: "both", asked: false });
  });

  it("shows a contact whose socket is gone as gone, once (section 4.5.2)", async () => {
    const [alice, bob] = await friends();
    await alice.settled();
    for (let left = (await alice.count("presence")) as number; left > 0; left -= 1) await alice.next("presence");
    await bob.call("kill");
    expect(await alice.next("presence")).toMatchObject({ from: bob.jid, type: "unavailable" });
    await sees(alice, bob, { subscription: "both", asked: false, ...nobodyThere });
    expect(await alice.count("presence")).toBe(0);
    await expect.poll(async () => (await setting.server.sessions()).map(({ full_jid }) => full_jid)).toEqual([alice.jid]);
  });
});

describe.skipIf(slixmppIsMissing)("What is kept while slixmpp is away", () => {
  it("is the request, with the nickname in it, at each login until it is answered (RFC 6121 section 3.1.3)", async () => {
    const alice = await available("alice");
    await alice.call("subscription", { to: jidOf("bob"), type: "subscribe", nick: "Älice" });
    await alice.settled();
    for (const resource of ["first", "second"]) {
      const bob = await available("bob", resource);
      expect(await bob.next("subscription")).toMatchObject({ type: "subscribe", from: alice.bareJid, nick: "Älice" });
      await bob.call("logout");
    }
    const bob = await available("bob");
    await bob.next("subscription");
    await bob.call("authorize", { jid: alice.bareJid });
    await sees(alice, bob, { subscription: "to", asked: false });
    await bob.call("logout");
    const again = await available("bob");
    expect(await again.count("subscription")).toBe(0);
  });

  it("are the answers: the roster says what became of a request", async () => {
    const [alice, bob] = await both();
    await alice.call("subscribe", { jid: bob.bareJid });
    await bob.next("subscription");
    await alice.call("logout");
    await bob.call("authorize", { jid: alice.bareJid });
    await bob.settled();
    await sees(await available("alice"), bob, { subscription: "to", asked: false });
  });

  it("are messages, in order, once, with a time that the plugin can read (XEP-0203)", async () => {
    const alice = await available("alice");
    const before = Date.now();
    const bodies = ["one", "two <&>", "drei 😀"];
    for (const body of bodies) await alice.call("message", { to: jidOf("bob"), body });
    await alice.settled();
    const bob = await available("bob");
    for (const body of bodies) {
      const message = (await bob.next("message")) as { readonly delay: { readonly stamp: string } };
      expect(message).toMatchObject({ body, from: alice.jid, to: bob.bareJid, delay: { from: "localhost" } });
      const stamp = Date.parse(message.delay.stamp);
      expect(stamp).toBeGreaterThanOrEqual(before - 1_000);
      expect(stamp).toBeLessThanOrEqual(Date.now());
    }
    await alice.call("message", { to: bob.bareJid, body: "live" });
    expect(await bob.next("message")).toMatchObject({ body: "live", delay: null });
    await bob.settled();
    await bob.call("logout");
    expect(await (await available("bob")).count("message")).toBe(0);
    expect(await alice.count("message")).toBe(0);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0191 with slixmpp", () => {
  it("blocks a contact, who sees the user leave and reaches nobody, and unblocks", async () => {
    const [alice, bob] = await friends();
    await alice.call("block", { jids: [bob.bareJid] });
    await sees(bob, alice, { subscription: "both", asked: false, ...nobodyThere });
    expect(await alice.call("blocked")).toEqual([bob.bareJid]);
    await bob.call("message", { to: alice.bareJid, body: "hello?" });
    expect(await bob.next("message")).toMatchObject({ type: "error", error: { type: "cancel", condition: "service-unavailable" } });
    await alice.call("message", { to: bob.bareJid, body: "not to you" });
    expect(await alice.next("message")).toMatchObject({ type: "error", error: { type: "cancel", condition: "not-acceptable" } });
    await alice.call("unblock", { jids: [bob.bareJid] });
    await sees(bob, alice, { subscription: "both", asked: false });
    await sees(alice, bob, { subscription: "both", asked: false });
    await bob.call("message", { to: alice.bareJid, body: "hello again" });
    expect(await alice.next("message")).toMatchObject({ body: "hello again", from: bob.jid });
    expect(await alice.call("blocked")).toEqual([]);
  });

  it("tells the resources that have asked for the list (section 3.3)", async () => {
    const [alice, other] = [await available("alice"), await available("alice", "other")];
    expect(await other.call("blocked")).toEqual([]);
    const jids = [jidOf("bob"), `${jidOf("carol")}/phone`, "spam.example"];
    await alice.call("block", { jids });
    expect(await other.next("block")).toEqual(["block", ...jids]);
    await alice.call("unblock", { jids: [jids[1]] });
    expect(await other.next("block")).toEqual(["unblock", jids[1]]);
    await alice.call("unblock", { jids: [] });
    expect(await other.next("block")).toEqual(["unblock"]);
    expect(await other.call("blocked")).toEqual([]);
    expect(await alice.count("block")).toBe(0);
  });
});

describe.skipIf(slixmppIsMissing)("What slixmpp's plugins keep with the server", () => {
  it("XEP-0054: one user's vCard, which another reads", async () => {
    const [alice, bob] = await both();
    const names = { name: "Alice Äöü", given: "Alice", nicknames: ["Al", "Ally"] };
    const card = { ...names, email: "alice@example.com", photo: "89504e470d0a1a0a00ff" };
    await alice.call("publish_vcard", card);
    for (const user of [alice, bob]) expect(await user.call("vcard", { jid: alice.bareJid })).toEqual(card);
    await alice.call("publish_vcard", { ...card, name: "Alice B." });
    expect(await bob.call("vcard", { jid: alice.bareJid })).toEqual({ ...card, name: "Alice B." });
    await expect(bob.call("vcard", { jid: "nobody@localhost" })).rejects.toMatchObject({ condition: "service-unavailable" });
  });

  it("XEP-0049: private data, here the bookmarks of XEP-0048, in all resources", async () => {
    const [alice, other] = [await available("alice"), await available("alice", "other")];
    expect(await other.call("bookmarks")).toEqual([]);
    const conferences = [["room@conference.example", "Al"], ["hall@conference.example", "Ally"]];
    await alice.call("store_bookmarks", { conferences });
    expect(await other.call("bookmarks")).toEqual(conferences.map((conference) => [...conference, true]));
    expect(await (await available("bob")).call("bookmarks")).toEqual([]);
  });

  it("XEP-0012: when a contact was last here, to those who may know, and since when the server runs", async () => {
    const [alice, bob] = await friends();
    expect(await alice.call("last_activity", { jid: bob.bareJid })).toMatchObject({ seconds: 0 });
    await bob.call("presence", { type: "unavailable", status: "gone to bed" });
    await bob.settled();
    const left = (await alice.call("last_activity", { jid: bob.bareJid })) as { readonly seconds: number };
    expect(left).toEqual({ seconds: expect.any(Number), status: "gone to bed" });
    expect(left.seconds).toBeLessThan(10);
    const server = (await alice.call("last_activity", { jid: "localhost" })) as { readonly seconds: number };
    expect(server.seconds).toBeLessThan(60);
    await setting.server.addUser(jidOf("carol"), password);
    const carol = await available("carol");
    await expect(carol.call("last_activity", { jid: bob.bareJid })).rejects.toMatchObject({ type: "auth", condition: "forbidden" });
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0115 with slixmpp", () => {
  it("the server's description has the hash that its stream features tell (section 6.3)", async () => {
    const alice = await available("alice");
    const some = ["http://jabber.org/protocol/caps", "urn:xmpp:blocking", "urn:xmpp:ping"];
    await alice.eventually("caps", { jid: "localhost" }).toEqual(expect.arrayContaining(some));
    const { features } = (await alice.call("info", { to: "localhost" })) as { readonly features: readonly string[] };
    expect(await alice.call("caps", { jid: "localhost" })).toEqual(features);
  });

  it("a contact's presence tells another one, and slixmpp asks the contact itself", async () => {
    const [alice, bob] = await friends();
    const feature = "urn:example:of-bob-alone";
    await bob.call("announce", { feature });
    await alice.eventually("caps", { jid: bob.jid }).toContain(feature);
    expect(await alice.call("info", { to: bob.jid })).toMatchObject({ features: await alice.call("caps", { jid: bob.jid }) });
  });
});
