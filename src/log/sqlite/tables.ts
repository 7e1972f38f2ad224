/** The read models in the file. Every method runs in the caller's transaction, or in none if it only reads. */

import type { Json, ProjectionQuery, ProjectionRange } from "../../ports.ts";
import { compareKeys, prefixEnd, storable } from "../keys.ts";
import type { Projection, ProjectionTable } from "../projection.ts";
import { project, unknownProjection } from "../projection.ts";
import type { FactRow } from "../rows.ts";
import { parse, serialise, toLazyFact } from "../rows.ts";
import type { Database, Statement, Value } from "./driver.ts";
import type { TextRow } from "./protocol.ts";

/** Facts of one transaction when a read model is made anew, so that neither memory nor the write-ahead log has to hold them all. */
const rebuildFacts = 5_000;

export class Tables {
  readonly #database: Database;
  readonly #entries: readonly { readonly projection: Projection; readonly table: ProjectionTable }[];
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database, projections: readonly Projection[]) {
    this.#database = database;
    this.#entries = projections.map((projection) => ({ projection, table: this.#table(projection.name) }));
  }

  apply(row: FactRow): void {
    const fact = toLazyFact(row);
    for (const { projection, table } of this.#entries) project(projection, fact, table);
  }

  /** All tables hold the facts up to this one. */
  reached(position: number): void {
    this.#prepare("UPDATE checkpoint SET position = ?").run(position);
  }

  query(name: string, query: ProjectionQuery): readonly TextRow[] {
    if (!this.#entries.some(({ projection }) => projection.name === name)) throw unknownProjection(name);
    if ("key" in query) return this.#select("key = ?", [name, query.key], 1);
    return this.#range(name, query);
  }

  /** Brings every table up to `position`, the last of the log; one of another version from the first fact on. */
  catchUp(position: number, read: (after: number, limit: number) => readonly FactRow[]): void {
    this.#dropUnknown();
    for (const { projection, table } of this.#entries) {
      let reached = this.#start(projection, position);
      while (reached < position) {
        this.#database.exec("BEGIN IMMEDIATE");
        for (const row of read(reached, rebuildFacts)) {
          project(projection, toLazyFact(row), table);
          reached = row.position;
        }
        this.#prepare("UPDATE checkpoint SET position = ? WHERE name = ?").run(reached, projection.name);
        this.#database.exec("COMMIT");
      }
    }
  }

  /** The fact to go on after. */
  #start({ name, version }: Projection, position: number): number {
    const row = this.#prepare("SELECT version, position FROM checkpoint WHERE name = ?").get(name);
    const reached = Number(row?.["position"]);
    // A table ahead of the log belongs to facts that are not in it.
    if (row?.["version"] === version && reached <= position) return reached;
    this.#database.exec("BEGIN IMMEDIATE");
    this.#prepare("DELETE FROM projection WHERE name = ?").run(name);
    this.#prepare("INSERT OR REPLACE INTO checkpoint (name, version, position) VALUES (?, ?, 0)").run(name, version);
    this.#database.exec("COMMIT");
    return 0;
  }

  /** A table that nobody keeps in step would lie if its projection came back. */
  #dropUnknown(): void {
    const names = JSON.stringify(this.#entries.map(({ projection }) => projection.name));
    this.#database.exec("BEGIN IMMEDIATE");
    for (const table of ["projection", "checkpoint"]) {
      this.#prepare(`DELETE FROM ${table} WHERE name NOT IN (SELECT value FROM json_each(?))`).run(names);
    }
    this.#database.exec("COMMIT");
  }

  #table(name: string): ProjectionTable {
    const get = this.#prepare("SELECT value FROM projection WHERE name = ? AND key = ?");
    const set = this.#prepare(
      "INSERT INTO projection (name, key, value) VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
    );
    const remove = this.#prepare("DELETE FROM projection WHERE name = ? AND key = ?");
    return {
      get: (key) => {
        const row = get.get(name, key);
        return row === undefined ? undefined : parse(String(row["value"]));
      },
      rows: (range) => this.#range(name, range).map(({ key, value }) => ({ key, value: parse(value) })),
      set: (key: string, value: Json) => set.run(name, storable("key", key), serialise("value", value)),
      delete: (key) => remove.run(name, key),
      clear: (prefix) => {
        const end = prefixEnd(prefix);
        if (end === undefined) this.#prepare("DELETE FROM projection WHERE name = ? AND key >= ?").run(name, prefix);
        else this.#prepare("DELETE FROM projection WHERE name = ? AND key >= ? AND key < ?").run(name, prefix, end);
      },
    };
  }

  #range(name: string, { prefix, after, before, reverse, limit }: ProjectionRange): readonly TextRow[] {
    const behind = after !== undefined && compareKeys(after, prefix) >= 0;
    const lower = behind ? "key > ?" : "key >= ?";
    const from = behind ? after : prefix;
    const end = prefixEnd(prefix);
    const to = end === undefined || (before !== undefined && compareKeys(before, end) < 0) ? before : end;
    const order = reverse === true ? "DESC" : "ASC";
    if (to === undefined) return this.#select(lower, [name, from], limit, order);
    return this.#select(`${lower} AND key < ?`, [name, from, to], limit, order);
  }

  #select(condition: string, values: readonly Value[], limit: number, order: "ASC" | "DESC" = "ASC"): readonly TextRow[] {
    const sql = `SELECT key, value FROM projection WHERE name = ? AND ${condition} ORDER BY key ${order} LIMIT ?`;
    return this.#prepare(sql).all(...values, limit) as unknown as readonly TextRow[];
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}
