/** The log in one SQLite file: the part that runs in the store's own thread, where everything may wait for the disk. */

import type { ProjectionQuery } from "../../ports.ts";
import { ConcurrencyError, StoreOpenError } from "../errors.ts";
import type { Projection } from "../projection.ts";
import type { AppendRows, FactRow, NewFactRow } from "../rows.ts";
import type { Database, OpenDatabase, Statement } from "./driver.ts";
import { resultCode } from "./driver.ts";
import { explain, openFile, pragma } from "./open-file.ts";
import type { EngineOptions, Outcome, TextRow } from "./protocol.ts";
import { toWire } from "./protocol.ts";
import { Tables } from "./tables.ts";

const columns = "position, stream, version, type, v, at, step, cause, data";

export class Engine {
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #statements: Statements;
  /** Of the last fact written. */
  #position: number;

  /** Throws StoreOpenError. */
  constructor(open: OpenDatabase, projections: readonly Projection[], options: EngineOptions) {
    this.#database = openFile(open, options);
    try {
      this.#statements = prepareAll(this.#database);
      this.#tables = new Tables(this.#database, projections);
      this.#position = Number(this.#statements.lastPosition.get()?.["seq"] ?? 0);
      this.#tables.catchUp(this.#position, (after, limit) => this.readAll(after, limit));
    } catch (error) {
      this.abandon();
      if (isDatabaseError(error)) throw explain(options.file, error);
      const { message } = error as Error;
      const problem = `${options.file}: its read models cannot be brought up to the last fact (${message})`;
      throw new StoreOpenError("projection", options.file, `${problem}; run the version of refrain that wrote it, or restore a backup`);
    }
  }

  /**
   * One transaction for all. A member that conflicts, or that a projection refuses, is undone and reported alone. Throws if the
   * database fails: then nothing is known, and the engine is of no use any more.
   */
  commit(group: readonly (readonly AppendRows[])[]): readonly Outcome[] {
    const before = this.#position;
    this.#statements.begin.run();
    const outcomes = group.map((batch) => this.#attempt(batch));
    if (this.#position > before) this.#tables.reached(this.#position);
    this.#statements.commit.run();
    return outcomes;
  }

  read(stream: string, after: number, limit: number): readonly FactRow[] {
    return this.#statements.readStream.all(stream, after, limit) as unknown as readonly FactRow[];
  }

  readAll(after: number, limit: number): readonly FactRow[] {
    return this.#statements.readAll.all(after, limit) as unknown as readonly FactRow[];
  }

  query(projection: string, query: ProjectionQuery): readonly TextRow[] {
    return this.#tables.query(projection, query);
  }

  /** JSON text. */
  secret(stream: string, type: string): string | null {
    const row = this.#statements.getSecret.get(stream, type);
    return row === undefined ? null : String(row["value"]);
  }

  /** Leaves one file that holds everything. */
  close(): void {
    try {
      pragma(this.#database, "wal_checkpoint(TRUNCATE)");
    } catch {
      // Everything is in the write-ahead log still, and the next start finds it there.
    }
    this.abandon();
  }

  /** Lets go of the file as it is. */
  abandon(): void {
    try {
      this.#database.close();
    } catch {
      // The end of the thread closes it.
    }
  }

  #attempt(batch: readonly AppendRows[]): Outcome {
    const before = this.#position;
    this.#statements.savepoint.run();
    try {
      const versions = batch.map((append) => this.#write(append));
      this.#statements.release.run();
      return { position: this.#position, versions };
    } catch (error) {
      if (isDatabaseError(error)) throw error;
      this.#statements.rollback.run();
      this.#statements.release.run();
      this.#position = before;
      return { refused: toWire(error) };
    }
  }

  /** Returns the version of the stream after it. */
  #write({ stream, expectedVersion, facts }: AppendRows): number {
    const actual = Number(this.#statements.versionOf.get(stream)?.["version"] ?? 0);
    if (expectedVersion !== "any" && expectedVersion !== actual) throw new ConcurrencyError(stream, expectedVersion, actual);
    facts.forEach((fact, index) => this.#writeFact(stream, actual + index + 1, fact));
    return actual + facts.length;
  }

  #writeFact(stream: string, version: number, fact: NewFactRow): void {
    const { type, v, at, step, cause, data, secret } = fact;
    const position = (this.#position += 1);
    this.#statements.insert.run(position, stream, version, type, v, at, step, cause, data);
    if (secret === null) this.#statements.eraseSecret.run(stream, type);
    else if (secret !== undefined) this.#statements.setSecret.run(stream, type, secret);
    this.#tables.apply({ position, stream, version, type, v, at, step, cause, data });
  }
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
    savepoint: prepare("SAVEPOINT member"),
    release: prepare("RELEASE member"),
    rollback: prepare("ROLLBACK TO member"),
    lastPosition: prepare("SELECT seq FROM sqlite_sequence WHERE name = 'fact'"),
    versionOf: prepare("SELECT max(version) AS version FROM fact WHERE stream = ?"),
    insert: prepare(`INSERT INTO fact (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    readStream: prepare(`SELECT ${columns} FROM fact WHERE stream = ? AND version > ? ORDER BY version LIMIT ?`),
    readAll: prepare(`SELECT ${columns} FROM fact WHERE position > ? ORDER BY position LIMIT ?`),
    getSecret: prepare("SELECT value FROM secret WHERE stream = ? AND type = ?"),
    setSecret: prepare("INSERT OR REPLACE INTO secret (stream, type, value) VALUES (?, ?, ?)"),
    eraseSecret: prepare("DELETE FROM secret WHERE stream = ? AND type = ?"),
  };
}

/** Of the database itself, or of the database under a projection. */
function isDatabaseError(error: unknown): boolean {
  return resultCode(error) !== undefined || (error instanceof Error && resultCode(error.cause) !== undefined);
}
