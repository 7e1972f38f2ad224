/** Read models made anew from the facts, in a file that no process uses. */

import type { Projection } from "../projection.ts";
import type { FactRow } from "../rows.ts";
import type { OpenDatabase } from "./driver.ts";
import { resultCode } from "./driver.ts";
import { FreshModels } from "./fresh-models.ts";
import { explain, openFile } from "./open-file.ts";
import { Streams } from "./streams.ts";

export interface RebuildOptions {
  readonly open: OpenDatabase;
  /** An existing database. */
  readonly file: string;
  readonly durability: "full" | "process";
  readonly projections: readonly Projection[];
  /** Told often; what it returns is waited for. */
  readonly progress: (done: number, total: number) => Promise<void>;
}

export interface Rebuilt {
  readonly facts: number;
  /** For each read model: rows that were not what the facts give. */
  readonly models: readonly { readonly name: string; readonly rows: number; readonly differences: number }[];
}

/** Facts that are read without a pause. */
const pageFacts = 2_000;

/**
 * Nothing of the file has changed if it is broken off or rejects: with StoreOpenError, or with what a projection throws that refuses a
 * fact.
 */
export async function rebuildModels({ open, file, durability, projections, progress }: RebuildOptions): Promise<Rebuilt> {
  const database = openFile(open, { file, durability, driver: undefined, fileBytesMax: undefined, projections: undefined, modelsRestMs: 0 });
  const models = new FreshModels(open, projections);
  try {
    const streams = new Streams(database);
    const total = Number(database.prepare("SELECT count(*) AS facts FROM fact").get()?.["facts"]);
    let [facts, after] = [0, 0];
    for (let rows: readonly FactRow[]; (rows = streams.rows(after, pageFacts)).length > 0; ) {
      for (const row of rows) models.apply(row);
      facts += rows.length;
      after = rows.at(-1)?.position ?? after;
      await progress(facts, total);
    }
    const set = database.prepare("INSERT OR REPLACE INTO projection (name, key, value) VALUES (?, ?, ?)");
    const remove = database.prepare("DELETE FROM projection WHERE name = ? AND key = ?");
    const reached = database.prepare("INSERT OR REPLACE INTO checkpoint (name, version, position) VALUES (?, ?, ?)");
    const different = new Map<string, number>();
    database.exec("BEGIN IMMEDIATE");
    for (const { projection, key, fromFacts } of models.differences(database)) {
      different.set(projection, (different.get(projection) ?? 0) + 1);
      if (fromFacts === undefined) remove.run(projection, key);
      else set.run(projection, key, fromFacts);
    }
    for (const { name, version } of projections) reached.run(name, version, streams.lastPosition());
    database.exec("COMMIT");
    const rows = database.prepare("SELECT count(*) AS rows FROM projection WHERE name = ?");
    return {
      facts,
      models: projections.map(({ name }) => ({ name, rows: Number(rows.get(name)?.["rows"]), differences: different.get(name) ?? 0 })),
    };
  } catch (error) {
    throw resultCode(error) === undefined ? error : explain(file, error);
  } finally {
    models.close();
    database.close();
  }
}
