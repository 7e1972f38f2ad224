/** A copy of everything in one new file that can take the database's place. Nothing is committed while it is made. */

import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { BackupError } from "../errors.ts";
import type { Database } from "./driver.ts";
import { resultCode, resultCodes } from "./driver.ts";

/** The copy has its name only when it is whole and on the disk. Throws BackupError; then nothing is left of it. */
export function writeBackup(database: Database, file: string): void {
  if (existsSync(file)) throw existing(file);
  const part = `${file}.part-${process.pid}`;
  beginFile(part, file);
  try {
    // Not the bytes of the file but what they say: nothing that was erased is in it.
    database.prepare("VACUUM INTO ?").run(part);
    finishFile(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error instanceof BackupError ? error : failed(file, error);
  }
}

/** SQLite fills a file that is empty, and leaves its mode. Throws BackupError. */
export function beginFile(part: string, file: string): void {
  try {
    closeSync(openSync(part, "wx", 0o600));
  } catch (error) {
    throw failed(file, error);
  }
}

/** Gives a file that is whole its name, on the disk. Throws BackupError if there is such a file already. */
export function finishFile(part: string, file: string): void {
  sync(part, "r+");
  giveName(part, file);
  sync(dirname(file), "r");
}

/** Never over a file that has come meanwhile, where the file system can tell. */
function giveName(part: string, file: string): void {
  try {
    linkSync(part, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || existsSync(file)) throw existing(file);
    renameSync(part, file);
    return;
  }
  rmSync(part);
}

function sync(path: string, flags: "r+" | "r"): void {
  const open = openSync(path, flags);
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

function existing(file: string): BackupError {
  return new BackupError(`${file}: there is such a file already; name one that does not exist`);
}

/** What an error at the writing of such a file means to the operator. */
export function failed(file: string, error: unknown): BackupError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new BackupError(`${file}: there is no folder ${dirname(file)}; make it, or name a file in another one`);
  const full = code === "ENOSPC" || resultCode(error) === resultCodes.full;
  const fix = full ? "free some space, or name a file on another disk" : "name a file in a folder that this user can write to";
  return new BackupError(`${file}: the copy could not be written (${message}); ${fix}`);
}
