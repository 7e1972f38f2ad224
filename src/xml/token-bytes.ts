/**
 * The part of a token that cannot be read off the chunk: what came in earlier chunks, and what references and line ends
 * stand for.
 */

/**
 * Grows by doubling, so that a token costs time in proportion to its bytes however they arrive; the limits bound it
 * from outside.
 */
export class TokenBytes {
  length = 0;
  private bytes: Buffer = nothing;

  append(source: Buffer, start: number, end: number): void {
    const count = end - start;
    if (count <= 0) return;
    this.reserve(count);
    if (count > 32) source.copy(this.bytes, this.length, start, end);
    else for (let index = 0; index < count; index += 1) this.bytes[this.length + index] = source[start + index]!;
    this.length += count;
  }

  push(byte: number): void {
    this.reserve(1);
    this.bytes[this.length] = byte;
    this.length += 1;
  }

  /** `code` in UTF-8. */
  pushCodePoint(code: number): void {
    if (code < 0x80) return this.push(code);
    if (code < 0x800) {
      this.push(0xc0 | (code >> 6));
    } else if (code < 0x10000) {
      this.push(0xe0 | (code >> 12));
      this.push(0x80 | ((code >> 6) & 0x3f));
    } else {
      this.push(0xf0 | (code >> 18));
      this.push(0x80 | ((code >> 12) & 0x3f));
      this.push(0x80 | ((code >> 6) & 0x3f));
    }
    this.push(0x80 | (code & 0x3f));
  }

  /** What is held; valid until the next change. */
  view(): Buffer {
    return this.bytes;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT) this.bytes = nothing;
  }

  private reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(256, wanted, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** An idle stream holds no more than this many bytes of buffer. */
const KEPT = 1024;
const nothing: Buffer = Buffer.alloc(0);
