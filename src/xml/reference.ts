/** References: the five predefined entities and characters by number (XML 1.0 section 4.1). */
import { byteClasses, isXmlChar, NAME, NAME_START } from "./characters.ts";
import { notWellFormed, restrictedXml } from "./faults.ts";
import type { StreamFault } from "./link.ts";

/** Reads one reference byte by byte, beginning after "&". */
export class ReferenceReader {
  /** What the reference stands for, once `feed` has returned true. */
  codePoint = 0;
  /** What follows "&": at most the four letters of a predefined name, or "#", or "#x". */
  private text = "";
  /** The number so far; -1 before the first digit. */
  private value = -1;

  /** true when the reference is complete, false when it goes on. */
  feed(byte: number): boolean | StreamFault {
    if (this.text === "#" || this.text === "#x") return this.feedNumber(byte);
    if (byte === SEMICOLON) return this.finishName();
    if (this.text === "" && byte === HASH) {
      this.text = "#";
      return false;
    }
    // A byte beyond ASCII may well be part of a name, only of none that is predefined.
    const isName = byte >= 0x80 || (byteClasses[byte]! & (this.text === "" ? NAME_START : NAME)) !== 0;
    if (!isName) return malformed;
    if (this.text.length === 4) return notPredefined;
    this.text += String.fromCharCode(byte);
    return false;
  }

  reset(): void {
    this.text = "";
    this.value = -1;
  }

  private feedNumber(byte: number): boolean | StreamFault {
    if (byte === SEMICOLON) {
      this.codePoint = this.value;
      this.reset();
      return isXmlChar(this.codePoint) || notWellFormed("reference to something that is no XML character");
    }
    if (byte === LOWER_X && this.text === "#" && this.value === -1) {
      this.text = "#x";
      return false;
    }
    const base = this.text === "#x" ? 16 : 10;
    const digit = digitOf(byte);
    if (digit >= base) return malformed;
    // Leading zeros may be many; a number too large to be exact is no character either.
    this.value = Math.max(this.value, 0) * base + digit;
    return false;
  }

  private finishName(): boolean | StreamFault {
    const code = predefined.get(this.text);
    if (code === undefined) {
      return this.text === "" ? malformed : notPredefined;
    }
    this.codePoint = code;
    this.reset();
    return true;
  }
}

const malformed = notWellFormed("malformed reference");
/** RFC 6120 section 11.1. */
const notPredefined = restrictedXml("reference to an entity that is not predefined");

const SEMICOLON = 0x3b;
const HASH = 0x23;
const LOWER_X = 0x78;

const predefined: ReadonlyMap<string, number> = new Map([
  ["amp", 0x26],
  ["lt", 0x3c],
  ["gt", 0x3e],
  ["quot", 0x22],
  ["apos", 0x27],
]);

/** 16 for a byte that is no digit. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 16;
}
