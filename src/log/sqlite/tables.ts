/**
 * The read models of the file. They may lag behind the log there, by what `PendingTable` holds: whoever opens the file brings them up to it.
 * Every method that writes runs in the caller's transaction.
 */

import type { ProjectionQuery } from "../../ports.ts";
import type { Projection } from "../projection.ts";
import { project, unknownProjection } from "../projection.ts";
import type { FactRow } from "../rows.ts";
import { toLazyFact } from "../rows.ts";
import type { Database, Statement } from "./driver.ts";
import { FileTable } from "./file-table.ts";
import { PendingTable } from "./pending-table.ts";
import type { TextRow } from "./protocol.ts";

interface Entry {
  readonly projection: Projection;
  readonly file: FileTable;
  readonly table: PendingTable;
}

/** Facts of one transaction when a read model is made anew, so that neither memory nor the write-ahead log has to hold them all. */
const rebuildFacts = 5_000;

export class Tables {
  readonly #database: Database;
  readonly #entries: readonly Entry[];
  readonly #reached: Statement;

  constructor(database: Database, projections: readonly Projection[]) {
    this.#database = database;
    this.#reached = database.prepare("UPDATE checkpoint SET position = ?");
    this.#entries = projections.map((projection) => {
      const file = new FileTable(database, projection.name);
      return { projection, file, table: new PendingTable(file) };
    });
  }

  /** Rows that are not in the file yet. */
  get pending(): number {
    return this.#entries.reduce((sum, { table }) => sum + table.size, 0);
  }

  /** Tells every table; `write` brings what follows into the file. */
  apply(row: FactRow): void {
    const fact = toLazyFact(row);
    for (const { projection, table } of this.#entries) project(projection, fact, table);
  }

  /** Keeps what was applied since the last mark. */
  keep(): void {
    for (const { table } of this.#entries) table.keep();
  }

  /** Takes back what was applied since the last mark. */
  takeBack(): void {
    for (const { table } of this.#entries) table.takeBack();
  }

  /** Everything that was applied comes into the file. */
  write(): void {
    for (const { table } of this.#entries) table.write();
  }

  /** The tables of the file were emptied. */
  reset(): void {
    for (const { table } of this.#entries) table.reset();
  }

  /** All tables of the file hold the facts up to this one. */
  reached(position: number): void {
    this.#reached.run(position);
  }

  /** What the file says. */
  query(name: string, query: ProjectionQuery): readonly TextRow[] {
    const file = this.#entries.find(({ projection }) => projection.name === name)?.file;
    if (file === undefined) throw unknownProjection(name);
    if (!("key" in query)) return file.rows(query);
    const value = file.get(query.key);
    return value === undefined ? [] : [{ key: query.key, value }];
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
        table.write();
        this.#database.prepare("UPDATE checkpoint SET position = ? WHERE name = ?").run(reached, projection.name);
        this.#database.exec("COMMIT");
      }
    }
  }

  /** The fact to go on after. */
  #start({ name, version }: Projection, position: number): number {
    const row = this.#database.prepare("SELECT version, position FROM checkpoint WHERE name = ?").get(name);
    const reached = Number(row?.["position"]);
    // A table ahead of the log belongs to facts that are not in it.
    if (row?.["version"] === version && reached <= position) return reached;
    this.#database.exec("BEGIN IMMEDIATE");
    this.#database.prepare("DELETE FROM projection WHERE name = ?").run(name);
    this.#database.prepare("INSERT OR REPLACE INTO checkpoint (name, version, position) VALUES (?, ?, 0)").run(name, version);
    this.#database.exec("COMMIT");
    return 0;
  }

  /** A table that nobody keeps in step would lie if its projection came back. */
  #dropUnknown(): void {
    const names = JSON.stringify(this.#entries.map(({ projection }) => projection.name));
    this.#database.exec("BEGIN IMMEDIATE");
    for (const table of ["projection", "checkpoint"]) {
      this.#database.prepare(`DELETE FROM ${table} WHERE name NOT IN (SELECT value FROM json_each(?))`).run(names);
    }
    this.#database.exec("COMMIT");
  }
}
