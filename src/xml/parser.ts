/**
 * The strict XML stream parser (RFC 6120 section 11): bytes in, a stream header, first-level elements and an end out.
 */
import type { XmlLimits } from "../domain/limits.ts";
import type { Element } from "./element.ts";
import type { StreamFault, StreamHeader } from "./link.ts";
import { NS_CLIENT } from "./namespaces.ts";
import { ELEMENT, ENDED, OPENED, Scanner, SPACED, STARVED } from "./scanner.ts";

/**
 * May call any method of the parser from within. An exception thrown here leaves `write` or `resume`; the parser stays
 * usable.
 */
export interface XmlStreamHandler {
  /** The stream header. */
  opened(header: StreamHeader): void;
  /**
   * A whole first-level element, `bytes` long from "<" to ">". Canonical: names have no prefix, `xmlns` is on every
   * first-level element and below wherever the namespace changes, a prefixed attribute has the declaration of its
   * prefix beside it, and text is one string between two tags.
   */
  element(element: Element, bytes: number): void;
  /** White space between first-level elements. */
  spaced?(): void;
  /** The end tag of the stream. Whatever follows it is ignored until `restart`. */
  ended(): void;
  /** The bytes are no XMPP stream. Told once; everything after is ignored until `restart`. */
  failed(fault: StreamFault): void;
}

export class XmlStreamParser {
  private readonly handler: XmlStreamHandler;
  private readonly scanner: Scanner;
  /** Chunks not begun; those before `nextChunk` are read. */
  private readonly chunks: Buffer[] = [];
  private nextChunk = 0;
  private paused = false;
  private running = false;
  /** The stream ended or failed. */
  private over = false;

  /** `content`: the content namespace; its elements are told as those of `jabber:client`, which is the same thing over another stream. */
  constructor(handler: XmlStreamHandler, limits: XmlLimits, content: string = NS_CLIENT) {
    this.handler = handler;
    this.scanner = new Scanner(limits, content);
  }

  /** Tells what `chunk` completes before it returns, unless paused. `chunk` belongs to the parser from now on. */
  write(chunk: Uint8Array): void {
    if (this.over) return;
    this.chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.run();
  }

  /** Nothing more is told until `resume`. What is unread, and what is written meanwhile, is kept. */
  pause(): void {
    this.paused = true;
  }

  /** Goes on with what was kept, before it returns. */
  resume(): void {
    this.paused = false;
    this.run();
  }

  /** The next byte not yet read begins a new stream: an XML declaration or a stream header (RFC 6120 section 4.3.3). */
  restart(): void {
    this.over = false;
    this.scanner.restart();
  }

  /** Drops what has been written and not read. */
  discard(): void {
    this.chunks.length = 0;
    this.nextChunk = 0;
    this.scanner.release();
  }

  /** From now on; what has been read of an element counts. */
  setLimits(limits: XmlLimits): void {
    this.scanner.setLimits(limits);
  }

  private run(): void {
    if (this.running) return;
    this.running = true;
    try {
      while (!this.paused && !this.over) {
        const told = this.scanner.next();
        if (told === STARVED) {
          if (!this.feed()) return;
        } else {
          this.tell(told);
        }
      }
    } finally {
      this.running = false;
    }
  }

  private tell(told: number): void {
    const { handler, scanner } = this;
    const { tree } = scanner;
    if (told === ELEMENT) {
      const element = tree.completed!;
      tree.completed = undefined;
      handler.element(element, scanner.elementBytes);
    } else if (told === OPENED) {
      handler.opened(tree.header!);
    } else if (told === SPACED) {
      handler.spaced?.();
    } else {
      this.over = true;
      this.discard();
      if (told === ENDED) handler.ended();
      else handler.failed(scanner.fault!);
    }
  }

  private feed(): boolean {
    const chunk = this.chunks[this.nextChunk];
    if (chunk === undefined) {
      // An idle stream keeps no chunk alive.
      this.discard();
      return false;
    }
    this.nextChunk += 1;
    this.scanner.feed(chunk);
    return true;
  }
}
