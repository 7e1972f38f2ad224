/**
 * How stanzas are counted on the wire: 32 bits that begin again at 0 (XEP-0198 section 4). Here counts are whole numbers that only grow.
 */
const modulus = 2 ** 32;

/** A count as the attribute `h` carries it. */
export function toWire(count: number): number {
  return count % modulus;
}

/**
 * The count that a peer means by `h`: the first one from `acknowledged` on that reads so. undefined if it is beyond `sent`:
 * more than there was. One that was said before, and is behind by less than half of all numbers, means what is known already.
 */
export function fromWire(h: number, { acknowledged, sent }: { readonly acknowledged: number; readonly sent: number }): number | undefined {
  const ahead = (h - toWire(acknowledged) + modulus) % modulus;
  if (acknowledged + ahead <= sent) return acknowledged + ahead;
  return ahead > modulus / 2 && modulus - ahead <= acknowledged ? acknowledged : undefined;
}

/** The value of an attribute of type unsignedInt, within the spaces that XML knows; undefined if it is none. */
export function parseCount(text: unknown): number | undefined {
  if (typeof text !== "string" || !/^[ \t\r\n]*\+?\d{1,20}[ \t\r\n]*$/.test(text)) return undefined;
  const value = Number(text);
  return value < modulus ? value : undefined;
}
