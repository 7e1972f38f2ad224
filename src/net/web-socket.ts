/** WebSockets (RFC 6455) of the HTTP listener: text alone, bounded, kept alive, and never in the way of the server. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { webSocketCloseMs, webSocketMessageBytesMax, webSocketPingMs } from "../domain/limits.ts";
import type { Clock, Log, Timer } from "../ports.ts";
import type { TextSocket, TextSocketHandler } from "./text-socket.ts";

export interface WebSockets {
  /** Completes the handshake and hands the socket over; a handshake that is none is answered with 400. */
  open(message: IncomingMessage, socket: Duplex, head: Buffer, accept: (socket: TextSocket) => void): void;
  /** Tells each that the server stops, and cuts it. */
  close(): void;
}

export function createWebSockets({ clock, log }: { readonly clock: Clock; readonly log: Log }): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Compressed frames would let a page ask for far more memory than it sends.
    perMessageDeflate: false,
    maxPayload: webSocketMessageBytesMax,
  });
  const open = new Set<LiveTextSocket>();
  return {
    open(message, socket, head, accept) {
      const remoteAddress = message.socket.remoteAddress ?? "";
      server.handleUpgrade(message, socket, head, (raw) => {
        const text = new LiveTextSocket(raw, remoteAddress, clock, log, () => open.delete(text));
        open.add(text);
        text.guard(() => accept(text));
      });
    },
    close() {
      for (const text of open) {
        text.close(1001, "the server stops");
        clock.soon(() => text.cut());
      }
    },
  };
}

class LiveTextSocket implements TextSocket {
  readonly remoteAddress: string;
  readonly #raw: WebSocket;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onClosed: () => void;
  #handler: TextSocketHandler | undefined;
  #closed = false;
  #answered = true;
  #pinging: Timer;
  #cutting: Timer | undefined;

  constructor(raw: WebSocket, remoteAddress: string, clock: Clock, log: Log, onClosed: () => void) {
    this.remoteAddress = remoteAddress;
    this.#raw = raw;
    this.#clock = clock;
    this.#log = log;
    this.#onClosed = onClosed;
    this.#pinging = this.#armPing();
    raw.pause();
    raw.on("message", (data, isBinary) => this.#take(data, isBinary));
    raw.on("pong", () => (this.#answered = true));
    // What breaks the protocol is closed by ws itself, with the code for it.
    raw.on("error", (error) => log.debug({ event: "websocket.failed", err: error, address: remoteAddress }, `a WebSocket of ${remoteAddress} failed`));
    raw.on("close", () => this.#end());
  }

  get bufferedBytes(): number {
    return this.#raw.bufferedAmount;
  }

  start(handler: TextSocketHandler): void {
    this.#handler = handler;
    if (this.#closed) this.#clock.soon(() => this.guard(() => handler.closed()));
    else if (this.#raw.readyState === this.#raw.OPEN) this.#raw.resume();
  }

  send(text: string): void {
    if (this.#raw.readyState === this.#raw.OPEN) this.#raw.send(text, () => undefined);
  }

  close(code = 1000, reason = ""): void {
    if (this.#closed || this.#cutting !== undefined) return;
    this.#cutting = this.#clock.at(this.#clock.now() + webSocketCloseMs, () => this.cut());
    this.#raw.resume();
    this.#raw.close(code, reason);
  }

  cut(): void {
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
    else this.guard(() => this.#handler?.text(String(data)));
  }

  #armPing(): Timer {
    return this.#clock.at(this.#clock.now() + webSocketPingMs, () => {
      if (!this.#answered) return this.cut();
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
