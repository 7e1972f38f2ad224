/** From a path to a connection that holds the file alone, or to an error that says what to do. Nothing that is not ours is changed. */

import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { threadId } from "node:worker_threads";
import { StoreLockedError, StoreOpenError } from "../errors.ts";
import { finishFile } from "./backup.ts";
import type { Database, OpenDatabase, Row, Value } from "./driver.ts";
import { resultCode, resultCodes } from "./driver.ts";
import type { EngineOptions } from "./protocol.ts";
import { applicationId, schema, schemaVersion } from "./schema.ts";
import { unknownShape } from "./streams.ts";
import { canUpgrade, upgrade } from "./upgrade.ts";

/** A whole check reads every page: some 30 ms for this much. Larger files are checked at their ends. */
const checkedBytesMax = 8 * 1024 * 1024;
/** Of what is found then. */
const quickFindingsMax = 100;
const busyMs = 100;
/** The write-ahead log is cut to this when it starts again. */
const walBytesKept = 64 * 1024 * 1024;

export function openFile(open: OpenDatabase, options: EngineOptions): Database {
  const { file } = options;
  prepareFolder(file);
  prepareFile(open, file);
  let database: Database | undefined;
  try {
    database = open(file);
    takeOver(database, options);
    return database;
  } catch (error) {
    try {
      database?.close();
    } catch {
      // The first error is the one that matters.
    }
    throw explain(file, error);
  }
}

/** What an error of SQLite at the opening means to the operator. `isOwn`: the file is the server's own, and not one to be looked at. */
export function explain(file: string, error: unknown, isOwn = true): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  switch (resultCode(error)) {
    case undefined:
    case resultCodes.cannotOpen:
      return new StoreOpenError("failed", file, `${file}: SQLite cannot open it (${messageOf(error)}); check the path and the disk`);
    case resultCodes.busy:
      return new StoreLockedError(file);
    case resultCodes.readOnly:
      return new StoreOpenError("unwritable", file, `${file}: SQLite can only read it; make the file and its folder writable`);
    case resultCodes.io:
      return new StoreOpenError("failed", file, `${file}: the system failed at reading or writing it (${messageOf(error)}); look at the disk and the system's log`);
    case resultCodes.full:
      return new StoreOpenError("failed", file, `${file}: the disk is full; free some space`);
    case resultCodes.notADatabase:
      return new StoreOpenError(
        "not-a-database",
        file,
        `${file}: expected an SQLite database, found something else; ` +
          (isOwn ? `give refrain a data folder of its own; ${waysOut(file)}` : `name a database of refrain, or a backup of one; if it was one, ${salvageOf(file)}`),
      );
    // A table or a column is missing.
    case resultCodes.error:
    case resultCodes.corrupt:
      return isOwn ? damaged(file, messageOf(error)) : new StoreOpenError("damaged", file, `${file}: the database is damaged (${messageOf(error)}); ${salvageOf(file)}`);
    default:
      return new StoreOpenError("failed", file, `${file}: SQLite cannot use it (${messageOf(error)}); ${isOwn ? "`refrain log verify` looks at all of it" : salvageOf(file)}`);
  }
}

/** The value of a PRAGMA, after setting it if that is what it does. */
export function pragma(database: Database, text: string): Value | undefined {
  return Object.values(database.prepare(`PRAGMA ${text}`).all()[0] ?? {})[0];
}

/** What a row of `quick_check` or `integrity_check` has found: several things, a line for each, under a heading. */
export function checkFindings(row: Row): readonly string[] {
  return String(Object.values(row)[0]).split("\n").filter((line) => line !== "" && line !== "ok" && !line.startsWith("***"));
}

function takeOver(database: Database, options: EngineOptions): void {
  const { file } = options;
  // Before the first access: then the log's index is in memory, no -shm file is made, and the lock stays until the end.
  pragma(database, "locking_mode = EXCLUSIVE");
  pragma(database, "trusted_schema = OFF");
  pragma(database, "cell_size_check = ON");
  // Two that begin at once would refuse each other; one that has the file keeps it much longer.
  pragma(database, `busy_timeout = ${busyMs}`);
  database.exec("BEGIN EXCLUSIVE");
  const version = mustBeOurs(database, file);
  database.exec("COMMIT");
  if (pragma(database, "journal_mode = WAL") !== "wal") {
    throw new StoreOpenError("failed", file, `${file}: its file system refuses a write-ahead log; put the data folder on a local disk`);
  }
  // FULL: the log is synced by every commit. NORMAL: only before its pages enter the database, which a killed process survives.
  pragma(database, `synchronous = ${options.durability === "full" ? "FULL" : "NORMAL"}`);
  // What is erased is overwritten, secrets above all.
  pragma(database, "secure_delete = ON");
  pragma(database, `journal_size_limit = ${walBytesKept}`);
  const pageBytes = Number(pragma(database, "page_size"));
  if (options.fileBytesMax !== undefined) pragma(database, `max_page_count = ${Math.floor(options.fileBytesMax / pageBytes)}`);
  if (version === 0) {
    database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
    return;
  }
  mustBeWhole(database, file, pageBytes);
  if (version < schemaVersion) {
    upgrade(database, version);
    // Nothing that the upgrade took out of the database is left in the write-ahead log.
    pragma(database, "wal_checkpoint(TRUNCATE)");
  }
  mustHaveTables(database);
  mustBeKnown(database, file);
  // What a former process, or an epoch that ended with a failed sync, has left in the log may be in the system's memory only, and counts
  // there as written: no later sync would bring it to the disk. In the database it is written anew.
  if (options.durability === "full") pragma(database, "wal_checkpoint(TRUNCATE)");
}

/** Reads only. Returns the version of the schema; 0 for a file that is still empty. */
function mustBeOurs(database: Database, file: string): number {
  const tables = Number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  const id = Number(pragma(database, "application_id"));
  const version = Number(pragma(database, "user_version"));
  if (tables === 0 && id === 0 && version === 0) return 0;
  if (id !== applicationId) {
    throw new StoreOpenError(
      "foreign",
      file,
      `${file}: expected a database of refrain (application_id ${applicationId}), got one of another program (${id}); ` +
        "give refrain a data folder of its own",
    );
  }
  if (version !== schemaVersion && !canUpgrade(version)) {
    throw new StoreOpenError(
      "newer",
      file,
      `${file}: expected schema ${schemaVersion}, got ${version}, which another version of refrain wrote; run that version, ` +
        "or put a backup of this version's in its place with `refrain restore FILE`",
    );
  }
  return version;
}

function mustBeWhole(database: Database, file: string, pageBytes: number): void {
  if (Number(pragma(database, "page_count")) * pageBytes <= checkedBytesMax) {
    const found = database.prepare(`PRAGMA quick_check(${quickFindingsMax})`).all().flatMap(checkFindings);
    const more = found.length >= quickFindingsMax ? ", and many more" : found.length > 1 ? `, and ${found.length - 1} more` : "";
    if (found[0] !== undefined) throw damaged(file, `${found[0]}${more}`);
  }
}

/** The ends of the log and of its index are looked at; a missing table or column shows here too. */
function mustHaveTables(database: Database): void {
  database.prepare("SELECT position, stream, version, type, v, at, step, cause, data FROM fact ORDER BY position DESC LIMIT 1").get();
  database.prepare("SELECT stream, version FROM fact ORDER BY stream DESC, version DESC LIMIT 1").get();
  database.prepare("SELECT name, key, value FROM projection ORDER BY name DESC, key DESC LIMIT 1").get();
  database.prepare("SELECT stream, type, value FROM secret ORDER BY stream DESC, type DESC LIMIT 1").get();
  database.prepare("SELECT stream, key, text FROM content ORDER BY stream DESC, key DESC LIMIT 1").get();
  database.prepare("SELECT name, version, position FROM checkpoint LIMIT 1").get();
  database.prepare("SELECT stream, version FROM forgotten LIMIT 1").get();
}

/** Facts of a version that nobody here can read are no reason to change the tables, so the schema does not tell. */
function mustBeKnown(database: Database, file: string): void {
  const unknown = unknownShape(database);
  if (unknown === undefined) return;
  const { type, v, known } = unknown;
  const problem = `expected facts ${type} up to version ${known}, got version ${v}, which a later version of refrain wrote`;
  throw new StoreOpenError("newer", file, `${file}: ${problem}; run that version, or put a backup in its place with \`refrain restore FILE\``);
}

function prepareFolder(file: string): void {
  const folder = dirname(file);
  try {
    // Not its parents: a mistyped path shall not grow a tree.
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    if (!statSync(folder).isDirectory()) throw new Error("it is not a folder");
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const fix = existsSync(dirname(folder)) ? "make it a folder that this user can write to" : `create ${dirname(folder)} first`;
    throw new StoreOpenError("folder", file, `${folder}: the data folder cannot be used (${messageOf(error)}); ${fix}`);
  }
}

function prepareFile(open: OpenDatabase, file: string): void {
  try {
    const known = statSync(file, { throwIfNoEntry: false });
    if ((known?.size ?? 0) === 0 && existsSync(`${file}-wal`)) {
      // SQLite would throw the log away, and with it what was committed last.
      throw new StoreOpenError(
        "lost-database",
        file,
        `${file}: expected a database beside ${file}-wal, found none; ` +
          `put the database back, or read what ${file}-wal holds with \`refrain log salvage ${file} NEW-FILE\`; to start anew, move it away`,
      );
    }
    if (known?.isFile() === true && known.size === 0) {
      // A database is never empty here, not even while it is made: this one was cut off.
      throw new StoreOpenError(
        "lost-database",
        file,
        `${file}: expected a database, found an empty file, as a lost disk or a broken copy leaves it; ` +
          "put a backup in its place with `refrain restore FILE`; to start anew, move it away",
      );
    }
    if (known === undefined) makeFile(open, file);
    if (!statSync(file).isFile()) throw new Error("it is not a file");
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (error instanceof StoreOpenError) throw error;
    const fix = "make it a file that this user can read and write";
    throw new StoreOpenError("unwritable", file, `${file}: the database cannot be used (${messageOf(error)}); ${fix}`);
  }
}

/** It has its name only when it is whole and on the disk. SQLite gives the write-ahead log the mode of the database. */
function makeFile(open: OpenDatabase, file: string): void {
  const part = `${file}.part-${process.pid}-${threadId}`;
  // Of a process that was killed at it; in a container the next one may have its number.
  rmSync(part, { force: true });
  closeSync(openSync(part, "wx", 0o600));
  try {
    const database = open(part);
    try {
      database.exec(`PRAGMA journal_mode = OFF; BEGIN IMMEDIATE; ${schema} COMMIT`);
    } finally {
      database.close();
    }
    finishFile(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    // Somebody else was faster: who holds it shows at the opening.
    if (!existsSync(file)) throw explain(file, error);
  }
}

function damaged(file: string, found: string): StoreOpenError {
  return new StoreOpenError("damaged", file, `${file}: the database is damaged (${found}); ${waysOut(file)}`);
}

function salvageOf(file: string): string {
  return `\`refrain log salvage ${file} NEW-FILE\` reads what can be read of it`;
}

function waysOut(file: string): string {
  return (
    "nothing was changed: `refrain log verify` tells what is wrong with it, " +
    `\`refrain log salvage ${file} NEW-FILE\` reads what can be read into a new file, and \`refrain restore FILE\` puts that, or a backup, in its place`
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
