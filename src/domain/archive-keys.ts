/**
 * The ids of archived messages in the log. An id is `KEY-SECRET`, and a key `TIME-COUNT`: milliseconds since 1970 and a count within
 * them, in base 36 with as many digits as are always needed. So keys are in the order in which messages were archived, and the row of an
 * id is found without an index. What clients are told is made of it, and tells none of this (`src/router/archive-ids.ts`).
 */

/** Enough until the year 5188. */
const timeDigits = 9;
const countDigits = 4;
const counts = 36 ** countDigits;
const timeMax = 36 ** timeDigits - 1;

const keyForm = /^[0-9a-z]{9}-[0-9a-z]{4}$/;
const idForm = /^([0-9a-z]{9}-[0-9a-z]{4})-([A-Za-z0-9_-]{1,64})$/;

/** What the keys of archived texts begin with. */
export const archivePrefix = "archive/";

export function archiveContentKey(key: string): string {
  return `${archivePrefix}${key}`;
}

/**
 * The key of what is archived now, after what has the key `last`. Keys grow also where the clock has gone back: then a message has the
 * time of the one before, so that the archive's times are in the archive's order.
 */
export function nextArchiveKey(last: string | undefined, at: number): string {
  if (last === undefined) return keyAt(at, 0);
  const [time, count] = partsOf(last);
  if (at > time) return keyAt(at, 0);
  return count + 1 < counts ? keyAt(time, count + 1) : keyAt(time + 1, 0);
}

/** The key that an id begins with; undefined if no archive has such an id. */
export function archiveKeyOf(id: string): string | undefined {
  return idForm.exec(id)?.[1];
}

/** What follows the key in an id; empty if no archive has such an id. */
export function secretOfArchiveId(id: string): string {
  return idForm.exec(id)?.[2] ?? "";
}

export function isArchiveKey(text: string): boolean {
  return keyForm.test(text);
}

/** Milliseconds since 1970. */
export function timeOfArchiveKey(key: string): number {
  return partsOf(key)[0];
}

/** Of those of the same millisecond, from 0. */
export function countOfArchiveKey(key: string): number {
  return partsOf(key)[1];
}

/** The key with this time and count; undefined if there can be none. */
export function makeArchiveKey(time: number, count: number): string | undefined {
  return time <= timeMax && count < counts ? keyAt(time, count) : undefined;
}

/** No key, but a text that comes before the keys of that time, in ms since 1970, and after those of all times before. */
export function archiveTimeBound(at: number): string {
  return digits(Math.min(Math.max(at, 0), timeMax), timeDigits);
}

/** A key, or a text that no key but would have to come there, halfway between two keys. */
export function betweenArchiveKeys(low: string, high: string): string {
  const middle = (placeOf(low) + placeOf(high)) / 2n;
  return keyAt(Number(middle / BigInt(counts)), Number(middle % BigInt(counts)));
}

function keyAt(time: number, count: number): string {
  return `${digits(time, timeDigits)}-${digits(count, countDigits)}`;
}

function partsOf(key: string): readonly [time: number, count: number] {
  return [Number.parseInt(key.slice(0, timeDigits), 36), Number.parseInt(key.slice(timeDigits + 1), 36)];
}

function placeOf(key: string): bigint {
  const [time, count] = partsOf(key);
  return BigInt(time) * BigInt(counts) + BigInt(count);
}

function digits(value: number, count: number): string {
  return value.toString(36).padStart(count, "0");
}
