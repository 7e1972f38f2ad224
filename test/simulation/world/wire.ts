/** One link of a device with the stream in it: text out, whole elements in, as they are told. */
import type { VirtualLink, VirtualNetwork } from "../../../src/testing/virtual/virtual-net.ts";
import { showXml, StreamReader, type Xml } from "../../support/xml-reader.ts";
import type { Transcript } from "./transcript.ts";

export interface WireEvents {
  /** The server has opened its stream. */
  opened(): void;
  element(element: Xml): void;
  secured(): void;
  /** The server has closed its stream. */
  ended(): void;
  /** The link is gone; nothing follows. Told exactly once. */
  lost(): void;
  /** What came is no stream. */
  garbled(text: string): void;
}

export class Wire {
  readonly link: VirtualLink;
  readonly #who: string;
  readonly #transcript: Transcript;
  readonly #events: WireEvents;
  /** The stream may begin anew. */
  isNegotiating = true;
  #reader = new StreamReader();
  #isOpen = false;
  #hasEnded = false;
  #isOver = false;

  /** undefined if nobody listens. */
  static connect(network: VirtualNetwork, port: number, who: string, transcript: Transcript, events: WireEvents): Wire | undefined {
    let wire: Wire | undefined;
    const link = network.connect(port, {
      data: (text) => wire!.#data(text),
      secured: () => wire!.#events.secured(),
      closed: () => wire!.#closed(),
    });
    return link && (wire = new Wire(link, who, transcript, events));
  }

  private constructor(link: VirtualLink, who: string, transcript: Transcript, events: WireEvents) {
    this.link = link;
    this.#who = who;
    this.#transcript = transcript;
    this.#events = events;
  }

  /** The server's end tag has come: all that it wrote before that was read. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(text: string): void {
    if (this.#isOver) return;
    this.#transcript.note(this.#who, `→ ${text}`);
    this.link.write(text);
  }

  /** What comes next begins a new stream. */
  restart(header: string): void {
    this.#reader = new StreamReader();
    this.#isOpen = false;
    this.write(header);
  }

  /** Nothing more is told of it, not even that it is gone; the link itself stays as it is. */
  leave(): void {
    this.#isOver = true;
  }

  /** Closes it at once. */
  drop(why: string): void {
    if (this.#isOver) return;
    this.#transcript.note(this.#who, `closes its link: ${why}`);
    this.#isOver = true;
    this.link.destroy();
    this.#events.lost();
  }

  #data(text: string): void {
    if (this.#isOver) return;
    this.#transcript.came(this.#who, text);
    // What ends one stream may come together with what begins the next (RFC 6120 section 6.4.6).
    if (!this.isNegotiating) this.#read(text);
    else for (const piece of text.split(/(?<=>)/)) this.#read(piece);
  }

  #read(text: string): void {
    if (this.#isOver) return;
    const reader = this.#reader;
    try {
      reader.write(text);
    } catch (error) {
      return this.#events.garbled(`${error instanceof Error ? error.message : String(error)} in ${text}`);
    }
    if (!this.#isOpen && reader.header !== undefined) {
      this.#isOpen = true;
      this.#events.opened();
    }
    for (let element = reader.take(); element !== undefined && !this.#isOver; element = reader.take()) {
      const shown = element;
      this.#transcript.show(this.#who, () => `← ${showXml(shown)}`);
      this.#events.element(element);
    }
    if (!reader.ended || this.#hasEnded || this.#isOver) return;
    this.#hasEnded = true;
    this.#transcript.note(this.#who, "← </stream:stream>");
    this.#events.ended();
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#transcript.note(this.#who, "has lost its link");
    this.#events.lost();
  }
}
