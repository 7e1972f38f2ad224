/** Requests that offer another protocol (RFC 9110 section 7.8): WebSockets are opened, whatever else is offered is passed over. */
import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { textSocket } from "./frame-socket.ts";
import { headersOf, type HttpResponse, type WebSocketAnswer } from "./http-route.ts";
import type { WebSockets } from "./web-socket.ts";

export interface UpgradesOptions {
  readonly sockets: WebSockets;
  /** Resolves when the connection has had the answers to all requests that came before on it, or is gone. */
  turn(socket: Socket): Promise<void>;
  /** What a request for a WebSocket gets; undefined where nobody is left to be answered. Never rejects. */
  answer(message: IncomingMessage): Promise<WebSocketAnswer | undefined>;
  /** Who asks. */
  addressOf(message: IncomingMessage): string;
  /** Reads requests from a connection as from a new one. */
  serve(socket: Socket): void;
}

export interface Upgrades {
  /** Node has taken its parser off the socket, and leaves the socket to us. `head`: what came behind the headers. */
  take(message: IncomingMessage, socket: Socket, head: Buffer): Promise<void>;
  /** Cuts those that are not answered yet. */
  close(): void;
}

export function createUpgrades({ sockets, turn, answer, addressOf, serve }: UpgradesOptions): Upgrades {
  const waiting = new Set<Socket>();
  return {
    async take(message, socket, head) {
      // Node's own listeners are gone; without one an error would end the process.
      socket.on("error", () => undefined).on("timeout", () => socket.destroy());
      waiting.add(socket);
      // RFC 9112 section 9.3.2: the answers are sent in the order of the requests.
      await turn(socket);
      const isWebSocket = offersWebSocket(message);
      const result = isWebSocket && !socket.destroyed ? await answer(message) : undefined;
      waiting.delete(socket);
      if (socket.destroyed) return;
      if (!isWebSocket) {
        socket.unshift(Buffer.concat([withoutOffer(message), head]));
        serve(socket);
      } else if (result === undefined) socket.destroy();
      else if (typeof result === "function") sockets.open(message, socket, head, { remoteAddress: addressOf(message), accept: (frames) => result(textSocket(frames)) });
      else if ("accept" in result) sockets.open(message, socket, head, { remoteAddress: addressOf(message), ...result, accept: (frames) => result.accept(frames) });
      else refuse(message, socket, result);
    },
    close() {
      for (const socket of waiting) socket.destroy();
    },
  };
}

export function offersWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * For versions of Node that cannot pass an offer over: the headers as they came but for it, of a request that is the last of its
 * connection, so that it can come here but once. What follows them, such as a body, has not been read yet.
 */
function withoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`, "connection: close"];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!["upgrade", "connection"].includes(rawHeaders[index]!.toLowerCase())) lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  // Node reads the bytes of headers as this.
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** The last answer of its connection. */
function refuse(message: IncomingMessage, socket: Socket, result: HttpResponse): void {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  response.writeHead(result.status, headersOf(result)).end(result.body);
}
