/** The event store on disk: one SQLite file, one connection, one thread. */

import { resolve as absolute } from "node:path";
import type { Append, Content, Fact, Json, LogStats, ProjectionQuery, ProjectionRow, Store, StoredFact } from "../../ports.ts";
import { StoreClosedError } from "../errors.ts";
import { checkContentsPage, checkKeys, checkPage, checkQuery, fromText, parse, toRows } from "../rows.ts";
import { Subscriptions } from "../subscriptions.ts";
import type { DriverName } from "./driver.ts";
import { GroupCommit } from "./group-commit.ts";
import { WorkerLink } from "./worker-link.ts";

export interface SqliteStoreOptions {
  /** Path of the database. Its folder is made if only the folder is missing. */
  readonly file: string;
  /** full: a commit survives the loss of power. process: it survives the end of the process, but the system may write it later. */
  readonly durability: "full" | "process";
  /** Told once, with a StoreFailedError, when a commit failed and the file is free to be opened again. */
  readonly onFatal: (error: Error) => void;
  /** Which SQLite; by default Node's own where it has one, else libsql. */
  readonly driver?: DriverName;
  /** Bytes that the database may grow to before it counts as full, rounded down to pages of 4096. At least 64 KiB. */
  readonly fileBytesMax?: number;
  /** A module that exports `projections: readonly Projection[]`; by default those of the server. */
  readonly projections?: URL;
  /** Milliseconds from a commit until the read models of the file come up to it, if nobody asks for them earlier; 100 by default. */
  readonly modelsRestMs?: number;
}

/** Rejects with StoreOpenError, and with StoreLockedError if another process has the file. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, durability, driver, fileBytesMax, projections, modelsRestMs = 100 } = options;
  const engine = { file: absolute(file), durability, driver, fileBytesMax, projections: projections?.href, modelsRestMs };
  return new SqliteStore(await WorkerLink.open(engine, options.onFatal));
}

class SqliteStore implements Store {
  readonly #link: WorkerLink;
  readonly #commits: GroupCommit;
  readonly #subscriptions = new Subscriptions((after, limit) => this.readAll(after, limit));
  #closed: Promise<void> | undefined;

  constructor(link: WorkerLink) {
    this.#link = link;
    this.#commits = new GroupCommit(link, () => this.#subscriptions.committed());
  }

  async append(stream: string, expectedVersion: number | "any", facts: readonly Fact[]): Promise<{ version: number; position: number }> {
    this.#mustBeOpen();
    const { position, versions } = await this.#commits.add([toRows({ stream, expectedVersion, facts })]);
    return { version: versions[0] ?? 0, position };
  }

  async appendMany(batch: readonly Append[]): Promise<{ position: number }> {
    this.#mustBeOpen();
    const { position } = await this.#commits.add(batch.map(toRows));
    return { position };
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    return fromText(await this.#link.ask({ kind: "read", stream, after, limit }));
  }

  async readAll(after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    return fromText(await this.#link.ask({ kind: "readAll", after, limit }));
  }

  subscribe(after: number, handler: (fact: StoredFact) => void): () => void {
    this.#mustBeOpen();
    checkPage(after, 1);
    return this.#subscriptions.subscribe(after, handler);
  }

  async query(projection: string, query: ProjectionQuery): Promise<readonly ProjectionRow[]> {
    this.#mustBeOpen();
    checkQuery(query);
    const rows = await this.#link.ask({ kind: "query", projection, query });
    return rows.map(({ key, value }) => ({ key, value: parse(value) }));
  }

  async secret(stream: string, type: string): Promise<Json | undefined> {
    this.#mustBeOpen();
    const text = await this.#link.ask({ kind: "secret", stream, type });
    return text === null ? undefined : parse(text);
  }

  async contents(stream: string, after: string, limit: number): Promise<readonly Content[]> {
    this.#mustBeOpen();
    checkContentsPage(after, limit);
    return this.#link.ask({ kind: "contents", stream, after, limit });
  }

  async texts(stream: string, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    this.#mustBeOpen();
    checkKeys(keys);
    return this.#link.ask({ kind: "texts", stream, keys });
  }

  async stats(): Promise<LogStats> {
    this.#mustBeOpen();
    return this.#link.ask({ kind: "stats" });
  }

  async backup(file: string): Promise<void> {
    this.#mustBeOpen();
    // What was appended before the call is in it.
    await this.#commits.add([]);
    await this.#link.ask({ kind: "backup", file: absolute(file) });
  }

  /** Commits what was appended before, leaves one file and ends the thread. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    await this.#commits.drained();
    this.#subscriptions.end();
    await this.#link.close();
  }

  #mustBeOpen(): void {
    if (this.#link.failure !== undefined) throw this.#link.failure;
    if (this.#closed !== undefined) throw new StoreClosedError();
  }
}
