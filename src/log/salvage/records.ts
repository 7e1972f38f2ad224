/** Records of SQLite's b-trees (sqlite.org/fileformat2.html, sections 1.6 and 2.1), out of pages that nobody vouches for. */

import { view, type DamagedFile } from "./damaged-file.ts";

export type Column = string | number | null | Uint8Array;

export interface FoundRecord {
  /** undefined in an index. */
  readonly rowid: number | undefined;
  readonly columns: readonly Column[];
}

export interface PageContent {
  readonly records: readonly FoundRecord[];
  /** Cells that could not be read. */
  readonly faulty: number;
}

const tableLeaf = 0x0d;
const tableInterior = 0x05;
const indexLeaf = 0x0a;
const indexInterior = 0x02;
/** The records of a page of a b-tree; undefined for any other page. `overflow` is told of every page that a record goes on in. */
export function recordsOf(file: DamagedFile, number: number, page: Uint8Array, overflow: (page: number) => void): PageContent | undefined {
  const start = number === 1 ? 100 : 0;
  const type = page[start];
  if (type !== tableLeaf && type !== tableInterior && type !== indexLeaf && type !== indexInterior) return undefined;
  const headerBytes = type === tableInterior || type === indexInterior ? 12 : 8;
  if (page.length < start + headerBytes) return undefined;
  const cells = view(page).getUint16(start + 3);
  const first = start + headerBytes;
  if (cells === 0 || first + 2 * cells > file.pageBytes) return cells === 0 ? { records: [], faulty: 0 } : undefined;
  // Of an inner page of a table nothing is needed: its rows are in the leaves.
  if (type === tableInterior) return { records: [], faulty: 0 };
  const records: FoundRecord[] = [];
  let faulty = 0;
  for (let index = 0; index < cells; index += 1) {
    const at = first + 2 * index;
    const record = at + 2 > page.length ? undefined : readCell(file, page, type, view(page).getUint16(at), first + 2 * cells, overflow);
    if (record === undefined) faulty += 1;
    else records.push(record);
  }
  return { records, faulty };
}

function readCell(
  file: DamagedFile, page: Uint8Array, type: number, pointer: number, least: number, overflow: (page: number) => void,
): FoundRecord | undefined {
  if (pointer < least || pointer >= page.length) return undefined;
  let offset = type === indexInterior ? pointer + 4 : pointer;
  const size = varint(page, offset);
  if (size === undefined || size.value > file.pages * file.pageBytes) return undefined;
  offset = size.next;
  let rowid: number | undefined;
  if (type === tableLeaf) {
    const found = varint(page, offset);
    if (found === undefined) return undefined;
    [rowid, offset] = [found.value, found.next];
  }
  const payload = readPayload(file, page, offset, size.value, type === tableLeaf, overflow);
  const columns = payload && decode(payload);
  return columns && { rowid, columns };
}

/** What does not fit into the page is in a chain of others (section 1.6). */
function readPayload(
  file: DamagedFile, page: Uint8Array, offset: number, size: number, isTable: boolean, overflow: (page: number) => void,
): Uint8Array | undefined {
  const usable = file.pageBytes;
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (size <= most) return offset + size <= page.length ? page.subarray(offset, offset + size) : undefined;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((size - least) % (usable - 4));
  const local = fitting <= most ? fitting : least;
  if (offset + local + 4 > page.length) return undefined;
  const payload = new Uint8Array(size);
  payload.set(page.subarray(offset, offset + local));
  let next = view(page).getUint32(offset + local);
  for (let done = local; done < size; ) {
    const further = next === 0 || next > file.pages ? undefined : file.page(next);
    const take = Math.min(usable - 4, size - done);
    if (further === undefined || further.length < 4 + take) return undefined;
    overflow(next);
    payload.set(further.subarray(4, 4 + take), done);
    done += take;
    next = view(further).getUint32(0);
  }
  return payload;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** undefined where it does not end where its header says. */
function decode(payload: Uint8Array): readonly Column[] | undefined {
  const header = varint(payload, 0);
  if (header === undefined || header.value > payload.length || header.value < header.next) return undefined;
  const columns: Column[] = [];
  let body = header.value;
  for (let offset = header.next; offset < header.value; ) {
    const type = varint(payload, offset);
    if (type === undefined || type.next > header.value) return undefined;
    offset = type.next;
    const bytes = sizeOf(type.value);
    if (bytes === undefined || body + bytes > payload.length) return undefined;
    const column = valueOf(type.value, payload.subarray(body, body + bytes));
    if (column === undefined) return undefined;
    columns.push(column);
    body += bytes;
  }
  return body === payload.length ? columns : undefined;
}

const integerBytes = [0, 1, 2, 3, 4, 6, 8] as const;

function sizeOf(type: number): number | undefined {
  if (type <= 6) return integerBytes[type];
  if (type === 7) return 8;
  if (type <= 9) return 0;
  return type < 12 ? undefined : Math.floor((type - 12) / 2);
}

function valueOf(type: number, bytes: Uint8Array): Column | undefined {
  if (type === 0) return null;
  if (type === 7) return view(bytes).getFloat64(0);
  if (type === 8 || type === 9) return type - 8;
  if (type <= 6) return integer(bytes);
  if (type % 2 === 0) return bytes;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function integer(bytes: Uint8Array): number {
  let value = bytes[0]! & 0x80 ? -1 : 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** One to nine bytes, the most significant first (section 1.6). Beyond 2^53 it is not exact, and nothing here is so large. */
function varint(bytes: Uint8Array, offset: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    if (index === 8) return { value: value * 256 + byte, next: offset + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: offset + index + 1 };
  }
  return undefined;
}
