/** The rows of one read model in the file. Every method runs in the caller's transaction, or in none if it only reads. */

import type { ProjectionRange } from "../../ports.ts";
import { compareKeys, prefixEnd } from "../keys.ts";
import type { Database, Statement, Value } from "./driver.ts";
import type { TextRow } from "./protocol.ts";

export class FileTable {
  readonly #database: Database;
  readonly #name: string;
  readonly #get: Statement;
  readonly #set: Statement;
  readonly #delete: Statement;
  /** By their text: there are few kinds of ranges. */
  readonly #ranges = new Map<string, Statement>();

  constructor(database: Database, name: string) {
    this.#database = database;
    this.#name = name;
    this.#get = database.prepare("SELECT value FROM projection WHERE name = ? AND key = ?");
    this.#set = database.prepare(
      "INSERT INTO projection (name, key, value) VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM projection WHERE name = ? AND key = ?");
  }

  /** JSON text. */
  get(key: string): string | undefined {
    const row = this.#get.get(this.#name, key);
    return row === undefined ? undefined : String(row["value"]);
  }

  rows({ prefix, after, before, reverse, limit }: ProjectionRange): readonly TextRow[] {
    const behind = after !== undefined && compareKeys(after, prefix) >= 0;
    const lower = behind ? "key > ?" : "key >= ?";
    const end = prefixEnd(prefix);
    const to = end === undefined || (before !== undefined && compareKeys(before, end) < 0) ? before : end;
    const bounds = [behind ? after : prefix, ...(to === undefined ? [] : [to])];
    const order = reverse === true ? "DESC" : "ASC";
    const condition = to === undefined ? lower : `${lower} AND key < ?`;
    return this.#select(`SELECT key, value FROM projection WHERE name = ? AND ${condition} ORDER BY key ${order} LIMIT ?`, [...bounds, limit]);
  }

  set(key: string, text: string): void {
    this.#set.run(this.#name, key, text);
  }

  delete(key: string): void {
    this.#delete.run(this.#name, key);
  }

  clear(prefix: string): void {
    const end = prefixEnd(prefix);
    if (end === undefined) this.#database.prepare("DELETE FROM projection WHERE name = ? AND key >= ?").run(this.#name, prefix);
    else this.#database.prepare("DELETE FROM projection WHERE name = ? AND key >= ? AND key < ?").run(this.#name, prefix, end);
  }

  #select(sql: string, values: readonly Value[]): readonly TextRow[] {
    let statement = this.#ranges.get(sql);
    if (statement === undefined) this.#ranges.set(sql, (statement = this.#database.prepare(sql)));
    return statement.all(this.#name, ...values) as unknown as readonly TextRow[];
  }
}
