/** The server as its users run it, in a process of its own, which is killed and started again on the same data folder and port. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Decisions } from "./decisions.ts";
import { commandLine, type Operator } from "./operator.ts";

/** What a run needs of a server. */
export interface Server {
  readonly domain: string;
  readonly port: number;
  /** What it says when it is asked on its command line, while it runs and when it has stopped. */
  readonly operator: Operator;
  /** Resolves when it is ready. Rejects if it does not get so. */
  start(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. Rejects if it was gone before: by itself. */
  kill(): Promise<void>;
  /** In order; resolves with the exit status. */
  stop(): Promise<number | null>;
  /** What it regrets in its log. */
  regrets(): readonly string[];
}

const readyMs = 30_000;
const stopMs = 15_000;

export class ServerProcess implements Server {
  readonly domain = "localhost";
  readonly port: number;
  readonly operator: Operator;
  readonly dataDir: string;
  readonly logFile: string;
  readonly #main: string;
  #child: ChildProcess | undefined;

  /** With an account for each name, whose password is the name. The folder is made; it may exist and be empty. */
  static async prepare(folder: string, names: readonly string[], decisions: Decisions): Promise<ServerProcess> {
    const main = mainFile();
    mkdirSync(folder, { recursive: true });
    const server = new ServerProcess(main, folder, await freePort(decisions));
    const accounts = join(folder, "accounts.tsv");
    writeFileSync(accounts, names.map((name) => `${name}@${server.domain}\t${name}\n`).join(""), { mode: 0o600 });
    await promisify(execFile)(process.execPath, [main, "user", "import", accounts, "--data", server.dataDir], { cwd: folder, env: environment() });
    return server;
  }

  private constructor(main: string, folder: string, port: number) {
    this.#main = main;
    this.port = port;
    this.dataDir = join(folder, "data");
    this.logFile = join(folder, "server.log");
    this.operator = commandLine(main, { ...environment(), REFRAIN_DATA_DIR: this.dataDir });
    process.on("exit", () => this.#child?.kill("SIGKILL"));
  }

  async start(): Promise<void> {
    const args = ["start", "--allow-plaintext", "--port", String(this.port), "--tls-port", "0", "--http-port", "0", "--data", this.dataDir];
    const log = openSync(this.logFile, "a", 0o600);
    // With the flag it need not start another Node, which would not be the one that is killed.
    const child = spawn(process.execPath, ["--max-semi-space-size=64", this.#main, ...args], {
      cwd: dirname(this.dataDir),
      env: environment(),
      stdio: ["ignore", "pipe", log],
    });
    closeSync(log);
    this.#child = child;
    let output = "";
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server was not ready in ${readyMs / 1_000} s; see ${this.logFile}`)), readyMs);
      child.stdout!.on("data", (chunk) => {
        output += String(chunk);
        if (/^ready .*\n/m.test(output)) {
          clearTimeout(timer);
          resolve();
        }
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`the server did not start (${signal ?? `exit status ${code}`}); see ${this.logFile}`));
      });
    });
  }

  async kill(): Promise<void> {
    const child = this.#living();
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    this.#child = undefined;
    if (child.signalCode !== "SIGKILL") throw new Error(`the server ended by itself, with exit status ${child.exitCode}; see ${this.logFile}`);
  }

  async stop(): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return 0;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
    child.kill("SIGTERM");
    await gone;
    clearTimeout(timer);
    return child.exitCode;
  }

  regrets(): readonly string[] {
    if (!existsSync(this.logFile)) return [];
    const lines = readFileSync(this.logFile, "utf8").split("\n");
    return lines.filter((line) => /"level":"(error|fatal)"/.test(line) || (line !== "" && !line.startsWith("{")));
  }

  #living(): ChildProcess {
    const child = this.#child;
    if (child === undefined) throw new Error("the server was not started");
    if (child.exitCode === null && child.signalCode === null) return child;
    throw new Error(`the server ended by itself (${child.signalCode ?? `exit status ${child.exitCode}`}); see ${this.logFile}`);
  }
}

/** The built program of the project that this file is in, wherever it was compiled to. */
function mainFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const main = join(folder, "dist/src/cli/main.js");
    if (existsSync(main)) return main;
    if (folder === dirname(folder)) throw new Error("dist/src/cli/main.js is in no folder above: run `npm run build`");
  }
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(REFRAIN_|NODE_OPTIONS|FORCE_COLOR|npm_)/.test(name)));
}

/**
 * A port that is free now and that no system gives to outgoing connections: a client that tries a port where nobody listens could be
 * connected to itself, and would hold the port.
 */
async function freePort(decisions: Decisions): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = decisions.whole(20_000, 31_999);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => probe.close(resolve));
    if (isFree) return port;
  }
  throw new Error("no free port was found from 20000 to 31999 in 50 tries");
}
