/** Reads bytes with the parser and notes everything that it tells. */
import type { XmlLimits } from "../../src/domain/limits.ts";
import type { Element } from "../../src/xml/element.ts";
import type { StreamFault, StreamHeader } from "../../src/xml/link.ts";
import { XmlStreamParser } from "../../src/xml/parser.ts";

export const header = "<stream:stream to='im.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
export const footer = "</stream:stream>";

export const roomy: XmlLimits = {
  stanzaBytesMax: 64 * 1024 * 1024, depthMax: 1_000_000, attributesMax: 10_000, nameBytesMax: 100_000, elementsMax: 1_000_000,
};

export class Reading {
  /** In order: "opened", "element", "ended", "failed". */
  readonly told: string[] = [];
  readonly headers: StreamHeader[] = [];
  readonly elements: Element[] = [];
  readonly sizes: number[] = [];
  readonly faults: StreamFault[] = [];
  readonly parser: XmlStreamParser;
  /** Called after each of the four was noted, from within the handler. */
  after: (what: string) => void = () => {};

  constructor(limits: XmlLimits = roomy) {
    const note = (what: string) => {
      this.told.push(what);
      this.after(what);
    };
    this.parser = new XmlStreamParser({
      opened: (header) => {
        this.headers.push(header);
        note("opened");
      },
      element: (element, bytes) => {
        this.elements.push(element);
        this.sizes.push(bytes);
        note("element");
      },
      ended: () => note("ended"),
      failed: (fault) => {
        this.faults.push(fault);
        note("failed");
      },
    }, limits);
  }

  write(...chunks: readonly (string | Uint8Array)[]): this {
    for (const chunk of chunks) this.parser.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    return this;
  }

  get condition(): string | undefined {
    return this.faults[0]?.condition;
  }
}

export const read = (...chunks: readonly (string | Uint8Array)[]): Reading => new Reading().write(...chunks);

/** One byte a chunk. */
export function readBytewise(input: string | Uint8Array, limits: XmlLimits = roomy): Reading {
  const reading = new Reading(limits);
  for (const byte of typeof input === "string" ? Buffer.from(input) : input) reading.parser.write(Uint8Array.of(byte));
  return reading;
}

/** What stands between the header and the end of a stream, as first-level elements; throws if it is refused. */
export function elementsOf(content: string | Uint8Array): readonly Element[] {
  const reading = read(header, content);
  if (reading.faults.length > 0) throw new Error(`${reading.faults[0]!.condition}: ${reading.faults[0]!.text}`);
  return reading.elements;
}

/** The one first-level element in `content`. */
export function elementOf(content: string | Uint8Array): Element {
  const [element, ...others] = elementsOf(content);
  if (element === undefined || others.length > 0) throw new Error(`not one element: ${String(content)}`);
  return element;
}

/** The condition with which `content`, within an open stream, is refused; whole and byte by byte must agree. */
export function refusal(content: string | Uint8Array): string | undefined {
  return streamRefusal(Buffer.concat([Buffer.from(header), Buffer.from(content as string)]));
}

/** The same for a whole stream, header and all. */
export function streamRefusal(input: string | Uint8Array): string | undefined {
  const whole = read(input).condition;
  const bytewise = readBytewise(input).condition;
  if (whole !== bytewise) throw new Error(`whole: ${whole}, byte by byte: ${bytewise}`);
  return whole;
}
