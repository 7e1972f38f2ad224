/** An XML stream over a byte stream: TCP, with or without TLS (RFC 6120 section 3). */
import { isLoopback } from "../domain/addresses.ts";
import type { XmlLimits } from "../domain/limits.ts";
import type { Connection, ConnectionHandler, SecureLink } from "../ports.ts";
import type { Link, LinkHandler, StreamHeader } from "../xml/link.ts";
import { XmlStreamParser, type XmlStreamHandler } from "../xml/parser.ts";
import { escapeAttribute } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";

/**
 * `report` is told of an exception that a handler let out: it ends that link, and nothing else. `content`: the content namespace of the
 * streams (RFC 6120 section 4.8.2).
 */
export function createTransport(
  connection: Connection,
  kind: "tcp" | "tls",
  limits: XmlLimits,
  report: (error: unknown) => void = () => {},
  content: string = clientNamespace,
): Link {
  return new Transport(connection, kind, limits, report, content);
}

class Transport implements Link {
  readonly transport: "tcp" | "tls";
  readonly remoteAddress: string;
  readonly loopback: boolean;
  readonly footerText = "</stream:stream>";
  readonly #connection: Connection;
  readonly #parser: XmlStreamParser;
  readonly #report: (error: unknown) => void;
  readonly #content: string;
  #handler: LinkHandler | undefined;
  /** The host that the peer's header named. */
  #hostName: string | undefined;
  #paused = false;
  /** The peer ended its stream or broke it: what it still sends is read and dropped, so that it can read our last words. */
  #deaf = false;
  /** This side has ended, so that the peer's end needs no comment. */
  #ending = false;
  /** The peer's end came while this link was paused. */
  #peerLeft = false;
  #lost = false;

  constructor(connection: Connection, kind: "tcp" | "tls", limits: XmlLimits, report: (error: unknown) => void, content: string) {
    this.transport = kind;
    this.remoteAddress = connection.remoteAddress;
    this.loopback = isLoopback(connection.remoteAddress);
    this.#connection = connection;
    this.#report = report;
    this.#content = content;
    this.#parser = new XmlStreamParser(this.#stream, limits, content);
  }

  get secure(): SecureLink | null {
    return this.#connection.secure;
  }

  get canStartTls(): boolean {
    return this.#connection.secure === null;
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  attach(handler: LinkHandler): void {
    const first = this.#handler === undefined;
    this.#handler = handler;
    if (first) this.#connection.start(this.#bytes);
  }

  headerText({ id, from, to, version, lang }: StreamHeader): string {
    const attributes = Object.entries({ id, from, to, version, "xml:lang": lang })
      .map(([name, value]) => (value === undefined ? "" : ` ${name}='${escapeAttribute(value)}'`))
      .join("");
    return `<?xml version='1.0'?><stream:stream xmlns='${this.#content}' xmlns:stream='http://etherx.jabber.org/streams'${attributes}>`;
  }

  write(texts: readonly string[]): void {
    this.#connection.write(texts.length === 1 ? texts[0]! : texts.join(""));
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#parser.pause();
    this.#connection.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#guard(() => this.#parser.resume());
    // What the parser still held may have paused the link again, or moved it into a handshake.
    if (this.#paused) return;
    this.#connection.resume();
    if (this.#peerLeft) this.#bytes.ended();
  }

  restart(): void {
    this.#deaf = false;
    this.#parser.restart();
  }

  async startTls(): Promise<SecureLink> {
    this.#parser.discard();
    this.restart();
    return this.#connection.startTls(this.#hostName);
  }

  setLimits(limits: XmlLimits): void {
    this.#parser.setLimits(limits);
  }

  end(): void {
    this.#ending = true;
    this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  readonly #bytes: ConnectionHandler = {
    data: (bytes) => {
      if (this.#deaf || this.#lost) return;
      this.#guard(() => {
        this.#handler?.heard(bytes.length);
        this.#parser.write(bytes);
      });
    },
    ended: () => {
      this.#peerLeft = true;
      if (this.#paused || this.#deaf || this.#ending) return;
      this.#lose("the peer closed the connection without closing its stream");
      this.#connection.destroy();
    },
    closed: (error) => this.#lose(error?.message ?? "the connection was closed"),
    drained: () => {
      if (!this.#lost) this.#guard(() => this.#handler?.drained());
    },
  };

  readonly #stream: XmlStreamHandler = {
    opened: (header) => {
      this.#hostName = header.to;
      if (!this.#lost) this.#handler?.opened(header);
    },
    element: (element, bytes) => {
      if (!this.#lost) this.#handler?.element(element, bytes);
    },
    spaced: () => {
      if (!this.#lost) this.#handler?.spaced?.();
    },
    ended: () => {
      this.#deaf = true;
      if (!this.#lost) this.#handler?.ended();
    },
    failed: (fault) => {
      this.#deaf = true;
      if (!this.#lost) this.#handler?.failed(fault);
    },
  };

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#parser.pause();
    try {
      this.#handler?.lost(reason);
    } catch (error) {
      this.#report(error);
    }
  }

  /** An exception of one session's handler closes that session's link, never the process. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#report(error);
      this.#lose(`internal error: ${error instanceof Error ? error.message : String(error)}`);
      this.#connection.destroy();
    }
  }
}
