/** slixmpp with several resources sees both sides by its own plugins, and says when nobody looks. */
import { describe, expect, it } from "vitest";
import { pythonSetting, type PythonUser } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

const setting = pythonSetting(new URL("carbons-agent.py", import.meta.url), slixmppIsMissing, ["alice", "bob", "carol", "dave"]);

async function available(jid: string, priority = 0): Promise<PythonUser> {
  const user = await setting.online({ jid });
  await user.call("presence", { priority });
  await user.settled();
  return user;
}

/** What each has been told since the last look, once the first has been heard to its end. */
async function told(...users: readonly PythonUser[]): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const user of users) {
    await user.settled();
    all.push(await user.call("told"));
  }
  return all;
}

describe.skipIf(slixmppIsMissing)("XEP-0280 with slixmpp", () => {
  it("shows both sides of a conversation to both resources, and nothing twice", async () => {
    const [desk, phone, bob] = [await available("alice@localhost/desk"), await available("alice@localhost/phone"), await available("bob@localhost/b")];
    for (const user of [desk, phone]) expect(await user.call("carbons", { on: true })).toBe("result");
    const there = { from: desk.jid, to: bob.jid, body: "<&> für dich" };
    const back = { from: bob.jid, to: desk.jid, body: "und zurück" };
    await desk.call("message", { to: bob.jid, body: there.body });
    expect(await told(desk, phone, bob)).toEqual([[], [{ kind: "sent", ...there }], [{ kind: "message", ...there }]]);
    await bob.call("message", { to: desk.jid, body: back.body });
    expect(await told(bob, phone, desk)).toEqual([[], [{ kind: "received", ...back }], [{ kind: "message", ...back }]]);
    await bob.call("message", { to: "alice@localhost", body: "both" });
    const both = [{ kind: "message", from: bob.jid, to: "alice@localhost", body: "both" }];
    expect(await told(bob, phone, desk)).toEqual([[], both, both]);
    await bob.call("message", { to: desk.jid, body: "for one", private: true });
    expect(await told(bob, phone, desk)).toEqual([[], [], [{ kind: "message", from: bob.jid, to: desk.jid, body: "for one" }]]);
    expect(await phone.call("carbons", { on: false })).toBe("result");
    await desk.call("message", { to: bob.jid, body: "no more" });
    expect(await told(desk, phone)).toEqual([[], []]);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0352 with slixmpp", () => {
  it("is found, and typing wakes nobody while messages come", async () => {
    const [carol, dave] = [await available("carol@localhost/c"), await available("dave@localhost/d")];
    await dave.call("state", { to: carol.jid, state: "composing" });
    expect(await told(dave, carol)).toEqual([[], [{ kind: "state", state: "composing" }]]);
    expect(await carol.call("look", { away: true })).toBe(true);
    await carol.settled();
    for (const state of ["paused", "composing"]) await dave.call("state", { to: carol.jid, state });
    await dave.settled();
    expect(await carol.call("told")).toEqual([]);
    await dave.call("message", { to: carol.jid, body: "hello" });
    await dave.settled();
    expect((await told(carol))[0]).toContainEqual({ kind: "message", from: dave.jid, to: carol.jid, body: "hello" });
    expect(await carol.call("look", { away: false })).toBe(true);
    await carol.settled();
    await dave.call("state", { to: carol.jid, state: "active" });
    expect(await told(dave, carol)).toEqual([[], [{ kind: "state", state: "active" }]]);
  });
});
