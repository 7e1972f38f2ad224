/** aioxmpp with several resources: copies of what the others say, what is kept of it, and what a push service hears. */
import { describe, expect, it } from "vitest";
import { pushNodeCharsMax } from "../../../src/domain/limits.ts";
import { pythonSetting, type PythonUser } from "../python-setting.ts";
import { aioxmppIsMissing } from "./setting.ts";

const names = ["alice", "bob", "carol", "dave", "erin", "frank", "app"];
const setting = pythonSetting(new URL("messages-agent.py", import.meta.url), aioxmppIsMissing, names);

async function available(jid: string, carbons = false): Promise<PythonUser> {
  const user = await setting.online({ jid, ...(carbons ? { carbons } : {}) });
  await user.call("presence");
  await user.settled();
  return user;
}

/** What each has been told since the last look, once the first has been heard to its end. */
async function chats(...users: readonly PythonUser[]): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const user of users) {
    await user.settled();
    all.push(await user.call("told", { kind: "chat" }));
  }
  return all;
}

describe.skipIf(aioxmppIsMissing)("XEP-0280 with aioxmpp's IMDispatcher", () => {
  it("shows both sides of a conversation to both resources, and nothing twice", async () => {
    const [desk, phone] = [await available("alice@localhost/desk", true), await available("alice@localhost/phone", true)];
    const bob = await available("bob@localhost/b", true);
    const body = "<&> für dich 😀";
    await desk.call("message", { to: bob.jid, body });
    const chat = { peer: bob.jid, sent: false, copy: false, body, "archived by": ["alice@localhost"] };
    expect(await chats(desk, phone, bob)).toEqual([
      [], [{ ...chat, sent: true, copy: true }], [{ ...chat, peer: desk.jid, "archived by": [bob.bareJid] }],
    ]);
    await bob.call("message", { to: desk.jid, body });
    expect(await chats(bob, phone, desk)).toEqual([[], [{ ...chat, copy: true }], [chat]]);
    await bob.call("message", { to: "alice@localhost", body });
    expect(await chats(bob, phone, desk)).toEqual([[], [chat], [chat]]);
    await phone.call("carbons", { on: false });
    await bob.call("message", { to: desk.jid, body });
    expect(await chats(bob, phone, desk)).toEqual([[], [], [chat]]);
    await phone.call("carbons", { on: true });
    await desk.call("message", { to: bob.jid, body });
    expect((await chats(desk, phone))[1]).toEqual([{ ...chat, sent: true, copy: true }]);
  });
});

interface Entry {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly at: string;
}

describe.skipIf(aioxmppIsMissing)("XEP-0313 with aioxmpp's forms and result sets", () => {
  const pages = async (user: PythonUser, parameters: object) => (await user.call("archive", parameters)) as readonly (readonly Entry[])[];
  const bodies = (found: readonly (readonly Entry[])[]) => found.map((page) => page.map(({ body }) => body));

  it("gives every entry once, in order, by pages from either end, and of one contact", async () => {
    const before = Date.now();
    const [carol, dave, erin] = [await available("carol@localhost/c"), await available("dave@localhost/d"), await available("erin@localhost/e")];
    for (const body of ["1", "2", "3 <&> 😀", "4", "5"]) await carol.call("message", { to: dave.jid, body });
    await carol.settled();
    await erin.call("message", { to: carol.bareJid, body: "6" });
    await erin.settled();
    expect(await carol.call("fields")).toMatchObject({ FORM_TYPE: "hidden", with: "jid-single", start: "text-single", end: "text-single", ids: "list-multi" });
    const forward = await pages(carol, { size: 4 });
    expect(bodies(forward)).toEqual([["1", "2", "3 <&> 😀", "4"], ["5", "6"]]);
    expect(bodies(await pages(carol, { size: 4, backwards: true }))).toEqual([["3 <&> 😀", "4", "5", "6"], ["1", "2"]]);
    expect(bodies(await pages(carol, { size: 10, contact: erin.bareJid }))).toEqual([["6"]]);
    expect(bodies(await pages(dave, { size: 10 }))).toEqual([["1", "2", "3 <&> 😀", "4", "5"]]);
    const all = forward.flat();
    expect(bodies(await pages(carol, { size: 10, after: all[3]!.id }))).toEqual([["5", "6"]]);
    expect(all[0]).toMatchObject({ from: carol.jid, to: dave.jid });
    expect(all[5]).toMatchObject({ from: erin.jid, to: carol.bareJid });
    expect(new Set(all.map(({ id }) => id)).size).toBe(6);
    const times = all.map(({ at }) => Date.parse(at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(before - 1_000);
    expect(times[5]).toBeLessThanOrEqual(Date.now());
  });

  it("an entry that is not there, and never was, is no place in the archive", async () => {
    const carol = await available("carol@localhost/c");
    await expect(carol.call("after", { id: "never" })).rejects.toMatchObject({ condition: "item-not-found" });
    await expect(carol.call("archive", { size: 10, after: "never" })).rejects.toMatchObject({ condition: "item-not-found" });
  });
});

describe.skipIf(aioxmppIsMissing)("XEP-0357 with aioxmpp as client and as push service", () => {
  it("is enabled with options, told, taken, and disabled", async () => {
    const [frank, erin, app] = [await available("frank@localhost/f"), await available("erin@localhost/e"), await setting.online({ jid: "app@localhost/push" })];
    // The service is a client of somebody else: Frank has to be shown that it is there.
    await app.call("presence", { to: frank.bareJid });
    await app.settled();
    await frank.call("enable", { jid: app.jid, node: "n1", secret: "s3" });
    await frank.call("logout");
    for (const count of ["1", "2"]) {
      await erin.call("message", { to: frank.bareJid, body: `für Frank 😀 ${count}` });
      expect(await app.next("notification")).toEqual({
        from: frank.bareJid,
        node: "n1",
        summary: { FORM_TYPE: ["urn:xmpp:push:summary"], "message-count": [count] },
        options: { FORM_TYPE: ["http://jabber.org/protocol/pubsub#publish-options"], secret: ["s3"] },
      });
      await app.settled();
    }
    const again = await setting.online({ jid: "frank@localhost/f" });
    await again.call("disable", { jid: app.jid });
    await again.call("logout");
    await erin.call("message", { to: frank.bareJid, body: "quietly" });
    await erin.settled();
    expect(await app.count("notification")).toBe(0);
  });

  it("is refused where the name of the node is too long", async () => {
    const [erin, app] = [await setting.online({ jid: "erin@localhost/e" }), await setting.online({ jid: "app@localhost/push" })];
    await erin.call("enable", { jid: app.jid, node: "n".repeat(pushNodeCharsMax) });
    await expect(erin.call("enable", { jid: app.jid, node: "n".repeat(pushNodeCharsMax + 1) })).rejects.toMatchObject({ condition: "not-acceptable" });
  });
});
