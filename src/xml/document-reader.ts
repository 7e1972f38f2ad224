/**
 * Reads an XML document of any size whose outer elements are only a frame: their tags are told one by one, and each element at
 * a certain depth whole. Every tag, and every such element, is read by the parser that reads clients, so what it refuses there
 * (RFC 6120 section 11.1) it refuses here, but for comments and processing instructions, which a file may have and which are skipped.
 */
import type { XmlLimits } from "../domain/limits.ts";
import type { Element } from "./element.ts";
import type { StreamFault } from "./link.ts";
import { type Markup, MarkupCutter, MarkupError } from "./markup-cutter.ts";
import { NS_STREAMS } from "./namespaces.ts";
import { XmlStreamParser } from "./parser.ts";

/** `line`: where it begins in the document, from 1. */
export type DocumentPart =
  /** The start tag of a frame, as an element without content. The root's depth is 1. */
  | { readonly kind: "opened"; readonly element: Element; readonly depth: number; readonly line: number }
  | { readonly kind: "closed"; readonly depth: number }
  /** Text between the frames that is not white space. */
  | { readonly kind: "text"; readonly depth: number; readonly line: number }
  /** A whole element, in canonical form (see XmlStreamHandler). */
  | { readonly kind: "element"; readonly element: Element; readonly bytes: number; readonly line: number }
  /** A child of the next whole element begins whose own children are told one by one, and left out of it. `owner`: the start tag of that. */
  | { readonly kind: "nest"; readonly owner: Element | undefined; readonly element: Element; readonly line: number }
  /** Such a child of a child; `problem` if it cannot be read. */
  | { readonly kind: "nested"; readonly element: Element | undefined; readonly problem?: string; readonly line: number }
  /** An element at that depth that cannot be read. What comes after it can. */
  | { readonly kind: "faulty"; readonly problem: string; readonly line: number };

/** The document cannot be read on. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

export interface DocumentReaderOptions {
  /** The depth at which elements are told whole, from 2. */
  readonly wholeAt: number;
  /** The name of what may be too long to be told whole: its children are told instead. */
  readonly nest?: string;
  /** Of each of those elements. */
  readonly limits: XmlLimits;
}

export class XmlDocumentReader {
  readonly #wholeAt: number;
  readonly #nest: string | undefined;
  readonly #limits: XmlLimits;
  readonly #cutter: MarkupCutter;
  readonly #frames: Frame[] = [];
  #line = 1;
  #begun = false;
  #over = false;
  /** For the next element: what is open around it has changed since the last one, or that one could not be read. */
  #stream: ElementStream | undefined;
  /** An element has begun in it. */
  #within = false;
  /** Its start tag. */
  #owner: Markup | undefined;
  /** What is within the element and told by its children. */
  #inner: Nest | undefined;

  constructor({ wholeAt, nest, limits }: DocumentReaderOptions) {
    this.#wholeAt = wholeAt;
    this.#nest = nest;
    this.#limits = limits;
    this.#cutter = new MarkupCutter(limits.stanzaBytesMax);
  }

  /** What `bytes` complete, read while it is asked for. `bytes` must not change from now on. Throws DocumentError. */
  *write(bytes: Buffer): Generator<DocumentPart, void> {
    this.#cutter.write(bytes);
    for (let markup = this.#next(); markup !== undefined; markup = this.#next()) {
      const line = this.#line;
      yield* this.#within ? this.#inside(markup, line) : this.#outside(markup, line);
      this.#begun = true;
      for (let at = markup.bytes.indexOf(lineFeed); at !== -1; at = markup.bytes.indexOf(lineFeed, at + 1)) this.#line += 1;
    }
  }

  /** Nothing more comes. Throws DocumentError if the document is not whole. */
  end(): void {
    if (!this.#over || this.#cutter.within) throw new DocumentError(this.#line, "the document ends early: part of it is missing");
  }

  #next(): Markup | undefined {
    try {
      return this.#cutter.next();
    } catch (error) {
      throw error instanceof MarkupError ? new DocumentError(this.#line, error.message) : error;
    }
  }

  *#outside(markup: Markup, line: number): Generator<DocumentPart, void> {
    const { kind, bytes } = markup;
    const depth = this.#frames.length + 1;
    if (this.#over && (kind === "start" || kind === "empty")) throw new DocumentError(line, "a second root element");
    switch (kind) {
      case "comment":
        return;
      case "instruction":
        if (bytes.subarray(2, 5).toString("latin1") === "xml") this.#checkDeclaration(bytes, line);
        return;
      case "text":
      case "cdata":
        if (isBlank(bytes)) return;
        if (depth === 1) throw new DocumentError(line, "text outside the root element");
        yield { kind: "text", depth: depth - 1, line };
        return;
      case "start":
      case "empty":
        if (depth === this.#wholeAt) {
          this.#stream ??= new ElementStream(this.#frames, this.#limits);
          this.#stream.begin(line);
          this.#within = true;
          this.#owner = markup;
          yield* this.#inside(markup, line);
          return;
        }
        yield { kind: "opened", element: this.#frame(markup, line), depth, line };
        if (kind === "empty") yield* this.#close(depth);
        else this.#frames.push(readFrame(bytes));
        this.#stream = undefined;
        return;
      case "end": {
        const name = bytes.toString("latin1", 2, bytes.length - 1).trimEnd();
        if (this.#frames.pop()?.name !== name) throw new DocumentError(line, "an end tag that belongs to no start tag");
        yield* this.#close(depth - 1);
      }
    }
  }

  *#close(depth: number): Generator<DocumentPart, void> {
    this.#over = depth === 1;
    this.#stream = undefined;
    yield { kind: "closed", depth };
  }

  *#inside(markup: Markup, line: number): Generator<DocumentPart, void> {
    if (this.#inner !== undefined) {
      yield* this.#inner.take(markup, line);
      if (this.#inner.over) this.#inner = undefined;
      return;
    }
    if (this.#stream?.depth === 1 && (markup.kind === "start" || markup.kind === "empty") && this.#nest === localName(markup.bytes)) {
      yield* this.#begin(markup, line);
      return;
    }
    const part = this.#stream?.take(markup);
    if (part === undefined) return;
    this.#within = false;
    if (part.kind === "faulty") this.#stream = undefined;
    yield part;
  }

  *#begin(markup: Markup, line: number): Generator<DocumentPart, void> {
    const owner = this.#owner === undefined ? undefined : tagOf(this.#owner, this.#frames, this.#limits, line);
    const frames = [...this.#frames, readFrame(this.#owner?.bytes ?? Buffer.alloc(0))];
    const tag = tagOf(markup, frames, this.#limits, line);
    if (tag.kind === "faulty") throw new DocumentError(line, tag.problem);
    yield { kind: "nest", owner: owner?.kind === "element" ? owner.element : undefined, element: tag.element, line };
    if (markup.kind === "start") this.#inner = new Nest([...frames, readFrame(markup.bytes)], this.#limits);
  }

  /** A start tag as an element, as if it were its own end tag. */
  #frame(markup: Markup, line: number): Element {
    const part = tagOf(markup, this.#frames, this.#limits, line);
    if (part.kind === "element") return part.element;
    throw new DocumentError(line, part.problem);
  }

  #checkDeclaration(bytes: Buffer, line: number): void {
    const encoding = /\sencoding\s*=\s*["']([^"']*)["']/.exec(bytes.toString("latin1"))?.[1];
    if (this.#begun) throw new DocumentError(line, "an XML declaration that is not at the start of the document");
    if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
      throw new DocumentError(line, `the encoding is ${encoding.slice(0, 40)}, expected UTF-8`);
    }
  }
}

const lineFeed = 0x0a;

const isBlank = (bytes: Buffer) => bytes.toString("latin1").replaceAll(/[ \t\r\n]/g, "") === "";

/** An open element around those that are told whole. */
interface Frame {
  /** As sent; bytes as characters, so that nothing is decoded twice. */
  readonly name: string;
  /** Its declarations of namespaces, by prefix, "" being the default: the value with its quotes. */
  readonly declarations: ReadonlyMap<string, string>;
}

/** Of a start tag that the parser has read already, or is going to. */
function readFrame(bytes: Buffer): Frame {
  const text = bytes.toString("latin1");
  const [tag = "", name = ""] = /^<([^\s/>]+)/.exec(text) ?? [];
  const declarations = new Map<string, string>();
  for (const [, attribute = "", value = ""] of text.slice(tag.length).matchAll(/([^\s=]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (attribute === "xmlns") declarations.set("", value);
    else if (attribute.startsWith("xmlns:")) declarations.set(attribute.slice("xmlns:".length), value);
  }
  return { name, declarations };
}

/** A prefix is no part of it. */
function localName(bytes: Buffer): string {
  return readFrame(bytes).name.replace(/^.*:/, "");
}

function tagOf({ kind, bytes }: Markup, frames: readonly Frame[], limits: XmlLimits, line: number): WholePart {
  const stream = new ElementStream(frames, limits);
  const end = kind === "empty" ? bytes.length - 2 : bytes.length - 1;
  stream.begin(line);
  const part = stream.take({ kind: "empty", bytes: Buffer.concat([bytes.subarray(0, end), Buffer.from("/>")]) });
  return part ?? { kind: "faulty", problem: "its tag does not end", line };
}

/** An element that is told by its children, from after its start tag. */
class Nest {
  readonly #frames: readonly Frame[];
  readonly #limits: XmlLimits;
  #stream: ElementStream | undefined;
  #within = false;
  over = false;

  constructor(frames: readonly Frame[], limits: XmlLimits) {
    this.#frames = frames;
    this.#limits = limits;
  }

  *take(markup: Markup, line: number): Generator<DocumentPart, void> {
    const { kind, bytes } = markup;
    if (!this.#within) {
      if (kind === "end") {
        if (bytes.toString("latin1", 2, bytes.length - 1).trimEnd() !== this.#frames.at(-1)?.name) {
          throw new DocumentError(line, "an end tag that belongs to no start tag");
        }
        this.over = true;
        return;
      }
      if ((kind === "text" || kind === "cdata") && !isBlank(bytes)) yield { kind: "nested", element: undefined, problem: "text between the elements", line };
      if (kind !== "start" && kind !== "empty") return;
      this.#stream ??= new ElementStream(this.#frames, this.#limits);
      this.#stream.begin(line);
      this.#within = true;
    }
    const part = this.#stream?.take(markup);
    if (part === undefined) return;
    this.#within = false;
    if (part.kind === "faulty") {
      this.#stream = undefined;
      yield { kind: "nested", element: undefined, problem: part.problem, line: part.line };
    } else {
      yield { kind: "nested", element: part.element, line: part.line };
    }
  }
}

type WholePart = Extract<DocumentPart, { readonly kind: "element" | "faulty" }>;

/** Elements with all that is in them, one after the other, as those of a stream that declares what the frames declare. */
class ElementStream {
  readonly #parser: XmlStreamParser;
  /** The default namespace of the frames, with its quotes; it is not that of the stream. */
  readonly #default: string;
  #line = 0;
  #depth = 0;
  #bytes = 0;
  #element: Element | undefined;
  #fault: StreamFault | undefined;

  constructor(frames: readonly Frame[], limits: XmlLimits) {
    const declarations = new Map(frames.flatMap(({ declarations }) => [...declarations]));
    this.#default = declarations.get("") ?? "''";
    declarations.delete("");
    this.#parser = new XmlStreamParser(
      {
        opened: () => {},
        element: (element) => (this.#element = element),
        ended: () => {},
        failed: (fault) => (this.#fault = fault),
      },
      limits,
    );
    // Of the two forms of a stream header (RFC 6120 section 4.8.2) the one that takes no prefix away from the document.
    const prefixes = [...declarations].map(([prefix, value]) => ` xmlns:${prefix}=${value}`);
    this.#parser.write(Buffer.from(`<stream xmlns='${NS_STREAMS}'${prefixes.join("")}>`, "latin1"));
  }

  begin(line: number): void {
    this.#line = line;
    this.#bytes = 0;
    this.#element = undefined;
  }

  /** Tags that are open in the element under way, its own included. */
  get depth(): number {
    return this.#depth;
  }

  /** The element, once it is complete. After a faulty one there is no other. */
  take({ kind, bytes }: Markup): WholePart | undefined {
    if (kind === "comment" || kind === "instruction") return undefined;
    this.#bytes += bytes.length;
    if (this.#fault === undefined) this.#parser.write(this.#depth === 0 ? this.#withDefault(bytes) : bytes);
    if (kind === "start") this.#depth += 1;
    else if (kind === "end") this.#depth -= 1;
    return this.#depth === 0 ? this.#part() : undefined;
  }

  #part(): WholePart {
    const line = this.#line;
    if (this.#element !== undefined) return { kind: "element", element: this.#element, bytes: this.#bytes, line };
    const problem = this.#fault === undefined ? "its tags do not match" : `${this.#fault.condition}: ${this.#fault.text}`;
    return { kind: "faulty", problem, line };
  }

  #withDefault(bytes: Buffer): Buffer {
    const { name, declarations } = readFrame(bytes);
    if (declarations.has("")) return bytes;
    const end = 1 + name.length;
    return Buffer.concat([bytes.subarray(0, end), Buffer.from(` xmlns=${this.#default}`, "latin1"), bytes.subarray(end)]);
  }
}
