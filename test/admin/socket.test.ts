import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAccountAdmin } from "../../src/admin/account-admin.ts";
import { createAccountTransfer } from "../../src/admin/account-transfer.ts";
import { createArchiveTransfer } from "../../src/admin/archive-transfer.ts";
import { createContactAdmin } from "../../src/admin/contact-admin.ts";
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { createInvitationAdmin } from "../../src/admin/invitation-admin.ts";
import { createLogAdmin } from "../../src/admin/log-admin.ts";
import type { AdminApi, ServiceAdmin } from "../../src/admin/api.ts";
import { type AdminClient, connectAdmin } from "../../src/admin/connect.ts";
import { AdminError } from "../../src/admin/errors.ts";
import { requestBytesMax } from "../../src/admin/protocol.ts";
import { type AdminServer, serveAdmin } from "../../src/admin/serve.ts";
import { adminSocketPath } from "../../src/admin/socket-path.ts";
import { configSchema, type Config } from "../../src/config/schema.ts";
import type { ServerStatus } from "../../src/domain/server-status.ts";
import type { SessionView } from "../../src/domain/session-view.ts";
import { liveClock, liveIds, liveRandom } from "../../src/live.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { Invitations } from "../../src/log/invitations.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { createArchiveIds } from "../../src/router/archive-ids.ts";

const config = configSchema.parse({ hosts: [{ domain: "localhost" }] }) as Config;
let dataDir: string;
let sessions: SessionView[];
let deleted: string[];
let logged: string;
let closers: (() => unknown)[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "refrain-admin-"));
  [sessions, deleted, logged, closers] = [[], [], "", []];
});

afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  rmSync(dataDir, { recursive: true });
});

function api(): AdminApi {
  const store = createMemoryStore(projections);
  const accounts = new Accounts(store, liveClock, liveIds);
  const hosts = ["localhost", "bücher.example"];
  const admin = createAccountAdmin({ accounts, hosts, random: liveRandom, iterations: 4096, onDeleted: noteDeleted });
  const contacts = createContactAdmin({ hosts, components: [], load: (host, username) => loadAccount(store, host, username) });
  const transfer = createAccountTransfer({ store, accounts, hosts, random: liveRandom, iterations: 4096, offlineMessagesMax: 1_000 });
  const archives = createArchiveTransfer({ store, accounts, clock: liveClock, hosts, ids: async () => createArchiveIds(new Uint8Array(16)) });
  const invitations = new Invitations({ store, clock: liveClock, ids: liveIds, random: liveRandom });
  const invited = createInvitationAdmin({ invitations, accounts, hosts, settings: { invitations: "admins", invitationDays: 7 }, pageOf: (_, token) => `https://localhost/invite/${token}`, clock: liveClock });
  return { ...admin, ...invited, ...contacts, ...transfer, ...archives, ...createHistoryAdmin({ store, hosts }), ...createLogAdmin({ store }), ...service, sessions: () => sessions, status: async () => status, config: async () => config, inspectorUrl };
}

let motd: string | null = null;

const status: ServerStatus = {
  version: "1.2.3", pid: 7, at: 2, startedAt: 1, unready: null, listeners: [], certificates: [], now: null, commits: { count: 0, lastMs: null, meanMs: null },
  storeOpenings: 1, log: null, loginsFailed: {}, streamErrors: {}, refusals: [], memoryBytes: 1, busy: 0,
};

/** What it is asked is told as an error, or remembered. */
const service: ServiceAdmin = {
  sessionsEnd: async (jid) => {
    if (jid === "nobody@localhost") throw new AdminError("account-unknown", "nobody@localhost: there is no such account");
    return jid.includes("/") ? 1 : 2;
  },
  announce: async (text) => text.length,
  motd: async () => motd,
  motdSet: async (text, edit) => void (motd = `${text}${edit ? " (edited)" : ""}`),
  motdDelete: async () => void (motd = null),
};

async function inspectorUrl({ here = false }: { readonly here?: boolean } = {}): Promise<string> {
  return `https://${here ? "127.0.0.1" : "xmpp.example"}:5280/inspect#token=SECRET`;
}

function noteDeleted(host: string, username: string): void {
  deleted.push(`${username}@${host}`);
}

async function serve(folder = dataDir): Promise<AdminServer> {
  const log = pino({ level: "trace" }, { write: (line: string) => void (logged += line) });
  const server = await serveAdmin({ dataDir: folder, api: api(), log });
  closers.push(() => server.close());
  return server;
}

async function client(folder = dataDir): Promise<AdminClient> {
  const admin = await connectAdmin(folder, liveClock);
  if (admin === undefined) throw new Error("no server answers");
  closers.push(() => admin.close());
  return admin;
}

/** What the server answers to bytes that no client of ours would send. */
async function converse(bytes: string | Uint8Array, lines: number): Promise<string[]> {
  const socket = connect(adminSocketPath(dataDir).path);
  closers.push(() => socket.destroy());
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.split("\n").length > lines) break;
  }
  return text.trimEnd().split("\n");
}

const session: SessionView = {
  id: "s1",
  state: "connected.available",
  type: "c2s",
  notopen: false,
  username: "romeo",
  host: "localhost",
  resource: "orchard",
  full_jid: "romeo@localhost/orchard",
  priority: 5,
  presence: "<presence/>",
  interested: true,
  roster: { version: "3", items: 2 },
  conn: { address: "127.0.0.1", transport: "tcp", secure: "TLSv1.3", since: 1_700_000_000_000 },
};

describe("who is here, over the admin socket", () => {
  it("is ended, told, and shown the message of the day", async () => {
    await serve();
    const admin = await client();
    expect([await admin.sessionsEnd("romeo@localhost"), await admin.sessionsEnd("romeo@localhost/orchard"), await admin.announce("four")]).toEqual([2, 1, 4]);
    await expect(admin.sessionsEnd("nobody@localhost")).rejects.toMatchObject({ code: "account-unknown" });
    const shown: (string | null)[] = [await admin.motd()];
    await admin.motdSet("be kind", false);
    shown.push(await admin.motd());
    await admin.motdSet("be brief", true);
    shown.push(await admin.motd());
    await admin.motdDelete();
    expect([...shown, await admin.motd()]).toEqual([null, "be kind", "be brief (edited)", null]);
  });
});

describe("accounts over the admin socket", () => {
  it("does what the server's own API does, and tells its refusals apart", async () => {
    await serve();
    const admin = await client();
    expect(await admin.userAdd("Romeo@LOCALHOST", "secret")).toBe("romeo@localhost");
    await expect(admin.userAdd("romeo@localhost", "x")).rejects.toMatchObject({ code: "account-exists" });
    expect(await admin.userPasswd("romeo@localhost", "secret2")).toBe("romeo@localhost");
    await expect(admin.userPasswd("juliet@localhost", "x")).rejects.toMatchObject({ code: "account-unknown" });
    expect(await admin.userList()).toEqual(["romeo@localhost"]);
    expect(await admin.userList("BÜCHER.example")).toEqual([]);
    expect(await admin.userDelete("romeo@localhost")).toBe("romeo@localhost");
    expect(deleted).toEqual(["romeo@localhost"]);
    await expect(admin.userDelete("romeo@localhost")).rejects.toMatchObject({ code: "account-unknown" });
    expect(deleted).toHaveLength(1);
  });

  it.each([
    ["romeo", "jid-malformed", 'JID "romeo": expected USER@HOST, such as romeo@localhost'],
    ["romeo@localhost/orchard", "jid-malformed", 'JID "romeo@localhost/orchard": expected USER@HOST, such as romeo@localhost'],
    ["r o@localhost", "jid-malformed", 'JID "r o@localhost": expected USER@HOST, such as romeo@localhost'],
    [
      "romeo@example.org",
      "host-unknown",
      "example.org: not a host of this server, which has localhost, bücher.example; use one of them, or add it to `hosts` in the configuration file",
    ],
  ])("refuses %j", async (jid, code, message) => {
    await serve();
    const admin = await client();
    const error: unknown = await admin.userAdd(jid, "secret").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AdminError);
    expect(error).toMatchObject({ code, message });
  });

  it("creates the good entries of an import and names the lines of the others", async () => {
    await serve();
    const admin = await client();
    await admin.userAdd("u1@localhost", "secret");
    const jids = ["u0@localhost", "u1@localhost", "u2@localhost", "bad", "u3@localhost"];
    const entries = jids.map((jid, index) => ({ line: index + 1, jid, password: jid === "u3@localhost" ? "" : "secret" }));
    const { created, failures } = await admin.userImport(entries);
    expect(created).toBe(2);
    expect(failures.map((failure) => failure.line)).toEqual([2, 4, 5]);
    expect(await admin.userList()).toEqual(["u0@localhost", "u1@localhost", "u2@localhost"]);
  });

  it("writes no password to the log, nor into a message", async () => {
    await serve();
    const admin = await client();
    const attempts = [
      admin.userAdd("romeo@localhost", "hunter2"),
      admin.userAdd("bad", "hunter2"),
      admin.userAdd("juliet@localhost", "hunter2\u0000"),
      admin.userImport([{ line: 1, jid: "x", password: "hunter2" }]),
    ];
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    await converse('{"id":1,"method":"user.add","params":{"jid":1,"password":"hunter2"}}\n', 1);
    expect(logged).not.toBe("");
    expect(logged + outcomes.map((outcome) => (outcome.status === "rejected" ? String(outcome.reason) : "")).join()).not.toContain("hunter2");
  });
});

describe("the configuration over the admin socket", () => {
  it("is what the server was started with", async () => {
    await serve();
    expect(await (await client()).config()).toEqual(JSON.parse(JSON.stringify(config)));
    expect(await (await client()).status()).toEqual(status);
  });
});

describe("the inspector over the admin socket", () => {
  it("is told where it is, and the token in that is in no log", async () => {
    await serve();
    const admin = await client();
    expect(await admin.inspectorUrl()).toBe("https://xmpp.example:5280/inspect#token=SECRET");
    expect(await admin.inspectorUrl({ here: true })).toBe("https://127.0.0.1:5280/inspect#token=SECRET");
    expect(logged).toContain("inspector.url");
    expect(logged).not.toContain("SECRET");
  });
});

describe("long lists over the admin socket", () => {
  it("arrive whole, in parts", async () => {
    sessions = Array.from({ length: 5_000 }, (_, index) => ({ ...session, id: `s${index}` }));
    await serve();
    const admin = await client();
    expect(await admin.sessions()).toEqual(sessions);
    const lines = await converse('{"id":7,"method":"sessions","params":{}}\n', 10);
    expect(lines[0]!.length).toBeLessThan(100_000);
    expect(JSON.parse(lines[0]!)).toMatchObject({ id: 7, part: { 0: { id: "s0" } } });
  });

  it("may hold one session with a very large presence", async () => {
    sessions = [{ ...session, presence: `<presence><status>${'"'.repeat(300_000)}</status></presence>` }];
    await serve();
    expect(await (await client()).sessions()).toEqual(sessions);
  });
});

describe("malformed requests on the admin socket", () => {
  it("are answered, and the connection goes on", async () => {
    await serve();
    const requests = [
      "nonsense",
      '{"id":-1}',
      '{"id":2,"method":"toString","params":{}}',
      '{"id":3,"method":"user.add","params":{"jid":"a@localhost"}}',
      '{"id":4,"method":"sessions","params":{}}',
    ];
    const answers = (await converse(`${requests.join("\n")}\n`, 5)).map((line) => JSON.parse(line) as { id: number; error?: { code: string } });
    const codes = new Map(answers.map((answer) => [answer.id, answer.error?.code ?? "done"]));
    expect(answers).toHaveLength(5);
    expect(Object.fromEntries(codes)).toEqual({ 0: "request-malformed", 2: "request-malformed", 3: "request-malformed", 4: "done" });
  });

  it("end the connection when a line has no end", async () => {
    await serve();
    const [answer] = await converse(new Uint8Array(requestBytesMax + 1).fill(0x20), 1);
    expect(JSON.parse(answer!)).toMatchObject({ id: 0, error: { code: "request-malformed" } });
    await expect((await client()).userAdd("a@localhost", "x".repeat(requestBytesMax))).rejects.toThrow(/longer than/);
    expect(await (await client()).sessions()).toEqual([]);
  });

  it("may be cut anywhere by the transport", async () => {
    await serve();
    const socket = connect(adminSocketPath(dataDir).path);
    closers.push(() => socket.destroy());
    const bytes = Buffer.from('{"id":1,"method":"user.add","params":{"jid":"jürgen@localhost","password":"pä"}}\n');
    for (const byte of bytes) {
      socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    expect(JSON.parse(answer)).toEqual({ id: 1, result: "jürgen@localhost" });
  });
});

describe("whether a server runs", () => {
  it("is no without a folder, without a socket, and after the server has stopped", async () => {
    expect(await connectAdmin(join(dataDir, "nowhere"), liveClock)).toBeUndefined();
    expect(await connectAdmin(dataDir, liveClock)).toBeUndefined();
    const server = await serve();
    expect(await connectAdmin(dataDir, liveClock).then((admin) => admin?.close())).toBeUndefined();
    await server.close();
    expect(existsSync(server.path)).toBe(false);
    expect(await connectAdmin(dataDir, liveClock)).toBeUndefined();
    closers = [];
  });

  it("is no on the socket of a server that was killed, and the next server takes its place", async () => {
    const { path } = adminSocketPath(dataDir);
    await leaveStaleSocket(path);
    expect(existsSync(path)).toBe(true);
    expect(await connectAdmin(dataDir, liveClock)).toBeUndefined();
    await serve();
    expect(await (await client()).sessions()).toEqual([]);
  });

  it("is yes for a second server, which is refused", async () => {
    await serve();
    await expect(serve()).rejects.toThrow(/another server answers there/);
    expect(await (await client()).sessions()).toEqual([]);
  });

  it("ends open questions when the server goes", async () => {
    const server = await serve();
    const admin = await client();
    const answer = admin.userAdd("romeo@localhost", "secret");
    await server.close();
    await expect(answer).rejects.toMatchObject({ code: "connection-failed" });
    await expect(admin.userList()).rejects.toMatchObject({ code: "connection-failed" });
    closers = [];
  });
});

describe.skipIf(process.platform === "win32")("the admin socket's place", () => {
  it("is the data folder, for its owner alone", async () => {
    const { path } = await serve();
    expect(path).toBe(join(dataDir, "admin.sock"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is the folder for temporary files where the path would be too long", async () => {
    const long = join(dataDir, "x".repeat(100));
    mkdirSync(long);
    const { path } = await serve(long);
    expect(path.startsWith(tmpdir())).toBe(true);
    expect(Buffer.byteLength(path)).toBeLessThan(104);
    expect(await (await client(long)).sessions()).toEqual([]);
  });

  // Only root can give a file away.
  it.skipIf(process.getuid?.() !== 0)("is not taken from a stranger in a folder that everybody writes", async () => {
    const long = join(dataDir, "y".repeat(100));
    mkdirSync(long);
    const { path } = await serve(long);
    chownSync(path, 54_321, 54_321);
    await expect(connectAdmin(long, liveClock)).rejects.toThrow(/belongs to another user/);
  });

  it("is the same however the folder is written", () => {
    writeFileSync(join(dataDir, "file"), "");
    expect(adminSocketPath(`${dataDir}/../${dataDir.split("/").at(-1)}/`)).toEqual(adminSocketPath(dataDir));
    expect(adminSocketPath(dataDir, "win32").path).toMatch(/^\\\\\.\\pipe\\refrain-[0-9a-f]{32}$/);
  });
});

/** As after a kill -9: the file is there and nobody listens. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { spawn } = await import("node:child_process");
  const script = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  const child = spawn(process.execPath, ["-e", script, path]);
  await new Promise((resolve) => child.once("exit", resolve));
}
