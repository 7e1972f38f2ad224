/** The chunk being read, and how far the size limit lets it be read. */

/**
 * An item is what the size limit is about: a first-level element, a stream header, an XML declaration, the end tag of
 * the stream. Nothing beyond the limit is ever looked at, so a chunk of any size costs no more than the limit.
 */
export class ByteInput {
  protected bytes: Buffer = nothing;
  /** The next byte to read. */
  protected position = 0;
  /** Where reading stops: the end of the chunk, or sooner where the item would become too big. */
  protected stop = 0;
  /** Where the item begins, in terms of this chunk; negative if that was in an earlier one. */
  protected itemStart = 0;
  private inItem = false;
  private itemBytesMax: number;

  constructor(itemBytesMax: number) {
    this.itemBytesMax = itemBytesMax;
  }

  /** The chunk before must have been read whole. `chunk` must not change from now on. */
  feed(chunk: Buffer): void {
    this.release();
    this.bytes = chunk;
    this.bound();
  }

  /** Forgets the chunk, and what of it is unread. */
  release(): void {
    if (this.inItem) this.itemStart -= this.bytes.length;
    this.bytes = nothing;
    this.position = 0;
    this.stop = 0;
  }

  protected limitItem(bytesMax: number): void {
    this.itemBytesMax = bytesMax;
    this.bound();
  }

  /** An item begins at `index`. */
  protected beginItem(index: number): void {
    this.itemStart = index;
    this.inItem = true;
    this.bound();
  }

  /** The item ends before `position`; returns its bytes. */
  protected endItem(): number {
    this.inItem = false;
    this.stop = this.bytes.length;
    return this.position - this.itemStart;
  }

  private bound(): void {
    const end = this.bytes.length;
    this.stop = this.inItem ? Math.min(end, this.itemStart + this.itemBytesMax) : end;
  }
}

const nothing: Buffer = Buffer.alloc(0);
