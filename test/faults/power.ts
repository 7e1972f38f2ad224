/**
 * A database on a disk whose power goes off in the middle of a commit, or as the read models are brought up to one: what is found then is
 * what was synced, and any part of what was being written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreFailedError, StoreOpenError } from "../../src/log/errors.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import type { ServerParts } from "../../src/server.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { torn, type Tear } from "./tear.ts";

/** What is being written. */
export type Writing = "commit" | "models";

/** Bytes of what comes before the first frame of a write-ahead log (sqlite.org/fileformat2.html, section 4.1). */
const headerBytes = 32;

/** Longer than any test: what is written is written when it is asked for. */
const never = 1_000_000;

interface Files {
  readonly database: Buffer;
  readonly wal: Buffer;
}

export class PowerSupply {
  readonly #folder: string;
  #times = 0;
  #disk: Disk;

  constructor(folder: string) {
    this.#folder = folder;
    this.#disk = new Disk(this.#makeFolder());
  }

  /** For a server; of the disk that is on. */
  get openStore(): NonNullable<ServerParts["openStore"]> {
    const disk = this.#disk;
    return (onFatal) => disk.open(onFatal);
  }

  /** Resolves when the power is off: nothing that was asked of the disk since the last answer will be answered. */
  get dark(): Promise<void> {
    return this.#disk.dark;
  }

  /** Positions of the log that may be found after the power was off: before that commit, or with it. It was all there if its models were being written. */
  get mayBeFound(): readonly number[] {
    return this.#disk.mayBeFound;
  }

  /** The power goes off in the commit after so many more, or as its read models are written. */
  cutAfter(commits: number, tear: Tear, writing: Writing): void {
    this.#disk.cutAfter(commits, tear, writing);
  }

  /** The server that had the disk learns that it is gone: there is nothing to be opened again. */
  unplug(): void {
    this.#disk.unplug();
  }

  /** The power is on again, for another server. */
  restore(): void {
    const { found } = this.#disk;
    const folder = this.#makeFolder();
    if (found === undefined) throw new Error("the power was not off");
    writeFileSync(join(folder, "refrain.db"), found.database);
    writeFileSync(join(folder, "refrain.db-wal"), found.wal);
    this.#disk = new Disk(folder);
  }

  #makeFolder(): string {
    const folder = join(this.#folder, String(++this.#times));
    mkdirSync(folder);
    return folder;
  }
}

class Disk {
  readonly dark: Promise<void>;
  found: Files | undefined;
  mayBeFound: readonly number[] = [];
  readonly #folder: string;
  #goDark!: () => void;
  #isDark = false;
  #position = 0;
  #left = Infinity;
  #tear: Tear = { how: "nothing" };
  #writing: Writing = "commit";
  readonly #unanswered = new Set<(error: Error) => void>();
  #onFatal: (error: Error) => void = () => {};

  constructor(folder: string) {
    this.#folder = folder;
    this.dark = new Promise((resolve) => (this.#goDark = resolve));
  }

  async open(onFatal: (error: Error) => void): Promise<Store> {
    const file = join(this.#folder, "refrain.db");
    if (this.#isDark) throw new StoreOpenError("lost-database", file, `${file}: it is dark here`);
    this.#onFatal = onFatal;
    const inner = await openSqliteStore({ file, durability: "full", onFatal, modelsRestMs: never });
    this.#position = (await inner.stats()).lastPosition;
    const ask = <Args extends readonly unknown[], Result>(question: (...args: Args) => Promise<Result>) => {
      return async (...args: Args): Promise<Result> => this.#isDark ? this.#unansweredOne() : this.#answer(await question.apply(inner, args as never));
    };
    return wrapStore(inner, {
      append: (...args) => this.#commit(inner, () => inner.append(...args)),
      appendMany: (batch) => this.#commit(inner, () => inner.appendMany(batch)),
      query: ask(inner.query),
      read: ask(inner.read),
      secret: ask(inner.secret),
      contents: ask(inner.contents),
    });
  }

  cutAfter(commits: number, tear: Tear, writing: Writing): void {
    this.#left = commits;
    this.#tear = tear;
    this.#writing = writing;
  }

  unplug(): void {
    this.#isDark = true;
    const error = new StoreFailedError("it is dark here");
    for (const reject of this.#unanswered) reject(error);
    this.#onFatal(error);
  }

  async #commit<Written extends { readonly position: number }>(inner: Store, write: () => Promise<Written>): Promise<Written> {
    if (this.#isDark) return this.#unansweredOne();
    if (this.#left > 0) {
      this.#left -= 1;
      const written = await write();
      this.#position = written.position;
      return this.#answer(written);
    }
    this.#isDark = true;
    if (this.#writing === "models") this.#position = (await write()).position;
    // Nobody else writes: the server has one commit under way at a time, the store's thread answers when it has done all, and the read
    // models are written for whoever asks. What was asked before it went dark is answered before this.
    await inner.read("", 0, 1);
    const before = this.#files();
    const position = this.#writing === "models" ? (await inner.stats()).lastPosition : (await write()).position;
    const after = this.#files();
    this.found = this.#tornFiles(before, after);
    this.mayBeFound = [this.#position, position];
    this.#goDark();
    return this.#unansweredOne();
  }

  /** The log is synced before anything of it is written to the database: when that has begun, all of the log is there. */
  #tornFiles(before: Files, after: Files): Files {
    if (before.database.equals(after.database)) return { database: before.database, wal: torn(begun(before.wal, after.wal), after.wal, this.#tear) };
    return { database: torn(before.database, after.database, this.#tear), wal: after.wal };
  }

  #files(): Files {
    const file = join(this.#folder, "refrain.db");
    const wal = `${file}-wal`;
    return { database: readFileSync(file), wal: existsSync(wal) ? readFileSync(wal) : Buffer.alloc(0) };
  }

  #answer<Result>(result: Result): Result | Promise<Result> {
    return this.#isDark ? this.#unansweredOne() : result;
  }

  #unansweredOne<Result>(): Promise<Result> {
    return new Promise((_, reject) => this.#unanswered.add(reject));
  }
}

/**
 * A write-ahead log that is all in the database is written again from its beginning. Its new header is synced before any frame: an old one
 * before new frames would give pages to the database that are older than its own (sqlite.org/src/info/ff5be73dee).
 */
function begun(before: Buffer, after: Buffer): Buffer {
  return Buffer.concat([after.subarray(0, headerBytes), before.subarray(headerBytes)]);
}
