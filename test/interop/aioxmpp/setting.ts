/** Debian's aioxmpp, by agent.py. */
import type { TestServerOptions } from "../../../src/testing/index.ts";
import { isMissing, pythonSetting, type Login, type LoginResult, type PythonSetting, type PythonUser } from "../python-setting.ts";

export { password } from "../python-setting.ts";

export const aioxmppIsMissing = isMissing({ name: "aioxmpp", version: "0.13.", package: "python3-aioxmpp" });

/** As aioxmpp exports it. */
export interface Roster {
  readonly items: Readonly<Record<string, object>>;
  readonly ver: string | null;
}

export interface AioxmppLogin extends Login {
  /** false: only what the system trusts, which is not the server's certificate. */
  readonly trusting?: boolean;
  /** What it knows from an earlier login. */
  readonly roster?: Roster;
}

export interface AioxmppLoginResult extends LoginResult {
  readonly why: string | null;
}

export type AioxmppUser = PythonUser<AioxmppLoginResult>;

export const aioxmppSetting = (names: readonly string[], options: TestServerOptions = {}): PythonSetting<AioxmppLogin, AioxmppLoginResult> =>
  pythonSetting(new URL("agent.py", import.meta.url), aioxmppIsMissing, names, options);
