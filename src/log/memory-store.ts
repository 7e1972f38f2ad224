/** The store without a disk, for tests and trials: same rules, gone with the process. */

import type { Append, Fact, Json, ProjectionQuery, ProjectionRow, Store, StoredFact } from "../ports.ts";
import { ConcurrencyError, StoreClosedError } from "./errors.ts";
import type { Projection } from "./projection.ts";
import { project, unknownProjection } from "./projection.ts";
import type { AppendRows, FactRow } from "./rows.ts";
import { checkPage, checkQuery, parse, toFact, toLazyFact, toRows } from "./rows.ts";
import { SortedTable } from "./sorted-table.ts";
import { Subscriptions } from "./subscriptions.ts";

export function createMemoryStore(projections: readonly Projection[]): Store {
  return new MemoryStore(projections);
}

class MemoryStore implements Store {
  readonly #projections: readonly { readonly projection: Projection; readonly table: SortedTable }[];
  readonly #facts: FactRow[] = [];
  readonly #streams = new Map<string, FactRow[]>();
  readonly #secrets = new Map<string, string>();
  readonly #subscriptions = new Subscriptions((after, limit) => this.readAll(after, limit));
  #closed = false;

  constructor(projections: readonly Projection[]) {
    this.#projections = projections.map((projection) => ({ projection, table: new SortedTable() }));
  }

  async append(stream: string, expectedVersion: number | "any", facts: readonly Fact[]): Promise<{ version: number; position: number }> {
    this.#commit([{ stream, expectedVersion, facts }]);
    return { version: this.#versionOf(stream), position: this.#facts.length };
  }

  async appendMany(batch: readonly Append[]): Promise<{ position: number }> {
    this.#commit(batch);
    return { position: this.#facts.length };
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    return (this.#streams.get(stream) ?? []).slice(after, after + limit).map(toFact);
  }

  async readAll(after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    return this.#facts.slice(after, after + limit).map(toFact);
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
    const text = this.#secrets.get(secretKey(stream, type));
    return text === undefined ? undefined : parse(text);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#subscriptions.end();
  }

  /** All of it or, with a throw, nothing. Done when it returns: what is written later in the same turn already sees it. */
  #commit(batch: readonly Append[]): void {
    this.#mustBeOpen();
    const rows = batch.map(toRows);
    const before = this.#facts.length;
    try {
      for (const append of rows) this.#write(append);
    } catch (error) {
      this.#takeBack(before);
      throw error;
    }
    for (const { table } of this.#projections) table.keep();
    // Only now, for they have no way back: nothing after this line can throw.
    for (const append of rows) this.#keepSecrets(append);
    if (this.#facts.length > before) this.#subscriptions.committed();
  }

  #write({ stream, expectedVersion, facts }: AppendRows): void {
    const actual = this.#versionOf(stream);
    if (expectedVersion !== "any" && expectedVersion !== actual) throw new ConcurrencyError(stream, expectedVersion, actual);
    const ofStream = this.#streams.get(stream) ?? [];
    if (facts.length > 0) this.#streams.set(stream, ofStream);
    for (const { secret: _, ...fact } of facts) {
      const row: FactRow = { ...fact, stream, version: ofStream.length + 1, position: this.#facts.length + 1 };
      ofStream.push(row);
      this.#facts.push(row);
      const seen = toLazyFact(row);
      for (const { projection, table } of this.#projections) project(projection, seen, table);
    }
  }

  #takeBack(length: number): void {
    for (const { stream } of this.#facts.splice(length)) {
      const ofStream = this.#streams.get(stream);
      ofStream?.pop();
      if (ofStream?.length === 0) this.#streams.delete(stream);
    }
    for (const { table } of this.#projections) table.takeBack();
  }

  #keepSecrets({ stream, facts }: AppendRows): void {
    for (const { type, secret } of facts) {
      if (secret === undefined) continue;
      if (secret === null) this.#secrets.delete(secretKey(stream, type));
      else this.#secrets.set(secretKey(stream, type), secret);
    }
  }

  #versionOf(stream: string): number {
    return this.#streams.get(stream)?.length ?? 0;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreClosedError();
  }
}

/** U+0000 is in no stream name and no type. */
function secretKey(stream: string, type: string): string {
  return `${stream}\0${type}`;
}
