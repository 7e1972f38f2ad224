/** A look at a database that changes nothing: neither the file nor what lies beside it. */

import { constants, copyFileSync, existsSync, linkSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { StoreOpenError } from "../errors.ts";
import type { Database, OpenDatabase } from "./driver.ts";
import { explain, pragma } from "./open-file.ts";

/**
 * SQLite writes beside a file even to read it. So it is given another name of the same file, in a folder of its own, with a copy of the
 * write-ahead log; both are gone again before this returns. What is read is as of now, until the database is closed.
 * Throws StoreOpenError, StoreLockedError while a process holds the file.
 */
export function openForReading(open: OpenDatabase, file: string): Database {
  mustBeThere(file);
  const folder = makeFolder(file);
  let database: Database | undefined;
  try {
    database = open(otherName(file, folder), true);
    pragma(database, "trusted_schema = OFF");
    database.exec("BEGIN");
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return releasing(database);
  } catch (error) {
    try {
      database?.close();
    } catch {
      // The first error is the one that matters.
    }
    throw explain(file, error, false);
  } finally {
    // An open file lives on without a name. Where the system keeps it as long as it is open, it stays in the folder for temporary files.
    rmSync(folder, { recursive: true, force: true, maxRetries: 1 });
  }
}

/** libsql closes a database only when nobody holds a statement of it any more; the lock must not last so long. */
function releasing(database: Database): Database {
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => database.prepare(sql),
    close: () => {
      database.exec("ROLLBACK");
      database.close();
    },
  };
}

function mustBeThere(file: string): void {
  const known = statSync(file, { throwIfNoEntry: false });
  if (known === undefined && existsSync(`${file}-wal`)) {
    const fix = `\`refrain log salvage ${file} NEW-FILE\` reads what the log holds`;
    throw new StoreOpenError("lost-database", file, `${file}: expected a database beside ${file}-wal, found none; put it back; ${fix}`);
  }
  if (known === undefined) throw new StoreOpenError("failed", file, `${file}: there is no such file; name a database of refrain, or a backup of one`);
  if (!known.isFile()) throw new StoreOpenError("failed", file, `${file}: it is not a file; name a database of refrain, or a backup of one`);
}

/** On the same disk if that can be, where a file can have two names. */
function makeFolder(file: string): string {
  try {
    return mkdtempSync(join(dirname(file), ".refrain-reading-"));
  } catch {
    return mkdtempSync(join(tmpdir(), "refrain-reading-"));
  }
}

function otherName(file: string, folder: string): string {
  const name = join(folder, "log.db");
  try {
    linkSync(file, name);
  } catch {
    copyFileSync(file, name, constants.COPYFILE_FICLONE);
  }
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${name}-wal`, constants.COPYFILE_FICLONE);
  return name;
}
