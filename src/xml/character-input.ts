/** Attribute values and text: the characters between markup, normalised as XML 1.0 says. */
import {
  AMPERSAND, APOSTROPHE, byteClasses, CLOSE_BRACKET, CR, EXCLAMATION, GREATER, LESS, LF, QUOTE, SPACE, TEXT, VALUE,
} from "./characters.ts";
import { notWellFormed } from "./faults.ts";
import { ReferenceReader } from "./reference.ts";
import { DONE, FAILED, forbiddenCharacter, TokenInput } from "./token-input.ts";

/** Text before "<!", or before "<" at the end of a chunk: if a CDATA section follows, the text goes on. */
export const MAY_GO_ON = -2;
/** The end of a CDATA section, after which the text goes on. */
export const CDATA_ENDED = -3;

export class CharacterInput extends TokenInput {
  /** What was read last. */
  protected characters = "";
  private readonly reference = new ReferenceReader();
  private inReference = false;
  private afterCr = false;
  /** How many "]" end at `bracketsEnd`, which is counted from the start of the item. */
  private brackets = 0;
  private bracketsEnd = -1;

  protected override beginItem(index: number): void {
    super.beginItem(index);
    this.bracketsEnd = -1;
  }

  protected override clearToken(): void {
    super.clearToken();
    this.reference.reset();
    this.inReference = false;
    this.afterCr = false;
  }

  /** DONE once `characters` holds the attribute value, and `position` is after the `quote` that ends it. */
  protected value(quote: number): number {
    const { bytes, stop, token } = this;
    let start = this.begin();
    if (start < 0) return FAILED;
    let index = start;
    if (this.utf8.need > 0 && (index = this.multibyte(index)) < 0) return FAILED;
    for (;;) {
      while (index < stop && (byteClasses[bytes[index]!]! & VALUE) !== 0) index += 1;
      if (index >= stop) return this.keep(start, index);
      const byte = bytes[index]!;
      if (byte === quote) {
        this.characters = this.take(start, index);
        this.position = index + 1;
        return DONE;
      }
      if (byte >= 0x80) {
        if ((index = this.multibyte(index)) < 0) return FAILED;
      } else if (byte === QUOTE || byte === APOSTROPHE) {
        index += 1;
      } else if (byte === AMPERSAND) {
        token.append(bytes, start, index);
        if ((index = start = this.refer(index + 1)) < 0) return FAILED;
      } else if ((byteClasses[byte]! & SPACE) !== 0) {
        // XML 1.0 section 3.3.3: each white space character is a space, after section 2.11 has made CR LF one.
        token.append(bytes, start, index);
        token.push(0x20);
        index = start = byte === CR ? this.afterCarriageReturn(index + 1) : index + 1;
      } else {
        return this.fail(byte === LESS ? notWellFormed('"<" in an attribute value') : forbiddenCharacter);
      }
    }
  }

  /**
   * Reads character data, or a CDATA section; both end up in one string (XML 1.0 section 2.7). At a "<", which is then
   * read, DONE once `characters` holds the text, or MAY_GO_ON, in which case it is still in the token.
   */
  protected text(cdata: boolean): number {
    const { bytes, stop, token } = this;
    let start = this.begin();
    if (start < 0) return FAILED;
    let index = start;
    if (this.utf8.need > 0 && (index = this.multibyte(index)) < 0) return FAILED;
    for (;;) {
      while (index < stop && (byteClasses[bytes[index]!]! & TEXT) !== 0) index += 1;
      if (index >= stop) return this.keep(start, index);
      const byte = bytes[index]!;
      if (byte === LESS && !cdata) {
        const ends = index + 1 < stop && bytes[index + 1] !== EXCLAMATION;
        if (ends) this.characters = index === start && token.length === 0 ? "" : this.take(start, index);
        else token.append(bytes, start, index);
        this.position = index + 1;
        return ends ? DONE : MAY_GO_ON;
      }
      if (byte >= 0x80) {
        if ((index = this.multibyte(index)) < 0) return FAILED;
      } else if (byte === AMPERSAND && !cdata) {
        token.append(bytes, start, index);
        if ((index = start = this.refer(index + 1)) < 0) return FAILED;
      } else if (byte === CR) {
        // XML 1.0 section 2.11.
        token.append(bytes, start, index);
        token.push(LF);
        index = start = this.afterCarriageReturn(index + 1);
      } else if (byte === CLOSE_BRACKET) {
        this.countBracket(index - this.itemStart);
        index += 1;
      } else if (byte === GREATER && this.brackets >= 2 && this.bracketsEnd === index - this.itemStart) {
        if (!cdata) return this.fail(notWellFormed('"]]>" in text'));
        token.append(bytes, start, index);
        token.length -= 2;
        this.position = index + 1;
        return CDATA_ENDED;
      } else if (byte < 0x20) {
        return this.fail(forbiddenCharacter);
      } else {
        index += 1;
      }
    }
  }

  /** Reads a reference from after its "&"; returns where it, or the chunk, ends, or -1 after a fault. */
  protected refer(from: number): number {
    const { bytes, stop } = this;
    this.inReference = true;
    for (let index = from; index < stop; index += 1) {
      const told = this.reference.feed(bytes[index]!);
      if (told === false) continue;
      if (told !== true) {
        this.fault = told;
        return -1;
      }
      const { codePoint } = this.reference;
      this.token.pushCodePoint(codePoint);
      if (codePoint >= 0x80) this.wide = true;
      this.inReference = false;
      return index + 1;
    }
    return stop;
  }

  /** Where the run of characters begins: after what the chunk before left to be finished. -1 after a fault. */
  private begin(): number {
    if (this.afterCr) return this.afterCarriageReturn(this.position);
    return this.inReference ? this.refer(this.position) : this.position;
  }

  /** `index`, or the next if a line feed there belongs to the carriage return before (XML 1.0 section 2.11). */
  private afterCarriageReturn(index: number): number {
    this.afterCr = index >= this.stop;
    return !this.afterCr && this.bytes[index] === LF ? index + 1 : index;
  }

  private countBracket(at: number): void {
    this.brackets = at === this.bracketsEnd ? this.brackets + 1 : 1;
    this.bracketsEnd = at + 1;
  }
}
