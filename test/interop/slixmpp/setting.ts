/** A server and one slixmpp process for a test file; its clients log out after each test. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/index.ts";
import { certificateOf } from "../trust.ts";
import { SlixmppAgent, slixmppMissing, type Login, type LoginResult } from "./agent.ts";

const missing = slixmppMissing();
if (missing !== undefined) {
  if (process.env["CI"] === "true") throw new Error(`slixmpp cannot be tested with, and CI=true allows no gap: ${missing}`);
  console.warn(`SKIPPED: everything that is tested with slixmpp. ${missing}`);
}

/** Only where CI is not true: there, this module throws. */
export const slixmppIsMissing = missing !== undefined;

export const password = "correct horse";

export class SlixmppUser {
  readonly #agent: SlixmppAgent;
  readonly #name: string;
  readonly login: LoginResult;

  constructor(agent: SlixmppAgent, name: string, login: LoginResult) {
    this.#agent = agent;
    this.#name = name;
    this.login = login;
  }

  get jid(): string {
    return this.login.jid ?? "";
  }

  get bareJid(): string {
    return this.jid.split("/")[0] ?? "";
  }

  call(name: string, parameters: object = {}): Promise<unknown> {
    return this.#agent.call(name, { client: this.#name, ...parameters });
  }

  next(kind: "message" | "presence" | "stream-error" | "ended"): Promise<unknown> {
    return this.call("next", { kind });
  }
}

export interface SlixmppSetting {
  readonly server: TestServer;
  /** Whether it gets in or not. */
  login(options: Omit<Login, "password"> & { readonly password?: string }): Promise<SlixmppUser>;
  /** Online, by PLAIN: the quickest. Rejects if it does not get in. */
  online(jid: string, direct?: boolean): Promise<SlixmppUser>;
}

export function slixmppSetting(names: readonly string[]): SlixmppSetting {
  let server: TestServer;
  let agent: SlixmppAgent;
  let folder: string;
  let users: SlixmppUser[] = [];
  let logins = 0;

  beforeAll(async () => {
    if (slixmppIsMissing) return;
    server = await startServer();
    for (const name of names) await server.addUser(name, password);
    folder = await mkdtemp(join(tmpdir(), "refrain-slixmpp-"));
    await writeFile(join(folder, "ca.pem"), await certificateOf(server));
    agent = new SlixmppAgent();
  });
  afterEach(async () => {
    const leaving = users.filter((user) => user.login.online);
    users = [];
    await Promise.all(leaving.map((user) => user.call("logout")));
  });
  afterAll(async () => {
    if (slixmppIsMissing) return;
    await agent.stop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const login: SlixmppSetting["login"] = async (options) => {
    const name = `client ${++logins}`;
    const port = options.direct === true ? server.tlsPort : server.port;
    const result = await agent.call("login", { client: name, password, port, ca: join(folder, "ca.pem"), ...options });
    const user = new SlixmppUser(agent, name, result as LoginResult);
    users.push(user);
    return user;
  };
  return {
    get server() {
      return server;
    },
    login,
    online: async (jid, direct = false) => {
      const user = await login({ jid, direct, mechanism: "PLAIN" });
      if (!user.login.online) throw new Error(`${jid} did not get in: ${JSON.stringify(user.login)}`);
      return user;
    },
  };
}
