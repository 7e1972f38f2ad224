/**
 * A sync that fails, after which the system holds the pages for clean although they are on no disk: it reads them back to whoever
 * asks, and says of the next sync that all is well. What is told after that must not stand on those pages when the power goes off.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "vitest";
import { StoreFailedError } from "../../src/log/errors.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import type { ServerParts } from "../../src/server.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { Crowd, moment, names } from "./crowd.ts";
import { Dice } from "./dice.ts";

let folder = "";
const servers: TestServer[] = [];
const stores: Store[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true });
});

class LyingDisk {
  failed: Promise<void>;
  #fail!: () => void;
  #left = Infinity;
  #times = 0;
  /** While the files are copied nothing is written. */
  #gate: Promise<void> | undefined;
  readonly #writing = new Set<Promise<unknown>>();
  /** Of the write-ahead log: what is in memory only. */
  #onNoDisk: { readonly from: number; readonly bytes: Buffer } | undefined;

  constructor() {
    this.failed = new Promise((resolve) => (this.#fail = resolve));
  }

  failAfter(commits: number): void {
    this.#left = commits;
  }

  readonly openStore: NonNullable<ServerParts["openStore"]> = async (onFatal) => {
    const inner = await openSqliteStore({ file: this.#file, durability: "full", onFatal });
    stores.push(inner);
    let over = false;
    const write = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      await this.#gate;
      if (over) throw new StoreFailedError("it is over");
      if (this.#left-- > 0) return this.#track(work());
      this.#left = Infinity;
      over = true;
      const from = this.#wal.length;
      await work();
      this.#onNoDisk = { from, bytes: this.#wal.subarray(from) };
      // The next opening reads what the system has in memory. The former one could not write it back: it leaves the log as it is.
      this.#times += 1;
      mkdirSync(join(folder, String(this.#times)), { recursive: true });
      for (const name of ["refrain.db", "refrain.db-wal"]) cpSync(join(folder, String(this.#times - 1), name), join(folder, String(this.#times), name));
      this.#fail();
      throw new StoreFailedError("the disk did not sync");
    };
    return wrapStore(inner, { append: (...args) => write(() => inner.append(...args)), appendMany: (batch) => write(() => inner.appendMany(batch)), close: async () => undefined });
  };

  #track<Result>(writing: Promise<Result>): Promise<Result> {
    this.#writing.add(writing);
    return writing.finally(() => this.#writing.delete(writing));
  }

  /** The power was off: what was on no disk is gone. */
  async lose(): Promise<void> {
    let goOn = (): void => undefined;
    this.#gate = new Promise((resolve) => (goOn = resolve));
    await Promise.allSettled(this.#writing);
    this.#copyWithoutTheLost();
    this.#gate = undefined;
    goOn();
  }

  #copyWithoutTheLost(): void {
    const { from, bytes } = this.#onNoDisk!;
    const wal = Buffer.from(this.#wal);
    // Elsewhere by now, or overwritten and synced since.
    if (wal.subarray(from, from + bytes.length).equals(bytes)) wal.fill(0, from, from + bytes.length);
    const database = readFileSync(this.#file);
    this.#times += 1;
    mkdirSync(join(folder, String(this.#times)));
    writeFileSync(this.#file, database);
    writeFileSync(`${this.#file}-wal`, wal);
  }

  get #file(): string {
    mkdirSync(join(folder, String(this.#times)), { recursive: true });
    return join(folder, String(this.#times), "refrain.db");
  }

  get #wal(): Buffer {
    return readFileSync(`${this.#file}-wal`);
  }
}

describe("A sync that failed and says later that all is well", () => {
  it.each([1, 2, 3])("is not relied upon (seed %i)", async (seed) => {
    folder = mkdtempSync(join(tmpdir(), "refrain-lying-"));
    const disk = new LyingDisk();
    const begin = async (): Promise<TestServer> => {
      const server = await startServer({ allowPlaintext: true, parts: { openStore: disk.openStore } });
      servers.push(server);
      return server;
    };
    const server = await begin();
    for (const name of names) await server.addUser(name, "secret");
    const crowd = new Crowd(new Dice(seed));
    await crowd.gather(server);
    disk.failAfter(10);
    await crowd.talkUntil(server, disk.failed);
    await crowd.comeBack(server);
    await crowd.talkUntil(server, moment(100));
    // What was told until now is all that the clients know.
    await crowd.cut();
    await moment(50);
    await disk.lose();
    await crowd.comeBack(await begin());
    await crowd.expectWhole();
    await crowd.cut();
  });
});
