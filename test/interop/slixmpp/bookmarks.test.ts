/** slixmpp keeps bookmarks in private XML and as an item of a node, and hears of items of their own. */
import { describe, expect, it } from "vitest";
import { pythonSetting } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

const setting = pythonSetting(new URL("bookmarks-agent.py", import.meta.url), slixmppIsMissing, ["alice"]);

const play = { jid: "play@muc.example", name: "The Play", nick: "JC", autojoin: true };
const orchard = { jid: "orchard@muc.example", name: "The Orchard", nick: "JC", autojoin: false };
const third = { jid: "third@muc.example", name: "<&>", nick: "Jülia", autojoin: true };

describe.skipIf(slixmppIsMissing)("XEP-0402 section 5.3 with slixmpp", () => {
  it("is one set in all ways that it knows", async () => {
    const [old, fresh] = [await setting.online({ jid: "alice@localhost/old" }), await setting.online({ jid: "alice@localhost/fresh" })];
    await fresh.call("want");
    await fresh.settled();
    const told = async () => {
      await old.settled();
      await fresh.settled();
      return fresh.call("told");
    };
    expect(await old.call("keep", { method: "xep_0049", rooms: [play, orchard] })).toBe("result");
    expect(await told()).toEqual([play.jid, orchard.jid]);
    expect(await fresh.call("items")).toEqual([play.jid, orchard.jid]);
    expect(await old.call("kept", { method: "xep_0223" })).toEqual([play, orchard]);
    expect(await fresh.call("add", { jid: third.jid, name: third.name, nick: third.nick })).toBe("result");
    for (const method of ["xep_0049", "xep_0223"]) expect(await old.call("kept", { method })).toEqual([play, orchard, third]);
    await told();
    expect(await old.call("keep", { method: "xep_0223", rooms: [third, play] })).toBe("result");
    expect(await told()).toEqual([`-${orchard.jid}`]);
    expect(await old.call("kept", { method: "xep_0049" })).toEqual([third, play]);
  });
});
