import { type ChildProcess, execFileSync } from "node:child_process";
import { createHash, randomUUID, X509Certificate } from "node:crypto";
import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SessionView } from "../../src/domain/session-view.ts";
import { makePair } from "../net/support.ts";
import { exitStatus, newFolder, type Outcome, refrainLines, refrainOnce, spawnRefrain, type Surroundings } from "./refrain.ts";

/** As `npm start` gives it: the server runs in the process that is started. */
const nodeArgs = ["--max-semi-space-size=64"];

let cwd: string;
let children: ChildProcess[];
let sockets: Socket[];

function open(): void {
  cwd = newFolder();
  [children, sockets] = [[], []];
}

async function close(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exitStatus(child);
  }
  rmSync(cwd, { recursive: true });
}

/** One folder for all tests of a `describe`, which are then one story, or one for each of them. */
const foldersForAll = () => (beforeAll(open), afterAll(close));
const foldersForEach = () => (beforeEach(open), afterEach(close));

interface Started {
  readonly child: ChildProcess;
  /** What it has printed until it was ready. */
  readonly stdout: string;
  readonly port: number;
  stderr(): string;
}

/** Starts a server and waits for its ready line. */
async function start(line = "", surroundings: Omit<Surroundings, "cwd"> = { nodeArgs }): Promise<Started> {
  const args = ["start", "--port", "0", "--tls-port", "0", "--http-port", "0", ...line.split(" ").filter((arg) => arg !== "")];
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
  return refrainOnce(line.split(" "), { cwd, ...(input === undefined ? {} : { input }) });
}

/** One after the other, in one process. */
const runEach = <const Lines extends readonly string[]>(...lines: Lines) => refrainLines(lines, { cwd });

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });

const failed = (pattern: RegExp) => ({ status: 1, stdout: "", stderr: expect.stringMatching(pattern) as string });

/** A client by hand: sends text, waits for text. */
async function talkTo(port: number): Promise<(text: string, until: RegExp) => Promise<string>> {
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
  const talk = await talkTo(port);
  await talk(header, /<\/stream:features>/);
  await talk(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`, /<success/);
  await talk(header, /<\/stream:features>/);
  await talk("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>orchard</resource></bind></iq>", /<jid>/);
  return talk;
}

describe("a server that runs", () => {
  foldersForAll();
  let server: Started;
  beforeAll(async () => {
    server = await start();
  });

  it("has printed one ready line last, after a hint", () => {
    expect(server.stdout.trimEnd().split("\n").at(-1)).toMatch(/^ready c2s=127\.0\.0\.1:\d+ c2sTls=127\.0\.0\.1:\d+ http=127\.0\.0\.1:\d+$/);
    expect(server.stdout).toContain("refrain user add romeo@localhost");
  });

  it("has commands go through it", async () => {
    expect(await run("user add romeo@localhost --password secret")).toEqual(done("added romeo@localhost\n"));
    expect(await run("user import -", "juliet@localhost\tsecret\nmalformed\n")).toMatchObject({ status: 1, stdout: "imported 1 account, 1 line failed\n" });
    expect(await run("user passwd juliet@localhost --password-stdin", "secret2\n")).toEqual(done("changed the password of juliet@localhost\n"));
    const [again, list, deleted, json, table] = await runEach("user add romeo@localhost --password secret", "user list --json", "user delete juliet@localhost", "sessions --json", "sessions");
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("already") });
    expect(JSON.parse(list.stdout)).toEqual(["juliet@localhost", "romeo@localhost"]);
    expect([deleted, json, table]).toEqual([done("deleted juliet@localhost\n"), done("[]\n"), done("no sessions\n")]);
  });

  it("has an inspector, whose address it tells to who asks: nothing that lets in is in its output or its log", async () => {
    expect(server.stdout).toMatch(/ {2}watch sessions {4}refrain inspect\n/);
    const told = await runEach("inspect", "inspect");
    expect(told.map(({ stderr }) => stderr)).toEqual(Array(2).fill("this address is good once, for ten minutes\n"));
    const [first, second] = told.map(({ stdout }) => new URL(stdout.trim()));
    const { port } = /http=127\.0\.0\.1:(?<port>\d+)/.exec(server.stdout)!.groups!;
    expect(first!.href).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/inspect#token=[\\w-]{22}$`));
    const enter = async ({ origin, hash }: URL) => {
      const body = JSON.stringify({ token: hash.slice("#token=".length) });
      return (await fetch(`${origin}/inspect/enter`, { method: "POST", body, headers: { origin } })).status;
    };
    expect([await enter(first!), await enter(first!), await enter(second!), await enter(second!)]).toEqual([204, 403, 204, 403]);
    expect(server.stderr()).toContain("inspector.entered");
    for (const { hash } of [first!, second!]) expect(server.stderr()).not.toContain(hash.slice("#token=".length));
    expect(server.stdout + server.stderr()).not.toContain("token=");
  });

  it("has the data folder for itself", async () => {
    const other = await run("start --port 0 --tls-port 0 --http-port 0");
    expect(other).toMatchObject(failed(/^error: \S+refrain\.db: another refrain process has it open; [^\n]+\n$/m));
  });

  it("takes a request to stop that arrives twice for one: npm, timeout and terminals deliver it to the process and to its group", async () => {
    for (let times = 0; times < 3; times++) server.child.kill("SIGTERM");
    expect(await exitStatus(server.child)).toBe(0);
    expect(server.stderr()).toContain("stopped");
  });

  it("has logged to standard error alone, and no password", () => {
    for (const line of server.stderr().trimEnd().split("\n")) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
    expect(server.stderr()).not.toContain("secret");
  });
});

describe("a server that is started without Node's flags, with plain text, on a data folder with a long path", () => {
  foldersForAll();
  const data = `long/${createHash("sha256").update(randomUUID()).digest("hex")}${"x".repeat(60)}`;
  let server: Started;
  beforeAll(async () => {
    server = await start(`--allow-plaintext --data ${data}`, {});
  });

  it("warns that clients may log in without TLS, and that is refused beyond loopback", async () => {
    expect(server.stderr()).toContain("listen.allowPlaintext");
    const refused = await run("start --allow-plaintext --host 0.0.0.0 --port 0 --tls-port 0 --http-port 0 --data elsewhere");
    expect(refused).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(/^error: listen\.allowPlaintext: [^\n]+\n$/) });
  });

  it("shows a session with its documented properties, and deleting its account ends it", async () => {
    expect(await run(`user add romeo@localhost --password secret --data ${data}`)).toEqual(done("added romeo@localhost\n"));
    const talk = await login(server.port, "romeo", "secret");
    const [json, table] = await runEach(`sessions --json --data ${data}`, `sessions --data ${data}`);
    const [session] = JSON.parse(json.stdout) as SessionView[];
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
    expect(table.stdout.split("\n")[0]).toMatch(/^ID +TYPE +STATE +JID /);
    expect(table.stdout).toContain("romeo@localhost/orchard");
    await run(`user delete romeo@localhost --data ${data}`);
    await talk("", /<\/stream:stream>/);
  });

  it("has been given the flags, is passed the signal and keeps the exit status", async () => {
    expect(await stop(server)).toBe(0);
    expect((await run(`sessions --json --data ${data}`)).stderr).toContain("no server runs");
  });
});

describe("a server that is started again", () => {
  foldersForEach();

  it("serves the same data, after SIGINT and after a kill -9, over the socket that was left", async () => {
    const first = await start();
    expect(await run("user add romeo@localhost --password secret")).toEqual(done("added romeo@localhost\n"));
    expect(await stop(first, "SIGINT")).toBe(0);
    const second = await start();
    expect(await run("user list")).toEqual(done("romeo@localhost\n"));
    await stop(second, "SIGKILL");
    expect(existsSync(join(cwd, "data/admin.sock"))).toBe(true);
    expect(await run("user list")).toEqual(done("romeo@localhost\n"));
    const third = await start();
    expect(await run("user list")).toEqual(done("romeo@localhost\n"));
    expect(await stop(third)).toBe(0);
  });
});

describe.runIf(process.platform === "linux")("a log that cannot be written", () => {
  foldersForAll();
  beforeAll(async () => {
    expect(await run("user add romeo@localhost --password secret")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^added romeo@localhost to /) });
  });

  const within = { nodeArgs, env: { REFRAIN_LOG_LEVEL: "debug" } };

  /** Starts a server whose standard error is `stderr`, has it log something, and stops it. */
  async function live(stderr: number, env: Readonly<Record<string, string>> = {}): Promise<{ status: number | null; ms: number }> {
    const server = await start("--allow-plaintext", { ...within, env: { ...within.env, ...env }, stderr });
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
      const child = spawnRefrain(["start", "--port", "0", "--tls-port", "0", "--http-port", "0"], { cwd, nodeArgs, stdout: full });
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
  foldersForEach();

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
  foldersForEach();

  it("says whose port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    try {
      const [plain, tls, http] = await Promise.all([
        run(`start --port ${port} --tls-port 0 --http-port 0`),
        run(`start --port 0 --tls-port ${port} --http-port 0 --data other`),
        run(`start --port 0 --tls-port 0 --http-port ${port} --data third`),
      ]);
      expect(plain).toMatchObject(failed(new RegExp(`^error: listen\\.c2s\\.port: ${port} on 127\\.0\\.0\\.1 is in use [^\\n]+\\n$`, "m")));
      expect(http).toMatchObject(failed(new RegExp(`^error: listen\\.http\\.port: ${port} on 127\\.0\\.0\\.1 is in use [^\\n]+ --http-port [^\\n]+\\n$`, "m")));
      expect(tls).toMatchObject(failed(new RegExp(`^error: listen\\.c2sTls\\.port: ${port} on 127\\.0\\.0\\.1 is in use [^\\n]+\\n$`, "m")));
    } finally {
      other.close();
    }
  });

  it("says that the data folder or the database cannot be used", async () => {
    writeFileSync(join(cwd, "file"), "");
    mkdirSync(join(cwd, "data"), { mode: 0o700 });
    writeFileSync(join(cwd, "data/refrain.db"), "no database at all, and long enough to be sure of it".repeat(20));
    const [folder, database] = await Promise.all([run("start --port 0 --tls-port 0 --http-port 0 --data file/below"), run("start --port 0 --tls-port 0 --http-port 0")]);
    expect(folder).toMatchObject(failed(/^error: data folder \S+: is not a folder; [^\n]+\n$/m));
    expect(database).toMatchObject(failed(/^error: \S+refrain\.db: [^\n]+\n$/m));
  });
});
