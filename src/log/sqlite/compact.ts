/** Gives the room in a database file that is in no use back to the disk, while no process uses it. */

import { statSync } from "node:fs";
import type { OpenDatabase } from "./driver.ts";
import { resultCode } from "./driver.ts";
import { explain, openFile, pragma } from "./open-file.ts";

/** Bytes of the file. It needs room for a copy of what is in use beside the file. Throws StoreOpenError; then the file says what it said. */
export function compactFile(open: OpenDatabase, file: string): { readonly before: number; readonly after: number } {
  const database = openFile(open, { file, durability: "full", driver: undefined, fileBytesMax: undefined, projections: undefined, modelsRestMs: 0 });
  try {
    const before = statSync(file).size;
    database.exec("VACUUM");
    pragma(database, "wal_checkpoint(TRUNCATE)");
    return { before, after: statSync(file).size };
  } catch (error) {
    throw resultCode(error) === undefined ? error : explain(file, error);
  } finally {
    database.close();
  }
}
