/** Frames of an XML stream, each of which is one element (RFC 7395 section 3.3.3), read by the parser that reads streams. */
import type { XmlLimits } from "../domain/limits.ts";
import type { Element } from "./element.ts";
import { badFormat, invalidNamespace, notWellFormed } from "./faults.ts";
import type { StreamFault } from "./link.ts";
import { NS_STREAMS } from "./namespaces.ts";
import { XmlStreamParser } from "./parser.ts";

export class FrameReader {
  readonly #parser: XmlStreamParser;
  /** What the frame that is being read was found to hold. */
  #elements: { readonly element: Element; readonly bytes: number }[] = [];
  #fault: StreamFault | undefined;

  constructor(limits: XmlLimits) {
    this.#parser = new XmlStreamParser(
      {
        opened: () => {},
        element: (element, bytes) => this.#elements.push({ element, bytes }),
        ended: () => (this.#fault = notWellFormed("an end tag without its start tag")),
        failed: (fault) => (this.#fault = fault),
      },
      limits,
    );
    this.#begin();
  }

  setLimits(limits: XmlLimits): void {
    this.#parser.setLimits(limits);
  }

  /** The element of a frame, in canonical form (see XmlStreamHandler), or what is wrong; after that no other frame may be read. */
  read(frame: Buffer): Element | StreamFault {
    if (frame[0] !== LESS_THAN) return badFormat("a frame begins with < (RFC 7395 section 3.3.3)");
    this.#elements = [];
    let { length } = frame;
    while (isSpace(frame[length - 1])) length -= 1;
    const declaration = declarationLength(frame);
    if (declaration > 0) this.#begin(frame.subarray(0, declaration));
    let start = declaration;
    while (isSpace(frame[start])) start += 1;
    if (this.#fault === undefined) this.#parser.write(frame.subarray(start, length));
    if (this.#fault !== undefined) return this.#fault;
    const [only, ...others] = this.#elements;
    this.#elements = [];
    if (only === undefined || only.bytes !== length - start || others.length > 0) return notWellFormed("a frame is one whole element (RFC 7395 section 3.3.3)");
    const { element } = only;
    // The default namespace around the frame, which the frame cannot rely on.
    if (element.getNS() === NS_STREAMS && element.name !== "error") return invalidNamespace("the element of a frame declares its own namespace (RFC 7395 section 3.3.3)");
    return element;
  }

  /** As within a stream whose header declares no prefix and no content namespace. */
  #begin(declaration: Buffer = Buffer.alloc(0)): void {
    this.#parser.restart();
    this.#parser.write(Buffer.concat([declaration, Buffer.from(`<stream xmlns='${NS_STREAMS}'>`)]));
  }
}

const LESS_THAN = 0x3c;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** RFC 7395 section 3.3.3 does not recommend XML declarations, and does not forbid them. */
function declarationLength(frame: Buffer): number {
  if (frame.subarray(0, 5).toString("latin1") !== "<?xml") return 0;
  const end = frame.indexOf("?>");
  return end === -1 ? 0 : end + 2;
}
