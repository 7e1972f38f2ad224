/** Drives mcabber, a client for terminals: its commands go into a named pipe, what it saw is in its chat logs. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { TestServer } from "../../../src/testing/index.ts";

/** undefined: it is there. Else what is missing, and what to do. */
export function mcabberMissing(): string | undefined {
  const missing = ["mcabber", "script"].filter((program) => spawnSync(program, ["--version"]).error !== undefined);
  return missing.length === 0 ? undefined : `${missing.join(" and ")}: not found; install the Debian packages mcabber and bsdutils`;
}

export class Mcabber {
  readonly jid: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #screen = "";

  constructor(server: TestServer, jid: string, password: string) {
    this.jid = jid;
    this.#folder = mkdtempSync(join(tmpdir(), "refrain-mcabber-"));
    mkdirSync(this.#file("log"), { mode: 0o700 });
    const settings = {
      jid, password, server: "127.0.0.1", port: server.port, tls: 1, ssl_ignore_checks: 1,
      fifo_name: this.#file("fifo"), logging: 1, logging_dir: this.#file("log"), log_muc_conf: 1,
    };
    const lines = Object.entries(settings).map(([name, value]) => `set ${name} = ${value}\n`);
    writeFileSync(this.#file("rc"), `${lines.join("")}module load fifo\n`, { mode: 0o600 });
    // It wants a terminal; its standard input stays open, for its end would end the client.
    this.#child = spawn("script", ["-qec", `mcabber -f ${this.#file("rc")}`, "/dev/null"], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, TERM: "xterm", LANG: "C.UTF-8" },
    });
    this.#child.stdout!.on("data", (text: Buffer) => (this.#screen += text.toString()));
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** A command as its user would type it, without the slash. */
  type(command: string): void {
    appendFileSync(this.#file("fifo"), `/${command}\n`);
  }

  /** A key, as the terminal tells it. */
  press(key: string): void {
    this.#child.stdin!.write(key);
  }

  /** Waits until its user has been shown this. */
  async shows(what: string): Promise<void> {
    await this.#until(() => this.#screen.includes(what), () => `was not shown ${JSON.stringify(what)} but ${JSON.stringify(this.#screen.slice(-2_000))}`);
  }

  /** Waits until the log of its chat with `bareJid` matches: `SO` came online, `S_` left, `MS` was said, `MR` was heard. */
  async logs(bareJid: string, pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.#log(bareJid)), () => `logged ${JSON.stringify(this.#log(bareJid))}, which is not ${String(pattern)}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.type("quit");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3_000);
    await this.#exited;
    clearTimeout(timer);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #log(bareJid: string): string {
    const file = join(this.#file("log"), bareJid);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  async #until(done: () => boolean, otherwise: () => string): Promise<void> {
    for (const deadline = Date.now() + 8_000; !done(); await wait(20)) {
      if (Date.now() > deadline) throw new Error(`mcabber of ${this.jid} ${otherwise()}`);
    }
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}
