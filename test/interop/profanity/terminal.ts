/** Drives profanity, a client for terminals, in tmux: it is typed to, and its screen is read. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { TestServer } from "../../../src/testing/index.ts";

/** undefined: it is there. Else what is missing, and what to do. */
export function profanityMissing(): string | undefined {
  const missing = [["profanity", "--version"], ["tmux", "-V"]].filter(([program, ask]) => spawnSync(program!, [ask!]).error !== undefined);
  return missing.length === 0 ? undefined : `${missing.map(([program]) => program).join(" and ")}: not found; install the Debian packages profanity and tmux`;
}

export class Profanity {
  readonly #folder = mkdtempSync(join(tmpdir(), "refrain-profanity-"));

  constructor() {
    const home = [`HOME=${this.#folder}`, `XDG_CONFIG_HOME=${this.#folder}/config`, `XDG_DATA_HOME=${this.#folder}/data`, "LANG=C.UTF-8"];
    this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "50", "env", ...home, "profanity");
  }

  async login(server: TestServer, jid: string, password: string): Promise<void> {
    await this.shows(/Type '\/help'/);
    await this.type(`/connect ${jid} server 127.0.0.1 port ${server.port} tls trust`);
    await this.shows(/Enter password:/);
    await this.type(password);
    await this.shows(/logged in successfully/);
  }

  async type(line: string): Promise<void> {
    this.#tmux("send-keys", "-l", line);
    // It takes keys that come at once for a paste.
    await wait(50);
    this.#tmux("send-keys", "Enter");
  }

  /** Waits until its user sees this. */
  async shows(pattern: RegExp): Promise<void> {
    for (const deadline = Date.now() + 8_000; !pattern.test(this.#screen()); await wait(50)) {
      if (Date.now() > deadline) throw new Error(`profanity shows ${JSON.stringify(this.#screen())}, which is not ${String(pattern)}`);
    }
  }

  stop(): void {
    this.#tmux("kill-server");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #screen(): string {
    return this.#tmux("capture-pane", "-p");
  }

  /** A server of tmux for itself. */
  #tmux(...args: readonly string[]): string {
    return spawnSync("tmux", ["-L", basename(this.#folder), ...args], { encoding: "utf8" }).stdout;
  }
}
