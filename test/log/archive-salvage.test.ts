import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContentsCheck, isXml } from "../../src/cli/contents-check.ts";
import { archiveContentKey, nextArchiveKey } from "../../src/domain/archive-keys.ts";
import { accountFactVersions, accountStream, extrasOf, type AccountFact } from "../../src/domain/facts.ts";
import { judgeSession } from "../../src/history/salvaged-session.ts";
import { SessionsCheck } from "../../src/history/sessions-check.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { projections } from "../../src/log/projections/index.ts";
import { salvage, type Salvaged } from "../../src/log/salvage/salvage.ts";
import { loadDriver, type OpenDatabase } from "../../src/log/sqlite/driver.ts";
import { rebuildModels } from "../../src/log/sqlite/rebuild.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { verifyFile } from "../../src/log/sqlite/verify.ts";
import type { Fact, Json, Store } from "../../src/ports.ts";
import { removeTempFolders, tempFolder } from "./engines.ts";

const host = "montague.lit";
const messages = 40;
const pageBytes = 4_096;
const keys = Array.from({ length: messages }).reduce<string[]>((all, _, index) => [...all, nextArchiveKey(all.at(-1), 1_700_000_000_000 + index)], []);

let open: OpenDatabase;
let folder: string;
let whole: string;
let copies = 0;

/** Two archives, of which the second has lost its five oldest. Long texts, so that damage meets some and not others. */
beforeAll(async () => {
  open = await loadDriver(undefined);
  folder = tempFolder();
  whole = join(folder, "whole.db");
  const store = await openSqliteStore({ file: whole, durability: "process", onFatal: () => {} });
  const accounts = new Accounts(store, liveClock, liveIds);
  for (const username of ["romeo", "juliet"]) {
    await accounts.create(host, username, { keys: "none" });
    for (const [index, key] of keys.entries()) {
      const contents = [{ key: archiveContentKey(key), text: `<message id='${index}'><body>${"light ".repeat(400)}</body></message>` }];
      const data = { host, username, id: `${key}-${liveIds.next()}`, with: index % 2 === 0 ? "nurse@capulet.lit" : "friar@cell.lit/a/b", bytes: 2_400 };
      await store.append(accountStream(host, username), "any", [toFact({ type: "MessageArchived", data, contents })]);
    }
  }
  await store.append(accountStream(host, "juliet"), "any", [toFact({ type: "ArchiveTrimmed", data: { host, username: "juliet", through: keys[4]! } })]);
  await store.append(accountStream(host, "juliet"), "any", [toFact({ type: "AccountStateSet", data: { host, username: "juliet", space: "push", key: "a/b", value: { x: 1 } } })]);
  await store.close();
});
afterAll(removeTempFolders);

function toFact(fact: AccountFact): Fact {
  return { type: fact.type, v: accountFactVersions[fact.type], at: 1_000, step: liveIds.next(), cause: null, data: fact.data as unknown as Json, ...extrasOf(fact) };
}

function changed(sql: string): string {
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

async function save(damaged: string): Promise<Salvaged & { readonly newFile: string }> {
  const newFile = join(folder, `saved-${(copies += 1)}.db`);
  return { newFile, ...(await salvage({ open, damaged, newFile, judge: judgeSession, isXml, at: 1, step: "salvaged", progress: async () => {} })) };
}

/** Of one account, as a server finds it: which messages there are, and which of them have a text that says something. */
async function archiveOf(file: string, username: string): Promise<{ readonly there: readonly number[]; readonly whole: readonly number[] }> {
  const store: Store = await openSqliteStore({ file, durability: "process", onFatal: () => {} });
  const source = new AccountSource(store);
  const rows = await source.archived(host, username, undefined, { limit: 999 });
  const texts = await source.archivedTexts(host, username, rows.map(({ key }) => key));
  await store.close();
  expect(rows.map(({ number }) => number - rows[0]!.number)).toEqual(rows.map((_, index) => index));
  expect(texts.every((text) => text !== undefined)).toBe(true);
  const there = rows.map(({ key }) => keys.indexOf(key));
  return { there, whole: there.filter((_, index) => texts[index] !== "<message/>") };
}

const problemsOf = ({ accounts }: Salvaged) => accounts.flatMap(({ jid, problems }) => problems.map((problem) => `${jid}: ${problem}`));
const textOf = (username: string, index: number) => `stream = 'account/${host}/${username}' AND key = '${archiveContentKey(keys[index]!)}'`;
const from = (first: number) => keys.map((_, index) => index).slice(first);

describe("refrain log verify, of archives", () => {
  it("finds nothing in those that are whole, or trimmed", async () => {
    expect(await found(whole)).toEqual([]);
  });

  it.each([
    ["a text that is missing", `DELETE FROM content WHERE ${textOf("romeo", 7)}`, /^archived message \S+ of account\/montague.lit\/romeo: a fact says that it was archived, and its text is not kept; .*salvage/],
    ["a text that was trimmed", `INSERT INTO content VALUES ('account/${host}/juliet', '${archiveContentKey(keys[2]!)}', '<message/>')`, /^content archive\/\S+ of account\/montague.lit\/juliet: no fact says that this message was archived; .*salvage/],
    ["a text of nobody", "INSERT INTO content VALUES ('account/montague.lit/ghost', 'archive/0kz6m9w3a-0000', '<message/>')", /ghost: there is no such account/],
    ["a text that is no stanza", `UPDATE content SET text = '<message>' WHERE ${textOf("romeo", 7)}`, /not one whole element/],
    ["a row that counts wrongly", `UPDATE projection SET value = replace(value, '"number":8', '"number":9') WHERE name = 'archive' AND key LIKE '%/romeo/n/%'`, /read model archive, row montague.lit\/romeo\/n\/.*rebuild/],
  ])("finds %s, and nothing else", async (_, sql, finding) => {
    const findings = await found(changed(sql));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(finding);
  });

  it("is content with read models that were made anew", async () => {
    const file = changed("DELETE FROM projection WHERE name = 'archive' AND key LIKE '%/w/nurse%'");
    expect((await found(file)).length).toBeGreaterThan(2);
    const { models } = await rebuildModels({ open, file, durability: "process", projections, progress: async () => {} });
    expect(models.find(({ name }) => name === "archive")).toMatchObject({ rows: 40 + 40 + 20 + 35 + 35 + 18 + 1, differences: 20 + 17 });
    // A connection that libsql has not yet let go of would hold the file.
    copyFileSync(file, `${file}-left`);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${file}-left-wal`);
    expect(await found(`${file}-left`)).toEqual([]);
  });
});

describe("refrain log salvage, of archives", () => {
  it("brings those that are whole into the new file as they are", async () => {
    const saved = await save(whole);
    expect([problemsOf(saved), await found(saved.newFile)]).toEqual([[], []]);
    expect(await archiveOf(saved.newFile, "romeo")).toEqual({ there: from(0), whole: from(0) });
    expect(await archiveOf(saved.newFile, "juliet")).toEqual({ there: from(5), whole: from(5) });
  });

  it("leaves a message without words where the text was lost, and trims where the oldest were", async () => {
    const lost = ["romeo", "juliet"].flatMap((username) => [0, 1, 5, 6, 20].map((index) => `DELETE FROM content WHERE ${textOf(username, index)};`)).join("");
    const saved = await save(changed(lost));
    expect(problemsOf(saved).toSorted()).toEqual([
      "juliet@montague.lit: the texts of 1 archived messages were lost: they are empty now",
      "juliet@montague.lit: the texts of its 2 oldest archived messages were lost: its archive begins after them",
      "romeo@montague.lit: the texts of 3 archived messages were lost: they are empty now",
      "romeo@montague.lit: the texts of its 2 oldest archived messages were lost: its archive begins after them",
    ]);
    expect(await found(saved.newFile)).toEqual([]);
    expect(await archiveOf(saved.newFile, "romeo")).toEqual({ there: from(2), whole: from(2).filter((index) => ![5, 6, 20].includes(index)) });
    expect(await archiveOf(saved.newFile, "juliet")).toEqual({ there: from(7), whole: from(7).filter((index) => index !== 20) });
  });

  it("has an empty archive where all texts were lost, or no text of which no fact is left", async () => {
    const gone = await save(changed(`DELETE FROM content WHERE stream LIKE '%romeo'; DELETE FROM fact WHERE type = 'MessageArchived' AND stream LIKE '%juliet' AND version > 30`));
    expect(await found(gone.newFile)).toEqual([]);
    expect((await archiveOf(gone.newFile, "romeo")).there).toEqual([]);
    expect((await archiveOf(gone.newFile, "juliet")).there).toEqual(from(5).slice(0, 23));
  });

  it("makes a log that is whole of any damage", async () => {
    const bytes = readFileSync(whole);
    for (let page = 3; page < bytes.length / pageBytes; page += 7) {
      const file = join(folder, `damaged-${page}.db`);
      const damaged = Buffer.from(bytes);
      damaged.fill(0x55, page * pageBytes, Math.min((page + 2) * pageBytes, bytes.length));
      writeFileSync(file, damaged);
      const saved = await save(file);
      expect([page, await found(saved.newFile)]).toEqual([page, []]);
    }
  });
});
