/** What is where in the data folder. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** The data folder cannot be used; the message names it, what is wrong and what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";

  constructor(dataDir: string, problem: string, fix: string) {
    super(`data folder ${dataDir}: ${problem}; ${fix}`);
  }
}

/** The database of a data folder. */
export function storeFile(dataDir: string): string {
  return join(dataDir, "refrain.db");
}

/** Makes the folder, for its owner alone, if it is not there; returns whether it did. Throws DataFolderError. */
export function prepareDataFolder(dataDir: string): boolean {
  const isNew = !existsSync(dataDir);
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return isNew;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST" || code === "ENOTDIR") throw notAFolder(dataDir);
    const problem = existsSync(dataDir) ? "cannot be written" : "cannot be created";
    throw new DataFolderError(dataDir, `${problem} (${code})`, "give this user the right to write there, or name another with --data");
  }
}

/** Throws DataFolderError if there is no such folder: for commands that have nothing to say about an empty one. */
export function requireDataFolder(dataDir: string): void {
  if (!existsSync(dataDir)) {
    throw new DataFolderError(dataDir, "does not exist", "name the server's with --data; `refrain start` or `refrain user add` makes one");
  }
  if (!statSync(dataDir).isDirectory()) throw notAFolder(dataDir);
}

/** Node 20's recursive mkdir never returns where a file system answers ENOENT in a folder that is there, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
    return;
  }
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

function notAFolder(dataDir: string): DataFolderError {
  return new DataFolderError(dataDir, "is not a folder", "name a folder with --data");
}
