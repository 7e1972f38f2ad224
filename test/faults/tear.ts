/**
 * What a power cut makes of a file that was being written: of the sectors that were not synced yet each may be the new one, the old
 * one or nothing, in any order, and the last one may be half there.
 */
import fc from "fast-check";

const sectorBytes = 512;

/** How what one write has changed is torn. */
export type Tear =
  /** As it was before, or all of it. */
  | { readonly how: "nothing" | "everything" }
  /** The first part of it; `share` of 1. */
  | { readonly how: "cut"; readonly share: number }
  /** All of its length, with some sectors that are zeros, or what was there before: chosen by the bits of `seed`. */
  | { readonly how: "zeroed" | "patchy"; readonly seed: number };

export const tears: fc.Arbitrary<Tear> = fc.oneof(
  fc.record({ how: fc.constantFrom("nothing" as const, "everything" as const) }),
  fc.record({ how: fc.constant("cut" as const), share: fc.integer({ min: 0, max: 1_000 }).map((thousandths) => thousandths / 1_000) }),
  fc.record({ how: fc.constantFrom("zeroed" as const, "patchy" as const), seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }) }),
);

/** The file as it is found, where `before` is on the disk and `after` was being written over it. */
export function torn(before: Buffer, after: Buffer, tear: Tear): Buffer {
  switch (tear.how) {
    case "nothing":
      return before;
    case "everything":
      return after;
    case "cut":
      return cut(before, after, tear.share);
    case "zeroed":
      return sectors(before, after, tear.seed, () => Buffer.alloc(sectorBytes));
    case "patchy":
      return sectors(before, after, tear.seed, (at) => padded(before, at));
  }
}

/** Half a frame, half a sector: the write ended in the middle of it. */
function cut(before: Buffer, after: Buffer, share: number): Buffer {
  const from = firstDifference(before, after);
  const end = from + Math.floor((after.length - from) * share);
  return Buffer.concat([after.subarray(0, end), before.subarray(end)]);
}

/** Only of those that were written; what lies before that in the same sector stays (sqlite.org/psow.html). */
function sectors(before: Buffer, after: Buffer, seed: number, instead: (at: number) => Buffer): Buffer {
  const found = Buffer.from(after);
  const from = firstDifference(before, after);
  let state = seed;
  for (let at = from - (from % sectorBytes); at < after.length; at += sectorBytes) {
    const isWritten = at + sectorBytes > before.length || !padded(before, at).equals(padded(after, at));
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    if (!isWritten || (state >>> 16) % 3 !== 0) continue;
    const kept = Math.max(0, from - at);
    instead(at).copy(found, at + kept, kept, Math.min(sectorBytes, after.length - at));
  }
  return found;
}

function padded(file: Buffer, at: number): Buffer {
  const sector = Buffer.alloc(sectorBytes);
  file.subarray(at, at + sectorBytes).copy(sector);
  return sector;
}

function firstDifference(one: Buffer, other: Buffer): number {
  const length = Math.min(one.length, other.length);
  if (one.subarray(0, length).equals(other.subarray(0, length))) return length;
  let [from, to] = [0, length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (one.subarray(from, middle).equals(other.subarray(from, middle))) from = middle;
    else to = middle;
  }
  return from;
}
