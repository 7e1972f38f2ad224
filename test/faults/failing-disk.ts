/** A database whose commits fail: each failure ends the store, as SQLite's do, and what it was about may be on the disk or not. */
import { join } from "node:path";
import { StoreFailedError } from "../../src/log/errors.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Store } from "../../src/ports.ts";
import type { ServerParts } from "../../src/server.ts";
import { wrapStore } from "../support/wrapped-store.ts";

export type Failure =
  /** It failed before anything was written. */
  | "lost"
  /** All of it was written; only the last sync failed. */
  | "kept";

export class FailingDisk {
  readonly #file: string;
  #left = Infinity;
  #failure: Failure = "lost";
  #told!: () => void;
  #failed: Promise<void> = Promise.resolve();
  opened = 0;

  constructor(folder: string) {
    this.#file = join(folder, "refrain.db");
  }

  /** The commit after so many more fails. Resolves when it has. */
  failAfter(commits: number, failure: Failure): Promise<void> {
    this.#left = commits;
    this.#failure = failure;
    this.#failed = new Promise((resolve) => (this.#told = resolve));
    return this.#failed;
  }

  readonly openStore: NonNullable<ServerParts["openStore"]> = async (onFatal) => {
    this.opened += 1;
    const inner = await openSqliteStore({ file: this.#file, durability: "process", onFatal });
    let over: StoreFailedError | undefined;
    const write = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (over !== undefined) throw over;
      if (this.#left > 0) {
        this.#left -= 1;
        return work();
      }
      this.#left = Infinity;
      over = new StoreFailedError("the disk did not sync");
      if (this.#failure === "kept") await work();
      this.#told();
      throw over;
    };
    return wrapStore(inner, {
      append: (...args) => write(() => inner.append(...args)),
      appendMany: (batch) => write(() => inner.appendMany(batch)),
    }) satisfies Store;
  };
}
