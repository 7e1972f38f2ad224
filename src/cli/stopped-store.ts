/** The database of a data folder that no server uses, for commands that need it for themselves. */
import { existsSync, statSync } from "node:fs";
import { connectAdmin } from "../admin/connect.ts";
import { requireDataFolder, storeFile } from "../config/data-folder.ts";
import type { ConfigFlags } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { liveClock } from "../live.ts";
import { loadDriver, type OpenDatabase } from "../log/sqlite/driver.ts";
import { load } from "./options.ts";
import { bytesText } from "./sizes.ts";
import { OperatorError } from "./terminal.ts";

export interface StoppedStore {
  readonly config: Config;
  readonly file: string;
  readonly open: OpenDatabase;
}

/** `purpose`: what the command does. Rejects with OperatorError, DataFolderError or ConfigError. */
export async function stoppedStore(flags: ConfigFlags, purpose: string): Promise<StoppedStore> {
  const { config } = load(flags);
  requireDataFolder(config.dataDir);
  const file = storeFile(config.dataDir);
  await mustBeFree(config.dataDir, purpose);
  if (!existsSync(file) && !existsSync(`${file}-wal`)) {
    throw new OperatorError(`${file}: there is no database to ${purpose}; name the server's data folder with --data`);
  }
  return { config, file, open: await driver() };
}

/** Of a database that a running server can work on as a whole: what its clients write waits meanwhile, and not for ever. */
const heldBytesMax = 2 * 1024 ** 3;

/** Throws OperatorError for a database that would hold up the server that runs on it. */
export function mustBeShort({ dataDir }: Config, purpose: string): void {
  const file = storeFile(dataDir);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= heldBytesMax) return;
  throw new OperatorError(`${file}: expected at most 2 GiB while the server runs, got ${bytesText(size)}: its clients would wait too long; stop it to ${purpose}`);
}

/** Rejects with OperatorError if a server runs there. `otherwise`: what can be done while it runs. */
export async function mustBeFree(dataDir: string, purpose: string, otherwise?: string): Promise<void> {
  const client = await connectAdmin(dataDir, liveClock);
  client?.close();
  if (client === undefined) return;
  const fix = `stop it to ${purpose}, and start it again afterwards${otherwise === undefined ? "" : `; or ${otherwise}`}`;
  throw new OperatorError(`data folder ${dataDir}: a server runs on it; ${fix}`);
}

/** SQLite in this thread. Node says of its own, in the versions where it is so, that it is experimental: nobody can do anything about it. */
export async function driver(): Promise<OpenDatabase> {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...others) => {
    if (!String(warning).startsWith("SQLite is an experimental feature")) emitWarning.call(process, warning, ...(others as []));
  };
  try {
    return await loadDriver(undefined);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`this Node (${process.version}) can load no SQLite (${reason}); use Node 22.13 or later, or install the optional package libsql`);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Lets signals and the terminal have their turn. */
export function breath(): Promise<void> {
  return new Promise((resolve) => liveClock.soon(resolve));
}
