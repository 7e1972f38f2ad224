/** An XML stream over a WebSocket: one element a frame (RFC 7395). */
import type { XmlLimits } from "../domain/limits.ts";
import type { SecureLink } from "../ports.ts";
import { badFormat, invalidNamespace, stanzaTooLarge } from "../xml/faults.ts";
import { FrameReader } from "../xml/frame-reader.ts";
import { framedFooter, framedHeader, NS_FRAMING, standalone } from "../xml/framing.ts";
import type { Element } from "../xml/element.ts";
import type { Link, LinkHandler, StreamFault, StreamHeader } from "../xml/link.ts";
import { NS_STREAMS } from "../xml/namespaces.ts";
import type { FrameSocket } from "./frame-socket.ts";

export interface WebSocketLinkOptions {
  readonly socket: FrameSocket;
  /** null in the clear. */
  readonly secure: SecureLink | null;
  readonly loopback: boolean;
  readonly limits: XmlLimits;
  /** Is told of an exception that a handler let out: it ends that link, and nothing else. */
  report(error: unknown): void;
}

export class WebSocketLink implements Link {
  readonly transport = "websocket";
  readonly remoteAddress: string;
  readonly loopback: boolean;
  readonly secure: SecureLink | null;
  /** RFC 7395 section 3.9. */
  readonly canStartTls = false;
  readonly footerText = framedFooter;
  readonly #socket: FrameSocket;
  readonly #reader: FrameReader;
  #limits: XmlLimits;
  readonly #report: (error: unknown) => void;
  #handler: LinkHandler | undefined;
  /** The peer's next element is its header (RFC 7395 sections 3.4 and 3.7). */
  #atStart = true;
  #paused = false;
  /** Frames that had been read from the network when the link was paused. */
  readonly #frames: Buffer[] = [];
  /** The peer ended its stream or broke it: what it still sends is dropped, so that it can read our last words. */
  #deaf = false;
  #lost = false;

  constructor({ socket, secure, loopback, limits, report }: WebSocketLinkOptions) {
    this.#socket = socket;
    this.#reader = new FrameReader(limits);
    this.#limits = limits;
    this.#report = report;
    this.remoteAddress = socket.remoteAddress;
    this.loopback = loopback;
    this.secure = secure;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  attach(handler: LinkHandler): void {
    const first = this.#handler === undefined;
    this.#handler = handler;
    if (!first) return;
    this.#socket.start({
      frame: (frame) => this.#take(frame),
      tooLarge: () => this.#refuse(),
      heard: (bytes) => this.#guard(() => this.#handler?.heard(bytes)),
      drained: () => this.#guard(() => this.#handler?.drained()),
      closed: () => this.#lose("the WebSocket was closed"),
    });
    if (this.#paused) this.#socket.pause();
  }

  headerText(header: StreamHeader): string {
    return framedHeader(header);
  }

  write(texts: readonly string[]): void {
    this.#socket.send(texts.map(standalone));
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    while (!this.#paused && this.#frames.length > 0) this.#read(this.#frames.shift()!);
    // What waited may have paused the link again.
    if (!this.#paused) this.#socket.resume();
  }

  restart(): void {
    this.#deaf = false;
    this.#atStart = true;
  }

  async startTls(): Promise<SecureLink> {
    throw new Error("startTls: a WebSocket has its TLS below itself, or none (RFC 7395 section 3.9)");
  }

  setLimits(limits: XmlLimits): void {
    this.#limits = limits;
    this.#reader.setLimits(limits);
  }

  end(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.cut();
  }

  #take(frame: Buffer): void {
    if (this.#deaf || this.#lost) return;
    this.#guard(() => this.#handler?.heard(frame.length));
    if (this.#paused) this.#frames.push(frame);
    else this.#read(frame);
  }

  /** Our last words do not reach the peer any more; but what it has sent ends its session, which is not to be resumed. */
  #refuse(): void {
    if (this.#deaf || this.#lost) return;
    this.#guard(() => this.#fail(stanzaTooLarge(this.#limits)));
  }

  #read(frame: Buffer): void {
    if (this.#deaf || this.#lost) return;
    this.#guard(() => {
      const read = this.#reader.read(frame);
      if ("condition" in read) this.#fail(read);
      else if (read.getNS() === NS_FRAMING) this.#frameElement(read);
      else if (this.#atStart) this.#fail(notTheHeader(read));
      else this.#handler?.element(read, frame.length);
    });
  }

  #frameElement(element: Element): void {
    if (element.name === "close") {
      this.#deaf = true;
      this.#handler?.ended();
    } else if (element.name !== "open" || !this.#atStart) {
      this.#fail(badFormat(`<${element.name}/> has no place here (RFC 7395 section 3.4)`));
    } else {
      this.#atStart = false;
      const { to, from, id, version, "xml:lang": lang } = element.attrs as Readonly<Record<string, string | undefined>>;
      this.#handler?.opened({ to, from, id, version, lang });
    }
  }

  #fail(fault: StreamFault): void {
    this.#deaf = true;
    this.#handler?.failed(fault);
  }

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#frames.length = 0;
    try {
      this.#handler?.lost(reason);
    } catch (error) {
      this.#report(error);
    }
  }

  /** An exception of one session's handler closes that session's link, never the process. */
  #guard(task: () => void): void {
    if (this.#lost) return;
    try {
      task();
    } catch (error) {
      this.#report(error);
      this.#lose(`internal error: ${error instanceof Error ? error.message : String(error)}`);
      this.#socket.cut();
    }
  }
}

/** RFC 7395 sections 3.3.2 and 3.4. */
function notTheHeader(element: Element): StreamFault {
  const isHeader = ["open", "close"].includes(element.name) || element.getNS() === NS_STREAMS;
  return isHeader ? invalidNamespace(`the header of this stream is <open/> in ${NS_FRAMING}`) : badFormat("the first frame is <open/> (RFC 7395 section 3.4)");
}
