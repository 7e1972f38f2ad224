/** The store without a disk, for tests and trials: same rules, gone with the process. */

import type {
  Append, Content, Fact, Forgotten, Json, LogStats, ProjectionQuery, ProjectionRow, Store, StoredFact,
} from "../ports.ts";
import { BackupError, ConcurrencyError, StoreClosedError } from "./errors.ts";
import type { Projection } from "./projection.ts";
import { project, unknownProjection } from "./projection.ts";
import type { AppendRows, FactRow, NewFactRow } from "./rows.ts";
import { checkContentsPage, checkKeys, checkPage, checkQuery, parse, toFact, toLazyFact, toRows } from "./rows.ts";
import { statsOf } from "./sizes.ts";
import { SortedTable } from "./sorted-table.ts";
import { Subscriptions } from "./subscriptions.ts";

export function createMemoryStore(projections: readonly Projection[]): Store {
  return new MemoryStore(projections);
}

/** Lives on when everything in it is forgotten: no version is given twice. */
interface Stream {
  version: number;
  facts: FactRow[];
  readonly secrets: SortedTable;
  readonly contents: SortedTable;
}

class MemoryStore implements Store {
  readonly #projections: readonly { readonly projection: Projection; readonly table: SortedTable }[];
  readonly #streams = new Map<string, Stream>();
  readonly #subscriptions = new Subscriptions((after, limit) => this.readAll(after, limit));
  #facts: FactRow[] = [];
  #position = 0;
  /** What takes back the facts of the commit under way, the last one first; tables do that themselves. */
  #undo: (() => void)[] = [];
  #touched = new Set<SortedTable>();
  #closed = false;

  constructor(projections: readonly Projection[]) {
    this.#projections = projections.map((projection) => ({ projection, table: new SortedTable() }));
  }

  async append(stream: string, expectedVersion: number | "any", facts: readonly Fact[]): Promise<{ version: number; position: number }> {
    this.#commit([{ stream, expectedVersion, facts }]);
    return { version: this.#streams.get(stream)?.version ?? 0, position: this.#position };
  }

  async appendMany(batch: readonly Append[]): Promise<{ position: number }> {
    this.#commit(batch);
    return { position: this.#position };
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    const facts = this.#streams.get(stream)?.facts ?? [];
    const from = firstAbove(facts, ({ version }) => version, after);
    return facts.slice(from, from + limit).map(toFact);
  }

  async readAll(after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    const from = firstAbove(this.#facts, ({ position }) => position, after);
    return this.#facts.slice(from, from + limit).map(toFact);
  }

  subscribe(after: number, handler: (fact: StoredFact) => void): () => void {
    this.#mustBeOpen();
    checkPage(after, 1);
    return this.#subscriptions.subscribe(after, handler);
  }

  async query(name: string, query: ProjectionQuery): Promise<readonly ProjectionRow[]> {
    this.#mustBeOpen();
    checkQuery(query);
    const found = this.#projections.find(({ projection }) => projection.name === name);
    if (found === undefined) throw unknownProjection(name);
    return found.table.query(query);
  }

  async secret(stream: string, type: string): Promise<Json | undefined> {
    this.#mustBeOpen();
    return this.#streams.get(stream)?.secrets.get(type);
  }

  async contents(stream: string, after: string, limit: number): Promise<readonly Content[]> {
    this.#mustBeOpen();
    checkContentsPage(after, limit);
    const rows = this.#streams.get(stream)?.contents.query({ prefix: "", after, limit }) ?? [];
    return rows.map(toContent);
  }

  async texts(stream: string, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    this.#mustBeOpen();
    checkKeys(keys);
    const contents = this.#streams.get(stream)?.contents;
    return keys.map((key) => contents?.get(key) as string | undefined);
  }

  async stats(): Promise<LogStats> {
    this.#mustBeOpen();
    const streams = [...this.#streams.values()];
    return statsOf({
      facts: this.#facts,
      contents: streams.flatMap(({ contents }) => contents.query(everything).map(toContent)),
      projections: this.#projections.map(({ projection, table }) => ({ name: projection.name, texts: table.texts() })),
      secrets: streams.flatMap(({ secrets }) => [...secrets.texts()]),
      position: this.#position,
    });
  }

  async backup(file: string): Promise<void> {
    this.#mustBeOpen();
    throw new BackupError(`${file}: there is nothing on a disk to be copied; set durability to full, and restart`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#subscriptions.end();
  }

  /** All of it or, with a throw, nothing. Done when it returns: what is written later in the same turn already sees it. */
  #commit(batch: readonly Append[]): void {
    this.#mustBeOpen();
    const rows = batch.map(toRows);
    const before = this.#position;
    this.#undo = [];
    this.#touched = new Set(this.#projections.map(({ table }) => table));
    try {
      for (const append of rows) this.#write(append);
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo();
      for (const table of this.#touched) table.takeBack();
      throw error;
    }
    for (const table of this.#touched) table.keep();
    if (this.#position > before) this.#subscriptions.committed();
  }

  #write({ stream, expectedVersion, facts }: AppendRows): void {
    const actual = this.#streams.get(stream)?.version ?? 0;
    if (expectedVersion !== "any" && expectedVersion !== actual) throw new ConcurrencyError(stream, expectedVersion, actual);
    if (facts.length === 0) return;
    const of = this.#streamOf(stream);
    for (const fact of facts) this.#writeFact(stream, of, fact);
  }

  #writeFact(stream: string, of: Stream, { secret, contents = [], erases = [], forgets = [], ...fact }: NewFactRow): void {
    if (forgets.length > 0) this.#forget(forgets);
    for (const keys of erases) {
      if (typeof keys === "string") of.contents.delete(keys);
      else of.contents.clearRange(keys.from, keys.through);
    }
    const row: FactRow = { ...fact, stream, version: of.version + 1, position: this.#position + 1 };
    of.version += 1;
    of.facts.push(row);
    this.#position += 1;
    this.#facts.push(row);
    this.#undo.push(() => {
      of.version -= 1;
      of.facts.pop();
      this.#position -= 1;
      this.#facts.pop();
    });
    if (secret === null) of.secrets.delete(fact.type);
    else if (secret !== undefined) of.secrets.set(fact.type, parse(secret));
    for (const { key, text } of contents) of.contents.set(key, text);
    const seen = toLazyFact(row);
    for (const { projection, table } of this.#projections) project(projection, seen, table);
  }

  #forget(forgets: readonly Forgotten[]): void {
    const gone = new Set<FactRow>();
    for (const { stream, types, versions } of forgets) {
      const of = this.#streams.get(stream);
      if (of === undefined) continue;
      const { facts } = of;
      const isForgotten = ({ type, version }: FactRow): boolean => types?.includes(type) ?? versions?.includes(version) ?? true;
      for (const fact of facts) if (isForgotten(fact)) gone.add(fact);
      of.facts = facts.filter((fact) => !gone.has(fact));
      this.#undo.push(() => void (of.facts = facts));
      if (types !== undefined || versions !== undefined) continue;
      for (const table of [of.secrets, of.contents]) {
        this.#touched.add(table);
        table.clear("");
      }
    }
    if (gone.size === 0) return;
    const facts = this.#facts;
    this.#facts = facts.filter((fact) => !gone.has(fact));
    this.#undo.push(() => void (this.#facts = facts));
  }

  #streamOf(name: string): Stream {
    const known = this.#streams.get(name);
    const stream = known ?? { version: 0, facts: [], secrets: new SortedTable(), contents: new SortedTable() };
    if (known === undefined) {
      this.#streams.set(name, stream);
      this.#undo.push(() => void this.#streams.delete(name));
    }
    this.#touched.add(stream.secrets).add(stream.contents);
    return stream;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreClosedError();
  }
}

const everything = { prefix: "", limit: Number.MAX_SAFE_INTEGER } as const;

function toContent({ key, value }: ProjectionRow): Content {
  return { key, text: String(value) };
}

/** The index of the first row whose number is above `after`. Rows are in the order of their numbers. */
function firstAbove(rows: readonly FactRow[], numberOf: (row: FactRow) => number, after: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && numberOf(row) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
