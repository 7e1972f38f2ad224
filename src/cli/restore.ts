import type { Command } from "commander";
import { chmodSync, closeSync, constants, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { prepareDataFolder, storeFile } from "../config/data-folder.ts";
import type { ConfigFlags } from "../config/load.ts";
import { liveClock } from "../live.ts";
import { StoreLockedError } from "../log/errors.ts";
import type { OpenDatabase } from "../log/sqlite/driver.ts";
import { openForReading } from "../log/sqlite/reading.ts";
import { count } from "./export-progress.ts";
import { findingLines, verifyWithProgress } from "./log-verify.ts";
import { load, withFolderOptions } from "./options.ts";
import { countText } from "./sizes.ts";
import { driver, mustBeFree } from "./stopped-store.ts";
import { note, OperatorError, print } from "./terminal.ts";

export function addRestore(program: Command): void {
  withFolderOptions(program.command("restore").description("put a backup in the place of the database, while no server runs"))
    .argument("<FILE>", "what `refrain backup` or `refrain log salvage` wrote; it stays as it is")
    .addHelpText(
      "after",
      `
The file is verified first, and refused if anything is wrong with it. The database that is there is not deleted: it gets a name with
the time in it, and can be put back by restoring it.

Everything is as it was when the backup was made:
  accounts that were made since are gone, deleted ones are back, passwords are those of then;
  roster changes since are gone, and so are the messages that were waiting only since then;
  messages that were waiting then, and were delivered since, are delivered once more;
  sessions that lived then can be resumed for a minute, and clients that have received more since are told to log in anew.

Examples:
  refrain restore /var/backups/refrain-2026-11-23.db
  refrain restore saved.db --data /var/lib/refrain`,
    )
    .action(async (name: string, flags: ConfigFlags) => {
      const { config } = load(flags);
      const source = resolve(name);
      const file = storeFile(config.dataDir);
      await mustBeFree(config.dataDir, "restore its database");
      if (source === file) throw new OperatorError(`${source}: this is the database itself; name a backup of it`);
      const open = await driver();
      const verified = await verifyWithProgress(open, source);
      if (verified.findings.length > 0) {
        for (const line of findingLines(verified)) note(line);
        const found = count(verified.findings.length + verified.more, "finding");
        throw new OperatorError(
          `${source}: is not restored (${found}); take an older backup, or restore what \`refrain log salvage ${source} NEW-FILE\` saves of it`,
        );
      }
      prepareDataFolder(config.dataDir);
      mustNotBeHeld(open, file);
      const copy = copyBeside(source, file);
      const aside = moveAside(file);
      putInPlace(copy, file);
      if (aside !== undefined) print(`${aside}: the database that was there`);
      print(`${file}: restored from ${source}, ${countText(verified.facts)} facts; start the server`);
    });
}

/** A server that is just starting has it, and no admin socket yet. What else is wrong with it is no reason to keep it. */
function mustNotBeHeld(open: OpenDatabase, file: string): void {
  if (!existsSync(file)) return;
  try {
    openForReading(open, file).close();
  } catch (error) {
    if (error instanceof StoreLockedError) throw error;
  }
}

/** Under another name, whole and on the disk. With the write-ahead log of a database that was no backup. */
function copyBeside(source: string, file: string): string {
  const copy = `${file}.restoring-${process.pid}`;
  try {
    for (const part of partsOf(source)) {
      copyFileSync(`${source}${part}`, `${copy}${part}`, constants.COPYFILE_FICLONE);
      chmodSync(`${copy}${part}`, 0o600);
      sync(`${copy}${part}`, "r+");
    }
    return copy;
  } catch (error) {
    for (const part of ["", "-wal"]) rmSync(`${copy}${part}`, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperatorError(`${copy}: the backup cannot be copied (${message}); ${code === "ENOSPC" ? "free some space" : "look at the folder and the disk"}`);
  }
}

/** Returns the new name; undefined if there was nothing. */
function moveAside(file: string): string | undefined {
  // What SQLite makes for a running process only.
  rmSync(`${file}-shm`, { force: true });
  const parts = partsOf(file);
  if (parts.length === 0) return undefined;
  const time = new Date(liveClock.now()).toISOString().slice(0, 19).replaceAll(":", "-");
  const aside = freeName(`${file}.before-restore-${time}Z`);
  for (const part of parts) renameSync(`${file}${part}`, `${aside}${part}`);
  return aside;
}

function putInPlace(copy: string, file: string): void {
  // Its write-ahead log first: without it the database would be another one.
  for (const part of partsOf(copy).toReversed()) renameSync(`${copy}${part}`, `${file}${part}`);
  sync(dirname(file), "r");
}

/** Which of a database and its write-ahead log are there. */
function partsOf(file: string): readonly string[] {
  return ["", "-wal"].filter((part) => existsSync(`${file}${part}`));
}

function freeName(name: string): string {
  for (let number = 1; ; number += 1) {
    const tried = number === 1 ? name : `${name}-${number}`;
    if (partsOf(tried).length === 0) return tried;
  }
}

function sync(path: string, flags: "r" | "r+"): void {
  const open = openSync(path, flags);
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}
