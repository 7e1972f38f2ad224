/** slixmpp administers the server by its own plugins: it finds the commands, begins them, fills in their forms, and breaks off. */
import { describe, expect, it } from "vitest";
import { password, pythonSetting, type PythonUser } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

const setting = pythonSetting(new URL("commands-agent.py", import.meta.url), slixmppIsMissing, ["admin", "alice"], { admins: ["admin@localhost"] });
const node = (name: string) => `http://jabber.org/protocol/admin#${name}`;
const jid = "localhost";

async function available(name: string): Promise<PythonUser> {
  const user = await setting.online({ jid: `${name}@localhost/r` });
  await user.call("presence");
  await user.settled();
  return user;
}

describe.skipIf(slixmppIsMissing)("XEP-0050 and XEP-0133 with slixmpp", () => {
  it("finds what it may execute", async () => {
    const [admin, alice] = [await available("admin"), await available("alice")];
    expect(await admin.call("commands", { jid })).toEqual(expect.arrayContaining([node("add-user"), node("announce"), node("get-online-users-num")]));
    expect(await alice.call("commands", { jid })).toEqual([]);
    expect(await alice.call("execute", { jid, node: node("add-user") })).toEqual(["cancel", "forbidden"]);
  });

  it("adds a user, who logs in, and deletes it", async () => {
    const admin = await available("admin");
    const values = { accountjid: "carol@localhost", password, "password-verify": password };
    const added = await admin.call("execute", { jid, node: node("add-user"), values });
    expect(added).toEqual([["executing", ["complete"], []], ["completed", [], [["info", "added carol@localhost"]]], {}]);
    expect((await available("carol")).jid).toBe("carol@localhost/r");
    expect(await admin.call("execute", { jid, node: node("add-user"), values })).toEqual(["cancel", "conflict"]);
    const deleted = await admin.call("execute", { jid, node: node("delete-user"), values: { accountjids: ["carol@localhost"] } });
    expect(deleted).toEqual([["executing", ["complete"], []], ["completed", [], [["info", "deleted carol@localhost"]]], {}]);
  });

  it("breaks off, reads numbers, and tells everybody", async () => {
    const [admin, alice] = [await available("admin"), await available("alice")];
    expect(await admin.call("execute", { jid, node: node("announce"), values: { announcement: "no" }, forwards: "cancel" })).toEqual([["executing", ["complete"], []], ["canceled", [], []], {}]);
    expect(await admin.call("named", { method: "get_online_users_num", jid })).toEqual(["completed", expect.objectContaining({ onlineusersnum: "2" })]);
    await admin.call("execute", { jid, node: node("announce"), values: { announcement: "hear ye" } });
    await alice.eventually("told").toEqual([["headline", "Announcement", "hear ye"]]);
  });
});
