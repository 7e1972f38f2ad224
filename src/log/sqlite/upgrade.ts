/** From the tables of a former version to those of this one: one function for each step, all in one transaction. */

import { beginsOrEnds, offlineKey, offlinePrefix, type AccountFacts } from "../../domain/facts.ts";
import type { Json } from "../../ports.ts";
import { prefixEnd } from "../keys.ts";
import { parse, serialise } from "../rows.ts";
import { upcast, versionRead } from "../upcasts.ts";
import type { Database } from "./driver.ts";
import { schemaVersion, tablesOf2 } from "./schema.ts";

/** By the version that they begin with. */
const steps: Readonly<Record<number, (database: Database) => void>> = { 1: from1To2 };

/** Whether there is a way from there. */
export function canUpgrade(version: number): boolean {
  return steps[version] !== undefined;
}

/** Nothing has changed if it throws. */
export function upgrade(database: Database, version: number): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (let reached = version; reached < schemaVersion; reached += 1) steps[reached]?.(database);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

/** Facts that are in memory at once. */
const pageFacts = 500;

/**
 * The text of an offline message was a part of its fact and stayed in the log for ever. Those that still wait are contents from now on,
 * the others are gone. So is what came before the end of an account that was deleted.
 */
function from1To2(database: Database): void {
  database.exec(tablesOf2);
  const types = ["OfflineMessageStored", "OfflineMessagesRemoved", "AccountCreated", "AccountDeleted"];
  const page = database.prepare(
    `SELECT position, stream, type, v, data FROM fact
     WHERE position > ? AND type IN (${types.map((type) => `'${type}'`).join(", ")}) ORDER BY position LIMIT ?`,
  );
  const rewrite = database.prepare("UPDATE fact SET v = ?, data = ? WHERE position = ?");
  const keep = database.prepare("INSERT OR REPLACE INTO content (stream, key, text) VALUES (?, ?, ?)");
  const erase = database.prepare("DELETE FROM content WHERE stream = ? AND key = ?");
  const eraseAll = database.prepare("DELETE FROM content WHERE stream = ? AND key >= ? AND key < ?");
  const forget = database.prepare("DELETE FROM fact WHERE stream = ? AND position < ? AND type <> 'AccountDeleted'");
  for (let after = 0; ; ) {
    const rows = page.all(after, pageFacts);
    for (const row of rows) {
      const [stream, type, v, data] = [String(row["stream"]), String(row["type"]), Number(row["v"]), parse(String(row["data"]))];
      after = Number(row["position"]);
      if (type === "OfflineMessageStored") {
        const { number, stanza } = data as { readonly number: number; readonly stanza: string };
        keep.run(stream, offlineKey(number), stanza);
        rewrite.run(versionRead(type, v), serialise("data", upcast(type, v, data)), after);
      } else if (type === "OfflineMessagesRemoved") {
        for (const number of (data as Json as AccountFacts["OfflineMessagesRemoved"]).numbers) erase.run(stream, offlineKey(number));
      } else if (beginsOrEnds(type)) {
        eraseAll.run(stream, offlinePrefix, prefixEnd(offlinePrefix) ?? "");
        forget.run(stream, after);
      }
    }
    if (rows.length < pageFacts) break;
  }
  database.exec("INSERT INTO shape (type, v) SELECT DISTINCT type, v FROM fact");
}
