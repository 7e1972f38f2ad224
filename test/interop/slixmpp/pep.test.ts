/** slixmpp publishes and listens by its own plugins, with the forms and the capabilities that they make. */
import { beforeEach, describe, expect, it } from "vitest";
import { arrange } from "../../support/contacts.ts";
import { login } from "../../support/login.ts";
import { password, pythonSetting, type PythonUser } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

const setting = pythonSetting(new URL("pep-agent.py", import.meta.url), slixmppIsMissing, []);
let made = 0;
let names: readonly [string, string];
beforeEach(async () => {
  if (slixmppIsMissing) return;
  made += 1;
  names = [`alice${made}`, `bob${made}`];
  for (const name of names) await setting.server.addUser(name, password);
  const [a, b] = [await login(setting.server, { user: names[0], password }), await login(setting.server, { user: names[1], password })];
  await arrange(a, b, "Both");
  await Promise.all([a.close(), b.close()]);
});

const tunes = "http://jabber.org/protocol/tune";

async function available(name: string, ...interests: readonly string[]): Promise<PythonUser> {
  const user = await setting.online({ jid: `${name}@localhost/r` });
  await user.call("presence");
  for (const node of interests) await user.call("interest", { node });
  await user.settled();
  return user;
}

describe.skipIf(slixmppIsMissing)("XEP-0163 with slixmpp", () => {
  it("finds the service, publishes what it listens to, and hears of others, late or at once", async () => {
    const alice = await available(names[0]);
    expect(await alice.call("info", { jid: alice.bareJid })).toEqual([["account", "registered"], ["pubsub", "pep"]]);
    expect(await alice.call("tune", { title: "Nessun dorma" })).toBe("result");
    const bob = await available(names[1], tunes);
    const heard = (title: string) => ({ kind: "tune", from: alice.bareJid, title });
    await bob.eventually("heard").toContainEqual(heard("Nessun dorma"));
    await alice.call("tune", { title: "Vincerò" });
    await bob.eventually("heard").toContainEqual(heard("Vincerò"));
    expect((await bob.call("heard")) as object[]).toHaveLength(4);
  });

  it("hears nothing that it does not want", async () => {
    const [alice, bob] = [await available(names[0]), await available(names[1], "urn:test:other")];
    await alice.call("publish", { node: "urn:test:unwanted", id: "1", text: "one" });
    await alice.call("publish", { node: "urn:test:other", id: "1", text: "one" });
    await alice.settled();
    await bob.settled();
    expect(await bob.call("heard")).toEqual([{ kind: "publish", from: alice.bareJid, node: "urn:test:other" }]);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0060 with slixmpp", () => {
  it("makes, fills, reads, configures, empties and deletes nodes", async () => {
    const [alice, bob] = [await available(names[0]), await available(names[1], "n")];
    expect(await alice.call("publish", { node: "n", id: "1", text: "one", options: { max_items: "max", access_model: "presence" } })).toBe("1");
    expect(await alice.call("publish", { node: "n", id: "2", text: "two" })).toBe("2");
    expect(await bob.call("items", { node: "n", jid: alice.bareJid })).toEqual([["1", "one"], ["2", "two"]]);
    expect(await bob.call("items", { node: "n", jid: alice.bareJid, max_items: 1 })).toEqual([["2", "two"]]);
    expect(await bob.call("nodes", { jid: alice.bareJid })).toEqual(["n"]);
    expect(await alice.call("config", { node: "n" })).toMatchObject({ "pubsub#max_items": "max", "pubsub#access_model": "presence", "pubsub#persist_items": true });
    for (const [call, more] of [["retract", { id: "1" }], ["purge", {}], ["delete", {}]] as const) expect(await alice.call(call, { node: "n", ...more })).toBe("result");
    await alice.settled();
    await bob.settled();
    expect(((await bob.call("heard")) as { kind: string }[]).map(({ kind }) => kind)).toEqual(["publish", "publish", "retract", "purge", "delete"]);
    expect(await alice.call("create", { node: "n" })).toBe("result");
    await expect(alice.call("create", { node: "n" })).rejects.toMatchObject({ condition: "conflict" });
    await expect(bob.call("items", { node: "unknown", jid: alice.bareJid })).rejects.toMatchObject({ condition: "item-not-found" });
  });

  it("subscribes to an open node of somebody whose presence it does not see", async () => {
    const name = `carol${made}`;
    await setting.server.addUser(name, password);
    const [alice, carol] = [await available(names[0]), await available(name)];
    await alice.call("publish", { node: "n", id: "1", text: "one", options: { access_model: "open" } });
    expect(await carol.call("subscribe", { jid: alice.bareJid, node: "n" })).toBe("subscribed");
    await alice.call("publish", { node: "n", id: "2", text: "two" });
    await carol.eventually("heard").toHaveLength(2);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0222 and XEP-0223 with slixmpp", () => {
  it("stores what is for others and what is for itself, by options", async () => {
    const [alice, bob] = [await available(names[0], "private"), await available(names[1], "public", "private")];
    expect(await alice.call("store", { private: false, node: "public", id: "1", text: "a key" })).toBe("result");
    expect(await alice.call("store", { private: true, node: "private", id: "1", text: "a secret" })).toBe("result");
    expect(await bob.call("items", { node: "public", jid: alice.bareJid })).toEqual([["1", "a key"]]);
    await expect(bob.call("items", { node: "private", jid: alice.bareJid })).rejects.toMatchObject({ condition: "not-allowed" });
    await alice.settled();
    // Told at once, or as the last item when the server has learnt what the client wants.
    await bob.eventually("heard").toMatchObject([{ node: "public" }]);
    await bob.settled();
    expect(await bob.call("heard")).toMatchObject([{ node: "public" }]);
    await expect(alice.call("publish", { node: "private", id: "2", text: "x", options: { access_model: "open" } })).rejects.toMatchObject({ condition: "conflict" });
  });
});
