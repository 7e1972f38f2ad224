/** The engines that this Node can run, for suites that are to hold for each. */

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import type { Projection } from "../../src/log/projection.ts";
import type { DriverName } from "../../src/log/sqlite/driver.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";

export interface Engine {
  readonly name: string;
  /** An empty store with the read models of this module. */
  readonly open: (projections: URL) => Promise<Store>;
}

export const fixtureProjections = new URL("./fixture-projections.mjs", import.meta.url);

/** Each driver, with the reason if this Node cannot have it. */
export const drivers: readonly { readonly driver: DriverName; readonly missing: string | undefined }[] = [
  { driver: "node", missing: isBuiltin("node:sqlite") ? undefined : `Node ${process.version} has no node:sqlite` },
  { driver: "libsql", missing: isInstalled("libsql") ? undefined : "the optional package libsql is not installed" },
];

export const engines: readonly (Engine & { readonly missing: string | undefined })[] = [
  { name: "memory", missing: undefined, open: async (projections) => createMemoryStore(await load(projections)) },
  ...drivers.map(({ driver, missing }) => ({
    name: `SQLite by ${driver}`,
    missing,
    open: (projections: URL) => openSqliteStore({ file: join(tempFolder(), "test.db"), durability: "process", driver, projections, onFatal }),
  })),
];

const made: string[] = [];

/** A new empty folder, gone with `removeTempFolders`. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "refrain-log-"));
  made.push(folder);
  return folder;
}

export function removeTempFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function onFatal(error: Error): void {
  throw error;
}

async function load(module: URL): Promise<readonly Projection[]> {
  return ((await import(/* @vite-ignore */ module.href)) as { readonly projections: readonly Projection[] }).projections;
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url)(name);
    return true;
  } catch {
    return false;
  }
}
