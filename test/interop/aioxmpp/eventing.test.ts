/** aioxmpp with personal eventing: its PEPClient and PubSubClient, its avatars of both kinds, and bookmarks in private XML. */
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { pythonSetting, type PythonUser } from "../python-setting.ts";
import { aioxmppIsMissing, password } from "./setting.ts";

const setting = pythonSetting(new URL("eventing-agent.py", import.meta.url), aioxmppIsMissing, []);
type Name = "alice" | "bob";
const node = "urn:example:mood";

/** Each test has its own two accounts. */
let made = 0;
const jidOf = (name: Name): string => `${name}${made}@localhost`;
beforeEach(async () => {
  if (aioxmppIsMissing) return;
  made += 1;
  for (const name of ["alice", "bob"] as const) await setting.server.addUser(jidOf(name), password);
});

const online = (name: Name, services: object = {}, resource = "r") => setting.online({ jid: `${jidOf(name)}/${resource}`, ...services });

async function available(name: Name, services: object = {}, resource?: string): Promise<PythonUser> {
  const user = await online(name, services, resource);
  await user.call("show");
  // The second time, aioxmpp has answered what the server had asked before it answered the first time.
  await user.settled();
  await user.settled();
  return user;
}

/** Bob sees Alice. */
async function follow(bob: PythonUser, alice: PythonUser): Promise<void> {
  await alice.call("approve", { jid: bob.bareJid });
  await alice.settled();
  await bob.call("subscribe", { jid: alice.bareJid });
  await bob.settled();
}

const all = async (user: PythonUser, kind: string): Promise<unknown> => {
  await user.settled();
  return user.call("told", { kind });
};

describe.skipIf(aioxmppIsMissing)("XEP-0163 with aioxmpp's PEPClient", () => {
  it("finds the service, publishes what it listens to, and hears of others, late or at once", async () => {
    const alice = await available("alice");
    expect(await alice.call("available")).toBe(true);
    expect(await alice.call("publish", { text: "first <&>", id: "current" })).toBe("current");
    const bob = await available("bob", { moods: true });
    await follow(bob, alice);
    const mood = { from: alice.bareJid, id: "current" };
    expect(await bob.next("mood")).toMatchObject({ ...mood, text: "first <&>" });
    await alice.call("publish", { text: "zweite 😀", id: "current" });
    expect(await bob.next("mood")).toEqual({ ...mood, text: "zweite 😀", late: false });
    await bob.call("logout");
    const again = await available("bob", { moods: true }, "again");
    expect(await again.next("mood")).toEqual({ ...mood, text: "zweite 😀", late: true });
    expect(await all(again, "mood")).toEqual([]);
  });

  it("hears nothing that it does not want, and its own on every resource", async () => {
    const [alice, other, bob] = [await available("alice"), await available("alice", { moods: true }, "other"), await available("bob")];
    await follow(bob, alice);
    await alice.call("publish", { text: "x", id: "1" });
    expect(await other.next("mood")).toEqual({ from: alice.bareJid, id: "1", text: "x", late: false });
    for (const user of [alice, bob]) expect(await all(user, "mood")).toEqual([]);
  });
});

describe.skipIf(aioxmppIsMissing)("XEP-0060 with aioxmpp's PubSubClient", () => {
  it("publishes by options, which have to be true, and reads who may see it", async () => {
    const [alice, bob] = [await available("alice"), await available("bob")];
    expect(await alice.call("publish", { text: "mine", id: "1", access_model: "whitelist" })).toBe("1");
    await expect(bob.call("moods", { jid: alice.bareJid })).rejects.toMatchObject({ condition: "not-allowed" });
    await expect(alice.call("publish", { text: "for all", id: "2", access_model: "open" })).rejects.toMatchObject({ condition: "conflict" });
    expect(await alice.call("moods")).toEqual([["1", "mine"]]);
    await alice.call("configure", { access_model: "open" });
    expect(await alice.call("configuration")).toMatchObject({ access_model: "open", persist_items: true });
    expect(await alice.call("publish", { text: "for all", id: "2", access_model: "open" })).toBe("2");
    expect(await bob.call("moods", { jid: alice.bareJid })).toEqual([["2", "for all"]]);
    expect(await bob.call("nodes", { jid: alice.bareJid })).toEqual([node]);
    expect(await alice.call("affiliations")).toEqual([[alice.bareJid, "owner"]]);
  });

  it("keeps as many items as it is told, reads the newest, retracts and deletes", async () => {
    const [alice, bob] = [await available("alice"), await available("bob", { moods: true })];
    await follow(bob, alice);
    for (const id of ["1", "2", "3"]) expect(await alice.call("publish_with", { id, text: `mood ${id}`, options: { max_items: "max", access_model: "presence" } })).toBe(id);
    expect(await bob.call("moods", { jid: alice.bareJid })).toEqual([["1", "mood 1"], ["2", "mood 2"], ["3", "mood 3"]]);
    expect(await bob.call("moods", { jid: alice.bareJid, max_items: 1 })).toEqual([["3", "mood 3"]]);
    expect(await all(bob, "mood")).toHaveLength(3);
    await alice.call("retract", { id: "2" });
    expect(await bob.next("retracted")).toEqual([alice.bareJid, node, "2"]);
    await expect(alice.call("retract", { id: "2" })).rejects.toMatchObject({ condition: "item-not-found" });
    await alice.call("delete");
    expect(await bob.next("deleted")).toEqual([alice.bareJid, node]);
    await expect(bob.call("moods", { jid: alice.bareJid })).rejects.toMatchObject({ condition: "item-not-found" });
  });

  it("gives an item without an id one, and tells it", async () => {
    const alice = await available("alice");
    const id = await alice.call("publish", { text: "x" });
    expect(id).toMatch(/./);
    expect(await alice.call("moods")).toEqual([[id, "x"]]);
  });

  it("subscribes to an open node of somebody whose presence it does not see, and no longer", async () => {
    const [alice, bob] = [await available("alice"), await available("bob", { moods: true })];
    await alice.call("publish", { text: "one", id: "1", access_model: "open" });
    expect(await bob.call("follow", { jid: alice.bareJid })).toBe("subscribed");
    await alice.call("publish", { text: "two", id: "1" });
    expect(await all(alice, "mood")).toEqual([]);
    expect(await all(bob, "mood")).toMatchObject([{ text: "one" }, { text: "two", late: false }]);
    await bob.call("unfollow", { jid: alice.bareJid });
    await alice.call("publish", { text: "three", id: "1" });
    await alice.settled();
    expect(await all(bob, "mood")).toEqual([]);
    await expect(bob.call("unfollow", { jid: alice.bareJid })).rejects.toMatchObject({ condition: "unexpected-request" });
  });
});

/** No pictures, but nobody here looks into them: what begins as PNG does. */
const png = (text: string): string => `89504e470d0a1a0a${Buffer.from(text).toString("hex")}`;
const idOf = (picture: string): string => createHash("sha1").update(Buffer.from(picture, "hex")).digest("hex");
const [red, blue] = [png("red"), png("blue")];

describe.skipIf(aioxmppIsMissing)("XEP-0084 and XEP-0398 with aioxmpp's AvatarService", () => {
  const described = (picture: string) => ({ id: idOf(picture), type: "image/png" });

  it("publishes, is seen at once and later, and is read back by both protocols", async () => {
    const [alice, bob] = [await available("alice", { avatars: true }), await available("bob", { avatars: true })];
    await follow(bob, alice);
    // aioxmpp finds no avatar and asks for the vCard then; she has neither (XEP-0054 section 3.3).
    await expect(bob.call("avatar", { jid: alice.bareJid })).rejects.toMatchObject({ condition: "service-unavailable" });
    await alice.call("publish_avatar", { png: red });
    expect(await bob.call("avatar", { jid: alice.bareJid })).toEqual([[described(red), red]]);
    expect(await all(bob, "avatar")).toContainEqual([alice.bareJid, described(red)]);
    expect(await bob.call("vcard_photo", { jid: alice.bareJid })).toBe(red);
    await bob.call("logout");
    const again = await available("bob", { avatars: true }, "again");
    await again.eventually("told", { kind: "avatar" }).toContainEqual([alice.bareJid, described(red)]);
  });

  it("is what another client puts into the vCard", async () => {
    const [alice, old, bob] = [await available("alice", { avatars: true }), await available("alice", {}, "old"), await available("bob", { avatars: true })];
    await follow(bob, alice);
    await old.call("set_vcard_photo", { png: blue });
    for (const user of [alice, bob]) expect(await user.call("avatar", { jid: alice.bareJid })).toEqual([[described(blue), blue]]);
    expect(await all(bob, "avatar")).toContainEqual([alice.bareJid, described(blue)]);
  });

  it.each(["disable_avatar", "wipe_avatar"])("ends with %s, in both places", async (ends) => {
    const [alice, bob] = [await available("alice", { avatars: true }), await available("bob", { avatars: true })];
    await follow(bob, alice);
    await alice.call("publish_avatar", { png: red });
    expect(await bob.call("vcard_photo", { jid: alice.bareJid })).toBe(red);
    await alice.call(ends);
    await alice.settled();
    expect(await bob.call("avatar", { jid: alice.bareJid })).toEqual([]);
    await expect(bob.call("vcard_photo", { jid: alice.bareJid })).rejects.toMatchObject({ condition: "service-unavailable" });
    expect(((await all(bob, "avatar")) as unknown[]).at(-1)).toEqual([alice.bareJid]);
  });
});

const play = { jid: "play@muc.example", name: "The Play", nick: "JC", autojoin: true };
const orchard = { jid: "orchard@muc.example", name: "<&> 😀", nick: null, autojoin: false };

describe.skipIf(aioxmppIsMissing)("XEP-0048 and XEP-0402 with aioxmpp's BookmarkClient", () => {
  it("adds, changes and removes, and the other client's items are the same set", async () => {
    const [alice, other] = [await online("alice", { bookmarks: true }), await online("alice", { bookmarks: true }, "other")];
    await alice.call("add_bookmark", { room: play });
    await alice.call("add_bookmark", { room: orchard });
    expect(await other.call("bookmarks")).toEqual([play, orchard]);
    expect(await other.call("told", { kind: "bookmark" })).toEqual([["added", play.jid], ["added", orchard.jid]]);
    expect(await other.call("native_bookmarks")).toEqual([play, orchard]);
    const renamed = { ...play, name: "The Other Play", nick: "Jülia" };
    await other.call("update_bookmark", { old: play, new: renamed });
    expect(await alice.call("bookmarks")).toEqual([renamed, orchard]);
    const third = { ...play, jid: "third@muc.example" };
    await alice.call("publish_bookmark", { room: third });
    expect(await other.call("bookmarks")).toEqual([renamed, orchard, third]);
    await other.call("discard_bookmark", { room: orchard });
    expect(await alice.call("native_bookmarks")).toEqual([renamed, third]);
    expect(await alice.call("bookmarks")).toEqual([renamed, third]);
    expect(await alice.call("told", { kind: "bookmark" })).toContainEqual(["removed", orchard.jid]);
  });
});
