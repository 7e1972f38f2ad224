/** The facts of the file, stream by stream. Every method that writes runs in the caller's transaction. */

import type { Forgotten } from "../../ports.ts";
import { factVersions } from "../upcasts.ts";
import type { FactRow } from "../rows.ts";
import type { Database, Row, Statement } from "./driver.ts";

const columns = "position, stream, version, type, v, at, step, cause, data";
/** The columns as a JSON array: one value for a fact takes less time than nine. */
const values = ["position", "json_quote(stream)", "version", "json_quote(type)", "v", "at", "json_quote(step)", "json_quote(cause)", "data"];
const asText = `'[' || ${values.join(" || ',' || ")} || ']'`;

/** Streams whose last version is known without a look at the file. */
const knownVersionsMax = 50_000;

export class Streams {
  readonly #statements: Statements;
  /** Versions of facts that are known to be noted in the file; those of an unfinished transaction wait until it is. */
  readonly #shapes = new Set<string>();
  #newShapes: string[] = [];
  /** The last version of streams that were written or asked for. */
  readonly #versions = new Map<string, number>();

  constructor(database: Database) {
    this.#statements = prepareAll(database);
    // Of a stream of which nothing is left nobody holds a version once the process is another.
    this.#statements.tidy.run();
    for (const { type, v } of this.#statements.shapes.all()) this.#shapes.add(`${type} ${v}`);
  }

  /** Of the last fact that was ever written. */
  lastPosition(): number {
    return Number(this.#statements.lastPosition.get()?.["seq"] ?? 0);
  }

  /** 0 for a stream that never was. */
  versionOf(stream: string): number {
    const known = this.#versions.get(stream);
    if (known !== undefined) return known;
    const version = Number(this.#statements.versionOf.get(stream, stream)?.["version"] ?? 0);
    this.#remember(stream, version);
    return version;
  }

  /** Facts of one stream as `fromText` reads them. */
  read(stream: string, after: number, limit: number): string {
    return joined(this.#statements.read.all(stream, after, limit));
  }

  readAll(after: number, limit: number): string {
    return joined(this.#statements.readAll.all(after, limit));
  }

  rows(after: number, limit: number): readonly FactRow[] {
    return this.#statements.rows.all(after, limit) as unknown as readonly FactRow[];
  }

  insert({ position, stream, version, type, v, at, step, cause, data }: FactRow): void {
    this.#statements.insert.run(position, stream, version, type, v, at, step, cause, data);
    this.#remember(stream, version);
    const shape = `${type} ${v}`;
    if (this.#shapes.has(shape)) return;
    this.#statements.addShape.run(type, v);
    this.#newShapes.push(shape);
  }

  /** The transaction has ended well. */
  committed(): void {
    if (this.#newShapes.length === 0) return;
    for (const shape of this.#newShapes) this.#shapes.add(shape);
    this.#newShapes = [];
  }

  /** A part of the transaction was taken back. */
  undone(): void {
    this.#newShapes = [];
    this.#versions.clear();
  }

  /** Returns whether there was anything to forget. */
  forget({ stream, types, versions, final }: Forgotten): boolean {
    const version = this.versionOf(stream);
    if (version === 0) return false;
    if (types !== undefined) this.#statements.forgetTypes.run(stream, JSON.stringify(types));
    else if (versions !== undefined) this.#statements.forgetVersions.run(stream, JSON.stringify(versions));
    else this.#statements.forget.run(stream);
    const forgotten = Number(this.#statements.changes.get()?.["changes"]) > 0;
    if (forgotten && final !== true) this.#statements.rememberVersion.run(stream, version);
    if (final === true) {
      this.#statements.forgetVersion.run(stream);
      this.#versions.delete(stream);
    }
    return forgotten;
  }

  #remember(stream: string, version: number): void {
    if (this.#versions.size >= knownVersionsMax) this.#versions.clear();
    this.#versions.set(stream, version);
  }
}

function joined(rows: readonly Row[]): string {
  return `[${rows.map((row) => String(row["text"])).join(",")}]`;
}

/** The first fact of a version that this refrain does not know, if the file has one. */
export function unknownShape(database: Database): { readonly type: string; readonly v: number; readonly known: number } | undefined {
  for (const row of database.prepare("SELECT type, v FROM shape").all()) {
    const [type, v] = [String(row["type"]), Number(row["v"])];
    const known = factVersions.get(type) ?? v;
    if (v > known) return { type, v, known };
  }
  return undefined;
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    lastPosition: prepare("SELECT seq FROM sqlite_sequence WHERE name = 'fact'"),
    versionOf: prepare(
      `SELECT max(coalesce((SELECT max(version) FROM fact WHERE stream = ?), 0),
                  coalesce((SELECT version FROM forgotten WHERE stream = ?), 0)) AS version`,
    ),
    insert: prepare(`INSERT INTO fact (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    read: prepare(`SELECT ${asText} AS text FROM fact WHERE stream = ? AND version > ? ORDER BY version LIMIT ?`),
    readAll: prepare(`SELECT ${asText} AS text FROM fact WHERE position > ? ORDER BY position LIMIT ?`),
    rows: prepare(`SELECT ${columns} FROM fact WHERE position > ? ORDER BY position LIMIT ?`),
    shapes: prepare("SELECT type, v FROM shape"),
    addShape: prepare("INSERT OR IGNORE INTO shape (type, v) VALUES (?, ?)"),
    forget: prepare("DELETE FROM fact WHERE stream = ?"),
    forgetTypes: prepare("DELETE FROM fact WHERE stream = ? AND type IN (SELECT value FROM json_each(?))"),
    forgetVersions: prepare("DELETE FROM fact WHERE stream = ? AND version IN (SELECT value FROM json_each(?))"),
    forgetVersion: prepare("DELETE FROM forgotten WHERE stream = ?"),
    changes: prepare("SELECT changes() AS changes"),
    rememberVersion: prepare("INSERT OR REPLACE INTO forgotten (stream, version) VALUES (?, ?)"),
    tidy: prepare(
      `DELETE FROM forgotten
       WHERE coalesce((SELECT max(version) FROM fact WHERE fact.stream = forgotten.stream), version) >= version`,
    ),
  };
}
