/** The running server's end of the admin socket. */
import { chmodSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";
import type { Logger } from "pino";
import { z } from "zod";
import type { AdminApi } from "./api.ts";
import { AdminError } from "./errors.ts";
import { lineSplitter } from "./lines.ts";
import { methods, partCharsMax, type Reply, requestBytesMax, requestSchema, requestsOpenMax } from "./protocol.ts";
import { adminSocketPath } from "./socket-path.ts";

export interface AdminServer {
  readonly path: string;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/**
 * Listens on the data folder's socket, for the user of this process alone. The caller holds the data folder's lock.
 * Rejects with AdminError if another process answers on the socket, or it cannot be made.
 */
export async function serveAdmin(options: { dataDir: string; api: AdminApi; log: Logger }): Promise<AdminServer> {
  const { path } = adminSocketPath(options.dataDir);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveConnection(socket, options);
  });
  try {
    await listen(server, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") throw error;
      await removeStale(path);
      await listen(server, path);
    });
  } catch (error) {
    if (error instanceof AdminError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new AdminError("connection-failed", `admin socket ${path}: cannot be made (${code}); check who may write in its folder`);
  }
  server.on("error", (error) => options.log.error({ err: error }, "admin socket failed"));
  return { path, close: () => close(server, sockets) };
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = deferred<void>();
  // `listen` binds before it returns, so nobody else can connect before the mode is right, and no other file is made meanwhile.
  const posix = process.platform !== "win32";
  const umask = posix && isMainThread ? process.umask(0o177) : undefined;
  try {
    server.once("error", reject).listen(path, resolve);
  } finally {
    if (umask !== undefined) process.umask(umask);
  }
  await promise;
  server.off("error", reject);
  if (posix) chmodSync(path, 0o600);
}

/** The socket of a server that was killed refuses connections; one that answers is alive. */
async function removeStale(path: string): Promise<void> {
  const { promise, resolve } = deferred<boolean>();
  const probe = connect(path, () => resolve(true)).on("error", () => resolve(false));
  const alive = await promise;
  probe.destroy();
  if (alive) throw new AdminError("store-busy", `admin socket ${path}: another server answers there; stop it first`);
  unlinkSync(path);
}

function serveConnection(socket: Socket, { api, log }: { api: AdminApi; log: Logger }): void {
  let open = 0;
  const settle = () => {
    if (--open < requestsOpenMax) socket.resume();
  };
  const split = lineSplitter(
    requestBytesMax,
    (line) => {
      if (++open >= requestsOpenMax) socket.pause();
      void answer(line, api, log, socket).finally(settle);
    },
    () => {
      log.warn({ bytesMax: requestBytesMax }, "admin request too long");
      socket.end(encode(malformed(0, `request: a line is longer than ${requestBytesMax} bytes; send less at a time`)));
    },
  );
  socket.on("data", split);
  socket.on("error", (error) => log.debug({ err: error }, "admin connection failed"));
}

async function answer(line: string, api: AdminApi, log: Logger, socket: Socket): Promise<void> {
  let request: z.infer<typeof requestSchema>;
  try {
    request = requestSchema.parse(JSON.parse(line));
  } catch {
    await write(socket, malformed(0, "request: expected {id, method, params} as one line of JSON"));
    return;
  }
  const { id, method: name, params } = request;
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) {
    const known = Object.keys(methods).join(", ");
    await write(socket, malformed(id, `method ${JSON.stringify(name.slice(0, 80))}: not known; known are ${known}`));
    return;
  }
  try {
    const result = await method.run(api, params);
    if (name === "user.uninvite") log.info({ method: name, invitation: result }, "invitation taken back by an operator");
    else if (name === "user.revoke") log.info({ method: name, device: result }, "device revoked by an operator");
    else if (typeof result === "string") log.info({ method: name, jid: result }, "account changed by an operator");
    else log.debug({ method: name }, "admin request done");
    for (const reply of replies(id, result)) await write(socket, reply);
  } catch (error) {
    await write(socket, refusal(id, name, error, log));
  }
}

/** Of parameters nothing is logged: they may hold passwords. */
function refusal(id: number, method: string, error: unknown, log: Logger): Reply {
  if (error instanceof AdminError) {
    log.debug({ method, code: error.code }, "admin request refused");
    return { id, error: { code: error.code, message: error.message } };
  }
  if (error instanceof z.ZodError) {
    const paths = new Set(error.issues.map((issue) => issue.path.join(".") || "params"));
    const fix = "use the refrain command of the server's version";
    return malformed(id, `${method}: ${[...paths].join(", ")} of the wrong form; ${fix}`);
  }
  log.error({ method, err: error }, "admin request failed");
  return { id, error: { code: "internal", message: `${method}: failed in the server; its log says why` } };
}

function* replies(id: number, result: unknown): Iterable<Reply> {
  if (!Array.isArray(result)) {
    yield { id, result };
    return;
  }
  let part: unknown[] = [];
  let chars = 0;
  for (const item of result) {
    part.push(item);
    chars += JSON.stringify(item).length;
    if (chars < partCharsMax) continue;
    yield { id, part };
    part = [];
    chars = 0;
  }
  yield { id, result: part };
}

function malformed(id: number, message: string): Reply {
  return { id, error: { code: "request-malformed", message } };
}

function encode(reply: Reply): string {
  return `${JSON.stringify(reply)}\n`;
}

/** Waits for a slow reader, so that a long list is not in memory twice. */
async function write(socket: Socket, reply: Reply): Promise<void> {
  if (socket.destroyed || socket.writableEnded || socket.write(encode(reply))) return;
  const { promise, resolve } = deferred<void>();
  socket.once("drain", resolve).once("close", resolve);
  await promise;
  socket.off("drain", resolve).off("close", resolve);
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const { promise, resolve } = deferred<void>();
  server.close(() => resolve());
  for (const socket of sockets) socket.destroy();
  await promise;
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((done, failed) => ([resolve, reject] = [done, failed]));
  return { promise, resolve, reject };
}
