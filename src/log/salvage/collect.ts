/** Every row that can be found in the pages of a damaged file, put into the tables of a new one. */

import { toFact, type FactRow } from "../rows.ts";
import type { Database } from "../sqlite/driver.ts";
import { factVersions } from "../upcasts.ts";
import { isStream } from "../verify/fact-form.ts";
import { misshapen } from "../verify/fact-shape.ts";
import type { DamagedFile } from "./damaged-file.ts";
import { toFoundRow, type FoundRow } from "./found-rows.ts";
import { recordsOf } from "./records.ts";

export interface Collected {
  /** Pages that could not be read, that are cut off or empty. */
  readonly pagesMissing: number;
  /** Pages in which something could not be read. */
  readonly pagesDamaged: number;
  /** Pages of nothing that SQLite writes, as far as can be told. */
  readonly pagesUnknown: number;
  /** Rows that could not be read, in pages that could. */
  readonly recordsLost: number;
  /** Facts that were found, and say nothing that can be. */
  readonly factsRefused: readonly string[];
  /** Of the last fact that was ever written; undefined if that cannot be told. */
  readonly lastPosition: number | undefined;
}

/** Pages that are looked at without a pause. */
const pagesAtOnce = 500;
/** Of refused facts that are named. */
const refusedMax = 100;

/** `known`: a table with what the index of the streams says there was. */
export async function collect(file: DamagedFile, into: Database, progress: (done: number, total: number) => Promise<void>): Promise<Collected> {
  const insert = inserts(into);
  let [pagesMissing, pagesDamaged, recordsLost]: [number, number, number] = [0, 0, 0];
  let lastPosition: number | undefined;
  const factsRefused: string[] = [];
  const free = file.freelist();
  const unknown = new Set<number>();
  const overflown = new Set<number>();
  for (let number = 1; number <= file.pages; number += 1) {
    if (number % pagesAtOnce === 0) await progress(number, file.pages);
    const page = file.page(number);
    const empty = page === undefined || page.every((byte) => byte === 0);
    // Free pages are empty, others never.
    if (page === undefined || page.length < file.pageBytes || (empty && !free.has(number))) pagesMissing += 1;
    if (page === undefined || empty) continue;
    const found = recordsOf(file, number, page, (further) => overflown.add(further));
    if (found === undefined) {
      unknown.add(number);
      continue;
    }
    if (found.faulty > 0) pagesDamaged += 1;
    recordsLost += found.faulty;
    for (const record of found.records) {
      const row = toFoundRow(record);
      if (row === undefined) continue;
      if (row.table === "sequence") lastPosition = Math.max(lastPosition ?? 0, row.position);
      else {
        const refusal = row.table === "fact" ? refusalOf(row.row) : undefined;
        if (refusal === undefined) insert(row);
        else if (factsRefused.length < refusedMax) factsRefused.push(refusal);
        else recordsLost += 1;
      }
    }
  }
  await progress(file.pages, file.pages);
  for (const page of [...overflown, ...free]) unknown.delete(page);
  return { pagesMissing, pagesDamaged, pagesUnknown: unknown.size, recordsLost, factsRefused, lastPosition };
}

/** Why it cannot be a fact of this program; undefined if it can. */
function refusalOf(row: FactRow): string | undefined {
  const name = `position ${row.position} (${row.type} ${row.version} of ${row.stream})`;
  if (!isStream(row.stream)) return `${name}: no stream has such a name`;
  const known = factVersions.get(row.type);
  if (known === undefined || row.v > known) return `${name}: no fact has such a type and version`;
  if (row.step === "") return `${name}: it has no step`;
  try {
    const problem = misshapen(row.stream, row.type, toFact(row).data);
    return problem === undefined ? undefined : `${name}: ${problem}`;
  } catch {
    return `${name}: its data is damaged`;
  }
}

/** The first one of its key stays: in one form of the database there are no two. */
function inserts(into: Database): (row: Exclude<FoundRow, { table: "sequence" }>) => void {
  const fact = into.prepare("INSERT OR IGNORE INTO fact (position, stream, version, type, v, at, step, cause, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const known = into.prepare("INSERT OR IGNORE INTO known (position, stream, version) VALUES (?, ?, ?)");
  const content = into.prepare("INSERT OR IGNORE INTO content (stream, key, text) VALUES (?, ?, ?)");
  const secret = into.prepare("INSERT OR IGNORE INTO secret (stream, type, value) VALUES (?, ?, ?)");
  const forgotten = into.prepare("INSERT OR IGNORE INTO forgotten (stream, version) VALUES (?, ?)");
  return (found) => {
    switch (found.table) {
      case "fact": {
        const { position, stream, version, type, v, at, step, cause, data } = found.row;
        return fact.run(position, stream, version, type, v, at, step, cause, data);
      }
      case "index":
        return known.run(found.position, found.stream, found.version);
      case "content":
        return content.run(found.stream, found.key, found.text);
      case "secret":
        return secret.run(found.stream, found.type, found.value);
      case "forgotten":
        return forgotten.run(found.stream, found.version);
    }
  };
}
