/** A client that knows no XML: it sends what the test says and waits for text. For tests of what a good client never does. */
import { connect as connectTcp, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";

export interface RawOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** "direct": TLS from the first byte. Default none. */
  readonly tls?: "none" | "direct";
  /** For SNI, now and in `startTls`. Default localhost; "" for none. */
  readonly servername?: string;
  readonly alpn?: readonly string[];
  /** What else Node's TLS client shall do. */
  readonly tlsOptions?: ConnectionOptions;
}

export interface RawSecure {
  readonly protocol: string;
  readonly alpn: string | undefined;
  /** RFC 9266: this end's exported keying material. */
  readonly tlsExporter: Uint8Array;
  /** DER of the certificate that the server showed. */
  readonly peerCertificate: Uint8Array;
  readonly sessionReused: boolean;
}

/** Resolves when the connection is there (and its TLS, if direct). */
export async function connectRaw(options: RawOptions): Promise<RawClient> {
  const socket = connectTcp({ port: options.port, host: options.host ?? "127.0.0.1", noDelay: true });
  await settled(socket, "connect");
  const client = new RawClient(socket, options);
  if (options.tls === "direct") await client.startTls();
  return client;
}

export class RawClient {
  /** All text so far, in the clear and decrypted. */
  received = "";
  /** The socket in use: the TLS one once there is one. */
  socket: Socket;
  /** The TCP socket, also beneath TLS. */
  readonly plain: Socket;
  readonly #options: RawOptions;
  #secure: RawSecure | null = null;
  #consumed = 0;
  #peerClosed = false;
  #error: Error | undefined;
  #decoder = new StringDecoder("utf8");
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket, options: RawOptions) {
    this.#options = options;
    this.socket = socket;
    this.plain = socket;
    this.#listen(socket);
  }

  get secure(): RawSecure | null {
    return this.#secure;
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Upgrades this socket; the certificate is not checked. */
  async startTls(): Promise<void> {
    const plain = this.socket;
    plain.off("data", this.#onData).off("end", this.#onClosed).off("close", this.#onClosed);
    const { servername = "localhost", alpn, tlsOptions } = this.#options;
    const socket = connectTls({
      socket: plain,
      rejectUnauthorized: false,
      servername,
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      ...tlsOptions,
    });
    this.socket = socket;
    this.#listen(socket);
    await settled(socket, "secureConnect");
    this.#secure = secureOf(socket);
  }

  /** Waits until what has not been consumed contains `pattern`, consumes through it and returns it. */
  async expect(pattern: RegExp | string, timeoutMs = 5000): Promise<string> {
    let found: { text: string; end: number } | undefined;
    const why = await this.#until(() => {
      found = find(this.received.slice(this.#consumed), pattern);
      return found !== undefined;
    }, timeoutMs);
    if (found === undefined) throw new Error(`expected ${String(pattern)}, but ${why}; received: ${this.#unread()}`);
    this.#consumed += found.end;
    return found.text;
  }

  /** Resolves when the server has closed its direction, or all. */
  async closed(timeoutMs = 5000): Promise<void> {
    await this.#until(() => this.#peerClosed, timeoutMs);
    if (!this.#peerClosed) throw new Error(`expected the server to close, but it has not in ${timeoutMs} ms; received: ${this.#unread()}`);
  }

  /** What ended the connection, if it was an error. */
  get error(): Error | undefined {
    return this.#error;
  }

  pauseReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  /** Closes this direction; reading goes on. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", this.#onData).on("end", this.#onClosed).on("close", this.#onClosed);
    socket.on("error", (error) => (this.#error ??= error));
  }

  readonly #onData = (bytes: Buffer): void => {
    this.received += this.#decoder.write(bytes);
    this.#wake();
  };

  readonly #onClosed = (): void => {
    this.#peerClosed = true;
    this.#wake();
  };

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  /** Looks after each thing that arrives. Answers why it ended without success. */
  async #until(holds: () => boolean, timeoutMs: number): Promise<string> {
    let why = "";
    await new Promise<void>((resolve) => {
      const finish = (reason: string): void => {
        why = reason;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (holds()) finish("");
        else if (this.#peerClosed) finish(`the server closed${this.#error === undefined ? "" : ` (${this.#error.message})`}`);
      };
      const timer = setTimeout(() => finish(`it did not come in ${timeoutMs} ms`), timeoutMs);
      this.#waiting.add(look);
      look();
    });
    return why;
  }

  #unread(): string {
    return JSON.stringify(this.received.slice(this.#consumed));
  }
}

function find(text: string, pattern: RegExp | string): { text: string; end: number } | undefined {
  if (typeof pattern === "string") {
    const at = text.indexOf(pattern);
    return at === -1 ? undefined : { text: pattern, end: at + pattern.length };
  }
  const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(text);
  return match === null ? undefined : { text: match[0], end: match.index + match[0].length };
}

function secureOf(socket: TLSSocket): RawSecure {
  return {
    protocol: socket.getProtocol() ?? "",
    alpn: socket.alpnProtocol || undefined,
    tlsExporter: socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)),
    peerCertificate: socket.getPeerCertificate().raw,
    sessionReused: socket.isSessionReused(),
  };
}

async function settled(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`the server closed before ${event}`)));
  });
}
