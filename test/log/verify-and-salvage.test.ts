import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { ContentsCheck, isXml } from "../../src/cli/contents-check.ts";
import { replay } from "../../src/history/replay.ts";
import { judgeSession } from "../../src/history/salvaged-session.ts";
import { SessionsCheck } from "../../src/history/sessions-check.ts";
import type { SessionRow } from "../../src/history/source.ts";
import { StoreLockedError, StoreOpenError } from "../../src/log/errors.ts";
import { projections } from "../../src/log/projections/index.ts";
import { Retention } from "../../src/log/retention.ts";
import { salvage, type Salvaged } from "../../src/log/salvage/salvage.ts";
import { loadDriver, type OpenDatabase } from "../../src/log/sqlite/driver.ts";
import { rebuildModels } from "../../src/log/sqlite/rebuild.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { verifyFile, type Verified } from "../../src/log/sqlite/verify.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { removeTempFolders, tempFolder } from "./engines.ts";
import { livedLog } from "./lived-log.ts";

const pageBytes = 4_096;

let open: OpenDatabase;
let folder: string;
/** As it was when the server ended, and the same in one file. */
let lived: string;
let whole: string;

beforeAll(async () => {
  open = await loadDriver(undefined);
  folder = tempFolder();
  lived = await livedLog(folder);
  whole = join(folder, "whole.db");
  copyFileSync(lived, whole);
  copyFileSync(`${lived}-wal`, `${whole}-wal`);
  const store = await openSqliteStore({ file: whole, durability: "process", onFatal: () => {} });
  await store.close();
});
afterAll(removeTempFolders);

const verify = (file: string): Promise<Verified> =>
  verifyFile({
    open, file, findingsMax: 99, progress: async () => {},
    checks: (report, isSalvaged) => [new SessionsCheck(report, isSalvaged), new ContentsCheck(report)],
  });

let saved = 0;
async function save(damaged: string): Promise<Salvaged & { readonly newFile: string }> {
  const newFile = join(folder, `saved-${(saved += 1)}.db`);
  return { newFile, ...(await salvage({ open, damaged, newFile, judge: judgeSession, isXml, at: 1, step: "salvaged", progress: async () => {} })) };
}

function copy(change: (bytes: Buffer) => Buffer | void, of = whole): string {
  const file = join(folder, `copy-${(saved += 1)}.db`);
  const bytes = readFileSync(of);
  writeFileSync(file, change(bytes) ?? bytes);
  return file;
}

/** Through SQLite, as nobody should. */
function changed(sql: string): string {
  const file = join(folder, `changed-${(saved += 1)}.db`);
  copyFileSync(whole, file);
  const database = open(file);
  database.exec(sql);
  // A connection that libsql has not yet let go of would hold the file.
  database.exec("PRAGMA journal_mode = DELETE");
  database.close();
  return file;
}

/** As another process finds it, once this one is gone. */
function left(file: string): string {
  copyFileSync(file, `${file}-left`);
  // A driver that closes the file in order has put everything into the database, and nothing is left beside it.
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${file}-left-wal`);
  return `${file}-left`;
}

describe("refrain log verify", () => {
  it("finds nothing in a log that is whole, in one file or with its write-ahead log, and leaves both as they are", async () => {
    const bytes = () => Buffer.concat([readFileSync(lived), readFileSync(`${lived}-wal`)]);
    const [before, names] = [bytes(), readdirSync(folder)];
    expect(readFileSync(`${lived}-wal`).length).toBeGreaterThan(pageBytes);
    const [one, other] = [await verify(lived), await verify(whole)];
    expect([one.findings, other.findings]).toEqual([[], []]);
    expect(one.facts).toBeGreaterThan(400);
    expect(other.facts).toBe(one.facts);
    expect(bytes().equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(names);
  });

  it.each([
    ["a fact that is no JSON", "UPDATE fact SET data = '{' WHERE position = 20", /position 20 .*cannot be read/],
    ["a type that nobody knows", "UPDATE fact SET type = 'Nonsense' WHERE position = 20", /position 20 .*does not know/],
    ["a version that is yet to come", "UPDATE fact SET v = 9 WHERE position = 20", /position 20 .*at the latest, got 9/],
    ["a fact that is missing", "DELETE FROM fact WHERE type = 'RosterItemSet' AND version = 5", /versions? 5 .*missing/],
    ["a row of a read model that no fact gives", "INSERT INTO projection VALUES ('accounts', 'localhost/ghost', '{}')", /accounts, row localhost\/ghost.*no fact gives it.*rebuild/],
    ["a row of a read model that is missing", "DELETE FROM projection WHERE name = 'accounts' AND key LIKE '%person3'", /row localhost\/person3: it is missing/],
    ["a row that says something else", "UPDATE projection SET value = '{}' WHERE name = 'accounts' AND key LIKE '%person3'", /person3: it is \{\}, and/],
    ["a text of nobody", "INSERT INTO content VALUES ('account/localhost/ghost', 'offline/0000000000000001', '<message/>')", /ghost.*there is no such account/],
    ["a text that is no stanza", "UPDATE content SET text = '<message>' WHERE key LIKE 'offline/%'", /not one whole element/],
    ["a stanza that is missing", "DELETE FROM content WHERE key LIKE 'queue/%'", /stanza \d+ of session.*its text is not kept/],
    ["a stanza that waits until its client looks, and is missing", "DELETE FROM content WHERE key = 'held/0000000000000003'", /held stanza 3 of session.*it waits until the client looks, and its text is not kept/],
    ["one of which nothing says that it waits", "UPDATE content SET key = 'held/0000000000000009' WHERE key = 'held/0000000000000003'", /held\/0000000000000009 of session.*nothing says that this stanza waits until the client looks/],
    ["one that is no stanza", "UPDATE content SET text = '<message>' WHERE key LIKE 'held/%'", /content held.*not one whole element/],
    ["a message that is missing", "DELETE FROM content WHERE key LIKE 'offline/%'", /offline message \d+ of account.*its text is not kept/],
    ["stored keys that are missing", "DELETE FROM secret WHERE stream LIKE '%person3'", /account\/localhost\/person3.*refrain user passwd person3@localhost/],
    ["a snapshot that is not what the facts give", "UPDATE fact SET data = replace(data, '\"counts\":{\"received\":', '\"counts\":{\"received\":9') WHERE type = 'SessionTold'; UPDATE fact SET data = replace(data, '\"state\":\"', '\"state\":\"x') WHERE type = 'SessionTold' AND position = (SELECT max(position) FROM fact WHERE type = 'SessionTold')", /state is "x/],
  ])("finds %s", async (_, sql, finding) => {
    const { findings } = await verify(changed(sql));
    expect(findings.map(({ thing, problem, fix }) => `${thing}: ${problem}; ${fix}`).join("\n")).toMatch(finding);
  });

  it("finds damaged pages, and what they hold", async () => {
    const { findings } = await verify(copy((bytes) => void bytes.fill(0x55, 5 * pageBytes, 25 * pageBytes)));
    expect(findings.some(({ thing }) => thing === "pages")).toBe(true);
  });

  it("has a finding for each thing that is wrong with the pages", async () => {
    const { findings } = await verify(copy((bytes) => {
      const isLeaf = (page: number): boolean => [0x0a, 0x0d].includes(bytes[page * pageBytes] ?? 0);
      const leaves = Array.from({ length: bytes.length / pageBytes - 1 }, (_, index) => index + 1).filter(isLeaf);
      for (const page of leaves.filter((_, index) => index % 2 === 1)) bytes.fill(0xff, page * pageBytes + 8, page * pageBytes + 12);
    }));
    const problems = findings.filter(({ thing }) => thing === "pages").map(({ problem }) => problem);
    expect(problems.length).toBeGreaterThan(1);
    for (const problem of problems) expect(problem).toMatch(/^[^*\n][^\n]*$/);
  });

  it("says what is no log, what is none of ours and what is not there", async () => {
    await expect(verify(copy(() => Buffer.from("hello")))).rejects.toMatchObject({ code: "not-a-database" });
    await expect(verify(changed("PRAGMA application_id = 7"))).rejects.toMatchObject({ code: "foreign" });
    await expect(verify(changed("PRAGMA user_version = 99"))).rejects.toMatchObject({ code: "newer" });
    await expect(verify(join(folder, "nothing.db"))).rejects.toMatchObject({ code: "failed" });
  });

  it("finds nothing either when sessions were compacted, and forgotten, and each that is left is replayed as it was", async () => {
    for (const keepMs of [Number.MAX_SAFE_INTEGER / 2, 0]) {
      const file = changed("SELECT 1");
      const store = await openSqliteStore({ file, durability: "process", onFatal: () => {} });
      const replayed = async () => {
        const rows = (await store.query("sessions", { prefix: "session/", limit: 99 })).map(({ value }) => value as unknown as SessionRow);
        const source = createHistoryAdmin({ store, hosts: ["localhost"] });
        const all = await Promise.all(rows.map((row) => replay(source, row, ["last"])));
        expect(all.flatMap(({ disagreements }) => disagreements)).toEqual([]);
        return all.map(({ pasts: [past] }) => [past?.session, past?.reason, past?.ended]);
      };
      const [before, { facts: sizes }] = [await replayed(), await store.stats()];
      const due: { task?: (() => void) | undefined } = {};
      const clock = { now: () => 2 * Date.now(), at: (_: number, task: () => void) => ((due.task = task), { cancel: () => {} }), soon: () => {} };
      const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
      const retention = new Retention({ store, clock, ids: { next: () => "kept" }, log, compactMs: 0, keepMs, busy: () => false });
      retention.start();
      for (let turn = 0; turn < 20; turn += 1) {
        const { task } = due;
        due.task = undefined;
        task?.();
        for (let wait = 0; wait < 40 && due.task === undefined; wait += 1) await store.stats();
      }
      retention.stop();
      const after = await replayed();
      if (keepMs === 0) expect(after.length).toBeLessThan(before.length);
      else expect(after).toEqual(before);
      const countOf = (list: typeof sizes) => list.find(({ name }) => name === "StanzasCounted")?.count ?? 0;
      expect(countOf((await store.stats()).facts)).toBeLessThan(countOf(sizes));
      await store.close();
      expect((await verify(file)).findings).toEqual([]);
    }
  });

  it("does not look at a file that a process holds", async () => {
    const store = await openSqliteStore({ file: join(folder, "held.db"), durability: "process", onFatal: () => {} });
    await expect(verify(join(folder, "held.db"))).rejects.toBeInstanceOf(StoreLockedError);
    await store.close();
  });
});

describe("refrain log rebuild", () => {
  const rebuild = (file: string, chosen = projections) => rebuildModels({ open, file, durability: "process", projections: chosen, progress: async () => {} });
  const differing = ({ models }: Awaited<ReturnType<typeof rebuild>>) => models.filter(({ differences }) => differences > 0).map(({ name, differences }) => [name, differences]);

  it("says that read models were right, or makes them so", async () => {
    expect(differing(await rebuild(changed("SELECT 1")))).toEqual([]);
    const file = changed("DELETE FROM projection WHERE name = 'accounts' AND key LIKE '%person3'; UPDATE projection SET value = '1' WHERE name = 'sessions'; INSERT INTO projection VALUES ('accounts', 'zz', '{}')");
    expect((await verify(file)).findings.length).toBeGreaterThan(2);
    const done = differing(await rebuild(file));
    expect(done[0]).toEqual(["accounts", 2]);
    expect(done[1]?.[0]).toBe("sessions");
    expect((await verify(left(file))).findings).toEqual([]);
  });

  it("makes one of them alone", async () => {
    const file = changed("DELETE FROM projection");
    expect(differing(await rebuild(file, projections.filter(({ name }) => name === "accounts")))).toEqual([["accounts", 12]]);
    expect((await verify(left(file))).findings.every(({ thing }) => !thing.startsWith("read model accounts,"))).toBe(true);
  });
});

describe("refrain log salvage", () => {
  it("loses nothing of a log that is whole, in one file or with its write-ahead log", async () => {
    for (const file of [whole, lived]) {
      const { newFile, ...found } = await save(file);
      const { facts } = await verify(file);
      expect(found).toMatchObject({
        pagesMissing: 0, pagesDamaged: 0, pagesUnknown: 0, recordsLost: 0, factsRefused: [], lostFacts: 0, gaps: [], ending: [], accounts: [], rooms: [], contentsLost: 0,
      });
      expect(found.facts).toBe(facts + 1);
      expect(found.going).toBeGreaterThan(2);
      const [before, after] = [open(whole), open(newFile)];
      for (const table of ["content", "secret", "projection"]) {
        const rows = (database: typeof before) => database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all().map((row) => Object.values(row));
        expect(rows(after)).toEqual(rows(before));
      }
      before.close();
      after.close();
      expect((await verify(newFile)).findings).toEqual([]);
    }
  });

  it("never takes the name of a file that is there, and leaves nothing behind when it fails", async () => {
    const again = salvage({ open, damaged: whole, newFile: whole, judge: judgeSession, isXml, at: 1, step: "s", progress: async () => {} });
    await expect(again).rejects.toThrow("there is such a file already");
    const before = readdirSync(folder).length;
    const nothing = copy(() => Buffer.alloc(5 * pageBytes, 7));
    await expect(save(nothing)).rejects.toBeInstanceOf(StoreOpenError);
    await expect(save(join(folder, "nothing.db"))).rejects.toBeInstanceOf(StoreOpenError);
    expect(readdirSync(folder).length).toBe(before + 1);
  });

  it("needs no header, no index and no end, and keeps what is elsewhere", async () => {
    const { facts } = await verify(whole);
    const headless = await save(copy((bytes) => void bytes.fill(0, 0, pageBytes)));
    expect([headless.facts, headless.lostFacts]).toEqual([facts + 1, 0]);
    expect((await verify(headless.newFile)).findings).toEqual([]);
    // Where free pages are named in the part that is gone, nobody can tell them from pages that are lost: here there are none.
    const cut = await save(copy((bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.8) - 100), changed("VACUUM")));
    expect(cut.pagesMissing).toBe(1);
    expect(cut.facts).toBeGreaterThan(facts / 2);
    expect((await verify(cut.newFile)).findings).toEqual([]);
  });

  it("reads what a write-ahead log holds whose database is gone", async () => {
    const file = join(folder, "gone.db");
    copyFileSync(`${lived}-wal`, `${file}-wal`);
    const found = await save(file);
    expect(found.facts).toBeGreaterThan(10);
    expect((await verify(found.newFile)).findings.filter(({ fix }) => !fix.includes("refrain user passwd"))).toEqual([]);
  });

  it("opens accounts again whose begin was lost, and says what they lack", async () => {
    const file = changed("DELETE FROM fact WHERE stream = 'account/localhost/person3' AND version < 3; DELETE FROM secret WHERE stream LIKE '%person4'");
    const { newFile, accounts } = await save(file);
    expect(accounts.map(({ jid }) => jid)).toEqual(["person3@localhost", "person4@localhost"]);
    expect(accounts[1]?.problems.join()).toContain("refrain user passwd person4@localhost");
    const store = await openSqliteStore({ file: newFile, durability: "process", onFatal: () => {} });
    expect(await store.query("accounts", { key: "localhost/person3" })).toHaveLength(1);
    expect((await store.query("account-rows", { prefix: "localhost/person3/contact/", limit: 9 })).length).toBeGreaterThan(3);
    await store.close();
  });

  it("ends a session that lacks facts from after its last snapshot, and no other", async () => {
    const database = open(whole);
    const [row] = database.prepare(
      `SELECT fact.stream AS stream, max(fact.version) - 1 AS last FROM fact
       JOIN projection ON name = 'sessions' AND key = 'live/' || substr(fact.stream, 9)
       WHERE fact.version > json_extract(value, '$.snapshot') + 2 GROUP BY fact.stream LIMIT 1`,
    ).all();
    database.close();
    const { going } = await save(whole);
    const found = await save(changed(`DELETE FROM fact WHERE stream = '${String(row?.["stream"])}' AND version = ${Number(row?.["last"])}`));
    expect(found.ending.map(({ stream }) => stream)).toEqual([row?.["stream"]]);
    expect(found.going).toBe(going - 1);
    expect((await verify(found.newFile)).findings.filter(({ thing }) => !thing.startsWith("account/"))).toEqual([]);
  });

  it("ends a session whose client would miss what waited until it looks, and no other", async () => {
    const { going } = await save(whole);
    const found = await save(changed("DELETE FROM content WHERE key = 'held/0000000000000003'"));
    expect(found.ending.map(({ why }) => why)).toEqual(["a stanza that waits until its client looks was lost"]);
    expect(found.going).toBe(going - 1);
    expect((await verify(found.newFile)).findings).toEqual([]);
  });

  it("never crashes, never writes to what it reads, and a server goes on with what it keeps, however the file was damaged", async () => {
    const size = readFileSync(whole).length;
    const place = fc.nat(size - 1);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant("flip" as const), at: fc.array(place, { minLength: 1, maxLength: 30 }), bit: fc.nat(7) }),
      fc.record({ kind: fc.constant("zero" as const), at: fc.array(place, { minLength: 1, maxLength: 6 }), length: fc.integer({ min: 1, max: 3 * pageBytes }) }),
      fc.record({ kind: fc.constant("fill" as const), at: fc.array(place, { minLength: 1, maxLength: 6 }), length: fc.integer({ min: 1, max: pageBytes }), byte: fc.nat(255) }),
      fc.record({ kind: fc.constant("swap" as const), at: fc.array(place, { minLength: 2, maxLength: 6 }) }),
      fc.record({ kind: fc.constant("cut" as const), at: fc.array(place, { minLength: 1, maxLength: 1 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const file = copy((bytes) => damages.reduce((changing: Buffer, each) => spoil(changing, each), bytes));
        const before = readFileSync(file);
        let found: Awaited<ReturnType<typeof save>> | undefined;
        try {
          found = await save(file);
        } catch (error) {
          if (!(error instanceof StoreOpenError)) throw error;
        }
        expect(readFileSync(file).equals(before)).toBe(true);
        rmSync(file);
        if (found === undefined) return;
        const { findings } = await verify(found.newFile);
        expect(findings.filter(({ fix }) => !fix.includes("refrain user passwd"))).toEqual([]);
        // Every session that it holds is restored or ended, or the start would be refused.
        const openStore = (onFatal: (error: Error) => void) => openSqliteStore({ file: found.newFile, durability: "process", onFatal });
        const server = await startServer({ parts: { openStore } });
        await server.stop();
        rmSync(found.newFile);
      }),
      { numRuns: Number(process.env["SALVAGE_RUNS"] ?? 40), endOnFailure: true },
    );
  }, 600_000);
});

type Damage =
  | { readonly kind: "flip"; readonly at: readonly number[]; readonly bit: number }
  | { readonly kind: "zero"; readonly at: readonly number[]; readonly length: number }
  | { readonly kind: "fill"; readonly at: readonly number[]; readonly length: number; readonly byte: number }
  | { readonly kind: "swap"; readonly at: readonly number[] }
  | { readonly kind: "cut"; readonly at: readonly number[] };

function spoil(bytes: Buffer, damage: Damage): Buffer {
  const inside = damage.at.map((at) => at % Math.max(1, bytes.length));
  switch (damage.kind) {
    case "flip":
      for (const at of inside) bytes[at] = bytes[at]! ^ (1 << damage.bit);
      return bytes;
    case "zero":
      for (const at of inside) bytes.fill(0, at, Math.min(bytes.length, at + damage.length));
      return bytes;
    case "fill":
      for (const at of inside) bytes.fill(damage.byte, at, Math.min(bytes.length, at + damage.length));
      return bytes;
    case "swap": {
      const [one = 0, other = 0] = inside.map((at) => Math.floor(at / pageBytes) * pageBytes);
      const page = Buffer.from(bytes.subarray(one, one + pageBytes));
      bytes.copy(bytes, one, other, other + pageBytes);
      page.copy(bytes, other);
      return bytes;
    }
    case "cut":
      return bytes.subarray(0, Math.max(1, inside[0]!));
  }
}
