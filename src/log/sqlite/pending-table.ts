/**
 * A read model that is ahead of its rows in the file: what facts change is kept here, read as if it were there, and written later, many
 * rows at once and in the order of their keys. A row that is written alone costs several times as much: each is on a page of its own.
 */

import type { Json, ProjectionRange, ProjectionRow } from "../../ports.ts";
import { compareKeys, storable } from "../keys.ts";
import type { ProjectionTable } from "../projection.ts";
import { parse, serialise } from "../rows.ts";
import type { FileTable } from "./file-table.ts";

/** Places whose last row is known without a look at the file. */
const lastRowsMax = 50_000;

interface LastRow {
  readonly key: string;
  /** JSON. */
  readonly value: string;
}

export class PendingTable implements ProjectionTable {
  readonly #file: FileTable;
  /** JSON text by key; undefined for what is deleted. */
  #rows = new Map<string, string | undefined>();
  /** Of the file everything that begins so is deleted, before `#rows` is written. */
  #cleared: string[] = [];
  /** By prefix, see `last`; undefined where there is no row. */
  readonly #last = new Map<string, LastRow | undefined>();
  /** How to take back what was done since the last mark, the last thing last. */
  #undo: (() => void)[] = [];

  constructor(file: FileTable) {
    this.#file = file;
  }

  /** Rows that wait. */
  get size(): number {
    return this.#rows.size + this.#cleared.length;
  }

  get(key: string): Json | undefined {
    const text = this.#text(key);
    return text === undefined ? undefined : parse(text);
  }

  last(prefix: string): ProjectionRow | undefined {
    if (!this.#last.has(prefix)) this.#remember(prefix, this.#range({ prefix, reverse: true, limit: 1 })[0]);
    const row = this.#last.get(prefix);
    return row === undefined ? undefined : { key: row.key, value: parse(row.value) };
  }

  rows(range: ProjectionRange): readonly ProjectionRow[] {
    return this.#range(range).map(({ key, value }) => ({ key, value: parse(value) }));
  }

  set(key: string, value: Json): void {
    const text = serialise("value", value);
    this.#put(storable("key", key), text);
    const place = key.slice(0, key.lastIndexOf("/") + 1);
    if (!this.#last.has(place)) return;
    const last = this.#last.get(place);
    if (last === undefined || compareKeys(key, last.key) >= 0) this.#last.set(place, { key, value: text });
  }

  delete(key: string): void {
    this.#put(key, undefined);
    this.#last.clear();
  }

  clear(prefix: string): void {
    const [rows, cleared] = [this.#rows, this.#cleared];
    this.#undo.push(() => {
      this.#rows = rows;
      this.#cleared = cleared;
    });
    if ([...rows.keys()].some((key) => key.startsWith(prefix))) this.#rows = new Map([...rows].filter(([key]) => !key.startsWith(prefix)));
    // Of an account that is new there is nothing.
    if (this.#file.rows({ prefix, limit: 1 }).length > 0) this.#cleared = [...cleared, prefix];
    this.#last.clear();
  }

  /** The file was changed beside it: nothing that is known of it holds. */
  reset(): void {
    this.#rows = new Map();
    this.#cleared = [];
    this.#undo = [];
    this.#last.clear();
  }

  /** Keeps what was done since the last mark. */
  keep(): void {
    this.#undo = [];
  }

  /** Takes back what was done since the last mark, or the last time that it was written. */
  takeBack(): void {
    for (const undo of this.#undo.toReversed()) undo();
    this.#undo = [];
    this.#last.clear();
  }

  /** In the caller's transaction: from then on the file says the same, if it ends well. */
  write(): void {
    for (const prefix of this.#cleared) this.#file.clear(prefix);
    for (const key of [...this.#rows.keys()].toSorted(compareKeys)) {
      const text = this.#rows.get(key);
      if (text === undefined) this.#file.delete(key);
      else this.#file.set(key, text);
    }
    this.#rows = new Map();
    this.#cleared = [];
    this.#undo = [];
  }

  #text(key: string): string | undefined {
    if (this.#rows.has(key)) return this.#rows.get(key);
    return this.#isCleared(key) ? undefined : this.#file.get(key);
  }

  #put(key: string, text: string | undefined): void {
    const [rows, known, before] = [this.#rows, this.#rows.has(key), this.#rows.get(key)];
    this.#undo.push(() => (known ? rows.set(key, before) : rows.delete(key)));
    rows.set(key, text);
  }

  #isCleared(key: string): boolean {
    return this.#cleared.some((prefix) => key.startsWith(prefix));
  }

  /** Looks at each row that waits: for what is rare. */
  #range(range: ProjectionRange): readonly LastRow[] {
    const { prefix, after, before, reverse, limit } = range;
    const isWithin = (key: string): boolean =>
      key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0) && (before === undefined || compareKeys(key, before) < 0);
    const own = [...this.#rows].filter(([key]) => isWithin(key));
    const filed = this.#filed(range, limit + own.length).filter(({ key }) => !this.#rows.has(key));
    const sign = reverse === true ? -1 : 1;
    const merged = [...filed, ...own.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]))];
    return merged.toSorted((a, b) => sign * compareKeys(a.key, b.key)).slice(0, limit);
  }

  /** Of the file, but for what is cleared. */
  #filed(range: ProjectionRange, limit: number): readonly LastRow[] {
    if (this.#cleared.some((prefix) => range.prefix.startsWith(prefix))) return [];
    const found: LastRow[] = [];
    for (let { after, before } = range; ; ) {
      const page = this.#file.rows({ ...range, ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }), limit });
      found.push(...page.filter(({ key }) => !this.#isCleared(key)));
      const last = page.at(-1)?.key;
      if (page.length < limit || found.length >= limit || last === undefined) return found;
      if (range.reverse === true) before = last;
      else after = last;
    }
  }

  #remember(prefix: string, row: LastRow | undefined): void {
    if (this.#last.size >= lastRowsMax) this.#last.clear();
    this.#last.set(prefix, row);
  }
}
