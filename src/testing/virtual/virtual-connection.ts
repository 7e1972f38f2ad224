/** The server's side of a virtual link: a Connection that does what one over a socket does (`net/connection.ts`), in the same order. */
import type { Connection, ConnectionHandler, SecureLink, Timer } from "../../ports.ts";
import type { Mark } from "./unsent.ts";
import type { PipeReceiver, PipeSender, VirtualPipe } from "./virtual-pipe.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface VirtualConnectionOptions {
  readonly time: VirtualTime;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  /** Milliseconds that a TLS handshake may take. */
  readonly handshakeTimeoutMs: number;
  /** What a handshake that ends well comes to. */
  readonly secure: () => SecureLink;
  /** Told once, when nothing can come of it any more. */
  readonly over: () => void;
}

interface Handshake {
  readonly resolve: (secure: SecureLink) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class VirtualConnection implements Connection, PipeSender, PipeReceiver {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly #options: VirtualConnectionOptions;
  /** To the client, and from it. */
  #down!: VirtualPipe;
  #up!: VirtualPipe;
  #handler: ConnectionHandler | undefined;
  #secure: SecureLink | null = null;
  #handshake: Handshake | undefined;
  #paused = false;
  #waitsForDrain = false;
  /** Has said its last word, has heard the client's. */
  #finished = false;
  #ended = false;
  #destroyed = false;
  #closed = false;
  /** Its process is gone: nobody is told anything. */
  #dead = false;
  #error: Error | undefined;

  constructor(options: VirtualConnectionOptions) {
    const { remoteAddress, remotePort, localAddress } = options;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localAddress = localAddress;
    this.#options = options;
  }

  /** Before anything else. */
  join(down: VirtualPipe, up: VirtualPipe): void {
    this.#down = down;
    this.#up = up;
  }

  get secure(): SecureLink | null {
    return this.#secure;
  }

  get bufferedBytes(): number {
    return this.#destroyed ? 0 : this.#down.bufferedBytes;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.#closed) this.#soon(() => handler.closed(this.#error));
    else this.#up.wake();
  }

  write(text: string): void {
    if (this.#destroyed || this.#finished || text === "") return;
    this.#down.send(Buffer.from(text, "utf8"));
    if (this.#down.bufferedBytes > 0) this.#waitsForDrain = true;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#destroyed) this.#up.wake();
  }

  async startTls(): Promise<SecureLink> {
    if (this.#secure !== null || this.#handshake !== undefined) throw new Error("startTls: this connection has TLS already");
    if (this.#destroyed || this.#ended) {
      this.#destroy();
      throw this.#error ?? new Error("the peer left before the TLS handshake");
    }
    // RFC 6120 section 5.4.3.3 rule 2: what came in the clear is worth nothing.
    this.#up.discard();
    return this.beginHandshake();
  }

  /** For direct TLS: the handshake comes before everything else. */
  beginHandshake(): Promise<SecureLink> {
    const { time, handshakeTimeoutMs } = this.#options;
    this.#down.hold();
    const timer = time.at(time.now() + handshakeTimeoutMs, () =>
      this.#destroy(new Error(`the TLS handshake took more than ${handshakeTimeoutMs} ms`)),
    );
    const done = new Promise<SecureLink>((resolve, reject) => (this.#handshake = { resolve, reject, timer }));
    this.#up.wake();
    return done;
  }

  end(): void {
    if (this.#destroyed || this.#finished) return;
    this.#finished = true;
    this.#down.send("end");
    this.#closeIfOver();
  }

  destroy(): void {
    this.#destroy();
  }

  /** Its process dies: what the system has taken arrives, and the client sees the end. */
  die(): void {
    this.#dead = true;
    this.#destroy();
  }

  drained(): void {
    if (this.#destroyed) return;
    this.#soon(() => {
      if (this.#destroyed || this.#down.bufferedBytes > 0) return;
      if (this.#waitsForDrain) {
        this.#waitsForDrain = false;
        this.#handler?.drained();
      }
      this.#closeIfOver();
    });
  }

  room(): number {
    if (this.#destroyed || this.#handshake !== undefined) return Infinity;
    return this.#handler === undefined || this.#paused ? 0 : Infinity;
  }

  takes(): boolean {
    return this.room() > 0;
  }

  bytes(bytes: Uint8Array): void {
    if (this.#destroyed) return;
    if (this.#handshake === undefined) this.#handler?.data(bytes);
    else this.#destroy(Object.assign(new Error("the peer does not speak TLS"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }));
  }

  mark(mark: Mark): void {
    if (this.#destroyed) return;
    if (mark === "end") this.#hearEnd();
    else if (this.#handshake === undefined) this.#handler?.data(clientHello);
    else if (mark === "hello") this.#down.sendNow("answer");
    else if (mark === "finished") this.#establish(this.#handshake);
  }

  reset(): void {
    this.#destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104, syscall: "read" }));
  }

  #hearEnd(): void {
    if (this.#handshake !== undefined) return this.#destroy(new Error("the peer left during the TLS handshake"));
    this.#ended = true;
    this.#handler?.ended();
    this.#closeIfOver();
  }

  #establish({ resolve, timer }: Handshake): void {
    timer.cancel();
    this.#handshake = undefined;
    this.#secure = this.#options.secure();
    this.#down.release();
    // What follows is read in a task of its own: the caller sees the handshake succeed before.
    resolve(this.#secure);
  }

  #closeIfOver(): void {
    if (!this.#destroyed && this.#ended && this.#finished && this.#down.bufferedBytes === 0) this.#tellClosed();
  }

  #destroy(error?: Error): void {
    if (this.#destroyed) return;
    this.#error ??= error;
    this.#down.close();
    this.#tellClosed();
  }

  #tellClosed(): void {
    const handshake = this.#handshake;
    this.#destroyed = true;
    this.#handshake = undefined;
    handshake?.timer.cancel();
    this.#soon(() => {
      this.#closed = true;
      this.#options.over();
      handshake?.reject(this.#error ?? new Error("the connection was closed during the TLS handshake"));
      this.#handler?.closed(this.#error);
    });
  }

  #soon(task: () => void): void {
    const { time } = this.#options;
    time.at(time.now(), () => (this.#dead ? undefined : task()));
  }
}

/** How a client's first record of TLS begins, for who reads it as text: a handshake of which the rest has not come. */
const clientHello = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03);
