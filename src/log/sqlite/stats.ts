/** How much room everything in the file takes. Reads every row of the log's table, but no text that stands on pages of its own. */

import { statSync } from "node:fs";
import type { LogStats, Size } from "../../ports.ts";
import { bySize } from "../sizes.ts";
import type { Database } from "./driver.ts";
import { pragma } from "./open-file.ts";

export function logStats(database: Database, file: string, lastPosition: number): LogStats {
  const sizes = (table: string, name: string, value: string): readonly Size[] => {
    const rows = database.prepare(`SELECT ${name} AS name, count(*) AS count, sum(octet_length(${value})) AS bytes FROM ${table} GROUP BY 1`);
    return rows.all().map((row) => ({ name: String(row["name"]), count: Number(row["count"]), bytes: Number(row["bytes"]) })).toSorted(bySize);
  };
  return {
    facts: sizes("fact", "type", "data"),
    contents: sizes("content", "substr(key, 1, instr(key || '/', '/') - 1)", "text"),
    projections: withEmpty(database, sizes("projection", "name", "value")),
    secrets: sizes("secret", "'secrets'", "value")[0] ?? { name: "secrets", count: 0, bytes: 0 },
    fileBytes: bytesOf(file),
    walBytes: bytesOf(`${file}-wal`),
    freeBytes: Number(pragma(database, "freelist_count")) * Number(pragma(database, "page_size")),
    lastPosition,
  };
}

/** A projection without a row is there all the same. */
function withEmpty(database: Database, sizes: readonly Size[]): readonly Size[] {
  const known = new Set(sizes.map(({ name }) => name));
  const names = database.prepare("SELECT name FROM checkpoint").all().map((row) => String(row["name"]));
  const empty = names.filter((name) => !known.has(name)).map((name) => ({ name, count: 0, bytes: 0 }));
  return [...sizes, ...empty].toSorted(bySize);
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
