/** A database that was open before: it is never made anew. */

import { statSync } from "node:fs";
import type { Store } from "../../ports.ts";
import { StoreOpenError } from "../errors.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

/** Rejects with StoreOpenError, also if there is no such file, or an empty one. */
export async function reopenSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file } = options;
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) throw new StoreOpenError("failed", file, `${file}: expected the database that was open before, found none; put it back`);
  return openSqliteStore(options);
}
