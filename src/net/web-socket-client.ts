/** WebSockets (RFC 6455) to somebody else, as the inspector's commands open them: text alone. */
import { WebSocket } from "ws";
import { isLoopback } from "../domain/addresses.ts";
import type { TextSocket, TextSocketHandler } from "./text-socket.ts";

/** Why it was closed. */
export interface SocketEnd {
  /** RFC 6455 section 7.4.1; 1006 for a connection that broke. */
  readonly code: number;
  readonly reason: string;
}

export interface ClientSocket extends TextSocket {
  readonly ended: Promise<SocketEnd>;
  /** Stops reading, so that the other side feels it. Idempotent. */
  pause(): void;
  resume(): void;
}

/**
 * Rejects with an `Error` that has Node's `code` (ECONNREFUSED …), or `status` where HTTP answered instead. `isHere`: the address is one of this
 * machine, as loopback is without being told so. To it any certificate is taken: nobody else can be there.
 */
export function connectWebSocket(url: string, { isHere = leadsHere(url) }: { readonly isHere?: boolean } = {}): Promise<ClientSocket> {
  const { hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    const raw = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: handshakeMs, rejectUnauthorized: !isHere });
    const socket = new LiveClientSocket(raw, hostname);
    raw.once("open", () => {
      // What comes at once waits for who is to take it; before this there is nothing that could be held.
      socket.pause();
      resolve(socket);
    });
    raw.on("error", reject);
    raw.once("unexpected-response", (request, response) => {
      request.destroy();
      reject(Object.assign(new Error(`HTTP status ${response.statusCode}`), { status: response.statusCode }));
    });
  });
}

/** Whether an address is of this machine, by what is written in it alone. */
export function leadsHere(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || isLoopback(hostname.replaceAll(/[[\]]/g, ""));
}

const handshakeMs = 10_000;

class LiveClientSocket implements ClientSocket {
  readonly remoteAddress: string;
  readonly ended: Promise<SocketEnd>;
  readonly #raw: WebSocket;

  constructor(raw: WebSocket, remoteAddress: string) {
    this.#raw = raw;
    this.remoteAddress = remoteAddress;
    this.ended = new Promise((resolve) => raw.once("close", (code, reason) => resolve({ code, reason: String(reason) })));
  }

  get bufferedBytes(): number {
    return this.#raw.bufferedAmount;
  }

  start(handler: TextSocketHandler): void {
    this.#raw.on("message", (data, isBinary) => {
      if (!isBinary) handler.text(String(data));
    });
    void this.ended.then(() => handler.closed());
    this.#raw.resume();
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  send(text: string): void {
    if (this.#raw.readyState === this.#raw.OPEN) this.#raw.send(text, () => undefined);
  }

  close(code = 1000, reason = ""): void {
    this.#raw.resume();
    this.#raw.close(code, reason);
  }
}
