/** Invitations (XEP-0401, XEP-0445) with slixmpp: from the command to an account whose user logs in, and has a contact. */
import { describe, expect, it } from "vitest";
import { pythonSetting, type Login, type LoginResult } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

interface Invited extends Login {
  readonly token?: string;
}

interface Registered extends LoginResult {
  readonly fault: { readonly type: string; readonly condition: string; readonly text: string } | null;
}

const setting = pythonSetting<Invited, Registered>(new URL("invitation-agent.py", import.meta.url), slixmppIsMissing, ["alice"], { admins: ["alice@localhost"] });
const { login, online } = setting;
const tokenOf = (fields: unknown): string => /;preauth=([0-9a-f]{32})/.exec((fields as { readonly uri: string }).uri)![1]!;

describe.skipIf(slixmppIsMissing)("XEP-0401 and XEP-0445 with slixmpp", () => {
  it("an administrator invites, the newcomer registers and logs in, and they are contacts", async () => {
    const alice = await online({ jid: "alice@localhost/desk" });
    await alice.call("contacts");
    const fields = await alice.call("invite", { node: "urn:xmpp:invite#create-account", values: { username: "juliet" } });
    expect(fields).toMatchObject({ FORM_TYPE: "urn:xmpp:invite#invitation", uri: expect.stringMatching(/^xmpp:juliet@localhost\?register;preauth=/) });
    const juliet = await online({ jid: "juliet@localhost/balcony", password: "wherefore art", token: tokenOf(fields) });
    expect(juliet.login).toMatchObject({ online: true, jid: "juliet@localhost/balcony", fault: null });
    expect(await juliet.call("contacts")).toEqual({ "alice@localhost": "both" });
    expect(await alice.call("told")).toEqual([["juliet@localhost", "both"]]);
    expect((await login({ jid: "juliet@localhost/again", password: "wherefore art" })).login.online).toBe(true);
  });

  it("a link to a contact makes an account of any name, once", async () => {
    const alice = await online({ jid: "alice@localhost/desk" });
    const token = tokenOf(await alice.call("invite", { node: "urn:xmpp:invite#invite" }));
    const first = await online({ jid: "nurse@localhost/house", password: "anon, anon", token });
    expect(await first.call("contacts")).toEqual({ "alice@localhost": "both" });
    const { login: second } = await login({ jid: "peter@localhost/house", password: "anon, anon", token });
    expect(second).toMatchObject({ online: false, fault: { type: "cancel", condition: "item-not-found" } });
    expect(await setting.server.server.admin.userList()).not.toContain("peter@localhost");
  });
});
