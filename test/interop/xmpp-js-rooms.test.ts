/** An app on @xmpp/client in rooms, with the stanzas of XEP-0045 as it writes them itself: three occupants, and every privilege. */
import { beforeEach, describe, expect, it } from "vitest";
import { errorOf, xml, type XmlElement, type XmppJsUser } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";
import { form, valuesOf, type Values } from "./xmpp-js-words.ts";

const setting = xmppJsSetting(["alice", "bob", "carol", "dave"]);
const muc = "http://jabber.org/protocol/muc";
const [mucUser, mucAdmin, mucOwner] = [`${muc}#user`, `${muc}#admin`, `${muc}#owner`];
const discoInfo = "http://jabber.org/protocol/disco#info";
const dataForm = "jabber:x:data";

let made = 0;
let room: string;
beforeEach(() => (room = `court-${++made}@muc.localhost`));

const online = (username: string) => setting.online(username, { resource: "r" });
const nickOf = (stanza: XmlElement): string => (stanza.attrs["from"] ?? "").split("/")[1] ?? "";
const join = (nick: string, ...inner: readonly XmlElement[]) => xml("presence", { to: `${room}/${nick}`, id: `join-${nick}` }, xml("x", muc, ...inner));
const say = (body: string) => xml("message", { to: room, type: "groupchat", id: body }, xml("body", { "xml:lang": "en" }, body));

/** Presence as `nick role/affiliation (jid) [codes]`, messages as `nick: body`, in the order in which they came. */
function words(stanza: XmlElement): string {
  if (stanza.attrs["type"] === "error") return `error ${errorOf(stanza).condition}`;
  const x = stanza.getChild("x", mucUser);
  const item = x?.getChild("item");
  const codes = (x?.getChildren("status") ?? []).map((status) => status.attrs["code"]);
  if (stanza.name === "presence") {
    const { role, affiliation, jid, nick } = item?.attrs ?? {};
    const gone = stanza.attrs["type"] === "unavailable" ? " unavailable" : "";
    const more = [jid && `(${jid})`, nick && `as ${nick}`, item?.getChildText("reason"), codes.length > 0 && `[${codes.join(" ")}]`].filter(Boolean);
    return [`${nickOf(stanza)}${gone} ${role}/${affiliation}`, ...more].join(" ");
  }
  const subject = stanza.getChild("subject");
  const what = stanza.getChildText("body") ?? (subject === undefined ? `[${codes.join(" ")}]` : `subject ${subject.text()}`);
  return `${nickOf(stanza)}: ${what}${stanza.getChild("delay", "urn:xmpp:delay") === undefined ? "" : " (delayed)"}`;
}

/** What has come since the last look, but answers. */
async function heard(user: XmppJsUser): Promise<readonly string[]> {
  await user.settled();
  const all: string[] = [];
  while (user.arrived("presence").length + user.arrived("message").length > 0) all.push(words(await user.next(({ name }) => name !== "iq")));
  return all;
}

async function heardBy(...users: readonly XmppJsUser[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const user of users) all.push(await heard(user));
  return all;
}

const configure = (user: XmppJsUser, values: Values) => user.client.iqCaller.set(xml("query", mucOwner, form(`${muc}#roomconfig`, values)), room);
const change = (user: XmppJsUser, attrs: Readonly<Record<string, string>>, reason?: string) =>
  user.client.iqCaller.set(xml("query", mucAdmin, xml("item", attrs, ...(reason === undefined ? [] : [xml("reason", {}, reason)]))), room);

async function list(user: XmppJsUser, attrs: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const query = await user.client.iqCaller.get(xml("query", mucAdmin, xml("item", attrs)), room);
  return query!.getChildren("item").map(({ attrs: { jid, nick } }) => nick ?? jid ?? "");
}

async function three(values: Values = {}): Promise<readonly [XmppJsUser, XmppJsUser, XmppJsUser]> {
  const [alice, bob, carol] = [await online("alice"), await online("bob"), await online("carol")];
  await alice.client.send(join("Alice"));
  await configure(alice, values);
  for (const [user, nick] of [[bob, "Bob"], [carol, "Carol"]] as const) {
    await user.client.send(join(nick));
    await user.settled();
  }
  await heardBy(alice, bob, carol);
  return [alice, bob, carol];
}

setting.everyWay("XEP-0045 section 7 with @xmpp/client", () => {
  it("tells a newcomer who is there, itself under the id that it gave, what was said, and the subject", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    await alice.client.send(join("Alice"));
    expect(await heard(alice)).toEqual([`Alice moderator/owner (${alice.jid}) [110 170 201]`, ": subject "]);
    await configure(alice, { "muc#roomconfig_roomsecret": "sesam", "muc#roomconfig_passwordprotectedroom": "1" });
    await bob.client.send(join("Bob", xml("password", {}, "Sesam")));
    expect(await heard(bob)).toEqual(["error not-authorized"]);
    for (const body of ["one", "two", "three"]) await alice.client.send(say(body));
    await alice.client.send(xml("message", { to: room, type: "groupchat" }, xml("subject", {}, "Roses")));
    expect(await heard(alice)).toEqual([": [104]", "Alice: one", "Alice: two", "Alice: three", "Alice: subject Roses"]);
    const own = bob.next(({ attrs }) => attrs["id"] === "join-Bob");
    await bob.client.send(join("Bob", xml("password", {}, "sesam"), xml("history", { maxstanzas: "2" })));
    expect(words(await own)).toBe(`Bob participant/none (${bob.jid}) [110 170]`);
    expect(await heard(bob)).toEqual(["Alice moderator/owner", "Alice: two (delayed)", "Alice: three (delayed)", "Alice: subject Roses (delayed)"]);
  });

  it("hands on what is said as it was, to its speaker too, and answers who is still there", async () => {
    const [alice, bob, carol] = await three();
    await bob.client.send(xml("message", { to: room, type: "groupchat", id: "m1", "xml:lang": "de" },
      xml("body", {}, "<&> 😀"), xml("thread", {}, "t"), xml("custom", "urn:example:custom", xml("deep", {}, "er"))));
    for (const user of [alice, bob, carol]) {
      const message = await user.nextMessage();
      expect(message.attrs).toMatchObject({ from: `${room}/Bob`, to: user.jid, type: "groupchat", id: "m1", "xml:lang": "de" });
      expect([message.getChildText("body"), message.getChildText("thread"), message.getChild("custom", "urn:example:custom")?.getChildText("deep")]).toEqual(["<&> 😀", "t", "er"]);
      expect(message.getChild("stanza-id", "urn:xmpp:sid:0")?.attrs["by"]).toBe(room);
    }
    // XEP-0410: to one's own address in the room.
    await bob.client.iqCaller.get(xml("ping", "urn:xmpp:ping"), `${room}/Bob`);
    const dave = await online("dave");
    await expect(dave.client.iqCaller.get(xml("ping", "urn:xmpp:ping"), `${room}/Bob`)).rejects.toMatchObject({ condition: "not-acceptable" });
  });

  it("carries requests of one occupant to another, who answers by its address in the room (section 17.4)", async () => {
    const [, bob, carol] = await three();
    carol.client.iqCallee.get("urn:example:question", "query", ({ stanza }) => xml("query", { xmlns: "urn:example:question", from: stanza.attrs["from"] }));
    const answer = await bob.client.iqCaller.get(xml("query", "urn:example:question"), `${room}/Carol`);
    expect(answer?.attrs["from"]).toBe(`${room}/Bob`);
    await expect(bob.client.iqCaller.get(xml("query", "urn:example:other"), `${room}/Carol`)).rejects.toMatchObject({ condition: "service-unavailable" });
    await expect(bob.client.iqCaller.get(xml("query", "urn:example:question"), `${room}/Nobody`)).rejects.toMatchObject({ condition: "item-not-found" });
  });

  it("whispers, and says no where an occupant is not there, or may not", async () => {
    const [alice, bob, carol] = await three({ "muc#roomconfig_allowpm": "moderators" });
    await alice.message(`${room}/Bob`, "psst");
    expect(await heardBy(alice, bob, carol)).toEqual([[], ["Alice: psst"], []]);
    await bob.message(`${room}/Carol`, "psst");
    await alice.message(`${room}/Nobody`, "psst");
    expect(await heardBy(bob, carol, alice)).toEqual([["error forbidden"], [], ["error item-not-found"]]);
  });

  it("changes a nick, refuses a taken one, and tells of who leaves", async () => {
    const [alice, bob, carol] = await three();
    await bob.client.send(xml("presence", { to: `${room}/Robert` }));
    await bob.client.send(xml("presence", { to: `${room}/Carol` }));
    expect(await heardBy(bob, carol)).toEqual([
      [`Bob unavailable participant/none (${bob.jid}) as Robert [110 303]`, `Robert participant/none (${bob.jid}) [110]`, "error conflict"],
      ["Bob unavailable participant/none as Robert [303]", "Robert participant/none"],
    ]);
    await bob.client.send(xml("presence", { to: `${room}/Robert`, type: "unavailable" }));
    await bob.settled();
    expect(await heardBy(bob, carol)).toEqual([[`Robert unavailable none/none (${bob.jid}) [110]`], ["Robert unavailable none/none"]]);
    await carol.stop();
    await expect.poll(async () => (await heard(alice)).at(-1), { interval: 20 }).toBe(`Carol unavailable none/none (${carol.jid})`);
  });
});

describe("XEP-0045 sections 8 to 10 with @xmpp/client", () => {
  it("a moderator gives voice on request and takes it; who has none is not heard", async () => {
    const [alice, bob, carol] = await three({ "muc#roomconfig_moderatedroom": "1" });
    await bob.client.send(say("unheard"));
    await bob.client.send(xml("message", { to: room }, form(`${muc}#request`, { "muc#role": "participant" })));
    expect(await heardBy(bob, carol)).toEqual([["error forbidden"], []]);
    const asked = (await alice.nextMessage()).getChild("x", dataForm);
    const values = valuesOf(asked);
    expect(values).toMatchObject({ "muc#roomnick": ["Bob"], "muc#jid": [bob.jid], "muc#role": ["participant"] });
    const granted = Object.fromEntries(Object.entries(values).filter(([name]) => name !== "FORM_TYPE"));
    await alice.client.send(xml("message", { to: room }, form(`${muc}#request`, { ...granted, "muc#request_allow": "true" })));
    await alice.settled();
    await bob.client.send(say("heard"));
    expect((await heardBy(bob, carol))[1]).toEqual(["Bob participant/none", "Bob: heard"]);
    await change(alice, { nick: "Bob", role: "visitor" }, "too loud");
    expect(await heardBy(carol)).toEqual([["Bob visitor/none too loud"]]);
    await expect(change(bob, { nick: "Bob", role: "participant" })).rejects.toMatchObject({ condition: "forbidden" });
  });

  it("admins ban and make members, owners make admins and owners, and nobody more than the table says", async () => {
    const [alice, bob, carol] = await three();
    await change(alice, { jid: bob.bareJid, affiliation: "admin" });
    await change(bob, { jid: "dave@localhost", affiliation: "member", nick: "Davy" });
    expect(await list(bob, { affiliation: "member" })).toEqual(["Davy"]);
    await expect(change(bob, { jid: carol.bareJid, affiliation: "admin" })).rejects.toMatchObject({ condition: "forbidden" });
    await expect(change(bob, { jid: alice.bareJid, affiliation: "outcast" })).rejects.toMatchObject({ condition: "not-allowed" });
    await expect(change(bob, { nick: "Alice", role: "none" })).rejects.toMatchObject({ condition: "not-allowed" });
    await expect(change(carol, { jid: bob.bareJid, affiliation: "none" })).rejects.toMatchObject({ condition: "forbidden" });
    await expect(list(carol, { role: "participant" })).rejects.toMatchObject({ condition: "forbidden" });
    expect(await list(alice, { role: "moderator" })).toEqual(["Alice", "Bob"]);
    await heardBy(alice, bob, carol);
    await change(bob, { jid: carol.bareJid, affiliation: "outcast" }, "spam");
    expect(await heardBy(carol, alice)).toEqual([[`Carol unavailable none/outcast (${carol.jid}) spam [110 301]`], [`Carol unavailable none/outcast (${carol.jid}) spam [301]`]]);
    await carol.client.send(join("Carol"));
    expect(await heard(carol)).toEqual(["error forbidden"]);
    const dave = await online("dave");
    await expect(dave.client.iqCaller.get(xml("query", { xmlns: discoInfo, node: "x-roomuser-item" }), room)).resolves.toMatchObject({ name: "query" });
    await dave.client.send(join("Davy"));
    expect(await heard(dave)).toContain(`Davy participant/member (${dave.jid}) [110 170]`);
    await change(alice, { jid: bob.bareJid, affiliation: "owner" });
    await expect(change(alice, { jid: alice.bareJid, affiliation: "none" })).resolves.toBeUndefined();
    await expect(change(bob, { jid: bob.bareJid, affiliation: "none" })).rejects.toMatchObject({ condition: "conflict" });
  });

  it("an owner reads the form, sends it back, and what is not allowed changes nothing", async () => {
    const [alice, bob] = await three();
    const read = async (): Promise<Values> => valuesOf((await alice.client.iqCaller.get(xml("query", mucOwner), room))?.getChild("x", dataForm));
    const before = await read();
    await configure(alice, Object.fromEntries(Object.entries(before).filter(([name]) => name !== "FORM_TYPE")));
    expect(await read()).toEqual(before);
    expect(await heardBy(alice, bob)).toEqual([[], []]);
    await expect(configure(alice, { "muc#roomconfig_roomname": "X", "muc#roomconfig_whois": "nobody" })).rejects.toMatchObject({ condition: "not-acceptable" });
    await expect(configure(bob, { "muc#roomconfig_roomname": "X" })).rejects.toMatchObject({ condition: "forbidden" });
    await configure(alice, { "muc#roomconfig_whois": "anyone" });
    expect(await read()).toEqual({ ...before, "muc#roomconfig_whois": ["anyone"] });
    expect(await heard(bob)).toEqual([": [172]"]);
  });

  it("an owner destroys the room, and everybody is told where to go", async () => {
    const [alice, bob] = await three({ "muc#roomconfig_persistentroom": "1" });
    await alice.client.iqCaller.set(xml("query", mucOwner, xml("destroy", { jid: "hall@muc.localhost" }, xml("reason", {}, "moved"))), room);
    const gone = await bob.next(({ attrs }) => attrs["type"] === "unavailable");
    const destroy = gone.getChild("x", mucUser)?.getChild("destroy");
    expect([destroy?.attrs["jid"], destroy?.getChildText("reason")]).toEqual(["hall@muc.localhost", "moved"]);
    await expect(bob.client.iqCaller.get(xml("query", discoInfo), room)).rejects.toMatchObject({ condition: "item-not-found" });
  });
});

describe("XEP-0313 section 6.1.2 with @xmpp/client", () => {
  it("a room's archive gives those who are in it what was said, with the ids that it had", async () => {
    const [alice, bob] = await three();
    for (const body of ["one", "two"]) await bob.client.send(say(body));
    await bob.settled();
    const ids: (string | undefined)[] = [];
    for (const _ of ["one", "two"]) ids.push((await alice.nextMessage()).getChild("stanza-id", "urn:xmpp:sid:0")?.attrs["id"]);
    await alice.client.iqCaller.request(xml("iq", { type: "set", to: room }, xml("query", { xmlns: "urn:xmpp:mam:2", queryid: "q" })));
    const results = alice.arrived("message").map((message) => message.getChild("result", "urn:xmpp:mam:2")!);
    expect(results.map((result) => result.attrs["id"])).toEqual(ids);
    const inner = results.map((result) => result.getChild("forwarded", "urn:xmpp:forward:0")?.getChild("message", "jabber:client"));
    expect(inner.map((message) => [message?.attrs["from"], message?.getChildText("body")])).toEqual([[`${room}/Bob`, "one"], [`${room}/Bob`, "two"]]);
  });
});
