/** Names and runs of characters, whole or begun in one chunk and continued in the next. */
import type { XmlLimits } from "../domain/limits.ts";
import { ByteInput } from "./byte-input.ts";
import { byteClasses, NAME } from "./characters.ts";
import { notWellFormed, policyViolation, unsupportedEncoding } from "./faults.ts";
import type { StreamFault } from "./link.ts";
import { type Name, readName } from "./names.ts";
import { TokenBytes } from "./token-bytes.ts";
import { FORBIDDEN, Utf8Checker } from "./utf8.ts";

/** Reading goes on: in the next state, or with the next chunk. */
export const GOES_ON = 0;
/** A token is complete. */
export const DONE = -1;
export const FAILED = 4;

export const notUtf8: StreamFault = unsupportedEncoding("the stream is not UTF-8");
export const forbiddenCharacter: StreamFault = notWellFormed("a character that XML does not allow");

export class TokenInput extends ByteInput {
  fault: StreamFault | undefined = undefined;
  protected limits: XmlLimits;
  /** What of the current token is not in the chunk, or not there in this form. */
  protected readonly token = new TokenBytes();
  protected readonly utf8 = new Utf8Checker();
  /** The current token holds more than ASCII. */
  protected wide = false;
  /** The name read last. */
  protected named: Name | undefined = undefined;

  constructor(limits: XmlLimits) {
    super(limits.stanzaBytesMax);
    this.limits = limits;
  }

  setLimits(limits: XmlLimits): void {
    this.limits = limits;
    this.limitItem(limits.stanzaBytesMax);
  }

  protected fail(fault: StreamFault): number {
    this.fault = fault;
    return FAILED;
  }

  protected clearToken(): void {
    this.token.clear();
    this.utf8.reset();
    this.wide = false;
    this.fault = undefined;
  }

  /** DONE once `named` holds the name at `position`, which is then at the byte after it. */
  protected name(): number {
    const { bytes, stop, position, token } = this;
    const { nameBytesMax } = this.limits;
    let index = position;
    if (this.utf8.need > 0 && (index = this.multibyte(index)) < 0) return FAILED;
    for (;;) {
      while (index < stop && (byteClasses[bytes[index]!]! & NAME) !== 0) index += 1;
      if (index >= stop || bytes[index]! < 0x80) break;
      if ((index = this.multibyte(index)) < 0) return FAILED;
    }
    if (token.length + index - position > nameBytesMax) {
      return this.fail(policyViolation(`a name of more than ${nameBytesMax} bytes (nameBytesMax)`, "nameBytesMax"));
    }
    if (index >= stop) return this.keep(position, index);
    this.position = index;
    this.wide = false;
    if (token.length === 0) {
      this.named = readName(bytes, position, index);
    } else {
      token.append(bytes, position, index);
      this.named = readName(token.view(), 0, token.length);
      token.clear();
    }
    return this.named === undefined ? this.fail(notWellFormed("malformed name")) : DONE;
  }

  /** The current token, whose last part is in the chunk from `start` to `end`. */
  protected take(start: number, end: number): string {
    const { token } = this;
    const encoding = this.wide ? "utf8" : "latin1";
    this.wide = false;
    if (token.length === 0) return this.bytes.toString(encoding, start, end);
    token.append(this.bytes, start, end);
    const text = token.view().toString(encoding, 0, token.length);
    token.clear();
    return text;
  }

  /** The chunk ends within a token, whose last part so far goes from `start` to `end`. */
  protected keep(start: number, end: number): number {
    this.token.append(this.bytes, start, end);
    this.position = end;
    return GOES_ON;
  }

  /** Checks the characters beyond ASCII at `index`; returns where they end, or -1 after a fault. */
  protected multibyte(index: number): number {
    this.wide = true;
    const end = this.utf8.feed(this.bytes, index, this.stop);
    if (end < 0) this.fault = end === FORBIDDEN ? forbiddenCharacter : notUtf8;
    return end < 0 ? -1 : end;
  }
}
