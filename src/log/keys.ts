/** The order of keys: that of their UTF-8 bytes, which is that of code points, whatever the engine. */

/** Negative, zero or positive, as `Array.prototype.sort` wants it. JavaScript's own `<` differs from U+E000 upwards. */
export function compareKeys(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** The least key that is greater than every key with this prefix; undefined if there is no such key. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    // The code points D800 to DFFF are no characters and have no UTF-8.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}

/** Returns `text` if every engine can keep it: no U+0000, which ends a C string, and no half of a surrogate pair. */
export function storable(what: string, text: string): string {
  if (/[\0\p{Surrogate}]/u.test(text)) {
    throw new TypeError(`${what}: expected text without U+0000 and lone surrogates, got ${JSON.stringify(text)}`);
  }
  return text;
}

/** Surrogates stand for code points above U+FFFF, so they come after U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
