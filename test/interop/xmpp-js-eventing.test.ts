/** An app on @xmpp/client with personal eventing: nodes of its own, avatars, bookmarks, private data. */
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { password, xml, type XmlElement, type XmppJsUser } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";
import { itemsOf, listen, nextEvent, publish, pubsubNamespace, valuesOf } from "./xmpp-js-words.ts";

const setting = xmppJsSetting([]);
const node = "urn:example:mood";
const mood = (text: string) => xml("mood", node, text);
const texts = async (user: XmppJsUser, of?: string) => (await itemsOf(user, node, of)).map(([id, payload]) => [id, payload?.text()]);

/** Each test has its own two accounts. */
let made = 0;
beforeEach(async () => {
  made += 1;
  for (const name of ["alice", "bob"]) await setting.server.addUser(`${name}${made}`, password);
});

const online = (name: "alice" | "bob", resource?: string) => setting.online(`${name}${made}`, resource === undefined ? {} : { resource });

/** Bob sees Alice, and wants to hear of these nodes. */
async function followed(...nodes: readonly string[]): Promise<readonly [XmppJsUser, XmppJsUser]> {
  const [alice, bob] = [await online("alice"), await online("bob")];
  await listen(bob, ...nodes);
  await alice.presence();
  await bob.client.send(xml("presence", { to: alice.bareJid, type: "subscribe" }));
  await bob.settled();
  await alice.client.send(xml("presence", { to: bob.bareJid, type: "subscribed" }));
  await alice.settled();
  return [alice, bob];
}

describe("XEP-0163 with @xmpp/client", () => {
  it("tells a contact that wants to hear, and one that comes later", async () => {
    const [alice, bob] = await followed(node);
    expect(await publish(alice, node, "current", mood("<&> für dich 😀"))).toBe("current");
    const { message, event } = await nextEvent(bob, node);
    expect(message.attrs).toMatchObject({ from: alice.bareJid, to: bob.jid, type: "headline" });
    expect(event.getChild("item")?.attrs["id"]).toBe("current");
    expect(event.getChild("item")?.getChildText("mood", node)).toBe("<&> für dich 😀");
    const again = await online("bob", "again");
    await listen(again, node);
    expect((await nextEvent(again, node)).message.getChild("delay", "urn:xmpp:delay")).toBeDefined();
  });

  it("tells nobody who does not want to hear, and the publisher's other resource that does", async () => {
    const [alice, bob] = await followed("urn:example:other");
    const other = await online("alice", "other");
    await listen(other, node);
    await publish(alice, node, "current", mood("x"));
    expect((await nextEvent(other, node)).message.attrs["to"]).toBe(other.jid);
    await alice.settled();
    await bob.settled();
    expect(bob.arrived("message")).toEqual([]);
  });

  it("publishes by options, which have to be true (XEP-0060 section 7.1.5)", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    const open = { "pubsub#access_model": "open", "pubsub#max_items": "2" };
    for (const id of ["1", "2", "3"]) expect(await publish(alice, node, id, mood(id), open)).toBe(id);
    expect(await texts(bob, alice.bareJid)).toEqual([["2", "2"], ["3", "3"]]);
    await expect(publish(alice, node, "4", mood("4"), { "pubsub#access_model": "whitelist" })).rejects.toMatchObject({ condition: "conflict" });
    expect(await texts(alice)).toEqual([["2", "2"], ["3", "3"]]);
    const configure = await alice.client.iqCaller.get(xml("pubsub", `${pubsubNamespace}#owner`, xml("configure", { node })));
    expect(valuesOf(configure?.getChild("configure")?.getChild("x", "jabber:x:data"))).toMatchObject({ "pubsub#access_model": ["open"], "pubsub#max_items": ["2"] });
  });

  it("is for the owner alone to write, and tells what was taken back", async () => {
    const [alice, bob] = await followed(node);
    const id = await publish(alice, node, undefined, mood("x"));
    expect(id).toMatch(/./);
    await nextEvent(bob, node);
    const retract = xml("pubsub", pubsubNamespace, xml("retract", { node, notify: "true" }, xml("item", { id })));
    await expect(bob.client.iqCaller.set(retract, alice.bareJid)).rejects.toMatchObject({ condition: "forbidden" });
    await alice.client.iqCaller.set(retract);
    expect((await nextEvent(bob, node)).event.getChild("retract")?.attrs["id"]).toBe(id);
    await expect(alice.client.iqCaller.set(retract)).rejects.toMatchObject({ condition: "item-not-found" });
  });
});

const picture = Buffer.from("89504e470d0a1a0a00ff", "hex");
const id = createHash("sha1").update(picture).digest("hex");
const [dataNode, metadataNode] = ["urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"];
const isHash = (from: XmppJsUser) => (stanza: XmlElement) =>
  stanza.name === "presence" && stanza.attrs["from"] === from.jid && stanza.getChild("x", "vcard-temp:x:update")?.getChild("photo") !== undefined;

describe("XEP-0084 and XEP-0398 with @xmpp/client", () => {
  it("tells of an avatar by event and by presence, and gives it by node and by vCard", async () => {
    const [alice, bob] = await followed(metadataNode);
    await publish(alice, dataNode, id, xml("data", dataNode, picture.toString("base64")));
    const info = xml("info", { id, type: "image/png", bytes: `${picture.length}` });
    await publish(alice, metadataNode, id, xml("metadata", metadataNode, info));
    const { event } = await nextEvent(bob, metadataNode);
    expect(event.getChild("item")?.getChild("metadata", metadataNode)?.getChild("info")?.attrs).toEqual({ ...info.attrs });
    const shown = (await bob.next(isHash(alice))).getChild("x", "vcard-temp:x:update");
    expect(shown?.getChildText("photo")).toBe(id);
    const [item] = await itemsOf(bob, dataNode, alice.bareJid);
    expect([item?.[0], item?.[1]?.text()]).toEqual([id, picture.toString("base64")]);
    const photo = (await bob.client.iqCaller.get(xml("vCard", "vcard-temp"), alice.bareJid))?.getChild("PHOTO");
    expect([photo?.getChildText("TYPE"), photo?.getChildText("BINVAL")]).toEqual(["image/png", picture.toString("base64")]);
  });
});

const native = "urn:xmpp:bookmarks:1";
const storage = (...rooms: readonly XmlElement[]) => xml("query", "jabber:iq:private", xml("storage", "storage:bookmarks", ...rooms));

describe("XEP-0402 and XEP-0049 with @xmpp/client", () => {
  it("keeps one set of bookmarks, whichever way they are kept, and tells of each", async () => {
    const [alice, other] = [await online("alice"), await online("alice", "other")];
    await listen(other, native);
    await alice.client.iqCaller.set(storage(xml("conference", { jid: "play@muc.example", name: "The Play", autojoin: "true" }, xml("nick", {}, "JC"))));
    const { event } = await nextEvent(other, native);
    const conference = event.getChild("item")?.getChild("conference", native);
    expect([event.getChild("item")?.attrs["id"], conference?.attrs["name"], conference?.getChildText("nick")]).toEqual(["play@muc.example", "The Play", "JC"]);
    const options = { "pubsub#persist_items": "true", "pubsub#max_items": "max", "pubsub#send_last_published_item": "never", "pubsub#access_model": "whitelist" };
    await publish(other, native, "orchard@muc.example", xml("conference", { xmlns: native, name: "<&> 😀" }), options);
    const list = (await alice.client.iqCaller.get(storage()))?.getChild("storage", "storage:bookmarks")?.getChildren("conference");
    expect(list?.map(({ attrs }) => [attrs["jid"], attrs["name"]])).toEqual([["play@muc.example", "The Play"], ["orchard@muc.example", "<&> 😀"]]);
    await alice.client.iqCaller.set(storage());
    expect(await itemsOf(other, native)).toEqual([]);
  });

  it("keeps private data for the user alone, and takes no more than one kind at a time", async () => {
    const [alice, other, bob] = [await online("alice"), await online("alice", "other"), await online("bob")];
    const query = (...children: readonly XmlElement[]) => xml("query", "jabber:iq:private", ...children);
    const note = (...text: readonly string[]) => xml("note", "urn:example:note", ...text);
    await alice.client.iqCaller.set(query(note("<&> 😀")));
    const noteOf = async (user: XmppJsUser) => (await user.client.iqCaller.get(query(note())))?.getChildText("note", "urn:example:note");
    expect([await noteOf(other), await noteOf(bob)]).toEqual(["<&> 😀", ""]);
    await expect(bob.client.iqCaller.get(query(note()), alice.bareJid)).rejects.toMatchObject({ condition: expect.stringMatching(/forbidden|service-unavailable/) as string });
    await expect(alice.client.iqCaller.get(query())).rejects.toMatchObject({ condition: "not-acceptable" });
    await expect(alice.client.iqCaller.get(query(note(), xml("other", "urn:example:other")))).rejects.toMatchObject({ condition: "bad-request" });
  });
});
