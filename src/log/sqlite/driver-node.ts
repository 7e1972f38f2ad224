/** node:sqlite, which Node has from 22.13 on. */

import { DatabaseSync } from "node:sqlite";
import type { Database, Row } from "./driver.ts";

export function openDatabase(file: string, readOnly = false): Database {
  const database = new DatabaseSync(file, { readOnly });
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => void statement.run(...values),
        get: (...values) => statement.get(...values) as Row | undefined,
        all: (...values) => statement.all(...values) as unknown as readonly Row[],
      };
    },
    close: () => database.close(),
  };
}
