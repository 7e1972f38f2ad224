/** A Connection over a socket of this machine. */
import type { Socket } from "node:net";
import type { Connection, ConnectionHandler, SecureLink } from "../ports.ts";
import { beginHandshake, type Handshake, type TlsOptions } from "./tls.ts";

export class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  #secure: SecureLink | null = null;
  #socket: Socket;
  readonly #tls: TlsOptions;
  #handler: ConnectionHandler | undefined;
  #paused = false;
  #handshaking = false;
  #waitsForDrain = false;
  #error: Error | undefined;
  #closed = false;

  /** `socket` is connected and paused, and stays this connection's own. */
  constructor(socket: Socket, tls: TlsOptions) {
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? "";
    this.#tls = tls;
    this.#socket = socket;
    socket.on("error", this.#onError).on("close", this.#onClose);
  }

  get secure(): SecureLink | null {
    return this.#secure;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.#closed) this.#tls.clock.soon(() => handler.closed(this.#error));
    else this.#listen();
  }

  write(text: string): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    // As bytes, because a socket counts a string by its UTF-16 units.
    socket.write(Buffer.from(text, "utf8"), this.#onWritten);
    if (socket.writableLength > 0) this.#waitsForDrain = true;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#handler !== undefined && !this.#handshaking) this.#socket.resume();
  }

  async startTls(hostName?: string): Promise<SecureLink> {
    if (this.#secure !== null || this.#handshaking) throw new Error("startTls: this connection has TLS already");
    const plain = this.#socket;
    if (plain.destroyed || plain.readableEnded) {
      plain.destroy();
      throw this.#error ?? new Error("the peer left before the TLS handshake");
    }
    plain.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).pause();
    // RFC 6120 section 5.4.3.3 rule 2: what came in the clear is worth nothing. Node would hand it to the handshake.
    while (plain.read() !== null);
    const handshake = beginHandshake(plain, this.#tls, hostName);
    return this.#secureBy(handshake);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Direct TLS: the handshake comes before everything else. */
  async secureFromStart(): Promise<SecureLink> {
    this.#socket.off("close", this.#onClose);
    return this.#secureBy(beginHandshake(this.#socket, this.#tls));
  }

  async #secureBy({ socket, done }: Handshake): Promise<SecureLink> {
    this.#handshaking = true;
    this.#socket = socket.on("error", this.#onError).on("close", this.#onClose);
    const secure = await done;
    this.#handshaking = false;
    this.#secure = secure;
    // Nothing is read before the caller has seen the handshake succeed: a resumed socket begins after the promises have run.
    if (this.#handler !== undefined && !this.#closed) this.#listen();
    return secure;
  }

  #listen(): void {
    this.#socket.on("data", this.#onData).on("end", this.#onEnd);
    if (!this.#paused) this.#socket.resume();
  }

  readonly #onData = (bytes: Buffer): void => this.#handler?.data(bytes);

  readonly #onEnd = (): void => this.#handler?.ended();

  readonly #onWritten = (): void => {
    // Node tells this of what it throws away, too: nobody has taken that.
    if (!this.#waitsForDrain || this.#socket.writableLength > 0 || this.#socket.destroyed) return;
    this.#waitsForDrain = false;
    this.#handler?.drained();
  };

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  readonly #onClose = (): void => {
    this.#closed = true;
    this.#handler?.closed(this.#error);
  };
}
