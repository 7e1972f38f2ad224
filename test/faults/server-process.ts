/** The built server in a process of its own, with nothing between it and whoever harms it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ServerAddress } from "../support/login.ts";

export interface ProcessOptions {
  readonly dataDir: string;
  /** What it says on standard error goes there. */
  readonly logFile: string;
  /** For Node. */
  readonly nodeFlags?: readonly string[];
  /** For `refrain start`. */
  readonly flags?: readonly string[];
  /** A channel to what `nodeFlags` have it load. */
  readonly ipc?: boolean;
}

const readyMs = 60_000;

export class ServerProcess implements ServerAddress {
  readonly domain = "localhost";
  readonly port: number;
  readonly tlsPort: number;
  readonly child: ChildProcess;
  readonly #logFile: string;

  /** Resolves when it is ready. */
  static async start({ dataDir, logFile, nodeFlags = [], flags = [], ipc = false }: ProcessOptions): Promise<ServerProcess> {
    const log = openSync(logFile, "a", 0o600);
    // With the flag it need not start another Node, which would not be the one that is harmed.
    const args = ["--max-semi-space-size=64", ...nodeFlags, mainFile(), "start", "--allow-plaintext", "--port", "0", "--tls-port", "0", "--http-port", "0", "--data", dataDir, ...flags];
    const child = spawn(process.execPath, args, { cwd: dirname(dataDir), env: environment(), stdio: ["ignore", "pipe", log, ...(ipc ? ["ipc" as const] : [])] });
    closeSync(log);
    process.once("exit", () => child.kill("SIGKILL"));
    let output = "";
    const ready = await new Promise<RegExpExecArray>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server was not ready in ${readyMs / 1_000} s; see ${logFile}`)), readyMs);
      child.stdout!.on("data", (chunk) => {
        output += String(chunk);
        const found = /^ready c2s=127\.0\.0\.1:(\d+) c2sTls=127\.0\.0\.1:(\d+) http=\S+$/m.exec(output);
        if (found === null) return;
        clearTimeout(timer);
        resolve(found);
      });
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`the server did not start (${signal ?? `exit status ${code}`}): ${existsSync(logFile) ? readFileSync(logFile, "utf8").slice(-2_000) : ""}`));
      });
    });
    return new ServerProcess(child, logFile, Number(ready[1]), Number(ready[2]));
  }

  private constructor(child: ChildProcess, logFile: string, port: number, tlsPort: number) {
    this.child = child;
    this.#logFile = logFile;
    this.port = port;
    this.tlsPort = tlsPort;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Everything that it has said until now. */
  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  /** Resolves with its exit status when it is gone; null if a signal has ended it. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, "exit");
      this.child.kill(signal);
      await gone;
    }
    return this.child.exitCode;
  }
}

/** A command of refrain, as people give it. */
export async function refrain(...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [mainFile(), ...args], { env: environment() })).stdout;
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
