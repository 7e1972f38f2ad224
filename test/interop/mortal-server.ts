/** A server in a process of its own that is killed and started again on the same data folder and ports. */
import type { ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitStatus, newFolder, refrain, spawnRefrain } from "../cli/refrain.ts";
import type { ServerAddress } from "../support/login.ts";

export class MortalServer implements ServerAddress {
  readonly domain = "localhost";
  port = 0;
  tlsPort = 0;
  httpPort = 0;
  readonly #cwd: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  private constructor(cwd: string, env: Readonly<Record<string, string>>) {
    [this.#cwd, this.#env] = [cwd, env];
  }

  /** With an account for each name, and settings beside its own. Clients may also log in without TLS. */
  static async begin(names: readonly string[], password: string, env: Readonly<Record<string, string>> = {}): Promise<MortalServer> {
    const server = new MortalServer(newFolder(), env);
    writeFileSync(join(server.#cwd, "users.tsv"), names.map((name) => `${name}@localhost\t${password}\n`).join(""));
    const imported = await refrain(["user", "import", "users.tsv"], { cwd: server.#cwd });
    if (imported.status !== 0) throw new Error(imported.stderr);
    await server.start();
    return server;
  }

  /** The file with the certificate that it shows. */
  get certificate(): string {
    return join(this.#cwd, "data", "certificates", "localhost.crt");
  }

  /** What a command of `refrain` writes about it. Rejects with what went wrong. */
  async command(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await refrain(args, { cwd: this.#cwd });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  /** Resolves when it is ready, at the ports of the first time. */
  async start(): Promise<void> {
    const args = ["start", "--allow-plaintext", "--port", String(this.port), "--tls-port", String(this.tlsPort), "--http-port", String(this.httpPort)];
    const child = (this.#child = spawnRefrain(args, { cwd: this.#cwd, env: this.#env, nodeArgs: ["--max-semi-space-size=64"] }));
    let [stdout, stderr] = ["", ""];
    child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
    await new Promise<void>((resolve, reject) => {
      child.stdout!.on("data", (chunk) => {
        stdout += String(chunk);
        if (/^ready .*\n/m.test(stdout)) resolve();
      });
      child.once("exit", (code) => reject(new Error(`exit ${code}: ${stderr}`)));
    });
    const port = (name: string) => Number(new RegExp(` ${name}=\\S+:(\\d+)`).exec(stdout)?.[1]);
    [this.port, this.tlsPort, this.httpPort] = [port("c2s"), port("c2sTls"), port("http")];
  }

  /** Without a chance to do anything more; or asked to stop. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill(signal);
    if (child !== undefined) await exitStatus(child);
  }

  async restart(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.end(signal);
    await this.start();
  }

  /** It and its folder are gone. */
  async remove(): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.#cwd, { recursive: true });
  }
}
