/** The new log while it is made: what was found, and what is written after it so that it can be gone on with. */

import type { Json } from "../../ports.ts";
import type { Projection } from "../projection.ts";
import { serialise, type FactRow } from "../rows.ts";
import type { Database, Row, Value } from "../sqlite/driver.ts";
import { Tables } from "../sqlite/tables.ts";

export interface NewFact {
  readonly type: string;
  readonly v: number;
  readonly data: Json;
}

const columns = "position, stream, version, type, v, at, step, cause, data";
const pageFacts = 2_000;

export class SavedLog {
  readonly database: Database;
  readonly #tables: Tables;
  readonly #projections: readonly Projection[];
  readonly #at: number;
  readonly #step: string;

  /** `at`, `step`: of what is written now. */
  constructor(database: Database, projections: readonly Projection[], at: number, step: string) {
    this.database = database;
    this.#tables = new Tables(database, projections);
    this.#projections = projections;
    this.#at = at;
    this.#step = step;
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.database.prepare(sql).all(...values);
  }

  /** The facts of a stream, in order: all, or those of some types. */
  stream(name: string, types?: readonly string[]): readonly FactRow[] {
    const among = types === undefined ? "" : `AND type IN (${types.map((type) => `'${type}'`).join(", ")})`;
    return this.all(`SELECT ${columns} FROM fact WHERE stream = ? ${among} ORDER BY version`, name) as unknown as readonly FactRow[];
  }

  /** Every fact of a stream, in order, without what it says: there may be very many. */
  outline(name: string): readonly Pick<FactRow, "position" | "version" | "type" | "at">[] {
    const sql = "SELECT position, version, type, at FROM fact WHERE stream = ? ORDER BY version";
    return this.all(sql, name) as unknown as readonly Pick<FactRow, "position" | "version" | "type" | "at">[];
  }

  /** The last version that was ever given, as far as that is known. */
  versionOf(stream: string): number {
    const sql = `SELECT max(coalesce((SELECT max(version) FROM fact WHERE stream = ?), 0),
      coalesce((SELECT version FROM forgotten WHERE stream = ?), 0)) AS version`;
    return Number(this.all(sql, stream, stream)[0]?.["version"]);
  }

  /** The nearest position before this one that no fact has; undefined if there is none. */
  freeBefore(position: number): number | undefined {
    const taken = this.database.prepare("SELECT 1 AS yes FROM fact WHERE position = ?");
    for (let free = position - 1; free > 0; free -= 1) if (taken.get(free) === undefined) return free;
    return undefined;
  }

  /** Behind everything else. */
  append(stream: string, fact: NewFact): void {
    this.insert(this.#lastPosition() + 1, stream, this.versionOf(stream) + 1, fact, this.#at);
  }

  /** At a place that is free. The read models know it only when they are made. */
  insert(position: number, stream: string, version: number, { type, v, data }: NewFact, at: number): void {
    const row: FactRow = { position, stream, version, type, v, at, step: this.#step, cause: null, data: serialise("data", data) };
    this.database.prepare(`INSERT INTO fact (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
      .run(position, stream, version, type, v, at, row.step, null, row.data);
    this.#tables.apply(row);
    this.#tables.write();
  }

  /** Takes facts out that a read model refuses, and returns their names. */
  async makeModels(progress: (done: number, total: number) => Promise<void>): Promise<readonly string[]> {
    const refused: string[] = [];
    for (let before = -1; before < refused.length; ) {
      before = refused.length;
      this.database.exec("DELETE FROM projection");
      this.#tables.reset();
      await this.#apply(refused, progress);
    }
    for (const { name, version } of this.#projections) {
      this.database.prepare("INSERT OR REPLACE INTO checkpoint (name, version, position) VALUES (?, ?, 0)").run(name, version);
    }
    return refused;
  }

  /** Nothing follows. */
  finish(): void {
    this.database.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'fact'").run(this.#lastPosition());
    this.#tables.reached(this.#lastPosition());
    this.database.exec("DELETE FROM shape; INSERT INTO shape (type, v) SELECT DISTINCT type, v FROM fact");
  }

  async #apply(refused: string[], progress: (done: number, total: number) => Promise<void>): Promise<void> {
    const page = this.database.prepare(`SELECT ${columns} FROM fact WHERE position > ? ORDER BY position LIMIT ${pageFacts}`);
    const total = Number(this.all("SELECT count(*) AS facts FROM fact")[0]?.["facts"]);
    for (let [after, done, rows] = [0, 0, page.all(0)]; rows.length > 0; rows = page.all(after)) {
      for (const row of rows as unknown as readonly FactRow[]) {
        after = row.position;
        try {
          this.#tables.apply(row);
        } catch (error) {
          this.database.prepare("DELETE FROM fact WHERE position = ?").run(row.position);
          refused.push(`position ${row.position}: ${(error as Error).message}`);
        }
      }
      this.#tables.write();
      await progress((done += rows.length), total);
    }
  }

  /** AUTOINCREMENT remembers positions that no fact has any more. */
  #lastPosition(): number {
    const sql = "SELECT max(coalesce((SELECT max(position) FROM fact), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'fact'), 0)) AS last";
    return Number(this.all(sql)[0]?.["last"]);
  }
}
