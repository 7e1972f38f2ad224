/**
 * Appends a second of each engine, by writers who each wait for their own commit. Not part of the suite. After `npm run build`:
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/store.js [FOLDER]
 * FOLDER (by default the system's for temporary files) decides what a sync costs.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { DriverName } from "../../src/log/sqlite/driver.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Fact, Store } from "../../src/ports.ts";

const runMs = 1_500;
const stanza = `<message from='juliet@capulet.lit/balcony' to='romeo@montague.lit'><body>${"x".repeat(200)}</body></message>`;
const fact: Fact = { type: "StanzaQueued", v: 1, at: Date.now(), step: "abcdefghijklmnopqrstuv", cause: null, data: { stanza } };

const drivers: readonly DriverName[] = isBuiltin("node:sqlite") ? ["node", "libsql"] : ["libsql"];

await measure("memory", createMemoryStore(projections));
for (const durability of ["full", "process"] as const) {
  for (const driver of drivers) {
    const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), "refrain-bench-"));
    const store = await openSqliteStore({ file: join(folder, "bench.db"), durability, driver, onFatal });
    await measure(`SQLite by ${driver}, durability ${durability}`, store);
    rmSync(folder, { recursive: true });
  }
}

function onFatal(error: Error): void {
  throw error;
}

async function measure(title: string, store: Store): Promise<void> {
  console.log(title);
  for (const writers of [1, 10, 100]) {
    const waitedMs: number[] = [];
    const start = performance.now();
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let before = start; before < start + runMs; before = performance.now()) {
          await store.append(`session/montague.lit/${writer}`, "any", [fact]);
          waitedMs.push(performance.now() - before);
        }
      }),
    );
    const seconds = (performance.now() - start) / 1_000;
    const sorted = waitedMs.toSorted((left, right) => left - right);
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
    const rate = Math.round(waitedMs.length / seconds).toLocaleString("en");
    console.log(`  ${String(writers).padStart(3)} writers: ${rate.padStart(9)} appends/s, waited ${at(0.5)} ms (median), ${at(0.99)} ms (99 %)`);
  }
  await store.close();
}
