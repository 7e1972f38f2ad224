/** The client's side of a virtual link, with everything that can go wrong on the way. */
import { StringDecoder } from "node:string_decoder";
import type { Mark } from "./unsent.ts";
import type { PipeReceiver, PipeSender, VirtualPipe } from "./virtual-pipe.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface VirtualLinkHandler {
  /** Whole characters, also where they were parted on the way. */
  data(text: string): void;
  /** The TLS handshake has ended well. */
  secured?(): void;
  /** The server has closed the link, or it is lost. Nothing follows. Told exactly once, also after `destroy`. */
  closed(): void;
}

/** How often a client that reads slowly reads. */
const slowReadMs = 100;

export class VirtualLink implements PipeSender, PipeReceiver {
  readonly remotePort: number;
  readonly #time: VirtualTime;
  readonly #handler: VirtualLinkHandler;
  readonly #exporter: Uint8Array;
  readonly #windowBytes: number;
  readonly #decoder = new StringDecoder("utf8");
  #up!: VirtualPipe;
  #down!: VirtualPipe;
  #tls: "none" | "handshake" | "secure" = "none";
  #finished = false;
  #closed = false;
  #bytesPerSecond: number | undefined;
  /** What a slow reader may still read before its next turn. */
  #allowance = 0;
  #turnIsDue = false;

  constructor(options: {
    readonly time: VirtualTime;
    readonly handler: VirtualLinkHandler;
    readonly remotePort: number;
    readonly exporter: Uint8Array;
    readonly windowBytes: number;
  }) {
    this.remotePort = options.remotePort;
    this.#time = options.time;
    this.#handler = options.handler;
    this.#exporter = options.exporter;
    this.#windowBytes = options.windowBytes;
  }

  /** Before anything else. */
  join(up: VirtualPipe, down: VirtualPipe): void {
    this.#up = up;
    this.#down = down;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isSecure(): boolean {
    return this.#tls === "secure";
  }

  /** RFC 9266: the same 32 bytes as on the server's side; undefined without TLS. */
  get tlsExporter(): Uint8Array | undefined {
    return this.isSecure ? this.#exporter : undefined;
  }

  /** Bytes that were written and that the system has not yet taken: the server does not read. */
  get bufferedBytes(): number {
    return this.#closed ? 0 : this.#up.bufferedBytes;
  }

  write(text: string): void {
    if (!this.#closed && !this.#finished && text !== "") this.#up.send(Buffer.from(text, "utf8"));
  }

  /** The client's side of the handshake. What is written from now on leaves after it. */
  startTls(): void {
    if (this.#closed || this.#finished || this.#tls !== "none") return;
    this.#tls = "handshake";
    this.#up.hold();
    this.#up.sendNow("hello");
  }

  /** Closes this direction after what was written. */
  end(): void {
    if (this.#closed || this.#finished) return;
    this.#finished = true;
    this.#up.send("end");
  }

  /** Closes both ways at once. */
  destroy(): void {
    if (this.#closed) return;
    // As a system does: who closes on what it has not read says that it is lost.
    if (this.#down.isUnread) this.#up.reset();
    else this.#up.close();
    this.#close();
  }

  /** The link breaks: what is under way is lost, the client sees it at once and the server after the delay. */
  cut(): void {
    this.#up.cut(true);
    this.#down.cut(false);
    this.#close();
  }

  /** From now on nothing arrives on either side, and nobody is told. */
  halfOpen(): void {
    this.#up.block();
    this.#down.block();
  }

  /** From now on bytes wait in both directions. */
  stall(): void {
    this.#up.stall();
    this.#down.stall();
  }

  unstall(): void {
    this.#up.unstall();
    this.#down.unstall();
  }

  /** The client reads so much, and the systems between hold no more than it reads in a second; undefined: as it comes. */
  readSlowly(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#down.windowBytes = Math.max(1, Math.min(this.#windowBytes, bytesPerSecond ?? Infinity));
    this.#down.wake();
  }

  /** Milliseconds that bytes are under way from now on. */
  delay(delayMs: readonly [least: number, most: number]): void {
    this.#up.delayMs = delayMs;
    this.#down.delayMs = delayMs;
  }

  drained(): void {
    // Clients here write what they have, and do not ask.
  }

  room(): number {
    if (this.#bytesPerSecond === undefined || this.#closed) return Infinity;
    if (this.#allowance < 1) this.#awaitTurn(this.#bytesPerSecond);
    return Math.floor(this.#allowance);
  }

  takes(): boolean {
    return true;
  }

  bytes(bytes: Uint8Array): void {
    if (this.#closed) {
      // Nobody is here any more.
      this.#up.reset();
      return;
    }
    if (this.#bytesPerSecond !== undefined) this.#allowance -= bytes.length;
    if (this.#tls === "handshake") return this.destroy();
    const text = this.#decoder.write(bytes as Buffer);
    if (text !== "") this.#handler.data(text);
  }

  mark(mark: Mark): void {
    if (this.#closed) return;
    if (mark === "end") {
      if (this.#tls === "handshake") this.#up.close();
      else this.end();
      this.#close();
    } else if (mark === "answer" && this.#tls === "handshake") {
      this.#tls = "secure";
      this.#up.sendNow("finished");
      this.#up.release();
      this.#handler.secured?.();
    }
  }

  reset(): void {
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#time.at(this.#time.now(), () => this.#handler.closed());
  }

  #awaitTurn(bytesPerSecond: number): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    this.#time.at(this.#time.now() + slowReadMs, () => {
      this.#turnIsDue = false;
      this.#allowance = Math.min(this.#allowance, 1) + (bytesPerSecond * slowReadMs) / 1_000;
      this.#down.wake();
    });
  }
}
