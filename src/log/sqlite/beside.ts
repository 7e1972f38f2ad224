/** What is kept beside the log, in the transaction of the facts that say so: secrets and contents. */

import type { Content, KeyRange } from "../../ports.ts";
import type { Database, Statement } from "./driver.ts";

export class Beside {
  readonly #statements: Statements;

  constructor(database: Database) {
    this.#statements = prepareAll(database);
  }

  /** JSON text. */
  secret(stream: string, type: string): string | null {
    const row = this.#statements.getSecret.get(stream, type);
    return row === undefined ? null : String(row["value"]);
  }

  /** null erases it. */
  setSecret(stream: string, type: string, value: string | null): void {
    if (value === null) this.#statements.eraseSecret.run(stream, type);
    else this.#statements.setSecret.run(stream, type, value);
  }

  contents(stream: string, after: string, limit: number): readonly Content[] {
    return this.#statements.getContents.all(stream, after, limit) as unknown as readonly Content[];
  }

  texts(stream: string, keys: readonly string[]): readonly (string | undefined)[] {
    return keys.map((key) => this.#statements.getText.get(stream, key)?.["text"] as string | undefined);
  }

  keep(stream: string, { key, text }: Content): void {
    this.#statements.keep.run(stream, key, text);
  }

  erase(stream: string, keys: string | KeyRange): void {
    if (typeof keys === "string") this.#statements.erase.run(stream, keys);
    else this.#statements.eraseRange.run(stream, keys.from, keys.through);
  }

  forget(stream: string): void {
    this.#statements.forgetSecrets.run(stream);
    this.#statements.forgetContents.run(stream);
  }
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    getSecret: prepare("SELECT value FROM secret WHERE stream = ? AND type = ?"),
    setSecret: prepare("INSERT OR REPLACE INTO secret (stream, type, value) VALUES (?, ?, ?)"),
    eraseSecret: prepare("DELETE FROM secret WHERE stream = ? AND type = ?"),
    forgetSecrets: prepare("DELETE FROM secret WHERE stream = ?"),
    getContents: prepare("SELECT key, text FROM content WHERE stream = ? AND key > ? ORDER BY key LIMIT ?"),
    getText: prepare("SELECT text FROM content WHERE stream = ? AND key = ?"),
    keep: prepare("INSERT OR REPLACE INTO content (stream, key, text) VALUES (?, ?, ?)"),
    erase: prepare("DELETE FROM content WHERE stream = ? AND key = ?"),
    eraseRange: prepare("DELETE FROM content WHERE stream = ? AND key >= ? AND key <= ?"),
    forgetContents: prepare("DELETE FROM content WHERE stream = ?"),
  };
}
