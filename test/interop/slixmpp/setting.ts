/** Debian's slixmpp, by agent.py. */
import { isMissing, pythonSetting, type Login, type LoginResult, type PythonSetting, type PythonUser } from "../python-setting.ts";

export { password } from "../python-setting.ts";

/** The API differs between minor versions: `connect` takes other parameters from 1.9 on. */
export const slixmppIsMissing = isMissing({ name: "slixmpp", version: "1.8.", package: "python3-slixmpp" });

export interface SlixmppLogin extends Login {
  /** Only this one. */
  readonly mechanism?: string;
  /** "none": as on a platform that cannot bind. */
  readonly binding?: "offered" | "none";
  readonly tls?: "TLSv1.2";
  /** No TLS at all. */
  readonly cleartext?: boolean;
  /** What it answers to requests by itself, and whether it then asks back; undefined: nothing. */
  readonly automatic?: { readonly authorize: boolean; readonly subscribe: boolean };
}

export interface SlixmppLoginResult extends LoginResult {
  readonly mechanism: string | null;
  readonly tls: string | null;
  /** Each `<failure/>` on the way. */
  readonly refusals: readonly { readonly mechanism: string; readonly condition: string }[];
  readonly why: string | null;
}

export type SlixmppUser = PythonUser<SlixmppLoginResult>;

export interface SlixmppSetting extends Omit<PythonSetting<SlixmppLogin, SlixmppLoginResult>, "online"> {
  /** Online, by PLAIN: the quickest. Rejects if it does not get in. */
  online(jid: string, options?: Omit<SlixmppLogin, "jid">): Promise<SlixmppUser>;
}

export function slixmppSetting(names: readonly string[]): SlixmppSetting {
  const setting = pythonSetting<SlixmppLogin, SlixmppLoginResult>(new URL("agent.py", import.meta.url), slixmppIsMissing, names);
  return {
    get server() {
      return setting.server;
    },
    login: setting.login,
    online: (jid, options = {}) => setting.online({ jid, mechanism: "PLAIN", ...options }),
  };
}
