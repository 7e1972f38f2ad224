/** slixmpp talks, and asks by its own plugins: what they parse is what other implementations understand. */
import { describe, expect, it } from "vitest";
import { software } from "../../../src/software.ts";
import { slixmppIsMissing, slixmppSetting, type SlixmppUser } from "./setting.ts";

const { online } = slixmppSetting(["alice", "bob"]);

async function available(jid: string, direct = false): Promise<SlixmppUser> {
  const user = await online(jid, { direct });
  await user.call("presence");
  await user.settled();
  return user;
}

describe.skipIf(slixmppIsMissing)("RFC 6121 section 8.5 messages with slixmpp", () => {
  it("reach bare and full JIDs in both directions", async () => {
    const [alice, bob] = [await available("alice@localhost/a"), await available("bob@localhost/b", true)];
    for (const [from, to] of [[alice, bob], [bob, alice]] as const) {
      for (const address of [to.bareJid, to.jid]) {
        await from.call("message", { to: address, body: `<&> für ${address} 😀` });
        expect(await to.next("message")).toMatchObject({
          from: from.jid, to: address, type: "chat", id: "m", lang: "en", body: `<&> für ${address} 😀`, error: null,
        });
      }
    }
  });

  it.each([
    { what: "unknown", to: "nobody@localhost", condition: "service-unavailable" },
    { what: "remote", to: "someone@remote.example", condition: "remote-server-not-found" },
  ])("come back from an $what user: $condition", async ({ to, condition }) => {
    const alice = await online("alice@localhost/a");
    await alice.call("message", { to, body: "anybody?", id: "lost" });
    expect(await alice.next("message")).toMatchObject({ from: to, to: alice.jid, type: "error", id: "lost", error: { type: "cancel", condition } });
  });

  it("wait for a user who is not there (XEP-0160 section 2)", async () => {
    const alice = await online("alice@localhost/a");
    for (const body of ["first", "second"]) await alice.call("message", { to: "bob@localhost", body });
    await alice.call("ping", { to: "localhost" });
    const bob = await available("bob@localhost/b");
    for (const body of ["first", "second"]) expect(await bob.next("message")).toMatchObject({ from: alice.jid, to: "bob@localhost", body });
    await bob.call("ping", { to: "localhost" });
    expect(await alice.call("count", { kind: "message" })).toBe(0);
  });

  it("go to the resource with the highest priority, which slixmpp says in its presence", async () => {
    const [low, high] = [await online("bob@localhost/low"), await online("bob@localhost/high")];
    await low.call("presence", { priority: 1 });
    await high.call("presence", { priority: 2 });
    await Promise.all([low, high].map((user) => user.call("ping", { to: "localhost" })));
    const alice = await online("alice@localhost/a");
    await alice.call("message", { to: "bob@localhost", body: "hello" });
    expect(await high.next("message")).toMatchObject({ body: "hello" });
    await low.call("ping", { to: "localhost" });
    expect(await low.call("count", { kind: "message" })).toBe(0);
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6121 section 4 presence with slixmpp", () => {
  it("of a user's resources reaches each of them, with its priority, and so does its end", async () => {
    const one = await available("alice@localhost/one");
    expect(await one.next("presence")).toMatchObject({ from: one.jid });
    const two = await online("alice@localhost/two");
    await two.call("presence", { priority: 7 });
    expect(await one.next("presence")).toMatchObject({ from: two.jid, priority: 7, type: "available" });
    await two.call("logout");
    expect(await one.next("presence")).toMatchObject({ from: two.jid, type: "unavailable" });
  });
});

describe.skipIf(slixmppIsMissing)("slixmpp's plugins ask the server", () => {
  it("XEP-0199: ping", async () => {
    const alice = await online("alice@localhost/a");
    for (const to of ["localhost", "alice@localhost"]) expect(await alice.call("ping", { to })).toEqual({ from: to, type: "result" });
  });

  it("XEP-0030: disco#info and disco#items of the server", async () => {
    const alice = await online("alice@localhost/a");
    const info = await alice.call("info", { to: "localhost" });
    expect(info).toMatchObject({ identities: [["pubsub", "pep"], ["server", "im"]] });
    const features = ["http://jabber.org/protocol/disco#info", "jabber:iq:version", "urn:xmpp:ping", "urn:xmpp:time"];
    expect(info).toHaveProperty("features", expect.arrayContaining(features));
    expect(await alice.call("items", { to: "localhost" })).toEqual(expect.any(Array));
  });

  it("XEP-0030: the own account and its resources", async () => {
    const alice = await available("alice@localhost/a");
    expect(await alice.call("info", { to: "alice@localhost" })).toMatchObject({ identities: [["account", "registered"], ["pubsub", "pep"]] });
    expect(await alice.call("items", { to: "alice@localhost" })).toEqual(["alice@localhost/a"]);
  });

  it("XEP-0092: software version", async () => {
    const alice = await online("alice@localhost/a");
    expect(await alice.call("version", { to: "localhost" })).toEqual({ name: software.name, version: software.version });
  });

  it("XEP-0202: entity time", async () => {
    const alice = await online("alice@localhost/a");
    const { utc, tzo } = (await alice.call("time", { to: "localhost" })) as { utc: string; tzo: string };
    expect(Math.abs(Date.parse(utc) - Date.now())).toBeLessThan(5_000);
    expect(tzo).toMatch(/^(Z|[+-]\d\d:\d\d)$/);
  });

  it("RFC 6121 section 2.1: an empty roster", async () => {
    expect(await (await online("alice@localhost/a")).call("roster")).toEqual({});
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6120 section 8.3 errors as slixmpp reads them", () => {
  it.each([
    { what: "an unknown namespace at the server", to: "localhost", error: { type: "cancel", condition: "service-unavailable" } },
    { what: "an unknown namespace at the own account", to: "alice@localhost", error: { type: "cancel", condition: "service-unavailable" } },
    { what: "a resource that is not there", to: "bob@localhost/gone", error: { type: "cancel", condition: "service-unavailable" } },
    { what: "a remote domain", to: "remote.example", error: { type: "cancel", condition: "remote-server-not-found" } },
  ])("$what", async ({ to, error }) => {
    const alice = await online("alice@localhost/a");
    await expect(alice.call("query", { to, name: "query", xmlns: "urn:example:unknown" })).rejects.toMatchObject(error);
  });

  it("a stranger's account tells nothing of itself", async () => {
    const alice = await online("alice@localhost/a");
    for (const to of ["bob@localhost", "nobody@localhost"]) {
      await expect(alice.call("info", { to }), to).rejects.toMatchObject({ type: "cancel", condition: "service-unavailable" });
    }
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6121 section 8.5.3.1 queries between resources with slixmpp", () => {
  it("are answered by the other slixmpp once it has sent presence to the asker", async () => {
    const [alice, bob] = [await available("alice@localhost/a"), await available("bob@localhost/b")];
    await expect(alice.call("info", { to: bob.jid })).rejects.toMatchObject({ condition: "service-unavailable" });
    await bob.call("presence", { to: alice.jid });
    await bob.call("ping", { to: "localhost" });
    expect(await alice.call("info", { to: bob.jid })).toMatchObject({ features: expect.arrayContaining(["jabber:iq:version"]) });
  });
});
