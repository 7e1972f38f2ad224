/** The command line's end of the admin socket. */
import { lstatSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { z } from "zod";
import type { Config } from "../config/schema.ts";
import type { PresenceExplanation } from "../domain/presence-explanation.ts";
import type { ServerStatus } from "../domain/server-status.ts";
import type { SessionView } from "../domain/session-view.ts";
import type { SessionKey, SessionRow } from "../history/source.ts";
import type { Clock, Content, LogStats, StoredFact } from "../ports.ts";
import type { AccountEntry, AccountPiece, AdminApi, ArchivedExport, ArchiveImport, ArchiveOutcome, DeviceView, ImportEntry, ImportOutcome, InvitationView, InvitationWish, Invited } from "./api.ts";
import { AdminError, type AdminErrorCode } from "./errors.ts";
import { lineSplitter } from "./lines.ts";
import { replyBytesMax } from "./protocol.ts";
import { fromRosterRows, type RosterView } from "./roster-view.ts";
import { adminSocketPath } from "./socket-path.ts";

export interface AdminClient extends AdminApi {
  close(): void;
}

/** A server that has said nothing for so long is not going to, or not to who wants to know how it is now. */
const statusTimeoutMs = 5_000;
const answerTimeoutMs = 30_000;

/**
 * A connection to the server that uses this data folder; undefined if none runs.
 * Rejects with AdminError connection-failed if one may run but cannot be asked.
 */
export async function connectAdmin(dataDir: string, clock: Clock): Promise<AdminClient | undefined> {
  const { path, shared } = adminSocketPath(dataDir);
  if (shared && !isOwn(path, dataDir)) return undefined;
  const socket = connect(path);
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once("connect", () => resolve(undefined)).once("error", resolve);
  });
  if (failure === undefined) return new SocketClient(socket, clock, dataDir);
  if (failure.code === "ENOENT" || failure.code === "ECONNREFUSED" || failure.code === "ENOTDIR") return undefined;
  const fix = failure.code === "EACCES" ? "; run this command as the user who runs the server" : "";
  throw new AdminError("connection-failed", `admin socket ${path}: cannot connect (${failure.code})${fix}`);
}

/** In a folder that everybody writes, a stranger could wait for passwords under this name. */
function isOwn(path: string, dataDir: string): boolean {
  try {
    const { uid } = lstatSync(path);
    if (uid === process.getuid?.() || uid === statSync(dataDir).uid) return true;
  } catch {
    return false;
  }
  throw new AdminError("connection-failed", `admin socket ${path}: belongs to another user; it is not used, remove it`);
}

const errorSchema = z.object({ code: z.string(), message: z.string() });
const replySchema = z.object({
  id: z.int(),
  part: z.array(z.unknown()).optional(),
  result: z.unknown().optional(),
  error: errorSchema.optional(),
});

interface Pending {
  readonly parts: unknown[];
  resolve(result: unknown): void;
  reject(error: AdminError): void;
}

class SocketClient implements AdminClient {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #dataDir: string;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #lastHeard: number;

  constructor(socket: Socket, clock: Clock, dataDir: string) {
    this.#dataDir = dataDir;
    this.#socket = socket;
    this.#clock = clock;
    this.#lastHeard = clock.now();
    const split = lineSplitter(
      replyBytesMax,
      (line) => this.#take(line),
      () => this.#fail("the server's answer is too long"),
    );
    socket.on("data", split);
    socket.on("error", () => {});
    socket.on("close", () => this.#fail("the server ended the connection; its log says why"));
  }

  status(): Promise<ServerStatus> {
    return this.#ask("status", {}, statusTimeoutMs);
  }

  sessions(): Promise<readonly SessionView[]> {
    return this.#ask("sessions", {});
  }

  userAdd(jid: string, password: string): Promise<string> {
    return this.#ask("user.add", { jid, password });
  }

  userPasswd(jid: string, password: string): Promise<string> {
    return this.#ask("user.passwd", { jid, password });
  }

  userDelete(jid: string): Promise<string> {
    return this.#ask("user.delete", { jid });
  }

  userDisable(jid: string): Promise<string> {
    return this.#ask("user.disable", { jid });
  }

  sessionsEnd(jid: string): Promise<number> {
    return this.#ask("session.end", { jid });
  }

  announce(text: string): Promise<number> {
    return this.#ask("announce", { text });
  }

  async motd(): Promise<string | null> {
    return (await this.#ask<{ readonly text: string | null }>("motd", {})).text;
  }

  async motdSet(text: string, edit: boolean): Promise<void> {
    await this.#ask("motd.set", { text, edit });
  }

  async motdDelete(): Promise<void> {
    await this.#ask("motd.delete", {});
  }

  userEnable(jid: string): Promise<string> {
    return this.#ask("user.enable", { jid });
  }

  userDevices(jid: string): Promise<readonly DeviceView[]> {
    return this.#ask("user.devices", { jid });
  }

  userRevoke(jid: string, id: string): Promise<string> {
    return this.#ask("user.revoke", { jid, id });
  }

  userDisabled(domain?: string): Promise<readonly string[]> {
    return this.#ask("user.disabled", domain === undefined ? {} : { domain });
  }

  userList(domain?: string): Promise<readonly string[]> {
    return this.#ask("user.list", domain === undefined ? {} : { domain });
  }

  userInvite(wish: InvitationWish): Promise<Invited> {
    return this.#ask("user.invite", wish);
  }

  userInvitations(domain?: string): Promise<readonly InvitationView[]> {
    return this.#ask("user.invitations", domain === undefined ? {} : { domain });
  }

  userUninvite(id: string): Promise<string> {
    return this.#ask("user.uninvite", { id });
  }

  async userInvitation(token: string): Promise<Invited | null> {
    return (await this.#ask<{ readonly found: Invited | null }>("user.invitation", { token })).found;
  }

  userImport(entries: readonly ImportEntry[]): Promise<ImportOutcome> {
    return this.#ask("user.import", { entries });
  }

  accountExport(jid: string): Promise<readonly AccountPiece[]> {
    return this.#ask("account.export", { jid });
  }

  accountsExport(query: { readonly domain?: string; readonly after?: string }): Promise<readonly AccountPiece[]> {
    return this.#ask("accounts.export", query);
  }

  accountsImport(entries: readonly AccountEntry[]): Promise<ImportOutcome> {
    return this.#ask("accounts.import", { entries });
  }

  archiveExport(jid: string, after?: string): Promise<readonly ArchivedExport[]> {
    return this.#ask("archive.export", after === undefined ? { jid } : { jid, after });
  }

  archiveImport(part: ArchiveImport): Promise<ArchiveOutcome> {
    return this.#ask("archive.import", part);
  }

  async archivedId(told: string): Promise<string | null> {
    return (await this.#ask<{ readonly id: string | null }>("archive.id", { told })).id;
  }

  async roster(jid: string): Promise<RosterView> {
    return fromRosterRows(await this.#ask("roster", { jid }));
  }

  explainPresence(a: string, b: string): Promise<PresenceExplanation> {
    return this.#ask("explain.presence", { a, b });
  }

  streamFacts(stream: string, after: number): Promise<readonly StoredFact[]> {
    return this.#ask("history.stream", { stream, after });
  }

  allFacts(after: number): Promise<readonly StoredFact[]> {
    return this.#ask("history.all", { after });
  }

  streamContents(stream: string, after: string): Promise<readonly Content[]> {
    return this.#ask("history.contents", { stream, after });
  }

  sessionsById(prefix: string, after?: SessionKey): Promise<readonly SessionRow[]> {
    return this.#ask("history.sessions", after === undefined ? { prefix } : { prefix, after: { host: after.host, id: after.id } });
  }

  sessionsOf(host: string, username: string, after: string): Promise<readonly SessionRow[]> {
    return this.#ask("history.user", { host, username, after });
  }

  newestSessions(max: number): Promise<readonly SessionRow[]> {
    return this.#ask("history.newest", { max });
  }

  logStats(): Promise<LogStats> {
    return this.#ask("log.stats", {}, Infinity);
  }

  async backup(file: string): Promise<void> {
    await this.#ask("log.backup", { file }, Infinity);
  }

  config(): Promise<Config> {
    return this.#ask("config", {});
  }

  async inspectorUrl({ here = false }: { readonly here?: boolean } = {}): Promise<string> {
    const { url } = await this.#ask<{ readonly url: string }>("inspector.url", { here });
    return url;
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroy();
  }

  /** Both ends are of one version, so an answer has the method's type. `timeoutMs`: without a word. */
  async #ask<T>(method: string, params: object, timeoutMs = answerTimeoutMs): Promise<T> {
    if (this.#socket.destroyed) throw lost("the server ended the connection; its log says why");
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { parts: [], resolve, reject }));
    this.#lastHeard = this.#clock.now();
    this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    if (timeoutMs < Infinity) this.#watch(id, timeoutMs);
    return (await answer) as T;
  }

  #watch(id: number, timeoutMs: number): void {
    this.#clock.at(this.#lastHeard + timeoutMs, () => {
      if (!this.#pending.has(id)) return;
      if (this.#clock.now() < this.#lastHeard + timeoutMs) return this.#watch(id, timeoutMs);
      const fix = "its log may say why; if it was stopped (SIGSTOP), let it go on (SIGCONT), else end it and start it again";
      this.#fail(`the server on the data folder ${this.#dataDir} has not answered for ${timeoutMs / 1000} s; ${fix}`);
    });
  }

  #take(line: string): void {
    this.#lastHeard = this.#clock.now();
    const reply = parseReply(line);
    if (reply === undefined) {
      return this.#fail("the answer is not of the expected form; use the refrain command of the server's version");
    }
    // A request of which the server could not even read the id.
    if (reply.id === 0) return this.#fail(reply.error?.message ?? "the server refused the request");
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if (reply.part !== undefined) {
      pending.parts.push(...reply.part);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.error !== undefined) pending.reject(new AdminError(reply.error.code as AdminErrorCode, reply.error.message));
    else pending.resolve(Array.isArray(reply.result) ? [...pending.parts, ...reply.result] : reply.result);
  }

  #fail(reason: string): void {
    for (const pending of this.#pending.values()) pending.reject(lost(reason));
    this.#pending.clear();
    this.#socket.destroy();
  }
}

function parseReply(line: string): z.infer<typeof replySchema> | undefined {
  try {
    return replySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function lost(reason: string): AdminError {
  return new AdminError("connection-failed", `admin socket: ${reason}`);
}
