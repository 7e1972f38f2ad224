/** aioxmpp with contacts: its services ask for the roster and the block list at each login, and follow our pushes from then on. */
import { beforeEach, describe, expect, it } from "vitest";
import { software } from "../../../src/software.ts";
import { aioxmppIsMissing, aioxmppSetting, password, type AioxmppLogin, type AioxmppUser, type Roster } from "./setting.ts";

const setting = aioxmppSetting([], { session: { resumptionMs: 300 } });
type Name = "alice" | "bob" | "carol";

/** Each test has its own accounts, and only the first two exist. */
let made = 0;
const jidOf = (name: Name): string => `${name}${made}@localhost`;
beforeEach(async () => {
  if (aioxmppIsMissing) return;
  made += 1;
  for (const name of ["alice", "bob"] as const) await setting.server.addUser(jidOf(name), password);
});

const online = (name: Name, resource = "r", options: Omit<AioxmppLogin, "jid"> = {}) =>
  setting.online({ jid: `${jidOf(name)}/${resource}`, ...options });

async function available(name: Name, resource?: string, options?: Omit<AioxmppLogin, "jid">): Promise<AioxmppUser> {
  const user = await online(name, resource, options);
  await user.call("presence");
  await user.settled();
  return user;
}

const both = async () => [await available("alice"), await available("bob")] as const;

/** One sees the other. */
async function follow(follower: AioxmppUser, followed: AioxmppUser): Promise<void> {
  await follower.call("subscribe", { jid: followed.bareJid });
  expect(await followed.next("subscription")).toEqual({ type: "subscribe", from: follower.bareJid });
  await followed.call("approve", { jid: follower.bareJid });
  expect(await follower.next("subscription")).toEqual({ type: "subscribed", from: followed.bareJid });
  await sees(follower, followed);
}

/** Both see each other. */
async function friends(): Promise<readonly [AioxmppUser, AioxmppUser]> {
  const [alice, bob] = await both();
  await follow(alice, bob);
  await follow(bob, alice);
  return [alice, bob];
}

/** In aioxmpp's PresenceClient. */
const sees = (user: AioxmppUser, contact: AioxmppUser, resources: object = { [contact.resource]: 0 }) =>
  user.eventually("resources", { jid: contact.bareJid }).toEqual(resources);

/** In aioxmpp's RosterClient: these contacts and no others. */
const has = (user: AioxmppUser, items: Roster["items"]) => user.eventually("items").toEqual(items);

const exported = async (user: AioxmppUser) => (await user.call("roster")) as Roster;

describe.skipIf(aioxmppIsMissing)("aioxmpp gets in", () => {
  const ways = [{ by: "STARTTLS", direct: false }, { by: "TLS from the first byte", direct: true }];

  it.each(ways)("by $by, and finds nothing in its roster and its block list", async ({ direct }) => {
    const alice = await available("alice", "r", { direct });
    expect(alice.jid).toBe(`${jidOf("alice")}/r`);
    expect(await alice.call("items")).toEqual({});
    expect(await alice.call("blocked")).toEqual([]);
  });

  it.each(ways)("by $by only where it trusts the certificate, and with the right password", async ({ direct }) => {
    const options = { jid: `${jidOf("alice")}/r`, direct };
    const distrusting = await setting.login({ ...options, trusting: false });
    expect(distrusting.login.online).toBe(false);
    const mistaken = await setting.login({ ...options, password: "wrong" });
    expect(mistaken.login).toMatchObject({ online: false, why: expect.stringContaining("AuthenticationFailure") });
    await (await setting.online(options)).settled();
  });
});

describe.skipIf(aioxmppIsMissing)("RFC 6121 section 3 with aioxmpp's RosterClient", () => {
  it("asks and is granted", async () => {
    const [alice, bob] = await both();
    await alice.call("subscribe", { jid: bob.bareJid });
    expect(await bob.next("subscription")).toEqual({ type: "subscribe", from: alice.bareJid });
    await has(alice, { [bob.bareJid]: { subscription: "none", ask: "subscribe" } });
    expect(await bob.call("items")).toEqual({});
    await bob.call("approve", { jid: alice.bareJid });
    expect(await alice.next("subscription")).toEqual({ type: "subscribed", from: bob.bareJid });
    await has(alice, { [bob.bareJid]: { subscription: "to" } });
    await has(bob, { [alice.bareJid]: { subscription: "from" } });
    await sees(alice, bob);
    await sees(bob, alice, {});
  });

  it("asks and is refused", async () => {
    const [alice, bob] = await both();
    await alice.call("subscribe", { jid: bob.bareJid });
    await bob.next("subscription");
    await bob.call("presence", { type: "unsubscribed", to: alice.bareJid });
    expect(await alice.next("subscription")).toEqual({ type: "unsubscribed", from: bob.bareJid });
    await has(alice, { [bob.bareJid]: { subscription: "none" } });
    expect(await bob.call("items")).toEqual({});
  });

  it("takes back what it granted, and gives up what it has", async () => {
    const [alice, bob] = await friends();
    await bob.call("presence", { type: "unsubscribed", to: alice.bareJid });
    expect(await alice.next("subscription")).toEqual({ type: "unsubscribed", from: bob.bareJid });
    await has(alice, { [bob.bareJid]: { subscription: "from" } });
    await has(bob, { [alice.bareJid]: { subscription: "to" } });
    expect(await alice.call("resources", { jid: bob.bareJid })).toEqual({});
    await bob.call("unsubscribe", { jid: alice.bareJid });
    expect(await alice.next("subscription")).toEqual({ type: "unsubscribe", from: bob.bareJid });
    await has(alice, { [bob.bareJid]: { subscription: "none" } });
    await has(bob, { [alice.bareJid]: { subscription: "none" } });
    await sees(bob, alice, {});
  });

  it("removes a contact, and both see the other leave", async () => {
    const [alice, bob] = await friends();
    await alice.call("remove", { jid: bob.bareJid });
    await has(alice, {});
    await has(bob, { [alice.bareJid]: { subscription: "none" } });
    await sees(alice, bob, {});
    await sees(bob, alice, {});
    await expect(alice.call("remove", { jid: bob.bareJid })).rejects.toMatchObject({ type: "cancel", condition: "item-not-found" });
  });

  it("approves a request before there is one", async () => {
    const [alice, bob] = await both();
    await bob.call("approve", { jid: alice.bareJid });
    await has(bob, { [alice.bareJid]: { subscription: "none", approved: true } });
    await alice.call("subscribe", { jid: bob.bareJid });
    expect(await alice.next("subscription")).toEqual({ type: "subscribed", from: bob.bareJid });
    await sees(alice, bob);
    await has(bob, { [alice.bareJid]: { subscription: "from" } });
    expect(await bob.count("subscription")).toBe(0);
  });
});

describe.skipIf(aioxmppIsMissing)("RFC 6121 section 2 with aioxmpp's RosterClient", () => {
  it("names and groups reach every resource, also of a contact that was never asked for anything", async () => {
    const [alice, other] = [await available("alice"), await available("alice", "other")];
    const jid = jidOf("bob");
    await alice.call("label", { jid, name: "Bob & Co.", add: ["Büro", "Friends"] });
    await has(other, { [jid]: { subscription: "none", name: "Bob & Co.", groups: ["Büro", "Friends"] } });
    await alice.eventually("groups").toEqual({ Büro: [jid], Friends: [jid] });
    await alice.call("label", { jid, name: "Bob", remove: ["Büro"] });
    for (const user of [alice, other]) await has(user, { [jid]: { subscription: "none", name: "Bob", groups: ["Friends"] } });
    expect(await other.call("groups")).toEqual({ Friends: [jid] });
  });
});

describe.skipIf(aioxmppIsMissing)("RFC 6121 section 2.6 with aioxmpp's RosterClient", () => {
  /** What is not in the roster, and stays where the roster is not sent again. */
  const imagined = { "imagined@localhost": { subscription: "both", name: "Harvey" } };

  /** Alice knows some contacts and is away. */
  async function known(): Promise<Roster> {
    const alice = await available("alice");
    for (const name of ["bob", "carol"] as const) await alice.call("label", { jid: jidOf(name), name, add: ["Friends"] });
    const inside = { subscription: "none", groups: ["Friends"] };
    await has(alice, { [jidOf("bob")]: { ...inside, name: "bob" }, [jidOf("carol")]: { ...inside, name: "carol" } });
    await alice.call("logout");
    return exported(alice);
  }

  it("sends nothing to a client that has the version: what it believes stays, even if it is wrong", async () => {
    const { items, ver } = await known();
    expect(ver).toEqual(expect.any(String));
    const believed = { ...items, ...imagined };
    const alice = await available("alice", "again", { roster: { items: believed, ver } });
    expect(await exported(alice)).toEqual({ items: believed, ver });
  });

  it("sends what has changed: contacts that came, changed and went", async () => {
    const before = await known();
    const other = await available("alice", "other");
    await other.call("remove", { jid: jidOf("carol") });
    await other.call("label", { jid: jidOf("bob"), name: "Robert", remove: ["Friends"] });
    await other.call("label", { jid: "dora@localhost", name: "Dora" });
    await other.call("subscribe", { jid: "dora@localhost" });
    const bob = { subscription: "none", name: "Robert" };
    const dora = { subscription: "none", name: "Dora", ask: "subscribe" };
    await has(other, { [jidOf("bob")]: bob, "dora@localhost": dora });
    const alice = await available("alice", "again", { roster: { ...before, items: { ...before.items, ...imagined } } });
    const { items, ver } = await exported(other);
    await alice.eventually("roster").toEqual({ items: { ...items, ...imagined }, ver });
    expect(await exported(await available("alice", "new"))).toEqual({ items, ver });
  });

  it.each(["", "never-seen", "99999999"])("sends everything to a client that names a version which never was: %j", async (ver) => {
    const { items, ver: right } = await known();
    const alice = await available("alice", "again", { roster: { items: imagined, ver } });
    expect(await exported(alice)).toEqual({ items, ver: right });
  });
});

describe.skipIf(aioxmppIsMissing)("RFC 6121 section 4 with aioxmpp's PresenceClient", () => {
  it("shows each resource of a contact with its priority, and a contact that was there before", async () => {
    const [alice, bob] = await friends();
    const second = await available("bob", "second");
    await second.call("presence", { priority: -3 });
    await sees(alice, bob, { r: 0, second: -3 });
    const again = await available("alice", "again");
    await sees(again, bob, { r: 0, second: -3 });
    await second.call("logout");
    for (const user of [alice, again]) await sees(user, bob);
    await bob.call("presence", { type: "unavailable" });
    for (const user of [alice, again]) await sees(user, bob, {});
  });

  it("shows a contact whose socket is gone, and who does not come back in time, as gone", async () => {
    const [alice, bob] = await friends();
    await bob.call("kill");
    await sees(alice, bob, {});
    await expect.poll(async () => (await setting.server.sessions()).map(({ full_jid }) => full_jid)).toEqual([alice.jid]);
  });
});

describe.skipIf(aioxmppIsMissing)("What is kept while aioxmpp is away", () => {
  it("is the request, at each login until it is answered (RFC 6121 section 3.1.3)", async () => {
    const alice = await available("alice");
    await alice.call("subscribe", { jid: jidOf("bob") });
    await alice.settled();
    for (const resource of ["first", "second"]) {
      const bob = await available("bob", resource);
      expect(await bob.next("subscription")).toEqual({ type: "subscribe", from: alice.bareJid });
      await bob.call("logout");
    }
    const bob = await available("bob");
    await bob.call("approve", { jid: alice.bareJid });
    await sees(alice, bob);
    await bob.call("logout");
    expect(await (await available("bob")).count("subscription")).toBe(0);
  });

  it("are messages, in order, once, with a time that aioxmpp can read (XEP-0203)", async () => {
    const alice = await available("alice");
    const before = Date.now();
    const bodies = ["one", "two <&>", "drei 😀"];
    for (const body of bodies) await alice.call("message", { to: jidOf("bob"), body });
    await alice.settled();
    const bob = await available("bob");
    for (const body of bodies) {
      const message = (await bob.next("message")) as { readonly delays: readonly { readonly stamp: string }[] };
      expect(message).toMatchObject({ type: "chat", body, from: alice.jid, to: bob.bareJid, delays: [{ from: "localhost" }] });
      const stamp = Date.parse(message.delays[0]?.stamp ?? "");
      expect(stamp).toBeGreaterThanOrEqual(before - 1_000);
      expect(stamp).toBeLessThanOrEqual(Date.now());
    }
    await bob.settled();
    await bob.call("logout");
    expect(await (await available("bob")).count("message")).toBe(0);
    expect(await alice.count("message")).toBe(0);
  });
});

describe.skipIf(aioxmppIsMissing)("XEP-0191 with aioxmpp's BlockingClient", () => {
  it("blocks a contact, who sees the user leave and reaches nobody, and unblocks", async () => {
    const [alice, bob] = await friends();
    await alice.call("block", { jids: [bob.bareJid] });
    await sees(bob, alice, {});
    await bob.call("message", { to: alice.bareJid, body: "hello?" });
    expect(await bob.next("message")).toMatchObject({ type: "error", error: { type: "cancel", condition: "service-unavailable" } });
    await alice.call("message", { to: bob.bareJid, body: "not to you" });
    expect(await alice.next("message")).toMatchObject({ type: "error", error: { type: "cancel", condition: "not-acceptable" } });
    await alice.call("unblock", { jids: [bob.bareJid] });
    await sees(bob, alice);
    await sees(alice, bob);
    await bob.call("message", { to: alice.bareJid, body: "hello again" });
    expect(await alice.next("message")).toMatchObject({ body: "hello again", from: bob.jid });
  });

  it("keeps the list of every resource, which finds it again at the next login", async () => {
    const [alice, other] = [await available("alice"), await available("alice", "other")];
    const jids = [jidOf("bob"), `${jidOf("carol")}/phone`, "spam.example"].toSorted();
    await alice.call("block", { jids });
    for (const user of [alice, other]) {
      expect(await user.next("block")).toEqual(["block", ...jids]);
      expect(await user.call("blocked")).toEqual(jids);
    }
    await other.call("unblock", { jids: ["spam.example"] });
    expect(await alice.next("block")).toEqual(["unblock", "spam.example"]);
    expect(await (await available("alice", "again")).call("blocked")).toEqual(jids.filter((jid) => jid !== "spam.example"));
    await alice.call("unblock_all");
    await other.eventually("blocked").toEqual([]);
    expect(await (await available("alice", "at last")).call("blocked")).toEqual([]);
  });
});

describe.skipIf(aioxmppIsMissing)("What aioxmpp keeps with the server", () => {
  it("XEP-0054: a vCard, changed where it stands, which another reads", async () => {
    const [alice, bob] = await both();
    expect(await alice.call("vcard")).toEqual({ name: null, photo: null });
    for (const card of [{ name: "Alice Äöü", photo: "89504e470d0a1a0a00ff" }, { name: "Alice B.", photo: "ff00" }]) {
      await alice.call("set_vcard", card);
      expect(await alice.call("vcard")).toEqual(card);
      expect(await bob.call("vcard", { jid: alice.bareJid })).toEqual(card);
    }
  });

  it("XEP-0049: private data, in all resources", async () => {
    const [alice, other] = [await available("alice"), await available("alice", "other")];
    expect(await other.call("note")).toBeNull();
    await alice.call("store_note", { text: "<&> für mich 😀" });
    expect(await other.call("note")).toBe("<&> für mich 😀");
    expect(await (await available("bob")).call("note")).toBeNull();
  });
});

describe.skipIf(aioxmppIsMissing)("XEP-0115 with aioxmpp's EntityCapsService", () => {
  it("the server's description has the hash that aioxmpp calculates (section 6.2)", async () => {
    const alice = await available("alice");
    const info = (await alice.call("info", { jid: "localhost" })) as { readonly features: readonly string[] };
    const some = ["http://jabber.org/protocol/caps", "urn:xmpp:blocking", "urn:xmpp:ping"];
    expect(info).toEqual({ identities: expect.arrayContaining([["server", "im"], ["pubsub", "pep"]]), features: expect.arrayContaining(some) });
    const byHash = (node: string) => alice.call("info_by_hash", { jid: "localhost", node });
    expect(await byHash(`pkg:npm/${software.name}`)).toEqual(info.features);
    await expect(byHash("urn:example:other")).rejects.toMatchObject({ condition: "item-not-found" });
  });

  it("a contact's presence tells its hashes, and the contact itself answers for them", async () => {
    const [alice, bob] = await friends();
    const feature = "urn:example:of-bob-alone";
    await bob.call("announce", { feature });
    await bob.settled();
    await alice.settled();
    const described = await alice.call("described", { jid: bob.jid });
    expect(described).toMatchObject({ features: expect.arrayContaining([feature, "http://jabber.org/protocol/caps", "urn:xmpp:ping"]) });
    expect(described).toMatchObject({ verified: { "XEP-0115": true, "XEP-0390": true } });
  });
});
