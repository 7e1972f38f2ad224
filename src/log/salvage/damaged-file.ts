/**
 * The pages of a database file, whatever became of it, with what its write-ahead log has of them (sqlite.org/fileformat2.html). It is
 * read byte by byte and never by SQLite, which refuses a file for one bad page. Nothing is written.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** SQLite's own, and so that of every database that refrain has made. */
const defaultPageBytes = 4_096;
const walHeaderBytes = 32;
const frameHeaderBytes = 24;

export class DamagedFile {
  /** As the header says, or SQLite's own where it says nothing. */
  readonly pageBytes: number;
  /** Of the file, a last one that is cut off included, and of the write-ahead log. */
  readonly pages: number;
  /** The version of the schema in the header; undefined where there is no header. */
  readonly schema: number | undefined;
  /** Frames of the write-ahead log that follow one that is damaged: nobody can say what they belong to. */
  readonly framesLost: number;
  /** Pages that the system could not read. */
  unreadable = 0;
  readonly #file: number | undefined;
  readonly #wal: number | undefined;
  /** Where the last committed form of a page is in the write-ahead log. */
  readonly #frames: ReadonlyMap<number, number>;
  readonly #bytes: number;

  /** Throws what the system throws if neither the file nor a write-ahead log of it can be opened. */
  constructor(file: string) {
    this.#wal = openIfThere(`${file}-wal`);
    this.#file = this.#wal === undefined ? openSync(file, "r") : openIfThere(file);
    this.#bytes = this.#file === undefined ? 0 : fstatSync(this.#file).size;
    const header = this.#file === undefined ? undefined : read(this.#file, 0, 100);
    const wal = this.#wal === undefined ? undefined : readFrames(this.#wal);
    this.pageBytes = pageBytesOf(header) ?? wal?.pageBytes ?? defaultPageBytes;
    const usable = wal !== undefined && wal.pageBytes === this.pageBytes ? wal : undefined;
    this.#frames = usable?.frames ?? new Map();
    this.framesLost = usable?.lost ?? wal?.all ?? 0;
    const inWal = Math.max(0, ...this.#frames.keys());
    // What lies behind the end of the last commit was taken out of the database.
    this.pages = usable?.pagesAfter ?? Math.max(inWal, Math.ceil(this.#bytes / this.pageBytes));
    const first = this.pages > 0 ? this.page(1) : undefined;
    this.schema = first === undefined || pageBytesOf(first) === undefined ? undefined : view(first).getUint32(60);
  }

  /** Free pages (section 1.5), as far as the header leads to them. */
  freelist(): ReadonlySet<number> {
    const found = new Set<number>();
    const first = this.schema === undefined ? undefined : this.page(1);
    let next = first === undefined ? 0 : view(first).getUint32(32);
    while (next > 1 && next <= this.pages && !found.has(next)) {
      found.add(next);
      const trunk = this.page(next);
      if (trunk === undefined || trunk.length < this.pageBytes) break;
      const leaves = Math.min(view(trunk).getUint32(4), this.pageBytes / 4 - 2);
      for (let index = 0; index < leaves; index += 1) found.add(view(trunk).getUint32(8 + 4 * index));
      next = view(trunk).getUint32(0);
    }
    return found;
  }

  /** From 1. Shorter than a page where the file is cut off; undefined where it cannot be read. */
  page(number: number): Uint8Array | undefined {
    const frame = this.#frames.get(number);
    try {
      if (frame !== undefined && this.#wal !== undefined) return read(this.#wal, frame, this.pageBytes);
      const offset = (number - 1) * this.pageBytes;
      if (this.#file === undefined || number < 1 || offset >= this.#bytes) return undefined;
      return read(this.#file, offset, this.pageBytes);
    } catch {
      this.unreadable += 1;
      return undefined;
    }
  }

  close(): void {
    for (const open of [this.#file, this.#wal]) if (open !== undefined) closeSync(open);
  }
}

interface WalFrames {
  readonly pageBytes: number;
  readonly frames: ReadonlyMap<number, number>;
  /** Pages of the database after the last commit; undefined without one. */
  readonly pagesAfter: number | undefined;
  readonly lost: number;
  /** Frames that there is room for. */
  readonly all: number;
}

/** Up to the last commit before the first frame whose checksum is wrong, as SQLite itself reads it (sqlite.org/walformat.html). */
function readFrames(wal: number): WalFrames | undefined {
  const header = view(read(wal, 0, walHeaderBytes));
  // "0x377f0682" or one more; the last bit is the order of the bytes in checksums.
  if (header.byteLength < walHeaderBytes || header.getUint32(0) >>> 1 !== 0x377f0682 >>> 1) return undefined;
  const littleEndian = (header.getUint32(0) & 1) === 0;
  const pageBytes = header.getUint32(8);
  if (!isPageSize(pageBytes)) return undefined;
  const salts = [header.getUint32(16), header.getUint32(20)] as const;
  let sum = checksum([0, 0], header, 24, littleEndian);
  const all = Math.floor((fstatSync(wal).size - walHeaderBytes) / (frameHeaderBytes + pageBytes));
  const lostAll = { pageBytes, frames: new Map<number, number>(), pagesAfter: undefined, lost: all, all };
  if (sum[0] !== header.getUint32(24) || sum[1] !== header.getUint32(28)) return lostAll;
  const frames = new Map<number, number>();
  const pending = new Map<number, number>();
  let [pagesAfter, good, stale]: [number | undefined, number, boolean] = [undefined, 0, false];
  for (let index = 0; index < all; index += 1) {
    const offset = walHeaderBytes + index * (frameHeaderBytes + pageBytes);
    const frame = view(read(wal, offset, frameHeaderBytes + pageBytes));
    // Frames of an earlier round, which this one has not yet written over.
    stale = frame.getUint32(8) !== salts[0] || frame.getUint32(12) !== salts[1];
    if (stale) break;
    sum = checksum(checksum(sum, frame, 8, littleEndian), new DataView(frame.buffer, frame.byteOffset + frameHeaderBytes, pageBytes), pageBytes, littleEndian);
    if (sum[0] !== frame.getUint32(16) || sum[1] !== frame.getUint32(20)) break;
    pending.set(frame.getUint32(0), offset + frameHeaderBytes);
    const committed = frame.getUint32(4);
    if (committed === 0) continue;
    for (const [page, at] of pending) frames.set(page, at);
    pending.clear();
    [pagesAfter, good] = [committed, index + 1];
  }
  return { pageBytes, frames, pagesAfter, lost: stale ? 0 : all - good, all };
}

type Checksum = readonly [number, number];

function checksum([first, second]: Checksum, bytes: DataView, length: number, littleEndian: boolean): Checksum {
  let [one, two] = [first, second];
  for (let offset = 0; offset < length; offset += 8) {
    one = (one + bytes.getUint32(offset, littleEndian) + two) >>> 0;
    two = (two + bytes.getUint32(offset + 4, littleEndian) + one) >>> 0;
  }
  return [one, two];
}

function pageBytesOf(header: Uint8Array | undefined): number | undefined {
  if (header === undefined || header.length < 100 || Buffer.from(header.subarray(0, 16)).toString("latin1") !== "SQLite format 3\0") return undefined;
  const written = view(header).getUint16(16);
  const bytes = written === 1 ? 65_536 : written;
  return isPageSize(bytes) ? bytes : undefined;
}

function isPageSize(bytes: number): boolean {
  return bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function read(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, "r");
  } catch {
    return undefined;
  }
}
