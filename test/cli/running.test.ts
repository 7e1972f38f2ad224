import { type ChildProcess, execFileSync } from "node:child_process";
import { createHash, randomUUID, X509Certificate } from "node:crypto";
import { closeSync, constants, existsSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionView } from "../../src/domain/session-view.ts";
import { makePair } from "../net/support.ts";
import { exitStatus, newFolder, type Outcome, refrain, spawnRefrain, type Surroundings } from "./refrain.ts";

/** As `npm start` gives it: the server runs in the process that is started. */
const nodeArgs = ["--max-semi-space-size=64"];

let cwd: string;
let children: ChildProcess[];
let sockets: Socket[];

beforeEach(() => {
  cwd = newFolder();
  [children, sockets] = [[], []];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exitStatus(child);
  }
  rmSync(cwd, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  /** What it has printed until it was ready. */
  readonly stdout: string;
  readonly port: number;
  stderr(): string;
}

/** Starts a server and waits for its ready line. */
async function start(line = "", surroundings: Omit<Surroundings, "cwd"> = { nodeArgs }): Promise<Started> {
  const args = ["start", "--port", "0", "--tls-port", "0", ...line.split(" ").filter((arg) => arg !== "")];
  const child = spawnRefrain(args, { cwd, ...surroundings });
  children.push(child);
  let [stdout, stderr] = ["", ""];
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (chunk) => {
      stdout += String(chunk);
      if (/^ready .*\n/m.test(stdout)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`exit ${code}: ${stderr}`)));
  });
  return { child, stdout, port: Number(/ c2s=\S+:(\d+)/.exec(stdout)?.[1]), stderr: () => stderr };
}

async function stop({ child }: Started, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
  child.kill(signal);
  return exitStatus(child);
}

function run(line: string, input?: string): Promise<Outcome> {
  return refrain(line.split(" "), { cwd, ...(input === undefined ? {} : { input }) });
}

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });

/** A client by hand: sends text, waits for text. */
async function open(port: number): Promise<(text: string, until: RegExp) => Promise<string>> {
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  sockets.push(socket);
  let unread = "";
  let ended = false;
  let wake = () => {};
  socket.on("data", (chunk) => {
    unread += String(chunk);
    wake();
  });
  socket.on("close", () => {
    ended = true;
    wake();
  });
  return async (text, until) => {
    socket.write(text);
    while (!until.test(unread)) {
      if (ended) throw new Error(`closed, and ${String(until)} never came: ${unread}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const answer = unread;
    unread = "";
    return answer;
  };
}

async function login(port: number, username: string, password: string) {
  const header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
  const plain = Buffer.from(`\0${username}\0${password}`).toString("base64");
  const talk = await open(port);
  await talk(header, /<\/stream:features>/);
  await talk(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`, /<success/);
  await talk(header, /<\/stream:features>/);
  await talk("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>orchard</resource></bind></iq>", /<jid>/);
  return talk;
}

describe("a request to stop that arrives twice", () => {
  it("is one request: npm, timeout and terminals deliver it to the process and to its group", async () => {
    const server = await start();
    for (let times = 0; times < 3; times++) server.child.kill("SIGTERM");
    expect(await exitStatus(server.child)).toBe(0);
    expect(server.stderr()).toContain("stopped");
  });
});

describe("refrain start", () => {
  it("prints one ready line last, after a hint, and logs to standard error alone", async () => {
    const server = await start();
    const lines = server.stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(/^ready c2s=127\.0\.0\.1:\d+ c2sTls=127\.0\.0\.1:\d+$/);
    expect(server.stdout).toContain("refrain user add romeo@localhost");
    expect(await stop(server)).toBe(0);
    const logLines = server.stderr().trimEnd().split("\n");
    for (const line of logLines) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  });

  it("stops on SIGINT too, and serves the same data when started again", async () => {
    const first = await start();
    expect(await run("user add romeo@localhost --password secret")).toEqual(done("added romeo@localhost\n"));
    expect(await stop(first, "SIGINT")).toBe(0);
    const second = await start();
    expect(await run("user list")).toEqual(done("romeo@localhost\n"));
    expect(await stop(second)).toBe(0);
  });

  it("starts after a kill -9, over the socket that was left", async () => {
    const first = await start();
    await run("user add romeo@localhost --password secret");
    await stop(first, "SIGKILL");
    expect(existsSync(join(cwd, "data/admin.sock"))).toBe(true);
    expect(await run("user list")).toEqual(done("romeo@localhost\n"));
    const second = await start();
    expect(await run("user list")).toEqual(done("romeo@localhost\n"));
    expect(await stop(second)).toBe(0);
  });

  it("gives Node the flags it needs, passes on the signal and keeps the exit status", async () => {
    const server = await start("", {});
    expect(await stop(server)).toBe(0);
    expect((await run("sessions --json")).stderr).toContain("no server runs");
  });

  it("warns when clients may log in without TLS, and refuses it beyond loopback", async () => {
    const server = await start("--allow-plaintext");
    expect(server.stderr()).toContain("listen.allowPlaintext");
    const refused = await run("start --allow-plaintext --host 0.0.0.0 --port 0 --tls-port 0 --data elsewhere");
    expect(refused).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(/^error: listen\.allowPlaintext: [^\n]+\n$/) });
  });
});

describe.runIf(process.platform === "linux")("a log that cannot be written", () => {
  const within = { nodeArgs, env: { REFRAIN_LOG_LEVEL: "debug" } };

  /** Starts a server whose standard error is `stderr`, has it log something, and stops it. */
  async function live(stderr: number, env: Readonly<Record<string, string>> = {}): Promise<{ status: number | null; ms: number }> {
    const server = await start("--allow-plaintext", { ...within, env: { ...within.env, ...env }, stderr });
    expect(await run("user add romeo@localhost --password secret")).toEqual(done("added romeo@localhost\n"));
    await login(server.port, "romeo", "secret");
    const begin = Date.now();
    const status = await stop(server);
    return { status, ms: Date.now() - begin };
  }

  it.each(["json", "pretty"])("on a full disk neither stops the server nor keeps it from stopping (%s)", async (format) => {
    const full = openSync("/dev/full", "w");
    try {
      const { status, ms } = await live(full, { REFRAIN_LOG_FORMAT: format });
      expect(status).toBe(0);
      expect(ms).toBeLessThan(6_000);
    } finally {
      closeSync(full);
    }
  });

  it("into a pipe that nobody reads neither stops the server nor keeps it from stopping", async () => {
    const file = join(cwd, "pipe");
    execFileSync("mkfifo", [file]);
    const filled = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    const blocking = openSync(file, constants.O_WRONLY);
    try {
      expect(() => {
        for (;;) writeSync(filled, "x".repeat(4_096));
      }).toThrow("EAGAIN");
      const { status, ms } = await live(blocking);
      expect(status).toBe(0);
      expect(ms).toBeLessThan(7_000);
    } finally {
      closeSync(filled);
      closeSync(blocking);
    }
  });

  it("is no worse where standard output is full, and a command says that its result was not written", async () => {
    const full = openSync("/dev/full", "w");
    try {
      const child = spawnRefrain(["start", "--port", "0", "--tls-port", "0"], { cwd, nodeArgs, stdout: full });
      children.push(child);
      let stderr = "";
      await new Promise<void>((resolve) => {
        child.stderr!.on("data", (chunk) => {
          stderr += String(chunk);
          if (stderr.includes("standard output: cannot be written (ENOSPC)")) resolve();
        });
      });
      expect(await run("sessions")).toEqual(done("no sessions\n"));
      const listing = spawnRefrain(["user", "list", "--json"], { cwd, stdout: full });
      expect(await exitStatus(listing)).toBe(1);
      child.kill("SIGTERM");
      expect(await exitStatus(child)).toBe(0);
    } finally {
      closeSync(full);
    }
  });
});

describe("SIGHUP", () => {
  it("has the certificates read again, and stops nothing", async () => {
    const files = { certificate: join(cwd, "host.crt"), key: join(cwd, "host.key") };
    const issue = async () => {
      const { cert, key } = await makePair("localhost");
      writeFileSync(files.certificate, cert);
      writeFileSync(files.key, key);
      return new X509Certificate(cert).fingerprint256;
    };
    await issue();
    writeFileSync(join(cwd, "refrain.toml"), `[[hosts]]\ndomain = "localhost"\ncertificate = "host.crt"\nkey = "host.key"\n`);
    const server = await start();
    const renewed = await issue();
    server.child.kill("SIGHUP");
    const tlsPort = Number(/ c2sTls=\S+:(\d+)/.exec(server.stdout)?.[1]);
    await until(async () => (await fingerprint(tlsPort)) === renewed, 3_000);
    writeFileSync(files.certificate, "nonsense");
    server.child.kill("SIGHUP");
    await until(async () => /host\.crt[^\n]+\n[^\n]*SIGHUP:[^\n]+not all/.test(server.stderr()), 3_000);
    expect(await fingerprint(tlsPort)).toBe(renewed);
    expect(await stop(server)).toBe(0);
  });
});

async function fingerprint(port: number): Promise<string> {
  const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false });
  sockets.push(socket);
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function until(holds: () => Promise<boolean>, ms: number): Promise<void> {
  for (const deadline = Date.now() + ms; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error(`still not so after ${ms} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("refrain start, when it cannot", () => {
  const clear = (pattern: RegExp) => ({ status: 1, stdout: "", stderr: expect.stringMatching(pattern) });

  it("says whose port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    try {
      const [plain, tls] = [await run(`start --port ${port} --tls-port 0`), await run(`start --port 0 --tls-port ${port}`)];
      expect(plain).toMatchObject(clear(new RegExp(`^error: listen\\.c2s\\.port: ${port} on 127\\.0\\.0\\.1 is in use [^\\n]+\\n$`, "m")));
      expect(tls).toMatchObject(clear(new RegExp(`^error: listen\\.c2sTls\\.port: ${port} on 127\\.0\\.0\\.1 is in use [^\\n]+\\n$`, "m")));
    } finally {
      other.close();
    }
  });

  it("says that another server has the data folder", async () => {
    const server = await start();
    expect(await run("start --port 0 --tls-port 0")).toMatchObject(clear(/^error: \S+refrain\.db: another refrain process has it open; [^\n]+\n$/m));
    expect(await stop(server)).toBe(0);
  });

  it("says that the data folder or the database cannot be used", async () => {
    writeFileSync(join(cwd, "file"), "");
    expect(await run("start --port 0 --tls-port 0 --data file/below")).toMatchObject(clear(/^error: data folder \S+: is not a folder; [^\n]+\n$/m));
    await run("user add romeo@localhost --password secret");
    writeFileSync(join(cwd, "data/refrain.db"), "no database at all, and long enough to be sure of it".repeat(20));
    expect(await run("start --port 0 --tls-port 0")).toMatchObject(clear(/^error: \S+refrain\.db: [^\n]+\n$/m));
  });
});

describe("commands while the server runs", () => {
  it("go through it", async () => {
    const server = await start();
    expect(await run("user add romeo@localhost --password secret")).toEqual(done("added romeo@localhost\n"));
    expect(await run("user add romeo@localhost --password secret")).toMatchObject({ status: 1, stderr: expect.stringContaining("already") });
    expect(await run("user import -", "juliet@localhost\tsecret\nmalformed\n")).toMatchObject({ status: 1, stdout: "imported 1 account, 1 line failed\n" });
    expect(await run("user passwd juliet@localhost --password-stdin", "secret2\n")).toEqual(done("changed the password of juliet@localhost\n"));
    expect(JSON.parse((await run("user list --json")).stdout)).toEqual(["juliet@localhost", "romeo@localhost"]);
    expect(await run("user delete juliet@localhost")).toEqual(done("deleted juliet@localhost\n"));
    expect(await run("sessions --json")).toEqual(done("[]\n"));
    expect(await run("sessions")).toEqual(done("no sessions\n"));
    expect(await stop(server)).toBe(0);
    expect(server.stderr()).not.toContain("secret");
  });

  it("show a session with its documented properties, and deleting its account ends it", async () => {
    const server = await start("--allow-plaintext");
    await run("user add romeo@localhost --password secret");
    const talk = await login(server.port, "romeo", "secret");
    const [session] = JSON.parse((await run("sessions --json")).stdout) as SessionView[];
    expect(session).toMatchObject({
      type: "c2s",
      notopen: false,
      username: "romeo",
      host: "localhost",
      resource: "orchard",
      full_jid: "romeo@localhost/orchard",
      priority: 0,
      presence: null,
      interested: null,
      conn: { transport: "tcp", secure: null },
    });
    const table = await run("sessions");
    expect(table.stdout.split("\n")[0]).toMatch(/^ID +TYPE +STATE +JID /);
    expect(table.stdout).toContain("romeo@localhost/orchard");
    await run("user delete romeo@localhost");
    await talk("", /<\/stream:stream>/);
  });

  it("find the socket where the data folder's path is long", async () => {
    const data = `long/${createHash("sha256").update(randomUUID()).digest("hex")}${"x".repeat(60)}`;
    const server = await start(`--data ${data}`);
    expect(await run(`user add romeo@localhost --password secret --data ${data}`)).toEqual(done("added romeo@localhost\n"));
    expect(await run(`sessions --data ${data}`)).toEqual(done("no sessions\n"));
    expect(await stop(server)).toBe(0);
  });
});
