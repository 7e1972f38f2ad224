/** In-band registration (XEP-0077) with slixmpp's own plugin: from no account to none. */
import { describe, expect, it } from "vitest";
import { password, pythonSetting, type Login, type LoginResult } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

interface Registering extends Login {
  readonly register?: boolean;
}

interface Registered extends LoginResult {
  readonly offered: readonly string[] | null;
  readonly fault: { readonly type: string; readonly condition: string; readonly text: string } | null;
}

const setting = pythonSetting<Registering, Registered>(new URL("registration-agent.py", import.meta.url), slixmppIsMissing, ["alice"], {
  registration: { enabled: true, perAddress: 100 },
});
const { login, online } = setting;
const jid = "newcomer@localhost/phone";

describe.skipIf(slixmppIsMissing)("XEP-0077 in-band registration with slixmpp", () => {
  it("makes an account and gets in with it, sets another password, and removes the account", async () => {
    const first = await online({ jid, register: true });
    expect(first.login).toEqual({ online: true, jid, offered: ["password", "username"], fault: null });
    expect(await first.call("change", { password: "short" })).toMatchObject({ condition: "not-acceptable" });
    expect(await first.call("change", { password: "another horse" })).toBeNull();
    expect((await login({ jid: "newcomer@localhost/old" })).login.online).toBe(false);
    const second = await online({ jid: "newcomer@localhost/new", password: "another horse" });
    expect(await second.call("cancel")).toBeNull();
    expect(await setting.server.server.admin.userList()).toEqual(["alice@localhost"]);
    expect((await login({ jid, password: "another horse" })).login.online).toBe(false);
  });

  it("is told that a name is taken", async () => {
    const { login: result } = await login({ jid: "alice@localhost/phone", register: true, password: `${password} 2` });
    expect(result).toMatchObject({ online: false, fault: { type: "cancel", condition: "conflict" } });
  });
});
