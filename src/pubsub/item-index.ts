/**
 * The items of a node in the order in which they were published, in chunks: publishing one writes the chunk that it comes into and
 * the one that it was in before, and not what lies between.
 */
import { nodeChunkBytesMax, nodeChunkEntriesMax } from "../domain/limits.ts";
import type { Entry } from "./node.ts";

/** Chunks by their numbers, which grow; none is empty. */
export type ItemIndex = ReadonlyMap<number, readonly Entry[]>;

export interface IndexChange {
  readonly index: ItemIndex;
  /** The chunks that are another than before; null: gone. */
  readonly writes: ReadonlyMap<number, readonly Entry[] | null>;
}

export function entriesOf(index: ItemIndex): readonly Entry[] {
  const all: Entry[] = [];
  // Many times faster than flat().
  for (const entries of index.values()) for (const entry of entries) all.push(entry);
  return all;
}

/** Takes out what has one of these ids, then puts `added` at the end. */
export function changed(index: ItemIndex, removed: ReadonlySet<string>, added?: Entry): IndexChange {
  const next = new Map(index);
  for (const [number, entries] of index) {
    if (!entries.some(({ id }) => removed.has(id))) continue;
    const left = entries.filter(({ id }) => !removed.has(id));
    if (left.length === 0) next.delete(number);
    else next.set(number, left);
  }
  if (added !== undefined) append(next, added, lastOf(index) + 1);
  return { index: next, writes: difference(index, next) };
}

/** Adds to the last chunk, or begins one with at least the number `fresh`. Where little is left in many chunks, all of it is written anew. */
function append(index: Map<number, readonly Entry[]>, entry: Entry, fresh: number): void {
  if (isSparse(index)) repack(index, fresh);
  const last = lastOf(index);
  const entries = index.get(last) ?? [];
  if (entries.length > 0 && hasRoom(entries, entry)) index.set(last, [...entries, entry]);
  else index.set(Math.max(last + 1, fresh), [entry]);
}

function repack(index: Map<number, readonly Entry[]>, fresh: number): void {
  const chunks = packed([...index.values()].flat());
  index.clear();
  for (const [offset, chunk] of chunks.entries()) index.set(fresh + offset, chunk);
}

function isSparse(index: ItemIndex): boolean {
  const entries = entriesOf(index);
  // First what costs nothing, and says it nearly always.
  if (index.size <= 2 * Math.ceil(entries.length / nodeChunkEntriesMax) + 1) return false;
  return index.size > 2 * packed(entries).length + 1;
}

function packed(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const chunks: Entry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const own = bytesOf(entry);
    const last = chunks.at(-1);
    if (last !== undefined && last.length < nodeChunkEntriesMax && bytes + own <= nodeChunkBytesMax) last.push(entry);
    else [bytes] = [0, chunks.push([entry])];
    bytes += own;
  }
  return chunks;
}

function hasRoom(entries: readonly Entry[], entry: Entry): boolean {
  return entries.length < nodeChunkEntriesMax && entries.reduce((bytes, each) => bytes + bytesOf(each), bytesOf(entry)) <= nodeChunkBytesMax;
}

/** As JSON, about. Each publication asks it of all entries of the node, and ids may be long. */
function bytesOf(entry: Entry): number {
  let bytes = bytesKnown.get(entry);
  if (bytes === undefined) bytesKnown.set(entry, (bytes = Buffer.byteLength(JSON.stringify(entry.id)) + 32));
  return bytes;
}

const bytesKnown = new WeakMap<Entry, number>();

function lastOf(index: ItemIndex): number {
  return Math.max(-1, ...index.keys());
}

function difference(before: ItemIndex, after: ItemIndex): ReadonlyMap<number, readonly Entry[] | null> {
  const writes = new Map<number, readonly Entry[] | null>();
  for (const number of before.keys()) if (!after.has(number)) writes.set(number, null);
  for (const [number, entries] of after) if (before.get(number) !== entries) writes.set(number, entries);
  return writes;
}
