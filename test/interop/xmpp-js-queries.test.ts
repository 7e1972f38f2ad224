/** What @xmpp/client can ask the server, its own account and others. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { xml, type XmppJsUser } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";

const { online, available } = xmppJsSetting(["alice", "bob"]);
const info = xml("query", "http://jabber.org/protocol/disco#info");
const items = xml("query", "http://jabber.org/protocol/disco#items");
const ping = xml("ping", "urn:xmpp:ping");

const get = (user: XmppJsUser, to: string | undefined, payload: ReturnType<typeof xml>, attrs = {}) =>
  user.client.iqCaller.request(xml("iq", { type: "get", to, ...attrs }, payload));

describe("queries to the server", () => {
  it("XEP-0199: a ping is answered with an empty result from the address that was asked", async () => {
    const alice = await online("alice");
    const answer = await get(alice, "localhost", ping, { id: "p1" });
    expect(answer.attrs).toMatchObject({ type: "result", id: "p1", from: "localhost", to: alice.jid });
    expect(answer.getChildElements()).toEqual([]);
  });

  it("XEP-0030: disco#info names an instant messaging server and what it can do", async () => {
    const query = (await get(await online("alice"), "localhost", info)).getChild("query");
    expect(query?.getChildren("identity").map(({ attrs }) => attrs)).toContainEqual(expect.objectContaining({ category: "server", type: "im" }));
    const features = query?.getChildren("feature").map(({ attrs }) => attrs["var"]);
    const disco = ["http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"];
    expect(features).toEqual(expect.arrayContaining([...disco, "jabber:iq:version", "urn:xmpp:ping", "urn:xmpp:time"]));
    expect(new Set(features).size).toBe(features?.length);
  });

  it("XEP-0030: disco#items is a list, and an unknown node is no item", async () => {
    const alice = await online("alice");
    const answer = await get(alice, "localhost", items);
    expect(answer.getChild("query", "http://jabber.org/protocol/disco#items")).toBeDefined();
    const unknown = xml("query", { xmlns: "http://jabber.org/protocol/disco#info", node: "urn:example:none" });
    await expect(get(alice, "localhost", unknown)).rejects.toMatchObject({ condition: "item-not-found" });
  });

  it("XEP-0092: the version is that of the package", async () => {
    const query = await (await online("alice")).client.iqCaller.get(xml("query", "jabber:iq:version"), "localhost");
    const { name, version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as Record<string, string>;
    expect([query?.getChildText("name"), query?.getChildText("version")]).toEqual([name, version]);
  });

  it("XEP-0202: the time is now, in UTC", async () => {
    const time = await (await online("alice")).client.iqCaller.get(xml("time", "urn:xmpp:time"), "localhost");
    expect(time?.getChildText("utc")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(time?.getChildText("tzo")).toMatch(/^[+-]\d\d:\d\d$/);
    expect(Math.abs(Date.parse(time?.getChildText("utc") ?? "") - Date.now())).toBeLessThan(5_000);
  });

  it("RFC 6120 section 8.3.3.19: what nobody knows is answered with service-unavailable", async () => {
    const alice = await online("alice");
    for (const to of ["localhost", "alice@localhost", undefined]) {
      const unknown = get(alice, to, xml("query", "urn:example:unknown"));
      await expect(unknown, to).rejects.toMatchObject({ condition: "service-unavailable" });
    }
  });

  it("RFC 6120 section 8.2.3: an iq without a payload, or with two, is a bad request", async () => {
    const alice = await online("alice");
    await expect(alice.client.iqCaller.request(xml("iq", { type: "get" }))).rejects.toMatchObject({ condition: "bad-request" });
    await expect(alice.client.iqCaller.request(xml("iq", { type: "get" }, ping, ping))).rejects.toMatchObject({ condition: "bad-request" });
  });
});

describe("queries to an account", () => {
  it("XEP-0199: the own account answers a ping, with and without an address", async () => {
    const alice = await online("alice");
    expect((await get(alice, "alice@localhost", ping)).attrs["from"]).toBe("alice@localhost");
    expect((await get(alice, undefined, ping)).attrs["type"]).toBe("result");
  });

  it("RFC 6121 section 2.1: the roster is empty, and nobody else's can be read", async () => {
    const alice = await online("alice");
    const roster = xml("query", "jabber:iq:roster");
    expect((await get(alice, undefined, roster)).getChild("query", "jabber:iq:roster")?.getChildElements()).toEqual([]);
    await expect(get(alice, "bob@localhost", roster)).rejects.toMatchObject({ condition: expect.stringMatching(/forbidden|service-unavailable/) });
  });

  it("XEP-0030: the own account is a registered one and lists its available resources", async () => {
    const [one, two] = [await available("alice", { resource: "one" }), await available("alice", { resource: "two" })];
    await online("alice", { resource: "silent" });
    const described = (await get(one, "alice@localhost", info)).getChild("query");
    expect(described?.getChild("identity")?.attrs).toMatchObject({ category: "account", type: "registered" });
    const listed = (await get(one, "alice@localhost", items)).getChild("query")?.getChildren("item");
    expect(listed?.map(({ attrs }) => attrs["jid"]).toSorted()).toEqual([one.jid, two.jid]);
  });

  it("XEP-0030 section 8: a stranger learns nothing of an account, whether it exists or not", async () => {
    const alice = await online("alice");
    await available("bob");
    const answers = [];
    for (const to of ["bob@localhost", "nobody@localhost"]) {
      for (const payload of [info, ping, xml("query", "jabber:iq:version")]) {
        answers.push(await get(alice, to, payload).then(() => "an answer", (error: { condition?: string }) => error.condition));
      }
    }
    expect(new Set(answers)).toEqual(new Set(["service-unavailable"]));
  });
});

describe("RFC 6121 section 8.5.3.1 queries between resources", () => {
  it("reach the user's own other resource, which answers", async () => {
    const [one, two] = [await online("alice", { resource: "one" }), await online("alice", { resource: "two" })];
    expect((await get(one, two.jid, ping)).attrs).toMatchObject({ type: "result", from: two.jid, to: one.jid });
  });

  it("reach a stranger only if that one has sent presence to the asker", async () => {
    const [alice, bob] = [await available("alice"), await available("bob")];
    await expect(get(alice, bob.jid, ping)).rejects.toMatchObject({ condition: "service-unavailable" });
    await bob.client.send(xml("presence", { to: alice.jid }));
    await bob.settled();
    expect((await get(alice, bob.jid, ping)).attrs).toMatchObject({ type: "result", from: bob.jid });
  });

  it("to a resource that is not there come back with service-unavailable, to a remote domain with remote-server-not-found", async () => {
    const alice = await online("alice");
    await expect(get(alice, "bob@localhost/gone", ping)).rejects.toMatchObject({ condition: "service-unavailable" });
    await expect(get(alice, "remote.example", ping)).rejects.toMatchObject({ condition: "remote-server-not-found" });
  });

  it("are no way to answer for somebody else: an answer nobody asked for is dropped at the server's door", async () => {
    const alice = await online("alice");
    await alice.client.send(xml("iq", { type: "result", id: "x", to: "bob@localhost/gone" }));
    await alice.client.send(xml("iq", { type: "error", id: "x", to: "localhost" }));
    await alice.settled();
    expect(alice.arrived("iq").filter(({ attrs }) => attrs["id"] === "x")).toEqual([]);
  });
});
