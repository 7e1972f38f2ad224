/** slixmpp with an avatar of either kind, seen by one that knows the other kind. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { pythonSetting, type Login, type LoginResult, type PythonUser } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

interface AvatarLogin extends Login {
  readonly plugins: readonly string[];
}

const setting = pythonSetting<AvatarLogin, LoginResult>(new URL("avatar-agent.py", import.meta.url), slixmppIsMissing, ["alice", "bob"]);

/** By personal eventing, or by vCards alone. */
const plugins = { avatar: ["xep_0060", "xep_0163", "xep_0084"], vcard: ["xep_0054", "xep_0153"] };

async function available(jid: string, kind: keyof typeof plugins): Promise<PythonUser> {
  const user = await setting.online({ jid, plugins: plugins[kind] });
  await user.call("presence");
  await user.settled();
  return user;
}

const pictureOf = (text: string) => {
  const bytes = Buffer.from(`\x89PNG\r\n\x1A\n${text}`, "latin1");
  return { picture: bytes.toString("base64"), hash: createHash("sha1").update(bytes).digest("hex") };
};

describe.skipIf(slixmppIsMissing)("XEP-0398 with slixmpp", () => {
  it("shows an avatar to a client that knows vCards, and the picture of a vCard to one that knows avatars", async () => {
    const [red, blue] = [pictureOf("red"), pictureOf("blue")];
    const alice = await available("alice@localhost/a", "avatar");
    const bob = await available("bob@localhost/b", "vcard");
    for (const [one, other] of [[alice, bob], [bob, alice]] as const) {
      await one.call("befriend", { to: other.bareJid });
      await one.settled();
    }
    for (const one of [alice, bob]) await one.settled();
    await bob.call("told");

    await alice.call("publish", { picture: red.picture });
    await bob.eventually("told").toContainEqual({ kind: "hash", from: alice.jid, hash: red.hash });
    expect(await bob.call("photo", { of: "alice@localhost" })).toEqual({ type: "image/png", picture: red.picture });

    await alice.call("stop");
    // slixmpp says nothing of an empty hash.
    expect(await bob.call("photo", { of: "alice@localhost" })).toBe(null);

    await alice.call("told");
    await bob.call("set_photo", { picture: blue.picture });
    await alice.eventually("told").toContainEqual({ kind: "metadata", from: "bob@localhost", formats: [{ id: blue.hash, type: "image/png" }] });
    expect(await alice.call("avatar", { of: "bob@localhost", id: blue.hash })).toBe(blue.picture);
  });
});
