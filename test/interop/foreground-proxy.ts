/** nginx and Caddy as processes of ours in the foreground, with the block that README shows and as little around it as they start with. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shownOfProxies } from "../support/shown-of-proxies.ts";

export interface ForegroundProxyOptions {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** The HTTP listener behind it. */
  readonly serverPort: number;
  /** In PEM form. */
  readonly certificate: string;
  readonly key: string;
}

export type ProxyProgram = keyof typeof programs;

interface Program {
  /** Asks for its version. */
  readonly version: readonly string[];
  readonly args: readonly string[];
  /** In what it writes once it takes connections. */
  readonly ready: RegExp;
  /** README's block with the places of this machine in it, and what has to be around it. */
  configuration(options: ForegroundProxyOptions, folder: string): string;
}

const programs = {
  nginx: {
    version: ["-v"],
    args: ["-p", ".", "-c", "configuration", "-e", "stderr"],
    ready: /start worker process /,
    configuration: ({ port, serverPort }, folder) => {
      const block = placed(shownOfProxies.nginx, [
        ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
        ["server_name example.org;", "server_name localhost;"],
        ["/etc/letsencrypt/live/example.org/fullchain.pem", join(folder, "certificate.pem")],
        ["/etc/letsencrypt/live/example.org/privkey.pem", join(folder, "key.pem")],
        ["127.0.0.1:5280", `127.0.0.1:${serverPort}`],
      ]);
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path ${join(folder, name)};`);
      // As root its workers would be somebody else, whom the folder does not let in.
      const user = process.getuid?.() === 0 ? "user root;" : "";
      return [user, "daemon off;", "worker_processes 1;", `pid ${join(folder, "pid")};`, "error_log stderr notice;", "events {}", "http {", "  access_log off;", ...temporary, block, "}", ""].join("\n");
    },
  },
  caddy: {
    version: ["version"],
    args: ["run", "--config", "configuration", "--adapter", "caddyfile"],
    ready: /serving initial configuration/,
    configuration: ({ port, serverPort }, folder) => {
      const certificate = `tls ${join(folder, "certificate.pem")} ${join(folder, "key.pem")}`;
      const block = placed(shownOfProxies.caddy, [
        ["example.org {", `https://localhost:${port} {\n  bind 127.0.0.1\n  ${certificate}`],
        ["127.0.0.1:5280", `127.0.0.1:${serverPort}`],
      ]);
      return `{\n  admin off\n  auto_https disable_redirects\n}\n${block}`;
    },
  },
} satisfies Readonly<Record<string, Program>>;

/** undefined: it is there. Else what is missing, and what to do. */
export function proxyMissing(name: ProxyProgram): string | undefined {
  const { error, status } = spawnSync(name, [...programs[name].version]);
  return error === undefined && status === 0 ? undefined : `${name} is missing: apt-get install ${name}`;
}

/** Resolves when it takes connections; what it resolves with ends it. Rejects with what it wrote if it does not start. */
export async function startProxy(name: ProxyProgram, options: ForegroundProxyOptions): Promise<() => Promise<void>> {
  const program: Program = programs[name];
  const folder = mkdtempSync(join(tmpdir(), `refrain-${name}-`));
  writeFileSync(join(folder, "certificate.pem"), options.certificate);
  writeFileSync(join(folder, "key.pem"), options.key);
  writeFileSync(join(folder, "configuration"), program.configuration(options, folder));
  // Caddy keeps what it has in the folders of its user.
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(name, [...program.args], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const end = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(child, program.ready);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

function until(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let written = "";
    child.stderr!.on("data", (chunk) => {
      written += String(chunk);
      if (ready.test(written)) resolve();
    });
    child.once("close", (code) => reject(new Error(`it ended with ${code}: ${written}`)));
    child.once("error", reject);
  });
}

/** Each of these is there, or the block is another one than the test knows. */
function placed(block: string, places: readonly (readonly [string, string])[]): string {
  return places.reduce((text, [shown, here]) => {
    if (!text.includes(shown)) throw new Error(`README's block has no ${JSON.stringify(shown)}:\n${block}`);
    return text.replaceAll(shown, here);
  }, block);
}
