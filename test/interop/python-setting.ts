/** A server and one process of Python for a test file; its clients log out after each test. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/index.ts";
import { missing, PythonAgent, type PythonModule } from "./python-agent.ts";
import { certificateOf } from "./trust.ts";

export const password = "correct horse";

/** Says aloud what is skipped and why. Where CI is true nothing is skipped, and this throws. */
export function isMissing(module: PythonModule): boolean {
  const why = missing(module);
  if (why === undefined) return false;
  if (process.env["CI"] === "true") throw new Error(`${module.name} cannot be tested with, and CI=true allows no gap: ${why}`);
  console.warn(`SKIPPED: everything that is tested with ${module.name}. ${why}`);
  return true;
}

/** What each agent's `login` takes; each has more of its own. */
export interface Login {
  readonly jid: string;
  readonly password?: string;
  /** TLS from the first byte. */
  readonly direct?: boolean;
  /** Of another server than the setting's own. */
  readonly port?: number;
}

export interface LoginResult {
  readonly online: boolean;
  readonly jid: string | null;
}

export class PythonUser<Result extends LoginResult = LoginResult> {
  readonly #agent: PythonAgent;
  readonly #name: string;
  readonly login: Result;

  constructor(agent: PythonAgent, name: string, login: Result) {
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

  get resource(): string {
    return this.jid.slice(this.bareJid.length + 1);
  }

  call(name: string, parameters: object = {}): Promise<unknown> {
    return this.#agent.call(name, { client: this.#name, ...parameters });
  }

  /** The oldest that came and has not been asked for yet; waits for it. */
  next(kind: string): Promise<unknown> {
    return this.call("next", { kind });
  }

  /** How many came that have not been asked for yet, of all that the server has to say by now. */
  async count(kind: string): Promise<unknown> {
    await this.settled();
    return this.call("count", { kind });
  }

  /** The server has taken in all that was sent, and what it sent is here. */
  async settled(): Promise<void> {
    await this.call("ping", { to: "localhost" });
  }

  /** Asks again and again until the answer is as expected. */
  eventually(name: string, parameters: object = {}): ReturnType<typeof expect.poll> {
    return expect.poll(() => this.call(name, parameters), { interval: 10, timeout: 5_000 });
  }
}

export interface PythonSetting<Options extends Login, Result extends LoginResult> {
  readonly server: TestServer;
  /** Whether it gets in or not. */
  login(options: Options): Promise<PythonUser<Result>>;
  /** Rejects if it does not get in. */
  online(options: Options): Promise<PythonUser<Result>>;
}

/** `names` get accounts with the password that all tests use. `skipped`: nothing is started. */
export function pythonSetting<Options extends Login, Result extends LoginResult>(
  file: URL,
  skipped: boolean,
  names: readonly string[],
  serverOptions: TestServerOptions = {},
): PythonSetting<Options, Result> {
  let server: TestServer;
  let agent: PythonAgent;
  let folder: string;
  let users: PythonUser<Result>[] = [];
  let logins = 0;

  beforeAll(async () => {
    if (skipped) return;
    server = await startServer(serverOptions);
    for (const name of names) await server.addUser(name, password);
    folder = await mkdtemp(join(tmpdir(), "refrain-python-"));
    await writeFile(join(folder, "ca.pem"), await certificateOf(server));
    agent = new PythonAgent(file);
  });
  afterEach(async () => {
    const leaving = users.filter((user) => user.login.online);
    users = [];
    await Promise.all(leaving.map((user) => user.call("logout")));
  });
  afterAll(async () => {
    if (skipped) return;
    await agent.stop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const login = async (options: Options) => {
    const client = `client ${++logins}`;
    const port = options.direct === true ? server.tlsPort : server.port;
    const result = await agent.call("login", { client, password, port, ca: join(folder, "ca.pem"), ...options });
    const user = new PythonUser(agent, client, result as Result);
    users.push(user);
    return user;
  };
  return {
    get server() {
      return server;
    },
    login,
    online: async (options) => {
      const user = await login(options);
      if (!user.login.online) throw new Error(`${options.jid} did not get in: ${JSON.stringify(user.login)}`);
      return user;
    },
  };
}
