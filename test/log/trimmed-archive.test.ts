/** Archives whose oldest messages were deleted, in their file: what is left of them, and what those say who look at the log as a whole. */
import { copyFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContentsCheck, isXml } from "../../src/cli/contents-check.ts";
import { parseJid } from "../../src/domain/jid.ts";
import { judgeSession } from "../../src/history/salvaged-session.ts";
import { SessionsCheck } from "../../src/history/sessions-check.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { projections } from "../../src/log/projections/index.ts";
import { salvage } from "../../src/log/salvage/salvage.ts";
import { loadDriver, type OpenDatabase } from "../../src/log/sqlite/driver.ts";
import { rebuildModels } from "../../src/log/sqlite/rebuild.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { verifyFile } from "../../src/log/sqlite/verify.ts";
import type { Store } from "../../src/ports.ts";
import { createArchive } from "../../src/router/archive-pages.ts";
import type { Archive, ArchivePage } from "../../src/router/archive.ts";
import type { Account } from "../../src/domain/account.ts";
import { AccountCache } from "../../src/session/account-cache.ts";
import { Batch } from "../../src/step/batch.ts";
import { removeTempFolders, tempFolder } from "./engines.ts";

const host = "montague.lit";
const messages = 40;
const contacts = ["rosaline@capulet.lit", "nurse@capulet.lit/kitchen", "friar@cell.lit"];
/** Of the first messages, the only ones with this contact. */
const secret = "tybalt@capulet.lit/square";

let open: OpenDatabase;
let folder: string;
let whole: string;
let copies = 0;

interface Own {
  readonly store: Store;
  readonly batch: Batch;
  readonly archive: Archive;
  account(username: string): Promise<Account>;
  end(): Promise<void>;
}

async function server(file: string): Promise<Own> {
  const store = await openSqliteStore({ file, durability: "process", onFatal: (error) => { throw error; } });
  const batch = new Batch({ store, clock: liveClock, ids: liveIds, onFailed: (error) => { throw error; }, onPressure: () => {} });
  const accounts = new AccountCache((host, username) => loadAccount(store, host, username), () => true);
  const archive = createArchive({ accounts, batch, ids: liveIds, source: new AccountSource(store), archiveKey: new Uint8Array(16) });
  const end = async () => {
    await batch.settle();
    await store.close();
  };
  return { store, batch, archive, account: async (username) => (await accounts.load(host, username))!, end };
}

function write({ batch, archive }: Own, account: Account, from: number, count: number): void {
  for (let number = from; number < from + count; number += 1) {
    const other = parseJid(number < 10 ? secret : contacts[number % contacts.length]!)!;
    batch.run(null, (step) => archive.add(step, account, { with: other, text: `<message id='${number}'><body>${number < 10 ? "a villain" : "light"} ${"x".repeat(300)}</body></message>` }));
  }
}

/** Romeo has lost all but the newest 20 of 40 in some turns, and has got more since; Mercutio has lost all; Juliet none. */
beforeAll(async () => {
  open = await loadDriver(undefined);
  folder = tempFolder();
  whole = join(folder, "whole.db");
  const own = await server(whole);
  for (const username of ["romeo", "mercutio", "juliet"]) {
    await new Accounts(own.store, liveClock, liveIds).create(host, username, { keys: "none" });
    const account = await own.account(username);
    write(own, account, 0, 8);
    // Other facts stand between, and stay.
    await own.store.append(`account/${host}/${username}`, "any", [{
      type: "UserLeft", v: 1, at: 1, step: "s", cause: null, data: { host, username, status: "exit" },
    }]);
    write(own, account, 8, messages - 8);
    if (username === "romeo") for (const newest of [33, 25, 20]) await own.archive.trim(account, { newest });
    if (username === "mercutio") await own.archive.trim(account, { newest: 0 });
    if (username === "romeo") write(own, account, messages, 5);
  }
  await own.end();
});
afterAll(removeTempFolders);

function changed(sql = ""): string {
  const file = join(folder, `changed-${(copies += 1)}.db`);
  copyFileSync(whole, file);
  const database = open(file);
  database.exec(`PRAGMA secure_delete = ON; ${sql}`);
  database.exec("PRAGMA journal_mode = DELETE");
  database.close();
  return file;
}

async function found(file: string): Promise<readonly string[]> {
  const { findings } = await verifyFile({
    open, file, findingsMax: 999, progress: async () => {},
    checks: (report, isSalvaged) => [new SessionsCheck(report, isSalvaged), new ContentsCheck(report)],
  });
  return findings.map(({ thing, problem, fix }) => `${thing}: ${problem}; ${fix}`);
}

const numbersOf = ({ messages }: ArchivePage) => messages.map(({ text }) => Number(/\d+/.exec(text)![0]));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

async function pages(file: string): Promise<Record<string, unknown>> {
  const own = await server(file);
  const seen: Record<string, unknown> = {};
  for (const username of ["romeo", "mercutio", "juliet"]) {
    const account = await own.account(username);
    const page = async (query: object) => {
      const found = await own.archive.page(account, { page: { max: 99 }, ...query });
      if ("missing" in found) throw new Error(found.missing);
      return [numbersOf(found), found.count, found.index];
    };
    seen[username] = [await page({}), await page({ with: parseJid("nurse@capulet.lit")! }), await page({ page: { max: 2, index: 5 } })];
  }
  await own.end();
  return seen;
}

const expected = {
  romeo: [[range(20, 45), 25, 0], [range(20, 45).filter((number) => number % 3 === 1), 8, 0], [[25, 26], 25, 5]],
  mercutio: [[[], 0, undefined], [[], 0, undefined], [[], 0, undefined]],
  juliet: [[range(0, 40), 40, 0], [range(10, 40).filter((number) => number % 3 === 1), 10, 0], [[5, 6], 40, 5]],
};

describe("XEP-0313 section 3.2: what was trimmed", () => {
  it("is gone from the disk: words, addresses and times; the rest is as it was", async () => {
    const file = changed("DELETE FROM fact WHERE stream LIKE '%/juliet'; DELETE FROM content WHERE stream LIKE '%/juliet'; DELETE FROM projection WHERE key LIKE '%/juliet%'");
    for (const name of readdirSync(folder).filter((name) => name.startsWith(file.slice(folder.length + 1)))) {
      const bytes = readFileSync(join(folder, name), "latin1");
      expect([name, bytes.includes("villain"), bytes.includes("tybalt"), bytes.includes("rosaline")]).toEqual([name, false, false, true]);
    }
    expect(await pages(changed())).toEqual(expected);
  });

  it("is missed by nobody who looks at the log", async () => {
    expect(await found(whole)).toEqual([]);
  });

  it("hides nothing else that is missing", async () => {
    const findings = await found(changed(`DELETE FROM fact WHERE type = 'UserLeft' AND stream LIKE '%/romeo'`));
    expect(findings.filter((finding) => /account\/montague.lit\/romeo: version.* missing, and nothing says that they were forgotten/.test(finding)).length).toBeGreaterThan(0);
    expect(findings.filter((finding) => /mercutio|juliet/.test(finding))).toEqual([]);
  });

  it("does not hide a row that counts wrongly", async () => {
    const findings = await found(changed(`UPDATE projection SET value = replace(value, '"number":31', '"number":32') WHERE name = 'archive' AND key LIKE '%/romeo/n/%'`));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/read model archive, row montague.lit\/romeo\/n\/.*rebuild/);
  });
});

describe("Read models that are made anew from what is left of the facts", () => {
  it("say the same, and it is not counted as a difference that they count from 1", async () => {
    const file = changed("DELETE FROM projection WHERE name = 'archive' AND key LIKE '%/romeo/r/%'");
    const { models } = await rebuildModels({ open, file, durability: "process", projections, progress: async () => {} });
    expect(models.filter(({ differences }) => differences > 0)).toMatchObject([{ name: "archive", differences: 8 }]);
    copyFileSync(file, `${file}-left`);
    expect(await pages(`${file}-left`)).toEqual(expected);
  });

  it("are whole where the store makes them at its start, and go on", async () => {
    const file = changed("UPDATE checkpoint SET version = 1 WHERE name IN ('archive', 'account-rows'); DELETE FROM projection WHERE name = 'archive'");
    expect(await pages(file)).toEqual(expected);
    const own = await server(file);
    const account = await own.account("mercutio");
    const last = account.meta("archiveLast")!;
    write(own, account, 50, 1);
    expect(account.meta("archiveLast")! > last).toBe(true);
    expect(await own.archive.trim(await own.account("romeo"), { newest: 10 })).toBe(15);
    await own.end();
    copyFileSync(file, `${file}-left`);
    expect(await found(`${file}-left`)).toEqual([]);
  });

  it("are as whole in a log that was salvaged", async () => {
    const newFile = join(folder, "saved.db");
    const { gaps, accounts } = await salvage({ open, damaged: whole, newFile, judge: judgeSession, isXml, at: 1, step: "salvaged", progress: async () => {} });
    expect([gaps, accounts]).toEqual([[], []]);
    expect(await found(newFile)).toEqual([]);
    expect(await pages(newFile)).toEqual(expected);
  });
});
