/** The log in one SQLite file: the part that runs in the store's own thread, where everything may wait for the disk. */

import type { Content, Forgotten, LogStats, ProjectionQuery } from "../../ports.ts";
import { ConcurrencyError, StoreOpenError } from "../errors.ts";
import type { Projection } from "../projection.ts";
import type { AppendRows, NewFactRow } from "../rows.ts";
import { writeBackup } from "./backup.ts";
import { Beside } from "./beside.ts";
import type { Database, OpenDatabase, Statement } from "./driver.ts";
import { resultCode } from "./driver.ts";
import { explain, openFile, pragma } from "./open-file.ts";
import type { EngineOptions, Outcome, TextRow } from "./protocol.ts";
import { toWire } from "./protocol.ts";
import { logStats } from "./stats.ts";
import { Streams } from "./streams.ts";
import { Tables } from "./tables.ts";

/** Rows of read models that wait to be written: what is written at once takes a commit with it. */
const pendingRowsMax = 8_000;

export class Engine {
  readonly #database: Database;
  readonly #file: string;
  readonly #streams: Streams;
  readonly #beside: Beside;
  readonly #tables: Tables;
  readonly #statements: Statements;
  /** Of the last fact written. */
  #position: number;
  /** The write-ahead log may hold what was forgotten. */
  #traces = false;
  /** Facts may have gone from the log that the read models of the file do not hold yet. */
  #forgot = false;
  /** See `behind`. */
  #behind = false;

  /** Throws StoreOpenError. */
  constructor(open: OpenDatabase, projections: readonly Projection[], options: EngineOptions) {
    this.#database = openFile(open, options);
    this.#file = options.file;
    try {
      this.#statements = prepareAll(this.#database);
      this.#streams = new Streams(this.#database);
      this.#beside = new Beside(this.#database);
      this.#tables = new Tables(this.#database, projections);
      this.#position = this.#streams.lastPosition();
      this.#tables.catchUp(this.#position, (after, limit) => this.#streams.rows(after, limit));
    } catch (error) {
      this.abandon();
      if (isDatabaseError(error)) throw explain(options.file, error);
      const { message } = error as Error;
      const problem = `${options.file}: its read models cannot be brought up to the last fact (${message})`;
      throw new StoreOpenError("projection", options.file, `${problem}; run the version of refrain that wrote it, or see what \`refrain log verify\` finds`);
    }
  }

  /**
   * One transaction for all. A member that conflicts, or that a projection refuses, is undone and reported alone. Throws if the
   * database fails: then nothing is known, and the engine is of no use any more.
   */
  commit(group: readonly (readonly AppendRows[])[]): readonly Outcome[] {
    const before = this.#position;
    this.#statements.begin.run();
    const outcomes = this.#all(group) ?? group.map((batch) => this.#attempt(batch));
    this.#tables.keep();
    this.#behind ||= this.#position > before;
    if (this.#forgot || this.#tables.pending > pendingRowsMax) this.#writeModels();
    this.#statements.commit.run();
    this.#streams.committed();
    if (this.#traces) this.#wipe();
    return outcomes;
  }

  /** The read models of the file lag behind the log. Whoever opens it after a crash brings them up to it. */
  get behind(): boolean {
    return this.#behind;
  }

  /** The read models of the file come up to the log. Throws if the database fails, as `commit` does. */
  catchUp(): void {
    if (!this.#behind) return;
    this.#statements.begin.run();
    this.#writeModels();
    this.#statements.commit.run();
  }

  /** Facts as `fromText` reads them. */
  read(stream: string, after: number, limit: number): string {
    return this.#streams.read(stream, after, limit);
  }

  readAll(after: number, limit: number): string {
    return this.#streams.readAll(after, limit);
  }

  /** What the file says: `catchUp` comes first. */
  query(projection: string, query: ProjectionQuery): readonly TextRow[] {
    return this.#tables.query(projection, query);
  }

  /** JSON text. */
  secret(stream: string, type: string): string | null {
    return this.#beside.secret(stream, type);
  }

  contents(stream: string, after: string, limit: number): readonly Content[] {
    return this.#beside.contents(stream, after, limit);
  }

  texts(stream: string, keys: readonly string[]): readonly (string | undefined)[] {
    return this.#beside.texts(stream, keys);
  }

  stats(): LogStats {
    return logStats(this.#database, this.#file, this.#position);
  }

  /** Throws BackupError. */
  backup(file: string): void {
    writeBackup(this.#database, file);
  }

  /** Leaves one file that holds everything. */
  close(): void {
    try {
      this.catchUp();
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

  /** Without a way back for each member; undefined, and nothing has happened, if one of them needs it. */
  #all(group: readonly (readonly AppendRows[])[]): readonly Outcome[] | undefined {
    const before = this.#position;
    try {
      return group.map((batch) => this.#written(batch));
    } catch (error) {
      if (isDatabaseError(error)) throw error;
      this.#statements.abort.run();
      this.#takeBack(before);
      this.#statements.begin.run();
      return undefined;
    }
  }

  #attempt(batch: readonly AppendRows[]): Outcome {
    const before = this.#position;
    this.#statements.savepoint.run();
    try {
      const outcome = this.#written(batch);
      this.#statements.release.run();
      this.#tables.keep();
      return outcome;
    } catch (error) {
      if (isDatabaseError(error)) throw error;
      this.#statements.rollback.run();
      this.#statements.release.run();
      this.#takeBack(before);
      return { refused: toWire(error) };
    }
  }

  #written(batch: readonly AppendRows[]): Outcome {
    const versions = batch.map((append) => this.#write(append));
    return { position: this.#position, versions };
  }

  #takeBack(position: number): void {
    this.#streams.undone();
    this.#tables.takeBack();
    this.#position = position;
  }

  #writeModels(): void {
    this.#tables.write();
    this.#tables.reached(this.#position);
    this.#forgot = false;
    this.#behind = false;
  }

  /** Returns the version of the stream after it. */
  #write({ stream, expectedVersion, facts }: AppendRows): number {
    const actual = this.#streams.versionOf(stream);
    if (expectedVersion !== "any" && expectedVersion !== actual) throw new ConcurrencyError(stream, expectedVersion, actual);
    facts.forEach((fact, index) => this.#writeFact(stream, actual + index + 1, fact));
    return actual + facts.length;
  }

  #writeFact(stream: string, version: number, fact: NewFactRow): void {
    const { type, v, at, step, cause, data, secret, contents = [], erases = [], forgets = [] } = fact;
    for (const forgotten of forgets) this.#forget(forgotten);
    for (const keys of erases) this.#beside.erase(stream, keys);
    const row = { position: (this.#position += 1), stream, version, type, v, at, step, cause, data };
    this.#streams.insert(row);
    if (secret !== undefined) this.#beside.setSecret(stream, type, secret);
    for (const content of contents) this.#beside.keep(stream, content);
    this.#tables.apply(row);
  }

  #forget(forgotten: Forgotten): void {
    const { stream, types, versions } = forgotten;
    this.#forgot = true;
    // Single facts are taken out to make room, not to be unheard of: their traces go with the next pages that are written.
    if (this.#streams.forget(forgotten) && versions === undefined) this.#traces = true;
    if (types === undefined && versions === undefined) this.#beside.forget(stream);
  }

  /**
   * What was deleted is overwritten in the database (secure_delete), but the write-ahead log holds pages from before, and the database
   * the ones that have not been written back. Whoever asked for it to be forgotten is answered when both are clean.
   */
  #wipe(): void {
    try {
      pragma(this.#database, "wal_checkpoint(TRUNCATE)");
      this.#traces = false;
    } catch {
      // It is forgotten all the same, and the next commit tries to take the traces away.
    }
  }
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
    abort: prepare("ROLLBACK"),
    savepoint: prepare("SAVEPOINT member"),
    release: prepare("RELEASE member"),
    rollback: prepare("ROLLBACK TO member"),
  };
}

/** Of the database itself, or of the database under a projection. */
function isDatabaseError(error: unknown): boolean {
  return resultCode(error) !== undefined || (error instanceof Error && resultCode(error.cause) !== undefined);
}
