/** slixmpp reads archives by its own plugins: page by page, in both directions, and says what it wants kept. */
import { describe, expect, it } from "vitest";
import type { PythonUser } from "../python-setting.ts";
import { pythonSetting } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

const setting = pythonSetting(new URL("archive-agent.py", import.meta.url), slixmppIsMissing, ["alice", "bob", "carol"]);

interface Found {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
}

const archive = async (user: PythonUser, parameters: object): Promise<readonly Found[]> => (await user.call("archive", parameters)) as readonly Found[];
const bodies = (found: readonly Found[]) => found.map(({ body }) => body);

describe.skipIf(slixmppIsMissing)("XEP-0313 with slixmpp", () => {
  it("pages through an archive forward and backward, each message once", async () => {
    const [alice, bob] = [await setting.online({ jid: "alice@localhost/a" }), await setting.online({ jid: "bob@localhost/b" })];
    const written = Array.from({ length: 45 }, (_, index) => `<${index}> für dich`);
    await alice.call("message", { to: bob.jid, bodies: written });
    await alice.settled();
    await bob.call("message", { to: "alice@localhost", bodies: ["and back"] });
    await bob.settled();
    const all = [...written, "and back"];
    for (const user of [alice, bob]) {
      const forward = await archive(user, { size: 10 });
      expect(bodies(forward)).toEqual(all);
      expect(forward[0]).toMatchObject({ from: alice.jid, to: bob.jid });
      expect(new Set(forward.map(({ id }) => id)).size).toBe(46);
      expect(await user.call("back", { size: 7 })).toEqual(forward.slice(0, -1));
      expect(await user.call("ends")).toEqual([forward[0]!.id, forward.at(-1)!.id]);
      expect(await user.call("since", { seconds: 60 })).toEqual(all);
    }
    expect(bodies(await archive(alice, { size: 10, contact: "bob@localhost" }))).toEqual(all);
    expect(bodies(await archive(alice, { size: 10, contact: "bob@localhost/elsewhere" }))).toEqual([]);
    expect(bodies(await archive(alice, { size: 10, contact: "carol@localhost" }))).toEqual([]);
  });

  it("learns which fields there are", async () => {
    const carol = await setting.online({ jid: "carol@localhost/c" });
    expect(await carol.call("fields")).toEqual({
      FORM_TYPE: "hidden", with: "jid-single", start: "text-single", end: "text-single", "before-id": "text-single", "after-id": "text-single", ids: "list-multi",
      "include-groupchat": "boolean",
    });
  });

  it("says what it wants kept (XEP-0441)", async () => {
    const carol = await setting.online({ jid: "carol@localhost/c" });
    expect(await carol.call("preferences")).toEqual({ default: "always", always: [], never: [] });
    const wanted = { default: "never", always: ["bob@localhost"], never: ["alice@localhost/a"] };
    expect(await carol.call("prefer", wanted)).toEqual(wanted);
    expect(await carol.call("preferences")).toEqual(wanted);
    await carol.call("message", { to: "alice@localhost", bodies: ["no"] });
    await carol.call("message", { to: "bob@localhost", bodies: ["yes"] });
    await carol.settled();
    expect(bodies(await archive(carol, { size: 10 }))).toEqual(["yes"]);
  });
});
