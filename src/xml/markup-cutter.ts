/** Cuts the bytes of an XML document at its markup. What is within the pieces is for a parser to judge. */

export type MarkupKind = "text" | "start" | "empty" | "end" | "cdata" | "comment" | "instruction";

export interface Markup {
  readonly kind: MarkupKind;
  /** From "<" to ">", or text without either, which may come in several pieces. */
  readonly bytes: Buffer;
}

/** A document that cannot be read on. */
export class MarkupError extends Error {
  override readonly name = "MarkupError";
}

export class MarkupCutter {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;
  readonly #markupBytesMax: number;

  /** `markupBytesMax`: bytes of one tag, comment, CDATA section or processing instruction. */
  constructor(markupBytesMax: number) {
    this.#markupBytesMax = markupBytesMax;
  }

  /** `bytes` must not change from now on. */
  write(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
  }

  /** The next piece; undefined: more bytes are needed. Throws MarkupError. */
  next(): Markup | undefined {
    if (!this.#begun && !this.#begin()) return undefined;
    const rest = this.#rest;
    if (rest.length === 0) return undefined;
    if (rest[0] !== lessThan) {
      const end = rest.indexOf(lessThan);
      return this.#take("text", end === -1 ? rest.length : end);
    }
    const markup = wholeMarkup(rest);
    if (markup === undefined && rest.length > this.#markupBytesMax) {
      throw new MarkupError(`a tag, comment or CDATA section of more than ${this.#markupBytesMax} bytes`);
    }
    return markup && this.#take(markup.kind, markup.end);
  }

  /** Whether a piece has begun and not ended. */
  get within(): boolean {
    return this.#rest.length > 0;
  }

  /** A byte order mark may come before everything, whole or in parts. */
  #begin(): boolean {
    const rest = this.#rest;
    const start = rest.subarray(0, byteOrderMark.length);
    if (start.length < byteOrderMark.length && start.equals(byteOrderMark.subarray(0, start.length))) return false;
    if (start.equals(byteOrderMark)) this.#rest = rest.subarray(byteOrderMark.length);
    this.#begun = true;
    return true;
  }

  #take(kind: MarkupKind, end: number): Markup {
    const bytes = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    return { kind, bytes };
  }
}

const [lessThan, greaterThan, quote, apostrophe, slash, question, exclamation] = [0x3c, 0x3e, 0x22, 0x27, 0x2f, 0x3f, 0x21];
const byteOrderMark = Buffer.from("\uFEFF");
const commentStart = "<!--";
const cdataStart = "<![CDATA[";

/** What begins with the "<" at the start of `bytes`, and where it ends; undefined if that is not there yet. */
function wholeMarkup(bytes: Buffer): { readonly kind: MarkupKind; readonly end: number } | undefined {
  switch (bytes[1]) {
    case undefined:
      return undefined;
    case question:
      return until(bytes, "instruction", "?>", 2);
    case slash:
      return until(bytes, "end", ">", 2);
    case exclamation: {
      const start = bytes.toString("latin1", 0, cdataStart.length);
      if (start.startsWith(commentStart)) return until(bytes, "comment", "-->", commentStart.length);
      if (start === cdataStart) return until(bytes, "cdata", "]]>", cdataStart.length);
      if (commentStart.startsWith(start) || cdataStart.startsWith(start)) return undefined;
      throw new MarkupError("a document type or other declaration, which is not read: remove it");
    }
    default:
      return tag(bytes);
  }
}

function until(bytes: Buffer, kind: MarkupKind, last: string, from: number): ReturnType<typeof wholeMarkup> {
  const index = bytes.indexOf(last, from, "latin1");
  return index === -1 ? undefined : { kind, end: index + last.length };
}

/** A ">" between quotes is part of an attribute's value. */
function tag(bytes: Buffer): ReturnType<typeof wholeMarkup> {
  for (let index = 1; index < bytes.length; index += 1) {
    const byte = bytes[index]!;
    if (byte === greaterThan) return { kind: bytes[index - 1] === slash ? "empty" : "start", end: index + 1 };
    if (byte !== quote && byte !== apostrophe) continue;
    index = bytes.indexOf(byte, index + 1);
    if (index === -1) return undefined;
  }
  return undefined;
}
