/** Which bytes and characters XML 1.0 (fifth edition) allows where. */

/** White space, XML 1.0 production S. */
export const SPACE = 1;
/** ASCII that begins a name, the colon included. */
export const NAME_START = 2;
/** ASCII within a name. */
export const NAME = 4;
/** ASCII that text holds as it is: no markup, nothing to normalise, no part of "]]>". */
export const TEXT = 8;
/** ASCII that an attribute value holds as it is, quotes excepted. */
export const VALUE = 16;

export const LF = 0x0a;
export const CR = 0x0d;
export const EXCLAMATION = 0x21;
export const QUOTE = 0x22;
export const AMPERSAND = 0x26;
export const APOSTROPHE = 0x27;
export const SLASH = 0x2f;
export const LESS = 0x3c;
export const EQUAL = 0x3d;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const CLOSE_BRACKET = 0x5d;

/** For each byte the sum of the classes above that it belongs to; 0 for every byte beyond ASCII. */
export const byteClasses: Uint8Array = classes();

/** XML 1.0 production Char. */
export function isXmlChar(code: number): boolean {
  return code >= 0x20 ? code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
    : code === 0x9 || code === 0xa || code === 0xd;
}

/** Namespaces in XML 1.0 production NCName: a name without a colon. */
export function isNcName(text: string): boolean {
  let first = true;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code === 0x3a || !(first ? isNameStart(code) : isNameCharacter(code))) return false;
    first = false;
  }
  return !first;
}

function isNameStart(code: number): boolean {
  if (code < 0x80) return (byteClasses[code]! & NAME_START) !== 0;
  return nameStartRanges.some(([from, to]) => code >= from && code <= to);
}

function isNameCharacter(code: number): boolean {
  if (code < 0x80) return (byteClasses[code]! & NAME) !== 0;
  return code === 0xb7 || (code >= 0x300 && code <= 0x36f) || code === 0x203f || code === 0x2040 || isNameStart(code);
}

/** XML 1.0 production NameStartChar beyond ASCII. */
const nameStartRanges: readonly (readonly [number, number])[] = [
  [0xc0, 0xd6], [0xd8, 0xf6], [0xf8, 0x2ff], [0x370, 0x37d], [0x37f, 0x1fff], [0x200c, 0x200d], [0x2070, 0x218f],
  [0x2c00, 0x2fef], [0x3001, 0xd7ff], [0xf900, 0xfdcf], [0xfdf0, 0xfffd], [0x10000, 0xeffff],
];

function classes(): Uint8Array {
  const result = new Uint8Array(256);
  const mark = (characters: string, bits: number) => {
    for (let index = 0; index < characters.length; index += 1) result[characters.charCodeAt(index)]! |= bits;
  };
  for (let code = 0x20; code < 0x80; code += 1) result[code]! |= TEXT | VALUE;
  mark("\t\n", TEXT);
  mark(" \t\r\n", SPACE);
  for (const character of "<&]>") result[character.charCodeAt(0)]! &= ~TEXT;
  for (const character of "<&\"'") result[character.charCodeAt(0)]! &= ~VALUE;
  mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:", NAME_START | NAME);
  mark("0123456789-.", NAME);
  return result;
}
