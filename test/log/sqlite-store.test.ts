import { spawn, spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { BackupError, StoreFailedError, StoreLockedError, StoreOpenError } from "../../src/log/errors.ts";
import type { StoreOpenCode } from "../../src/log/errors.ts";
import type { Database, DriverName } from "../../src/log/sqlite/driver.ts";
import { loadDriver } from "../../src/log/sqlite/driver.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { SqliteStoreOptions } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import { drivers, fixtureProjections, removeTempFolders, tempFolder } from "./engines.ts";
import { fact, noted } from "./store-contract.ts";

const child = fileURLToPath(new URL("./fixture-child.mjs", import.meta.url));
const secondVersion = new URL("?version=2", fixtureProjections);
const isRoot = process.getuid?.() === 0;

afterAll(removeTempFolders);

for (const { driver, missing } of drivers) {
  if (missing === undefined) describe(`the SQLite store by ${driver}`, () => suite(driver));
  else {
    console.warn(`the SQLite store by ${driver} is not tested here: ${missing}`);
    describe(`the SQLite store by ${driver}, which this Node cannot have`, () => {
      it("says so, and what to do", async () => {
        const file = join(tempFolder(), "refrain.db");
        const refused = openSqliteStore({ file, durability: "full", driver, onFatal: () => {} });
        await expect(refused).rejects.toMatchObject({
          name: "StoreOpenError",
          code: "no-driver",
          message: expect.stringMatching(/can load no SQLite \(.+\); use Node 22\.13 or later, or install the optional package libsql$/),
        });
      });
    });
  }
}

function suite(driver: DriverName): void {
  let file: string;
  let fatal: Error[];
  beforeEach(() => {
    file = join(tempFolder(), "data", "refrain.db");
    fatal = [];
  });

  const open = (options: Partial<SqliteStoreOptions> = {}): Promise<Store> =>
    openSqliteStore({ file, durability: "full", driver, projections: fixtureProjections, onFatal: (error) => fatal.push(error), ...options });

  async function filled(): Promise<void> {
    const store = await open();
    await store.append("a/h/1", 0, [noted("k", "v"), fact("S", null, "hush")]);
    await store.append("a/h/2", 0, Array.from({ length: 40 }, (_, index) => fact("A", "x".repeat(1_000) + index)));
    await store.close();
  }

  /** Through the driver itself, as another program would. */
  async function withDatabase(work: (database: Database) => void): Promise<void> {
    const database = (await loadDriver(driver))(file);
    work(database);
    database.close();
  }

  async function refusal(options: Partial<SqliteStoreOptions> = {}): Promise<StoreOpenError> {
    const outcome = await open(options).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(StoreOpenError);
    return outcome as StoreOpenError;
  }

  async function refused(code: StoreOpenCode, message: string): Promise<void> {
    const before = readFileSync(file);
    const error = await refusal();
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
    expect(error.file).toBe(file);
    expect(readFileSync(file).equals(before)).toBe(true);
  }

  const startChild = (task: string) => spawn(process.execPath, [child, task, file, driver, fixtureProjections.href], { stdio: ["ignore", "pipe", "inherit"] });

  describe("the file", () => {
    it("is one, of its owner alone, when the store is closed", async () => {
      await filled();
      expect(readdirSync(join(file, ".."))).toEqual(["refrain.db"]);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700);
    });

    it("keeps its write-ahead log to its owner too", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [fact("A")]);
      expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
      await store.close();
    });

    it("gives everything back when it is opened again", async () => {
      await filled();
      const store = await open();
      expect((await store.readAll(0, 100)).map(({ position }) => position)).toEqual(Array.from({ length: 42 }, (_, index) => index + 1));
      expect(await store.query("words", { key: "k" })).toEqual([{ key: "k", value: "v" }]);
      expect(await store.secret("a/h/1", "S")).toBe("hush");
      expect(await store.append("a/h/1", 2, [fact("B")])).toEqual({ version: 3, position: 43 });
      await store.close();
    });

    it("never gives a position twice, even if the last facts were taken out of the log", async () => {
      await filled();
      await withDatabase((database) => database.exec("DELETE FROM fact WHERE position > 40"));
      const store = await open();
      expect(await store.append("a/h/3", 0, [fact("A")])).toEqual({ version: 1, position: 43 });
      await store.close();
    });

    it("holds no trace of a secret that was replaced or erased, once closed", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [fact("S", null, "first-secret-value"), fact("T", null, "second-secret-value")]);
      await store.append("a/h/1", 2, [fact("S", null, "third-secret-value"), fact("T", null, null)]);
      await store.close();
      const bytes = readFileSync(file, "latin1");
      expect(bytes).not.toContain("first-secret-value");
      expect(bytes).not.toContain("second-secret-value");
      expect(bytes).toContain("third-secret-value");
    });

    it("has the same form whichever driver wrote it", async () => {
      await filled();
      for (const other of drivers.filter(({ missing }) => missing === undefined)) {
        const store = await open({ driver: other.driver });
        expect(await store.read("a/h/1", 0, 10)).toHaveLength(2);
        await store.append("a/h/2", "any", [fact("A")]);
        await store.close();
      }
      const store = await open();
      expect(await store.query("counts", { key: "a/h/1" })).toEqual([{ key: "a/h/1", value: 2 }]);
      await store.close();
    });
  });

  describe("what is erased or forgotten", () => {
    /** The database and the log beside it, as they are on the disk now. */
    const bytes = () => [file, `${file}-wal`].map((path) => (existsSync(path) ? readFileSync(path, "latin1") : "")).join("");
    const keeping = (key: string, text: string) => ({ ...fact("Kept"), contents: [{ key, text }] });

    it("leaves no trace in the file, nor in the log beside it, when a stream was forgotten", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [fact("A", "forgotten-fact"), keeping("k", `forgotten-content ${"x".repeat(9_000)} forgotten-end`), fact("S", null, "forgotten-secret")]);
      await store.append("a/h/2", 0, [noted("forgotten-key", "v"), keeping("k", "other-content")]);
      expect(bytes()).toContain("forgotten-fact");
      await store.append("a/h/2", 2, [{ ...fact("Forgotten", { key: "forgotten-key" }), forgets: [{ stream: "a/h/1" }, { stream: "a/h/2", types: ["Noted"] }] }]);
      // What the last fact says itself is all that speaks of it.
      expect(bytes().replaceAll('{"key":"forgotten-key"}', "")).not.toMatch(/forgotten-(fact|content|end|secret|key)/);
      expect(bytes()).toContain("other-content");
      await store.close();
    });

    it("leaves no trace of what was erased once the store is closed", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [keeping("k", "erased-one"), keeping("l", "replaced-one"), keeping("m", "kept-one")]);
      await store.append("a/h/1", 3, [{ ...keeping("l", "kept-two"), erases: ["k"] }]);
      await store.close();
      expect(bytes()).not.toMatch(/erased-one|replaced-one/);
      expect(bytes()).toMatch(/kept-one/);
      expect(bytes()).toMatch(/kept-two/);
    });

    it("keeps its last version when the file is opened again, as long as something of the stream is left", async () => {
      const first = await open();
      await first.append("a/h/1", 0, [fact("A"), fact("B"), fact("B")]);
      await first.append("a/h/2", 0, [fact("A"), fact("B")]);
      await first.append("a/h/3", 0, [{ ...fact("C"), forgets: [{ stream: "a/h/1", types: ["B"] }, { stream: "a/h/2" }] }]);
      await first.append("a/h/3", 1, [{ ...fact("C"), forgets: [{ stream: "a/h/3" }] }]);
      await first.close();
      const second = await open();
      expect(await second.append("a/h/1", 3, [fact("C")])).toEqual({ version: 4, position: 8 });
      expect(await second.append("a/h/3", 2, [fact("C")])).toEqual({ version: 3, position: 9 });
      // Nobody has heard of this one's versions.
      expect(await second.append("a/h/2", 0, [fact("C")])).toEqual({ version: 1, position: 10 });
      await second.close();
    });
  });

  describe("a backup", () => {
    it("is made while the store goes on, and takes its place", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [noted("k", "v"), fact("S", null, "hush"), { ...fact("Kept"), contents: [{ key: "c", text: "a text" }, { key: "d", text: "gone-text" }] }]);
      await store.append("a/h/1", 3, [{ ...fact("Erased"), erases: ["d"] }, fact("Last")]);
      await store.append("a/h/2", 0, [{ ...fact("F"), forgets: [{ stream: "a/h/1", types: ["Last"] }] }]);
      const copy = join(tempFolder(), "copy's.db");
      const [, , { position }] = await Promise.all([store.append("a/h/3", 0, [fact("A")]), store.backup(copy), store.append("a/h/3", "any", [fact("B")])]);
      expect(statSync(copy).mode & 0o777).toBe(0o600);
      expect(readdirSync(join(copy, ".."))).toEqual(["copy's.db"]);
      expect(readFileSync(copy, "latin1")).not.toContain("gone-text");
      const restored = await open({ file: copy });
      const before = (await store.readAll(0, 99)).filter((fact) => fact.position < position);
      expect(before.at(-1)).toMatchObject({ stream: "a/h/3", type: "A" });
      expect((await restored.readAll(0, 99)).slice(0, before.length)).toEqual(before);
      expect(await restored.contents("a/h/1", "", 9)).toEqual([{ key: "c", text: "a text" }]);
      expect(await restored.secret("a/h/1", "S")).toBe("hush");
      expect(await restored.query("words", { key: "k" })).toEqual([{ key: "k", value: "v" }]);
      expect(await restored.append("a/h/1", 5, [fact("Next")])).toMatchObject({ version: 6 });
      await Promise.all([store.close(), restored.close()]);
    });

    it("is no file that exists, nor one in a folder that does not, and nothing is left of it", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [fact("A")]);
      const folder = tempFolder();
      const there = join(folder, "there");
      writeFileSync(there, "mine");
      const existing = store.backup(there);
      await expect(existing).rejects.toBeInstanceOf(BackupError);
      await expect(existing).rejects.toThrow(`${there}: there is such a file already; name one that does not exist`);
      await expect(store.backup(file)).rejects.toThrow("there is such a file already");
      const nowhere = join(folder, "no", "copy.db");
      await expect(store.backup(nowhere)).rejects.toThrow(`${nowhere}: there is no folder ${join(folder, "no")}; make it, or name a file in another one`);
      expect(readFileSync(there, "utf8")).toBe("mine");
      expect(readdirSync(folder)).toEqual(["there"]);
      expect(await store.append("a/h/1", 1, [fact("B")])).toEqual({ version: 2, position: 2 });
      await store.close();
      expect(fatal).toEqual([]);
    });
  });

  it("tells how large its files are", async () => {
    const store = await open();
    await store.append("a/h/1", 0, [fact("A", "x".repeat(100_000))]);
    const { fileBytes, walBytes } = await store.stats();
    expect([fileBytes, walBytes]).toEqual([statSync(file).size, statSync(`${file}-wal`).size]);
    expect(walBytes).toBeGreaterThan(100_000);
    await store.close();
  });

  describe("a process that ends", () => {
    it("loses nothing that was acknowledged when it is killed, again and again", async () => {
      const acknowledged = new Map<string, number>();
      for (let round = 1; round <= 3; round += 1) {
        const process = startChild("append-forever");
        let text = "";
        process.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
          if (text.length > round * 4_000) process.kill("SIGKILL");
        });
        await new Promise((resolve) => void process.once("close", resolve));
        for (const [, stream = "", index] of text.matchAll(/^(\d+-\d+) (\d+)$/gm)) acknowledged.set(stream, Number(index));
      }
      expect(existsSync(`${file}-wal`)).toBe(true);
      expect(acknowledged.size).toBe(24);
      const store = await open();
      let facts = 0;
      for (const [name, index] of acknowledged) {
        const read = await store.read(`session/h/${name}`, 0, 100_000);
        expect(read.map(({ data }) => data)).toEqual(read.map((_, before) => ({ index: before + 1 })));
        expect(read.length).toBeGreaterThanOrEqual(index);
        expect(await store.query("counts", { key: `session/h/${name}` })).toEqual([{ key: `session/h/${name}`, value: read.length }]);
        facts += read.length;
      }
      const positions = (await store.readAll(0, 100_000)).map(({ position }) => position);
      expect(positions).toEqual(Array.from({ length: facts }, (_, index) => index + 1));
      await store.close();
    });

    it.each([
      ["open-and-end", "", 0],
      ["append-and-end", "appended\n", 1],
    ])("is not kept alive by an open store, but finishes its appends: %s", async (task, stdout, facts) => {
      const ended = spawnSync(process.execPath, [child, task, file, driver, fixtureProjections.href], { timeout: 10_000, encoding: "utf8" });
      expect(ended).toMatchObject({ status: 0, signal: null, stdout });
      const store = await open();
      expect(await store.readAll(0, 10)).toHaveLength(facts);
      await store.close();
    });
  });

  describe("a file that another process has open", () => {
    it("is refused until that process ends, however it ends", async () => {
      const holder = startChild("hold");
      await new Promise((resolve) => void holder.stdout.once("data", resolve));
      const error = await refusal();
      expect(error).toBeInstanceOf(StoreLockedError);
      expect(error.message).toContain(`${file}: another refrain process has it open; stop that process, or give`);
      holder.kill("SIGKILL");
      await new Promise((resolve) => void holder.once("close", resolve));
      await (await open()).close();
    });

    it("is refused to a second store of the same process, and the first goes on", async () => {
      const store = await open();
      expect(await refusal()).toBeInstanceOf(StoreLockedError);
      await store.append("a/h/1", 0, [fact("A")]);
      const other = spawnSync(process.execPath, [child, "hold", file, driver, fixtureProjections.href], { timeout: 10_000, encoding: "utf8" });
      expect(other).toMatchObject({ status: 3, stdout: expect.stringMatching(/^StoreLockedError: /) });
      await store.close();
    });
  });

  describe("a file that cannot be used", () => {
    beforeEach(() => mkdirSync(join(file, "..")));

    it.each([
      ["a short text", Buffer.from("hello")],
      ["a long text", Buffer.from("hello ".repeat(2_000))],
      ["zeros", Buffer.alloc(8_192)],
    ])("is left alone if it is no database: %s", async (_, bytes) => {
      writeFileSync(file, bytes);
      await refused("not-a-database", `${file}: expected an SQLite database, found something else; give refrain`);
    });

    it("is left alone if it is another program's database", async () => {
      await withDatabase((database) => database.exec("CREATE TABLE song (title TEXT)"));
      await refused("foreign", `${file}: expected a database of refrain (application_id 1919316590), got one of another program (0); give`);
      await withDatabase((database) => database.exec("PRAGMA application_id = 77"));
      await refused("foreign", "(77)");
    });

    it("is left alone if a later refrain wrote it", async () => {
      await filled();
      await withDatabase((database) => database.exec("PRAGMA user_version = 3"));
      await refused("newer", `${file}: expected schema 2, got 3, which another version of refrain wrote; run that version`);
    });

    it("is left alone if it holds facts of a later refrain, wherever they are", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [{ ...fact("OfflineMessageStored", {}), v: 9 }, { ...fact("Unheard", {}), v: 9 }]);
      await store.close();
      const problem = "expected facts OfflineMessageStored up to version 2, got version 9, which a later version of refrain wrote; run that version";
      await refused("newer", `${file}: ${problem}`);
    });

    it.each([
      ["its end is missing", (bytes: Buffer) => bytes.subarray(0, bytes.length - 8_192)],
      ["a page within is overwritten", (bytes: Buffer) => Buffer.from(bytes).fill(0xff, bytes.length - 12_288, bytes.length - 8_192)],
      ["its schema is overwritten", (bytes: Buffer) => Buffer.from(bytes).fill(0xff, 100, 400)],
    ])("is left alone if it is damaged: %s", async (_, damage) => {
      await filled();
      writeFileSync(file, damage(readFileSync(file)));
      await refused("damaged", "; nothing was changed: `refrain log verify` tells what is wrong with it, `refrain log salvage ");
    });

    it("is left alone if a table is missing", async () => {
      await filled();
      await withDatabase((database) => database.exec("DROP TABLE secret"));
      await refused("damaged", "no such table: secret");
    });

    it("is not made anew beside the write-ahead log of a lost one", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [fact("A")]);
      copyFileSync(`${file}-wal`, `${file}-kept`);
      await store.close();
      rmSync(file);
      copyFileSync(`${file}-kept`, `${file}-wal`);
      for (const prepare of [() => {}, () => writeFileSync(file, "")]) {
        prepare();
        const error = await refusal();
        expect(error.code).toBe("lost-database");
        expect(error.message).toContain(`found none; put the database back, or read what ${file}-wal holds with \`refrain log salvage ${file} NEW-FILE\`; to start anew, move it away`);
        expect(readFileSync(`${file}-wal`).equals(readFileSync(`${file}-kept`))).toBe(true);
      }
    });

    it("is refused if it is a folder", async () => {
      mkdirSync(file);
      const error = await refusal();
      expect(error.code).toBe("unwritable");
      expect(error.message).toContain("it is not a file");
    });

    it("is refused if it is empty, as what was cut off is", async () => {
      writeFileSync(file, "");
      await refused("lost-database", `${file}: expected a database, found an empty file`);
      expect(statSync(file).size).toBe(0);
    });

    it("is made by two at once, whole and with nothing beside it", async () => {
      const opened = await Promise.allSettled([open(), open()]);
      const stores = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      expect(stores).toHaveLength(1);
      expect(opened.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "locked" } });
      await stores[0]?.close();
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readdirSync(join(file, "..")).filter((name) => name.includes(".part"))).toEqual([]);
    });
  });

  describe("a folder that cannot be used", () => {
    it("is not made with its parents", async () => {
      const missing = join(file, "..", "deeper");
      const error = await refusal({ file: join(missing, "refrain.db") });
      expect(error.code).toBe("folder");
      expect(error.message).toMatch(/deeper: the data folder cannot be used \(ENOENT.*\); create .*data first$/);
      expect(existsSync(join(file, ".."))).toBe(false);
    });

    it("is refused if it is a file", async () => {
      writeFileSync(join(file, ".."), "");
      const error = await refusal();
      expect(error.code).toBe("folder");
      expect(error.message).toContain("it is not a folder");
    });

    if (isRoot) console.warn("a file that is not writable is not tested here: root may write everywhere");
    else it("is refused if it is not writable", async () => {
      await filled();
      chmodSync(file, 0o400);
      expect((await refusal()).code).toBe("unwritable");
      chmodSync(join(file, ".."), 0o500);
      const error = await refusal();
      expect(error.code).toBe("folder");
      expect(error.message).toContain("make it a folder that this user can write to");
      chmodSync(join(file, ".."), 0o700);
    });
  });

  describe("a commit that fails", () => {
    it("ends the store: all that wait are rejected, the owner is told once, and what was acknowledged is there again", async () => {
      const owner = new EventEmitter();
      owner.on("fatal", (error: Error) => fatal.push(error));
      const told = once(owner, "fatal");
      const full = await open({ fileBytesMax: 128 * 1_024, onFatal: (error) => owner.emit("fatal", error) });
      let acknowledged = 0;
      const rejected: unknown[] = [];
      while (rejected.length === 0) {
        const group = Array.from({ length: 5 }, (_, index) => full.append("a/h/1", "any", [fact("A", "x".repeat(1_000) + index)]));
        for (const result of await Promise.allSettled(group)) {
          if (result.status === "rejected") rejected.push(result.reason);
          else acknowledged += 1;
        }
      }
      await told;
      const store = await open();
      expect(acknowledged).toBeGreaterThan(10);
      expect(rejected).toHaveLength(5);
      expect(new Set(rejected).size).toBe(1);
      expect(fatal).toEqual([rejected[0]]);
      expect(fatal[0]).toBeInstanceOf(StoreFailedError);
      expect(fatal[0]?.message).toContain("the store failed and must be opened again: database or disk is full");
      await expect(full.append("a/h/1", "any", [fact("A")])).rejects.toBe(fatal[0]);
      await expect(full.readAll(0, 1)).rejects.toBe(fatal[0]);
      await full.close();
      expect(await store.readAll(0, 1_000)).toHaveLength(acknowledged);
      expect(await store.query("counts", { key: "a/h/1" })).toEqual([{ key: "a/h/1", value: acknowledged }]);
      await store.close();
      expect(fatal).toHaveLength(1);
    });
  });

  describe("a thread that dies", () => {
    it("ends the store as a failed commit does", async () => {
      const owner = new EventEmitter();
      const told = once(owner, "fatal");
      const store = await open({ onFatal: (error) => owner.emit("fatal", error) });
      await store.append("a/h/1", 0, [fact("A")]);
      const waiting = [store.append("a/h/1", 1, [fact("Deadly")]), store.append("a/h/2", 0, [fact("B")])];
      for (const result of await Promise.allSettled(waiting)) {
        expect(result).toMatchObject({ status: "rejected", reason: { name: "StoreFailedError" } });
      }
      expect(((await told) as [Error])[0].message).toBe("the store failed and must be opened again: its thread ended");
      await store.close();
      const again = await open();
      expect((await again.readAll(0, 10)).map(({ type }) => type)).toEqual(["A"]);
      await again.close();
    });
  });

  describe("projections", () => {
    it("are made anew, from facts of any number, when their version changes", async () => {
      const store = await open();
      const many = Array.from({ length: 11_000 }, (_, index) => noted(`k${index % 100}`, index));
      await store.append("a/h/1", 0, [noted("gone", 1), fact("Forgotten", { key: "gone" }), ...many]);
      await store.close();
      const second = await open({ projections: secondVersion });
      expect(await second.query("words", { prefix: "k9", limit: 2 })).toEqual([
        { key: "k9", value: "10909!" },
        { key: "k90", value: "10990!" },
      ]);
      expect(await second.query("words", { prefix: "", limit: 1_000 })).toHaveLength(100);
      expect(await second.query("counts", { prefix: "", limit: 9 })).toEqual([{ key: "a/h/1", value: 11_002 }]);
      await second.append("a/h/1", "any", [noted("k9", "new")]);
      expect(await second.query("words", { key: "k9" })).toEqual([{ key: "k9", value: "new!" }]);
      await second.close();
    });

    it("are brought up to the last fact if they were not kept meanwhile, or were ahead of it", async () => {
      await filled();
      const without = await open({ projections: new URL("../../dist/src/log/projections/index.js", import.meta.url) });
      await expect(without.query("words", { key: "k" })).rejects.toThrow("projection words");
      await without.append("a/h/1", 2, [noted("later", 1)]);
      await without.close();
      const store = await open();
      expect(await store.query("words", { prefix: "", limit: 9 })).toEqual([{ key: "k", value: "v" }, { key: "later", value: 1 }]);
      await store.close();
      await withDatabase((database) => database.exec("UPDATE checkpoint SET position = 40 WHERE name = 'counts'"));
      await withDatabase((database) => database.exec("UPDATE checkpoint SET position = 99 WHERE name = 'words'"));
      await withDatabase((database) => database.exec("DELETE FROM projection WHERE name = 'words'"));
      const again = await open();
      expect(await again.query("words", { prefix: "", limit: 9 })).toHaveLength(2);
      expect(await again.query("counts", { key: "a/h/2" })).toEqual([{ key: "a/h/2", value: 42 }]);
      await again.close();
    });

    it("that cannot be made from the facts keep the store from opening, and say which and where", async () => {
      const store = await open();
      await store.append("a/h/1", 0, [fact("Fine"), fact("Doubtful")]);
      await store.close();
      const error = await refusal({ projections: secondVersion });
      expect(error.code).toBe("projection");
      expect(error.message).toContain("(projection words failed at Doubtful 2 of a/h/1: no such thing)");
      const first = await open();
      expect(await first.query("counts", { prefix: "", limit: 9 })).toEqual([{ key: "a/h/1", value: 2 }]);
      await first.close();
    });
  });
}
