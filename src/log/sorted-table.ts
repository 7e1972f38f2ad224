/** A table in memory, ordered by key, that can take back what it was told since a mark. */

import type { Json, ProjectionQuery, ProjectionRange, ProjectionRow } from "../ports.ts";
import { compareKeys, prefixEnd, storable } from "./keys.ts";
import type { ProjectionTable } from "./projection.ts";
import { parse, serialise } from "./rows.ts";

export class SortedTable implements ProjectionTable {
  readonly #values = new Map<string, string>();
  readonly #keys: string[] = [];
  #undo: { readonly key: string; readonly value: string | undefined }[] = [];

  get(key: string): Json | undefined {
    const text = this.#values.get(key);
    return text === undefined ? undefined : parse(text);
  }

  set(key: string, value: Json): void {
    this.#put(storable("key", key), serialise("value", value));
  }

  delete(key: string): void {
    this.#put(key, undefined);
  }

  clear(prefix: string): void {
    const end = prefixEnd(prefix);
    const to = end === undefined ? this.#keys.length : this.#indexOf(end);
    for (const key of this.#keys.slice(this.#indexOf(prefix), to)) this.delete(key);
  }

  /** Removes the keys from the one to the other, both included. */
  clearRange(from: string, through: string): void {
    const to = this.#indexOf(through) + (this.#values.has(through) ? 1 : 0);
    for (const key of this.#keys.slice(this.#indexOf(from), to)) this.delete(key);
  }

  /** The values as they are kept: JSON text. */
  texts(): Iterable<string> {
    return this.#values.values();
  }

  /** Keeps what was done since the last mark. */
  keep(): void {
    this.#undo = [];
  }

  /** Undoes what was done since the last mark. */
  takeBack(): void {
    const undo = this.#undo;
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) this.#write(last.key, last.value);
  }

  query(query: ProjectionQuery): readonly ProjectionRow[] {
    if ("key" in query) return this.#rows(this.#values.has(query.key) ? [query.key] : []);
    return this.rows(query);
  }

  last(prefix: string): ProjectionRow | undefined {
    return this.rows({ prefix, reverse: true, limit: 1 })[0];
  }

  rows({ prefix, after, before, reverse, limit }: ProjectionRange): readonly ProjectionRow[] {
    const behind = after !== undefined && compareKeys(after, prefix) >= 0;
    const from = behind ? this.#indexOf(after) + (this.#values.has(after) ? 1 : 0) : this.#indexOf(prefix);
    const end = prefixEnd(prefix);
    const last = end === undefined ? this.#keys.length : this.#indexOf(end);
    const to = before === undefined ? last : Math.min(last, this.#indexOf(before));
    if (reverse === true) return this.#rows(this.#keys.slice(Math.max(from, to - limit), Math.max(from, to)).toReversed());
    return this.#rows(this.#keys.slice(from, Math.min(to, from + limit)));
  }

  #rows(keys: readonly string[]): readonly ProjectionRow[] {
    return keys.map((key) => ({ key, value: parse(this.#values.get(key) ?? "null") }));
  }

  #put(key: string, value: string | undefined): void {
    this.#undo.push({ key, value: this.#values.get(key) });
    this.#write(key, value);
  }

  #write(key: string, value: string | undefined): void {
    const known = this.#values.has(key);
    if (value === undefined) {
      if (known) this.#keys.splice(this.#indexOf(key), 1);
      this.#values.delete(key);
    } else {
      if (!known) this.#keys.splice(this.#indexOf(key), 0, key);
      this.#values.set(key, value);
    }
  }

  /** Where the key is, or would be. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? "", key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
