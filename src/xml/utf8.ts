/**
 * Checks UTF-8 (RFC 3629) as it arrives, a sequence split anywhere; decoding is left to the bulk decoder, which then
 * cannot fail.
 */

/** The bytes are no UTF-8: overlong, a surrogate, beyond U+10FFFF, cut short or astray. */
export const INVALID = -1;
/** Right UTF-8 for U+FFFE or U+FFFF, which are no XML characters. */
export const FORBIDDEN = -2;

export class Utf8Checker {
  /** Bytes that the sequence begun still lacks; 0 between sequences. */
  need = 0;
  private low = 0x80;
  private high = 0xbf;
  /** Within EF BF: the third byte may be no BE or BF. */
  private last = false;
  private lead = 0;

  /** Reads sequences from `index`; returns where ASCII or `end` was met, INVALID or FORBIDDEN. */
  feed(bytes: Uint8Array, index: number, end: number): number {
    let at = index;
    for (; at < end; at += 1) {
      const byte = bytes[at]!;
      if (this.need === 0) {
        if (byte < 0x80) return at;
        if (byte < 0xc2 || byte > 0xf4) return INVALID;
        this.begin(byte);
      } else {
        if (byte < this.low || byte > this.high) return INVALID;
        if (this.last && byte >= 0xbe) return FORBIDDEN;
        this.last = this.lead === 0xef && this.need === 2 && byte === 0xbf;
        this.low = 0x80;
        this.high = 0xbf;
        this.need -= 1;
      }
    }
    return at;
  }

  reset(): void {
    this.need = 0;
    this.last = false;
  }

  private begin(lead: number): void {
    this.lead = lead;
    this.last = false;
    this.need = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    this.low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    this.high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  }
}
