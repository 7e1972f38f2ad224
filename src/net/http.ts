/** The server's one HTTP listener. Rooms add their routes to it; they need nothing of Node for that. */
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { httpConnectionsMax, httpHeaderBytesMax, httpHeadersMs, httpIdleMs, httpKeepAliveMs, httpRequestMs, listenBacklogMax } from "../domain/limits.ts";
import type { Clock, Listener, Log } from "../ports.ts";
import { admission } from "./admission.ts";
import type { Certificates } from "./certificates.ts";
import { ClientGoneError, readRequest } from "./http-request.ts";
import { headersOf, textResponse, type HttpRequest, type HttpResponse, type HttpRoute } from "./http-route.ts";
import { beginHandshake } from "./tls.ts";
import { createWebSockets, type WebSockets } from "./web-socket.ts";

export interface HttpOptions {
  /** An IP address or host name of this machine. */
  readonly address: string;
  /** 0 lets the system pick a free one. */
  readonly port: number;
  /** Speaks HTTPS, with the certificate of the host that a client names. Without it HTTP in the clear. */
  readonly certificates?: Certificates;
  /** Open connections from one address; loopback is exempt. */
  readonly perAddressMax: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Other bounds than the usual ones. */
  readonly bounds?: Partial<HttpBounds>;
}

export interface HttpBounds {
  readonly connectionsMax: number;
  readonly headersMs: number;
  readonly requestMs: number;
}

export interface HttpListener extends Listener {
  /** Under TLS. */
  readonly secure: boolean;
  /** What nobody has a route for is answered with 404. */
  add(routes: readonly HttpRoute[]): void;
  /** Frees the port, and ends every connection at once. */
  close(): Promise<void>;
}

/** Rejects with an `Error` whose `code` is Node's (EADDRINUSE, EACCES …). */
export async function listenHttp(options: HttpOptions): Promise<HttpListener> {
  const { clock, log, certificates } = options;
  const bounds = { connectionsMax: httpConnectionsMax, headersMs: httpHeadersMs, requestMs: httpRequestMs, ...options.bounds };
  const secure = certificates !== undefined;
  const routes = new Map<string, HttpRoute>();
  const sockets = createWebSockets({ clock, log });
  const context: Context = { secure, log, sockets, find: (path) => find(routes, path) };

  const server = createServer({
    maxHeaderSize: httpHeaderBytesMax,
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: httpKeepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, bounds.headersMs),
    noDelay: true,
  });
  server.maxConnections = bounds.connectionsMax;
  server.timeout = httpIdleMs;
  server.on("request", (message, response) => void answer(message, response, context));
  server.on("upgrade", (message, socket, head) => void upgrade(message, socket, head, context));
  tellWhenFull(server, bounds.connectionsMax, options);
  const cutHandshakes = guardDoor(server, options);

  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  server.on("error", (error) => {
    log.error({ event: "listener.failed", err: error, address, port }, `listener ${address}:${port}: ${error.message}; see to the limits of files and memory`);
  });
  return {
    address,
    port,
    secure,
    add(added) {
      for (const route of added) routes.set(route.path, route);
    },
    close() {
      if (server.listening) server.close();
      server.closeAllConnections();
      cutHandshakes();
      sockets.close();
      return new Promise((resolve) => clock.soon(resolve));
    },
  };
}

interface Context {
  readonly secure: boolean;
  readonly log: Log;
  readonly sockets: WebSockets;
  find(path: string): HttpRoute | undefined;
}

function listen(server: Server, { address, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, backlog: listenBacklogMax }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function find(routes: ReadonlyMap<string, HttpRoute>, path: string): HttpRoute | undefined {
  const exact = routes.get(path);
  if (exact !== undefined) return exact;
  for (let cut = path.lastIndexOf("/"); cut >= 0; cut = cut === 0 ? -1 : path.lastIndexOf("/", cut - 1)) {
    const above = routes.get(path.slice(0, cut + 1));
    if (above !== undefined) return above;
  }
  return undefined;
}

/**
 * Stands between Node's server and what it does with a connection: too many from one address are turned away, and TLS comes first.
 * Returns the way to end the handshakes that are under way.
 */
function guardDoor(server: Server, { perAddressMax, certificates, clock, log }: HttpOptions): () => void {
  const isAdmitted = admission({ perAddressMax, log });
  const serve = server.listeners("connection") as ((this: Server, socket: Socket) => void)[];
  const handshakes = new Set<Socket>();
  const hand = (socket: Socket): void => {
    for (const each of serve) each.call(server, socket);
  };
  server.removeAllListeners("connection").on("connection", (socket) => {
    if (!isAdmitted(socket)) return void socket.destroy();
    if (certificates === undefined) return hand(socket);
    handshakes.add(socket);
    const { socket: secured, done } = beginHandshake(socket, { certificates, handshakeTimeoutMs: httpHeadersMs, protocol: "http/1.1", clock });
    secured.on("error", () => undefined);
    done.then(
      () => {
        handshakes.delete(socket);
        hand(secured);
        secured.resume();
      },
      () => handshakes.delete(socket),
    );
  });
  return () => {
    for (const socket of handshakes) socket.destroy();
  };
}

/** Once a minute: it may go on for long. */
function tellWhenFull(server: Server, connectionsMax: number, { clock, log }: HttpOptions): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on("drop", () => {
    if (clock.now() - toldAt < 60_000) return;
    toldAt = clock.now();
    log.warn({ event: "http.full", connectionsMax }, `HTTP: ${connectionsMax} connections are open, more are refused until one is closed`);
  });
}

async function answer(message: IncomingMessage, response: ServerResponse, { secure, log, find }: Context): Promise<void> {
  const request = readRequest(message, secure);
  const result = "status" in request ? request : await resultOf(request, log, () => dispatch(request, find(request.path)));
  if (result === undefined || message.socket.destroyed) return void message.socket.destroy();
  // A body that was not read to its end is not waited for.
  const rest = message.complete ? {} : { connection: "close" };
  response.writeHead(result.status, { ...headersOf(result), ...rest }).end(result.body);
}

function dispatch(request: HttpRequest, route: HttpRoute | undefined): HttpResponse | Promise<HttpResponse> {
  if (route === undefined) return notFound;
  const { methods = {}, upgrade } = route;
  const method = request.method === "HEAD" ? "GET" : request.method;
  const handler = Object.hasOwn(methods, method) ? methods[method as keyof typeof methods] : undefined;
  if (handler !== undefined) return handler(request);
  const names = Object.keys(methods).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : name));
  if (names.length > 0) return textResponse(405, `This takes ${names.join(", ")} alone.`, { allow: names.join(", ") });
  // RFC 9110 section 15.5.22.
  return upgrade === undefined ? notFound : textResponse(426, "This takes WebSockets alone.", { upgrade: "websocket", connection: "upgrade" });
}

/** Node leaves the socket to us. */
async function upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, context: Context): Promise<void> {
  const { secure, log, sockets, find } = context;
  // Without a listener an error of it would end the process.
  socket.on("error", () => undefined);
  // RFC 9110 section 7.8: who offers another protocol takes an answer in this one.
  if (message.headers.upgrade?.toLowerCase() !== "websocket") return answer(message, responseOn(socket, message), context);
  const request = readRequest(message, secure);
  const result = "status" in request ? request : await resultOf(request, log, () => find(request.path)?.upgrade?.(request) ?? notFound);
  if (typeof result === "function") sockets.open(message, socket, head, result);
  else if (result === undefined || socket.destroyed) socket.destroy();
  else responseOn(socket, message).writeHead(result.status, headersOf(result)).end(result.body);
}

/** The last one of its connection. */
function responseOn(socket: Duplex, message: IncomingMessage): ServerResponse {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  // On this event it is a socket of node:net or node:tls.
  response.assignSocket(socket as Socket);
  response.once("finish", () => (socket as Socket).destroySoon());
  return response;
}

/** undefined: nobody is left to be answered. */
async function resultOf<Result>(request: HttpRequest, log: Log, work: () => Result | Promise<Result>): Promise<Result | HttpResponse | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClientGoneError) return undefined;
    log.error({ event: "http.failed", err: error, path: request.path, address: request.remoteAddress }, `HTTP: ${request.method} ${request.path} failed`);
    return textResponse(500, "This failed in the server; its log says why.");
  }
}

const notFound = textResponse(404, "There is nothing here.");
