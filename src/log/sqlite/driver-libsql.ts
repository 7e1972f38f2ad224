/** libsql, an optional dependency with SQLite prebuilt, for Node without node:sqlite. */

import Libsql from "libsql";
import { pathToFileURL } from "node:url";
import type { Database, Row } from "./driver.ts";

export function openDatabase(file: string, readOnly = false): Database {
  // It knows no option for it, but takes names that are URIs (sqlite.org/uri.html).
  const database = new Libsql(readOnly ? `${pathToFileURL(file).href}?mode=ro` : file);
  return {
    exec: (sql) => void database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => void statement.run(...values),
        get: (...values) => statement.get(...values) as Row | undefined,
        all: (...values) => statement.all(...values) as readonly Row[],
      };
    },
    close: () => void database.close(),
  };
}
