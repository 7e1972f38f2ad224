/** Names of elements and attributes, each split and checked once. */
import { isNcName } from "./characters.ts";

/** What an attribute of this name is. */
export const PLAIN = 0;
/** `xmlns` */
export const DEFAULT_DECLARATION = 1;
/** `xmlns:…` */
export const PREFIX_DECLARATION = 2;
/** `xml:…`, bound by definition. */
export const XML_PREFIXED = 3;
export const PREFIXED = 4;
/** `__proto__`, which assignment to an object would swallow. */
export const PROTO = 5;

/** A qualified name as it was sent (Namespaces in XML 1.0 section 4). */
export interface Name {
  readonly qualified: string;
  /** "" if it has none. */
  readonly prefix: string;
  readonly local: string;
  readonly kind: number;
}

/**
 * The name in `bytes` from `start` to `end`, which are right UTF-8; undefined if they are no qualified name.
 * Short ASCII names come from a table of fixed size that all streams share: streams repeat few names, and making a
 * string and splitting it is what costs. A peer that sends new names all the time only replaces entries.
 */
export function readName(bytes: Buffer, start: number, end: number): Name | undefined {
  const length = end - start;
  if (length > CACHED_BYTES) return parseName(bytes.toString("utf8", start, end));
  let hash = length;
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index]!;
    if (byte >= 0x80) return parseName(bytes.toString("utf8", start, end));
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1);
  const known = cache[slot];
  if (known !== undefined && spells(known.qualified, bytes, start, length)) return known;
  const name = parseName(bytes.toString("latin1", start, end));
  if (name !== undefined) cache[slot] = name;
  return name;
}

/** Whether the `length` bytes from `start` spell `text`; never so for a text beyond ASCII. */
export function spells(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code !== bytes[start + index] || code >= 0x80) return false;
  }
  return true;
}

const CACHED_BYTES = 32;
const SLOTS = 1024;
const cache: (Name | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

function parseName(qualified: string): Name | undefined {
  const colon = qualified.indexOf(":");
  if (colon === -1) {
    return isNcName(qualified) ? { qualified, prefix: "", local: qualified, kind: plainKind(qualified) } : undefined;
  }
  const prefix = qualified.slice(0, colon);
  const local = qualified.slice(colon + 1);
  if (!isNcName(prefix) || !isNcName(local)) return undefined;
  const kind = prefix === "xmlns" ? PREFIX_DECLARATION : prefix === "xml" ? XML_PREFIXED : PREFIXED;
  return { qualified, prefix, local, kind };
}

const plainKind = (name: string) => (name === "xmlns" ? DEFAULT_DECLARATION : name === "__proto__" ? PROTO : PLAIN);
