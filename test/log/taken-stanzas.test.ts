import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContentsCheck, isXml } from "../../src/cli/contents-check.ts";
import { judgeSession } from "../../src/history/salvaged-session.ts";
import { SessionsCheck } from "../../src/history/sessions-check.ts";
import { salvage } from "../../src/log/salvage/salvage.ts";
import { loadDriver, type OpenDatabase } from "../../src/log/sqlite/driver.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { verifyFile } from "../../src/log/sqlite/verify.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { chat, ManagedStage } from "../management/support.ts";
import { removeTempFolders, tempFolder } from "./engines.ts";

const taken = "taken/0000000000000004";

let open: OpenDatabase;
let folder: string;
let whole: string;
let copies = 0;

/** Two resources got the same message, and one of them has acknowledged it; then the server is gone without warning. */
beforeAll(async () => {
  open = await loadDriver(undefined);
  folder = tempFolder();
  const live = join(folder, "live.db");
  const openStore = (onFatal: (error: Error) => void) => openSqliteStore({ file: live, durability: "process", onFatal });
  const server = await startServer({ parts: { openStore }, allowPlaintext: true });
  const stage = new ManagedStage(server);
  const { romeo, juliet } = await stage.cast("romeo", "juliet");
  const one = await stage.resumable(juliet, "one", "<presence/>");
  await stage.resumable(juliet, "other", "<presence/>");
  await (await stage.appear(romeo, "orchard")).ask(chat(juliet, "hello"));
  await one.caughtUp();
  one.ack();
  await one.count();
  await server.store.stats();
  whole = join(folder, "whole.db");
  copyFileSync(live, whole);
  if (existsSync(`${live}-wal`)) copyFileSync(`${live}-wal`, `${whole}-wal`);
  stage.clear();
  await server.stop();
  const store = await openSqliteStore({ file: whole, durability: "process", onFatal: () => {} });
  await store.close();
});
afterAll(removeTempFolders);

function changed(sql: string): string {
  const file = join(folder, `changed-${(copies += 1)}.db`);
  copyFileSync(whole, file);
  const database = open(file);
  database.exec(`PRAGMA secure_delete = ON; ${sql}`);
  // A connection that libsql has not yet let go of would hold the file.
  database.exec("PRAGMA journal_mode = DELETE");
  database.close();
  return file;
}

async function found(file: string): Promise<readonly string[]> {
  const { findings } = await verifyFile({
    open, file, findingsMax: 99, progress: async () => {},
    checks: (report, isSalvaged) => [new SessionsCheck(report, isSalvaged), new ContentsCheck(report)],
  });
  return findings.map(({ thing, problem }) => `${thing}: ${problem}`);
}

async function saved(damaged: string): Promise<string> {
  const newFile = join(folder, `saved-${(copies += 1)}.db`);
  await salvage({ open, damaged, newFile, judge: judgeSession, isXml, at: 1, step: "salvaged", progress: async () => {} });
  return newFile;
}

function takenIn(file: string): readonly unknown[] {
  const database = open(file);
  const rows = database.prepare("SELECT key FROM content WHERE key LIKE 'taken/%'").all().map(({ key }) => key);
  database.close();
  return rows;
}

describe("stanzas that another session of the account has", () => {
  it("are no damage to `refrain log verify`", async () => {
    expect(takenIn(changed("SELECT 1"))).toEqual([taken]);
    expect(await found(whole)).toEqual([]);
  });

  it.each([
    ["is missing", `DELETE FROM content WHERE key = '${taken}'`, /^stanza 4 of session\S+: another session has it, and it is not kept as a copy$/],
    ["has words", `UPDATE content SET text = '<message/>' WHERE key = '${taken}'`, /^content taken\S+ of session\S+: expected no text$/],
    ["is of another stanza", `UPDATE content SET key = 'taken/0000000000000009' WHERE key = '${taken}'`, /^content taken\S+9 of session\S+: nothing says that another session has this stanza$/],
  ])("are found where what says so %s, and `refrain log salvage` mends it", async (_, sql, finding) => {
    const file = changed(sql);
    const findings = await found(file);
    expect(findings[0]).toMatch(finding);
    const newFile = await saved(file);
    expect([takenIn(newFile), await found(newFile)]).toEqual([[taken], []]);
  });

  it("are brought into the new file", async () => {
    const newFile = await saved(changed("SELECT 1"));
    expect([takenIn(newFile), await found(newFile)]).toEqual([[taken], []]);
  });
});
