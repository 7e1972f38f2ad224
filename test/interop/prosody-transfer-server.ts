/** A Prosody of its own, on loopback, that keeps its accounts in the form of XEP-0227: one file a user. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRaw } from "../support/raw-client.ts";

/** Versions before it do not know the form of SCRAM keys (XEP-0227 version 1.1). */
const oldest = [0, 12];

/** undefined: it is there. Else what is missing, and what to do. */
export function prosodyMissing(): string | undefined {
  const fix = `install the Debian package prosody (${oldest.join(".")} or later)`;
  const asked = spawnSync("prosodyctl", ["about"], { encoding: "utf8", timeout: 10_000 });
  if (asked.error !== undefined) return `prosodyctl: ${asked.error.message}; ${fix}`;
  const [, major, minor] = /Prosody (\d+)\.(\d+)/.exec(asked.stdout) ?? [];
  if (major === undefined) return `prosodyctl about: no version in its answer; ${fix}`;
  const isNew = Number(major) > (oldest[0] ?? 0) || Number(minor) >= (oldest[1] ?? 0);
  return isNew ? undefined : `Prosody ${major}.${minor}; ${fix}`;
}

export class Prosody {
  readonly domain = "localhost";
  readonly port: number;
  readonly tlsPort = 0;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #output = "";

  static async prepare(): Promise<Prosody> {
    return new Prosody(await freePort());
  }

  private constructor(port: number) {
    this.port = port;
    this.#folder = mkdtempSync(join(tmpdir(), "refrain-prosody-"));
    writeFileSync(this.#config, configuration(this.#folder, port));
  }

  get #config(): string {
    return join(this.#folder, "prosody.cfg.lua");
  }

  /** The file of a user. */
  file(username: string): string {
    return join(this.#folder, `${username}@${this.domain}.xml`);
  }

  read(username: string): Buffer {
    return readFileSync(this.file(username));
  }

  register(username: string, password: string): void {
    const done = spawnSync("prosodyctl", ["--config", this.#config, "register", username, this.domain, password], { encoding: "utf8", timeout: 10_000 });
    if (done.status !== 0) throw new Error(`prosodyctl register: ${done.stdout}${done.stderr}`);
  }

  async start(): Promise<void> {
    const child = spawn("prosody", ["--config", this.#config, "-F"], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (this.#output += text.toString()));
    for (const deadline = Date.now() + 10_000; ; ) {
      try {
        (await connectRaw({ port: this.port })).destroy();
        return;
      } catch (error) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Prosody does not listen: ${this.#output}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Its files are written when this resolves. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await exited;
    clearTimeout(timer);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

function configuration(folder: string, port: number): string {
  return `
run_as_root = true
daemonize = false
pidfile = "${folder}/prosody.pid"
data_path = "${folder}"
certificates = "${folder}"
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {}
https_ports = {}
modules_enabled = { "roster", "saslauth", "private", "vcard", "offline", "blocklist", "disco", "ping" }
modules_disabled = { "s2s", "tls" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
storage = { accounts = "xep0227", roster = "xep0227", private = "xep0227", vcard = "xep0227" }
log = { { levels = { min = "error" }, to = "console" } }
VirtualHost "localhost"
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
