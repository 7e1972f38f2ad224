/** Read models made anew from the facts, in a database of their own, and how they differ from those of a file. */

import type { Projection } from "../projection.ts";
import type { FactRow } from "../rows.ts";
import type { Database, OpenDatabase, Statement } from "./driver.ts";
import { schema } from "./schema.ts";
import { Tables } from "./tables.ts";

export interface ModelDifference {
  readonly projection: string;
  readonly key: string;
  /** JSON text; undefined where there is no such row. */
  readonly found: string | undefined;
  readonly fromFacts: string | undefined;
}

/** Rows that are compared at once. */
const pageRows = 1_000;
/** Facts of one transaction. */
const factsAtOnce = 10_000;

export class FreshModels {
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #projections: readonly Projection[];
  readonly #value: Statement;
  #facts = 0;

  constructor(open: OpenDatabase, projections: readonly Projection[]) {
    // On the disk where it grows, and without a name.
    this.#database = open("");
    this.#database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; ${schema} COMMIT; BEGIN`);
    this.#tables = new Tables(this.#database, projections);
    this.#value = this.#database.prepare("SELECT value FROM projection WHERE name = ? AND key = ?");
    this.#projections = projections;
  }

  /** In the order of the log. Throws what a projection throws that refuses the fact. */
  apply(row: FactRow): void {
    this.#tables.apply(row);
    if ((this.#facts += 1) % factsAtOnce !== 0) return;
    this.#tables.write();
    this.#database.exec("COMMIT; BEGIN");
  }

  /** Each row that is not the same in the file, in the order of their keys. */
  *differences(file: Database): Generator<ModelDifference> {
    this.#tables.write();
    for (const { name: projection, counts } of this.#projections) {
      const isSame = counts === undefined ? saysTheSame : sameButForTheBegin(counts);
      const [found, made] = [new Rows(file, projection), new Rows(this.#database, projection)];
      for (let [left, right] = [found.next(), made.next()]; left !== undefined || right !== undefined; ) {
        const order = left === undefined ? 1 : right === undefined ? -1 : Buffer.compare(Buffer.from(left.key), Buffer.from(right.key));
        if (order < 0 && left !== undefined) yield { projection, key: left.key, found: left.value, fromFacts: undefined };
        else if (order > 0 && right !== undefined) yield { projection, key: right.key, found: undefined, fromFacts: right.value };
        else if (left !== undefined && right !== undefined && !isSame(left.value, right.value, left.key)) {
          yield { projection, key: left.key, found: left.value, fromFacts: right.value };
        }
        if (order <= 0) left = found.next();
        if (order >= 0) right = made.next();
      }
    }
  }

  /** JSON text; undefined where there is no such row. */
  value(projection: string, key: string): string | undefined {
    this.#tables.write();
    const row = this.#value.get(projection, key);
    return row === undefined ? undefined : String(row["value"]);
  }

  /** In the order of their keys. */
  *keys(projection: string): Generator<string> {
    this.#tables.write();
    const rows = new Rows(this.#database, projection);
    for (let row = rows.next(); row !== undefined; row = rows.next()) yield row.key;
  }

  close(): void {
    this.#database.close();
  }
}

interface ModelRow {
  readonly key: string;
  readonly value: string;
}

/** The rows of one read model in their order, a page at a time. */
class Rows {
  readonly #read: (after: string | undefined) => readonly ModelRow[];
  #page: readonly ModelRow[] = [];
  #index = 0;
  #last: string | undefined;
  #ended = false;

  constructor(database: Database, name: string) {
    const first = database.prepare(`SELECT key, value FROM projection WHERE name = ? ORDER BY key LIMIT ${pageRows}`);
    const later = database.prepare(`SELECT key, value FROM projection WHERE name = ? AND key > ? ORDER BY key LIMIT ${pageRows}`);
    this.#read = (after) => (after === undefined ? first.all(name) : later.all(name, after)) as unknown as readonly ModelRow[];
  }

  next(): ModelRow | undefined {
    if (this.#index === this.#page.length && !this.#ended) {
      this.#page = this.#read(this.#last);
      this.#index = 0;
      this.#last = this.#page.at(-1)?.key;
      this.#ended = this.#page.length < pageRows;
    }
    return this.#page[this.#index++];
  }
}

function saysTheSame(left: string, right: string): boolean {
  return left === right || sorted(left) === sorted(right);
}

/** For rows in the order of their keys: each is off by as much as the one before it. */
function sameButForTheBegin(counts: string): (left: string, right: string, key: string) => boolean {
  let [place, off] = ["", 0];
  return (left, right, key) => {
    const [number, made] = left === right ? [0, 0] : [numberIn(left, counts), numberIn(right, counts)];
    if (number === undefined || made === undefined) return saysTheSame(left, right);
    const own = key.slice(0, key.lastIndexOf("/"));
    if (own !== place) [place, off] = [own, number - made];
    return number - made === off && (left === right || saysTheSame(left, JSON.stringify({ ...(JSON.parse(right) as object), [counts]: number })));
  };
}

function numberIn(text: string, name: string): number | undefined {
  try {
    const value = (JSON.parse(text) as Record<string, unknown> | null)?.[name];
    return typeof value === "number" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The order of names makes no difference. */
function sorted(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), (_, value: unknown) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    });
  } catch {
    return text;
  }
}

