/** WebSockets (RFC 6455) of the HTTP listener: text alone, bounded, kept alive, and never in the way of the server. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { webSocketCloseMs, webSocketMessageBytesMax, webSocketPieceBytesMin, webSocketPiecesMin, webSocketPingMs } from "../domain/limits.ts";
import type { Clock, Log, Timer } from "../ports.ts";
import type { FrameHandler, FrameSocket } from "./frame-socket.ts";
import type { WebSocketAcceptance } from "./http-route.ts";

export interface WebSockets {
  /** Completes the handshake and hands the socket over; a handshake that is none is answered with 400. */
  open(message: IncomingMessage, socket: Duplex, head: Buffer, acceptance: WebSocketAcceptance): void;
  /** Tells each that the server stops, and cuts it. */
  close(): void;
}

export function createWebSockets({ clock, log }: { readonly clock: Clock; readonly log: Log }): WebSockets {
  const open = new Set<LiveSocket>();
  const servers = new Map<string, WebSocketServer>();
  return {
    open(message, socket, head, { remoteAddress, subprotocol, messageBytesMax = webSocketMessageBytesMax, accept }) {
      const key = `${messageBytesMax} ${subprotocol ?? ""}`;
      let server = servers.get(key);
      if (server === undefined) servers.set(key, (server = serverFor(messageBytesMax, subprotocol)));
      server.handleUpgrade(message, socket, head, (raw) => {
        const live = new LiveSocket({ raw, stream: socket, remoteAddress, clock, log, onClosed: () => open.delete(live) });
        open.add(live);
        live.guard(() => accept(live));
      });
    },
    close() {
      for (const live of open) {
        live.close(1001, "the server stops");
        clock.soon(() => live.cut());
      }
    },
  };
}

function serverFor(maxPayload: number, subprotocol: string | undefined): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Compressed frames would let a page ask for far more memory than it sends.
    perMessageDeflate: false,
    maxPayload,
    ...piecesOf(maxPayload),
    handleProtocols: (offered) => (subprotocol !== undefined && offered.has(subprotocol) ? subprotocol : false),
  });
}

/** A message in tiny pieces takes many times the memory that it has bytes. */
function piecesOf(messageBytesMax: number): object {
  const pieces = Math.max(webSocketPiecesMin, Math.ceil(messageBytesMax / webSocketPieceBytesMin));
  return { maxFragments: pieces, maxBufferedChunks: pieces };
}

interface LiveSocketOptions {
  readonly raw: WebSocket;
  /** What is below it. */
  readonly stream: Duplex;
  readonly remoteAddress: string;
  readonly clock: Clock;
  readonly log: Log;
  onClosed(): void;
}

class LiveSocket implements FrameSocket {
  readonly remoteAddress: string;
  readonly #raw: WebSocket;
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onClosed: () => void;
  #handler: FrameHandler | undefined;
  #closed = false;
  #answered = true;
  #paused = false;
  #waitsForDrain = false;
  /** What has been read already is told no more. */
  #isCut = false;
  #pinging: Timer;
  #cutting: Timer | undefined;

  constructor({ raw, stream, remoteAddress, clock, log, onClosed }: LiveSocketOptions) {
    this.remoteAddress = remoteAddress;
    this.#raw = raw;
    this.#stream = stream;
    this.#clock = clock;
    this.#log = log;
    this.#onClosed = onClosed;
    this.#pinging = this.#armPing();
    raw.pause();
    raw.on("message", (data, isBinary) => this.#take(data, isBinary));
    raw.on("pong", (data) => {
      this.#answered = true;
      this.#tell((handler) => handler.heard(data.length));
    });
    // ws answers it, and keeps no answers for who asks again without reading them.
    raw.on("ping", (data) => this.#tell((handler) => handler.heard(data.length)));
    // What breaks the protocol is closed by ws itself, with the code for it.
    raw.on("error", (error: NodeJS.ErrnoException) => {
      log.debug({ event: "websocket.failed", err: error, address: remoteAddress }, `a WebSocket of ${remoteAddress} failed`);
      if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") this.#tell((handler) => handler.tooLarge());
    });
    raw.on("close", () => this.#end());
  }

  get bufferedBytes(): number {
    return this.#raw.bufferedAmount;
  }

  start(handler: FrameHandler): void {
    this.#handler = handler;
    if (this.#closed) this.#clock.soon(() => this.guard(() => handler.closed()));
    else this.resume();
  }

  send(texts: readonly string[]): void {
    if (this.#raw.readyState !== this.#raw.OPEN) return;
    this.#stream.cork();
    for (const text of texts) this.#raw.send(text, this.#onWritten);
    this.#stream.uncork();
    if (this.#raw.bufferedAmount > 0) this.#waitsForDrain = true;
  }

  pause(): void {
    this.#paused = true;
    if (this.#raw.readyState === this.#raw.OPEN) this.#raw.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#handler !== undefined && this.#raw.readyState === this.#raw.OPEN) this.#raw.resume();
  }

  close(code = 1000, reason = ""): void {
    if (this.#closed || this.#cutting !== undefined) return;
    this.#cutting = this.#clock.at(this.#clock.now() + webSocketCloseMs, () => this.cut());
    this.#raw.resume();
    this.#raw.close(code, reason);
  }

  cut(): void {
    this.#isCut = true;
    this.#raw.terminate();
  }

  /** What fails here ends this socket, and nothing else. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error({ event: "websocket.failed", err: error, address: this.remoteAddress }, `a WebSocket of ${this.remoteAddress} is closed: an error here`);
      this.close(1011, "an error in the server; its log says which");
    }
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#cutting !== undefined) return;
    if (isBinary) this.close(1003, "text is expected");
    else this.#tell((handler) => handler.frame(bytesOf(data)));
  }

  #tell(work: (handler: FrameHandler) => void): void {
    const handler = this.#handler;
    if (handler !== undefined && !this.#isCut) this.guard(() => work(handler));
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (!this.#waitsForDrain || (error !== undefined && error !== null) || this.#raw.bufferedAmount > 0) return;
    this.#waitsForDrain = false;
    this.guard(() => this.#handler?.drained());
  };

  #armPing(): Timer {
    return this.#clock.at(this.#clock.now() + webSocketPingMs, () => {
      // Who is not listened to cannot be heard to answer.
      if (!this.#answered && !this.#paused) return this.cut();
      this.#answered = false;
      if (this.#raw.readyState === this.#raw.OPEN) this.#raw.ping();
      this.#pinging = this.#armPing();
    });
  }

  #end(): void {
    this.#closed = true;
    this.#pinging.cancel();
    this.#cutting?.cancel();
    this.#onClosed();
    this.guard(() => this.#handler?.closed());
  }
}

/** ws hands over the pieces of a message joined, unless it is told otherwise. */
function bytesOf(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
}
