/** Bytes to tags and text: the lexical half of the parser, one state for each kind of place between two bytes. */
import { CDATA_ENDED, CharacterInput, MAY_GO_ON } from "./character-input.ts";
import {
  AMPERSAND, APOSTROPHE, byteClasses, EQUAL, EXCLAMATION, GREATER, LESS, QUESTION, QUOTE, SLASH, SPACE,
} from "./characters.ts";
import type { XmlLimits } from "../domain/limits.ts";
import { DeclarationReader } from "./declaration.ts";
import { badFormat, notWellFormed, policyViolation, restrictedXml, stanzaTooLarge } from "./faults.ts";
import { spells } from "./names.ts";
import { StreamTree } from "./stream-tree.ts";
import { Tag } from "./tag.ts";
import { DONE, FAILED, forbiddenCharacter, GOES_ON, notUtf8 } from "./token-input.ts";

/** What `next` has come to: more bytes are needed. */
export const STARVED = GOES_ON;
/** The stream header is in `tree.header`. */
export const OPENED = 1;
/** A first-level element is in `tree.completed`, its size in `elementBytes`. */
export const ELEMENT = 2;
/** The end tag of the stream. */
export const ENDED = 3;
// FAILED, which is 4: `fault` says why, and only `restart` leads on.
export { FAILED };
/** White space between first-level elements, as much of it as has come. */
export const SPACED = 5;

/**
 * Reads until there is something to tell, and never twice over the same byte. It calls nobody, so that whoever drives
 * it can pause or restart between any two things told. Mutable throughout: it is the hot path of the server.
 */
export class Scanner extends CharacterInput {
  readonly tree: StreamTree;
  elementBytes = 0;
  private state = BETWEEN;
  private readonly tag = new Tag();
  /** White space was seen since the last name or value in the tag. */
  private spaced = false;
  /** What the attribute value ends with; before it begins, "=" once that was seen, else 0. */
  private quote = 0;
  /** Bytes of "[CDATA[" seen. */
  private matched = 0;
  private readonly declaration = new DeclarationReader();
  /** An XML declaration may still come before the stream header. */
  private declarable = true;
  private restarted = false;

  /** `content`: the content namespace of the stream. */
  constructor(limits: XmlLimits, content: string) {
    super(limits);
    this.tree = new StreamTree(content);
  }

  next(): number {
    for (;;) {
      if (this.position >= this.stop) {
        if (this.position >= this.bytes.length) return STARVED;
        return this.fail(stanzaTooLarge(this.limits));
      }
      const told = this.step();
      if (told !== GOES_ON) return told;
    }
  }

  /** The next byte begins a new stream. */
  restart(): void {
    this.clearToken();
    this.tree.restart();
    this.tag.clear();
    this.declaration.reset();
    this.endItem();
    this.state = BETWEEN;
    this.declarable = true;
    this.restarted = true;
  }

  private step(): number {
    switch (this.state) {
      case BETWEEN: return this.between();
      case MARKUP: return this.markup();
      case TAG_NAME: return this.tagName();
      case IN_TAG: return this.inTag();
      case ATTRIBUTE_NAME: return this.attributeName();
      case EQUALS: return this.equals();
      case ATTRIBUTE_VALUE: return this.attributeValue();
      case EMPTY_TAG: return this.emptyTag();
      case EMPTY_STREAM: return this.endStream();
      case IN_TEXT:
      case CDATA: return this.inText();
      case STRAY_REFERENCE: return this.strayReference();
      case END_TAG: return this.endTag();
      case END_TAG_CLOSE: return this.endTagClose();
      case BANG: return this.bang();
      case CDATA_OPEN: return this.cdataOpen();
      default: return this.inDeclaration();
    }
  }

  /** Before the stream header, and between first-level elements. */
  private between(): number {
    const { bytes, stop } = this;
    const depth = this.tree.depth;
    let index = this.position;
    while (index < stop && (byteClasses[bytes[index]!]! & SPACE) !== 0) index += 1;
    // An XML declaration stands at the very start (XML 1.0 production prolog). White space before it is let pass after
    // a restart only: there it still belongs to the stream before, as the keepalive of RFC 6120 section 4.6.1 or
    // section 11.7.
    if (index > this.position && depth === -1 && !this.restarted) this.declarable = false;
    const spaced = index > this.position;
    this.position = index;
    if (spaced && depth === 0) return SPACED;
    if (index === stop) return GOES_ON;
    const byte = bytes[index]!;
    if (byte === LESS) {
      this.beginItem(index);
      this.position = index + 1;
      this.state = MARKUP;
      return GOES_ON;
    }
    if (byte === AMPERSAND && depth === 0) {
      this.position = index + 1;
      this.state = STRAY_REFERENCE;
      return GOES_ON;
    }
    // A byte order mark of UTF-16 or UTF-32, the zeros of text without one (RFC 6120 section 11.6), or no UTF-8
    // whatever follows.
    if ((byte === 0 && depth === -1) || (byte >= 0x80 && (byte < 0xc2 || byte > 0xf4))) return this.fail(notUtf8);
    if (depth === -1) return this.fail(notWellFormed("text before the stream header"));
    if (byte < 0x20) return this.fail(forbiddenCharacter);
    return this.fail(textBetween);
  }

  /** After "<". */
  private markup(): number {
    const byte = this.bytes[this.position]!;
    if (byte === EXCLAMATION) {
      this.position += 1;
      this.state = BANG;
      return GOES_ON;
    }
    // Text that ended with the chunk before, when it could still have gone on with a CDATA section.
    if (this.token.length > 0) this.tree.text(this.take(this.position, this.position));
    if (byte === SLASH) {
      if (this.tree.depth === -1) return this.fail(notWellFormed("an end tag before the stream header"));
      this.position += 1;
      this.state = END_TAG;
      return GOES_ON;
    }
    if (byte === QUESTION) {
      this.position += 1;
      this.state = DECLARATION;
      return GOES_ON;
    }
    if (byte === 0 && this.tree.depth === -1) return this.fail(notUtf8);
    this.state = TAG_NAME;
    return this.tagName();
  }

  private tagName(): number {
    const told = this.name();
    if (told !== DONE) return told;
    this.tag.begin(this.named!);
    this.spaced = false;
    this.state = IN_TAG;
    return this.position < this.stop ? this.inTag() : GOES_ON;
  }

  private inTag(): number {
    const { bytes, stop } = this;
    let index = this.position;
    while (index < stop && (byteClasses[bytes[index]!]! & SPACE) !== 0) index += 1;
    if (index > this.position) this.spaced = true;
    this.position = index;
    if (index === stop) return GOES_ON;
    const byte = bytes[index]!;
    if (byte === GREATER) {
      this.position = index + 1;
      return this.openTag(false);
    }
    if (byte === SLASH) {
      this.position = index + 1;
      this.state = EMPTY_TAG;
      return GOES_ON;
    }
    if (!this.spaced) return this.fail(notWellFormed("no white space before an attribute"));
    if (this.tag.count >= this.limits.attributesMax) {
      return this.fail(policyViolation(`more than ${this.limits.attributesMax} attributes in one tag (attributesMax)`, "attributesMax"));
    }
    this.spaced = false;
    this.state = ATTRIBUTE_NAME;
    return this.attributeName();
  }

  private attributeName(): number {
    const told = this.name();
    if (told !== DONE) return told;
    this.tag.attribute(this.named!);
    this.quote = 0;
    this.state = EQUALS;
    return this.position < this.stop ? this.equals() : GOES_ON;
  }

  /** From the attribute's name to the quote that begins its value; `quote` is "=" once that was seen. */
  private equals(): number {
    const { bytes, stop } = this;
    for (let index = this.position; index < stop; index += 1) {
      const byte = bytes[index]!;
      if ((byteClasses[byte]! & SPACE) !== 0) continue;
      if (this.quote === 0 && byte === EQUAL) {
        this.quote = EQUAL;
      } else if (this.quote === EQUAL && (byte === QUOTE || byte === APOSTROPHE)) {
        this.quote = byte;
        this.position = index + 1;
        this.state = ATTRIBUTE_VALUE;
        return this.position < stop ? this.attributeValue() : GOES_ON;
      } else {
        return this.fail(notWellFormed("an attribute without a quoted value"));
      }
    }
    this.position = stop;
    return GOES_ON;
  }

  private attributeValue(): number {
    const told = this.value(this.quote);
    if (told !== DONE) return told;
    this.tag.value(this.characters);
    this.state = IN_TAG;
    return GOES_ON;
  }

  private inText(): number {
    const told = this.text(this.state === CDATA);
    switch (told) {
      case DONE:
        if (this.characters !== "") this.tree.text(this.characters);
        this.state = MARKUP;
        return this.markup();
      case MAY_GO_ON:
        this.state = MARKUP;
        return GOES_ON;
      case CDATA_ENDED:
        this.state = IN_TEXT;
        return GOES_ON;
      default:
        return told;
    }
  }

  /** A reference between first-level elements: as good as the character that it stands for. */
  private strayReference(): number {
    this.position = this.refer(this.position);
    if (this.position < 0) return FAILED;
    const { token } = this;
    if (token.length === 0) return GOES_ON;
    if ((byteClasses[token.view()[0]!]! & SPACE) === 0) return this.fail(textBetween);
    token.clear();
    this.state = BETWEEN;
    return GOES_ON;
  }

  /** After "/" in a start tag. */
  private emptyTag(): number {
    if (this.bytes[this.position] !== GREATER) return this.fail(notWellFormed('"/" within a tag'));
    // An empty stream header is told as a stream opened, then ended: the ">" is left for the second.
    if (this.tree.depth >= 0) this.position += 1;
    return this.openTag(true);
  }

  private openTag(empty: boolean): number {
    const { tree } = this;
    const opensStream = tree.depth === -1;
    const fault = tree.open(this.tag, empty, this.limits);
    this.tag.clear();
    if (fault !== undefined) return this.fail(fault);
    if (opensStream) {
      if (empty) {
        this.state = EMPTY_STREAM;
      } else {
        this.state = BETWEEN;
        this.endItem();
      }
      return OPENED;
    }
    if (tree.depth === 0) return this.endElement();
    this.state = IN_TEXT;
    return GOES_ON;
  }

  /** After "</". */
  private endTag(): number {
    const { bytes, position, token } = this;
    const { qualified } = this.tree.openName;
    const end = position + qualified.length;
    const whole = token.length === 0 && end < this.stop && bytes[end] === GREATER;
    if (whole && spells(qualified, bytes, position, qualified.length)) {
      this.position = end;
      return this.endTagClose();
    }
    const told = this.name();
    if (told !== DONE) return told;
    // Names match as they were sent, prefix and all (XML 1.0 section 3).
    if (this.named!.qualified !== qualified) {
      return this.fail(notWellFormed(`expected the end tag of ${qualified.slice(0, 40)}`));
    }
    this.state = END_TAG_CLOSE;
    return GOES_ON;
  }

  private endTagClose(): number {
    const { bytes, stop } = this;
    let index = this.position;
    while (index < stop && (byteClasses[bytes[index]!]! & SPACE) !== 0) index += 1;
    this.position = index;
    if (index === stop) return GOES_ON;
    if (bytes[index] !== GREATER) return this.fail(notWellFormed("malformed end tag"));
    if (this.tree.depth === 0) return this.endStream();
    this.position = index + 1;
    this.tree.close();
    if (this.tree.depth === 0) return this.endElement();
    this.state = IN_TEXT;
    return GOES_ON;
  }

  private endElement(): number {
    this.elementBytes = this.endItem();
    this.state = BETWEEN;
    return ELEMENT;
  }

  /** At the ">" that ends the stream. */
  private endStream(): number {
    this.position += 1;
    this.endItem();
    this.state = BETWEEN;
    return ENDED;
  }

  /** After "<!". */
  private bang(): number {
    const byte = this.bytes[this.position]!;
    // RFC 6120 section 11.1.
    if (byte === 0x2d) return this.fail(restrictedXml("a comment"));
    if (byte === 0x44) return this.fail(restrictedXml("a document type declaration"));
    this.matched = 0;
    this.state = CDATA_OPEN;
    return GOES_ON;
  }

  private cdataOpen(): number {
    for (; this.position < this.stop; this.position += 1) {
      if (this.matched === CDATA_OPENING.length) break;
      if (this.bytes[this.position] !== CDATA_OPENING.charCodeAt(this.matched)) {
        return this.fail(notWellFormed('"<!" without meaning'));
      }
      this.matched += 1;
    }
    if (this.matched < CDATA_OPENING.length) return GOES_ON;
    if (this.tree.depth === -1) return this.fail(notWellFormed("text before the stream header"));
    if (this.tree.depth === 0) return this.fail(textBetween);
    this.state = CDATA;
    return GOES_ON;
  }

  /** After "<?". */
  private inDeclaration(): number {
    const allowed = this.declarable && this.tree.depth === -1;
    while (this.position < this.stop) {
      const told = this.declaration.feed(this.bytes[this.position]!, allowed);
      this.position += 1;
      if (told === false) continue;
      if (told !== true) return this.fail(told);
      this.endItem();
      this.declarable = false;
      this.state = BETWEEN;
      return GOES_ON;
    }
    return GOES_ON;
  }
}

const BETWEEN = 0;
const MARKUP = 1;
const TAG_NAME = 2;
const IN_TAG = 3;
const ATTRIBUTE_NAME = 4;
const EQUALS = 5;
const ATTRIBUTE_VALUE = 6;
const EMPTY_TAG = 7;
const EMPTY_STREAM = 8;
const IN_TEXT = 9;
const CDATA = 10;
const STRAY_REFERENCE = 11;
const END_TAG = 12;
const END_TAG_CLOSE = 13;
const BANG = 14;
const CDATA_OPEN = 15;
const DECLARATION = 16;

/**
 * RFC 6120 section 11.7 allows white space alone. Such text is XML, but no part of a stream can hold it (section
 * 4.9.3.1).
 */
const textBetween = badFormat("text between first-level elements");
const CDATA_OPENING = "[CDATA[";
