/** The server's one HTTP listener. Rooms add their routes to it; they need nothing of Node for that. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { EventEmitter } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { pipeline } from "node:stream";
import { httpBodyMsMax, httpConnectionsMax, httpHeaderBytesMax, httpHeadersMs, httpIdleMs, httpKeepAliveMs, httpRequestMs, listenBacklogMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Listener, Log, SecureLink } from "../ports.ts";
import type { Admission } from "./admission.ts";
import type { Certificates } from "./certificates.ts";
import { askerOf, isTrusted, type Asker, type ProxyPolicy } from "./forwarded.ts";
import { ClientGoneError, readRequest } from "./http-request.ts";
import { headersOf, textResponse, type HttpRequest, type HttpResponse, type HttpRoute, type WebSocketAnswer } from "./http-route.ts";
import { createUpgrades, offersWebSocket } from "./http-upgrade.ts";
import { beginHandshake } from "./tls.ts";
import { createWebSockets } from "./web-socket.ts";

export interface HttpOptions {
  /** An IP address or host name of this machine. */
  readonly address: string;
  /** 0 lets the system pick a free one. */
  readonly port: number;
  /** Speaks HTTPS, with the certificate of the host that a client names. Without it HTTP in the clear. */
  readonly certificates?: Certificates;
  readonly admission: Admission;
  /** Proxies that are believed. Without it nobody is. */
  readonly proxies?: ProxyPolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly refused?: CountRefusal;
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
  /** Of all routes that were added. */
  readonly paths: readonly string[];
  /** Frees the port: nobody new is taken, and who is there is served until `close`. */
  refuse(): void;
  /** The same, and ends every connection at once. */
  close(): Promise<void>;
}

/** Rejects with an `Error` whose `code` is Node's (EADDRINUSE, EACCES …). */
export async function listenHttp(options: HttpOptions): Promise<HttpListener> {
  const { clock, log, certificates, refused, admission, proxies = nobody } = options;
  const bounds = { connectionsMax: httpConnectionsMax, headersMs: httpHeadersMs, requestMs: httpRequestMs, ...options.bounds };
  const secure = certificates !== undefined;
  const routes = new Map<string, HttpRoute>();
  const sockets = createWebSockets({ clock, log });
  const tlsOf = new WeakMap<Socket, SecureLink>();
  const tellOfUnnamed = tellOnceOfUnnamed(log, proxies);
  const context: Context = {
    asker: ({ socket, headers }) => {
      const asker = askerOf({ address: socket.remoteAddress ?? "", tls: tlsOf.get(socket) ?? null }, (name) => textOf(headers[name]), proxies);
      if (asker?.unnamed === true) tellOfUnnamed(asker.remoteAddress);
      return asker;
    },
    enter: (address, anew) => admission.enter(address, anew),
    log,
    refused,
    find: (path) => find(routes, path),
    patience: (message, ms = bounds.requestMs) => {
      const timer = clock.at(clock.now() + ms, () => {
        if (!message.complete) message.socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", () => message.socket.destroy());
      });
      message.once("close", () => timer.cancel());
    },
  };

  const server = createServer({
    maxHeaderSize: httpHeaderBytesMax,
    headersTimeout: bounds.headersMs,
    // Each route has a bound of its own; this is that of the longest.
    requestTimeout: httpBodyMsMax,
    keepAliveTimeout: httpKeepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, bounds.headersMs),
    noDelay: true,
    // Newer versions of Node ask which offers are taken up, and pass over the others themselves.
    ...({ shouldUpgradeCallback: offersWebSocket } as object),
  });
  server.maxConnections = bounds.connectionsMax;
  server.timeout = httpIdleMs;
  // Answers of one connection end in their order, so the last one stands for all.
  const last = new WeakMap<Socket, ServerResponse>();
  server.on("request", (message, response) => {
    last.set(message.socket, response);
    void answer(message, response, context);
  });
  tellWhenFull(server, bounds.connectionsMax, options);
  const door = guardDoor(server, options, (socket, tls) => tlsOf.set(socket, tls));
  const upgrades = createUpgrades({
    sockets,
    turn: (socket) => ended(last.get(socket), socket),
    answer: (message) => answerUpgrade(message, context),
    addressOf: (message) => context.asker(message)?.remoteAddress ?? "",
    serve: door.serve,
  });
  // On this event it is a socket of node:net or node:tls.
  server.on("upgrade", (message, socket, head) => void upgrades.take(message, socket as Socket, head));

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
    get paths() {
      return [...routes.keys()];
    },
    refuse() {
      if (server.listening) server.close();
    },
    close() {
      if (server.listening) server.close();
      server.closeAllConnections();
      door.close();
      upgrades.close();
      sockets.close();
      return new Promise((resolve) => clock.soon(resolve));
    },
  };
}

interface Context {
  /** undefined: it is a trusted proxy that does not say for whom it asks. */
  asker(message: IncomingMessage): Asker | undefined;
  /** For whom a proxy asks: Admission.enter. */
  enter: Admission["enter"];
  readonly log: Log;
  readonly refused: CountRefusal | undefined;
  find(path: string): HttpRoute | undefined;
  /** Ends a request that is not complete after so many ms. */
  patience(message: IncomingMessage, ms: number | undefined): void;
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
 * `secured` is told of each that has TLS; `serve` is what is behind the door; `close` ends the handshakes that are under way.
 */
function guardDoor(
  server: Server,
  { admission, proxies = nobody, certificates, clock }: HttpOptions,
  secured: (socket: Socket, tls: SecureLink) => void,
): { serve(socket: Socket): void; close(): void } {
  const listeners = server.listeners("connection") as ((this: Server, socket: Socket) => void)[];
  const handshakes = new Set<Socket>();
  const serve = (socket: Socket): void => {
    for (const each of listeners) each.call(server, socket);
  };
  server.removeAllListeners("connection").on("connection", (socket) => {
    if (!admission.admits(socket, isTrusted(proxies, socket.remoteAddress ?? ""))) return void socket.destroy();
    if (certificates === undefined) return serve(socket);
    handshakes.add(socket);
    const { socket: inside, done } = beginHandshake(socket, { certificates, handshakeTimeoutMs: httpHeadersMs, protocol: "http/1.1", clock });
    inside.on("error", () => undefined);
    done.then(
      (tls) => {
        handshakes.delete(socket);
        secured(inside, tls);
        serve(inside);
        inside.resume();
      },
      () => handshakes.delete(socket),
    );
  });
  return {
    serve,
    close() {
      for (const socket of handshakes) socket.destroy();
    },
  };
}

/** In the log once a minute: it may go on for long. */
function tellWhenFull(server: Server, connectionsMax: number, { clock, log, refused }: HttpOptions): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on("drop", () => {
    refused?.("httpConnectionsMax");
    if (clock.now() - toldAt < 60_000) return;
    toldAt = clock.now();
    log.warn({ event: "http.full", connectionsMax }, `HTTP: ${connectionsMax} connections are open, more are refused until one is closed`);
  });
}

/** In the log once: it is a setting of the proxy, or nobody's fault, and goes on either way. */
function tellOnceOfUnnamed(log: Log, { header }: ProxyPolicy): (address: string) => void {
  let isTold = false;
  return (address) => {
    if (isTold) return;
    isTold = true;
    const name = header === "forwarded" ? "Forwarded" : "X-Forwarded-For";
    log.warn(
      { event: "http.unnamed", address, header },
      `HTTP: a request from ${address}, which is in listen.http.trustedProxies, names nobody in ${name}, so that it may be anybody's and does not count as this machine's; ` +
        `let the proxy write ${name}, or set listen.http.proxyHeader to what it writes; who asks directly from there needs metrics.token for the numbers`,
    );
  };
}

async function answer(message: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const result = await resultOf(message, context, response, dispatch);
  if (result === undefined || message.socket.destroyed) return void message.socket.destroy();
  // A body that was not read to its end is not waited for.
  const rest = message.complete ? {} : { connection: "close" };
  response.writeHead(result.status, { ...headersOf(result), ...rest });
  const { body } = result;
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) response.end(body);
  else if (message.method === "HEAD") response.end();
  // What cannot be read to its end ends the connection: the client knows how much was to come.
  else pipeline(body.open(), response, () => undefined);
}

function ended(response: ServerResponse | undefined, socket: Socket): Promise<void> {
  if (response === undefined || response.closed || socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once("close", resolve);
    socket.once("close", () => resolve());
  });
}

function answerUpgrade(message: IncomingMessage, context: Context): Promise<WebSocketAnswer | undefined> {
  return resultOf(message, context, message.socket, (request, route) => route?.upgrade?.(request) ?? notFound);
}

function dispatch(request: HttpRequest, route: HttpRoute | undefined): HttpResponse | Promise<HttpResponse> {
  if (route === undefined) return notFound;
  const { methods = {}, upgrade, what } = route;
  const purpose = what === undefined ? "" : `: it is ${what}`;
  const method = request.method === "HEAD" ? "GET" : request.method;
  const handler = Object.hasOwn(methods, method) ? methods[method as keyof typeof methods] : undefined;
  if (handler !== undefined) return handler(request);
  const names = Object.keys(methods).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : name));
  if (names.length > 0) return textResponse(405, `This takes ${names.join(", ")} alone${purpose}.`, { allow: names.join(", ") });
  // RFC 9110 section 15.5.22.
  return upgrade === undefined ? notFound : textResponse(426, `This takes WebSockets alone${purpose}.`, { upgrade: "websocket", connection: "upgrade" });
}

const nobody: ProxyPolicy = { trusted: [], header: "x-forwarded-for" };

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

/** undefined: nobody is left to be answered. */
async function resultOf<Result extends WebSocketAnswer>(
  message: IncomingMessage,
  { asker: askerOf, enter, log, refused, find, patience }: Context,
  /** As long as this lasts the client counts as connected. */
  lasts: EventEmitter,
  work: (request: HttpRequest, route: HttpRoute | undefined) => Result | Promise<Result>,
): Promise<Result | HttpResponse | undefined> {
  const asker = askerOf(message);
  const request = readRequest(message, asker);
  if ("status" in request) {
    if (request.status === 414) refused?.("httpTargetCharsMax");
    return request;
  }
  // Who is not named counts as the proxy itself, which is not counted as a connection.
  if (asker?.forwarded === true || asker?.unnamed === true) {
    const leave = enter(asker.remoteAddress, lasts === message.socket);
    if (leave === undefined) return tooMany;
    lasts.once("close", leave);
  }
  const route = find(request.path);
  if (!message.complete) patience(message, route?.requestMs);
  try {
    return dressed(await work(request, route), route);
  } catch (error) {
    if (error instanceof ClientGoneError) return undefined;
    log.error({ event: "http.failed", err: error, path: request.path, address: request.remoteAddress }, `HTTP: ${request.method} ${request.path} failed`);
    return dressed(textResponse(500, "This failed in the server; its log says why."), route);
  }
}

/** With the headers that every answer of its route has. */
function dressed<Answer extends WebSocketAnswer>(answer: Answer, route: HttpRoute | undefined): Answer | HttpResponse {
  return typeof answer === "function" || "accept" in answer ? answer : { ...answer, headers: { ...route?.headers, ...answer.headers } };
}

// RFC 6585 section 4.
const tooMany = textResponse(429, "Too many connections come from your address.", { "retry-after": "60" });
const notFound = textResponse(404, "There is nothing here.");
