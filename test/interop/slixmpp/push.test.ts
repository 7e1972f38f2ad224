/** Push notifications (XEP-0357) with slixmpp: its forms are read here, and what it is told is read by it. */
import { describe, expect, it } from "vitest";
import { pythonSetting } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

const { online } = pythonSetting(new URL("push-agent.py", import.meta.url), slixmppIsMissing, ["alice", "bob", "app"]);

describe.skipIf(slixmppIsMissing)("XEP-0357 push notifications with slixmpp", () => {
  it("are found, enabled with options, told, taken, and disabled", async () => {
    const [alice, bob, app] = [await online({ jid: "alice@localhost/a" }), await online({ jid: "bob@localhost/b" }), await online({ jid: "app@localhost/push" })];
    expect(await bob.call("features", { to: bob.bareJid })).toContain("urn:xmpp:push:0");
    // The service is a client of somebody else: bob has to be shown that it is there.
    await app.call("show", { to: bob.bareJid });
    await app.settled();
    await bob.call("enable", { jid: app.jid, node: "n1", secret: "s3" });
    await bob.call("enable", { jid: app.jid, node: "n2" });
    for (const count of ["1", "2"]) {
      await alice.call("message", { to: bob.bareJid, body: `für Bob 😀 ${count}` });
      const summary = { FORM_TYPE: ["urn:xmpp:push:summary"], "message-count": count };
      const options = { FORM_TYPE: ["http://jabber.org/protocol/pubsub#publish-options"], secret: "s3" };
      const told = [await app.next("notification"), await app.next("notification")] as readonly { readonly node: string }[];
      expect(told.toSorted((a, b) => a.node.localeCompare(b.node))).toEqual([
        { from: bob.bareJid, type: "set", node: "n1", summary, options },
        { from: bob.bareJid, type: "set", node: "n2", summary, options: null },
      ]);
      await app.settled();
    }
    await bob.call("disable", { jid: app.jid });
    await alice.call("message", { to: bob.bareJid, body: "quietly" });
    await alice.settled();
    expect(await app.count("notification")).toBe(0);
  });

  it("are made up for when their service comes, whose answer to being named tells nothing", async () => {
    const [alice, bob] = [await online({ jid: "alice@localhost/a" }), await online({ jid: "bob@localhost/b" })];
    await bob.call("enable", { jid: "app@localhost/push", node: "late" });
    await alice.call("message", { to: bob.bareJid, body: "one" });
    await alice.settled();
    const app = await online({ jid: "app@localhost/push" });
    expect(await app.count("notification")).toBe(0);
    await app.call("show", { to: bob.bareJid });
    expect(await app.next("notification")).toMatchObject({ from: bob.bareJid, node: "late" });
    await bob.call("disable", { jid: app.jid });
  });

  it("are refused to a service without a name", async () => {
    const bob = await online({ jid: "bob@localhost/b" });
    await expect(bob.call("enable", { jid: "@", node: "n" })).rejects.toMatchObject({ message: expect.stringContaining("jid-malformed") as string });
  });
});
