/** A store for each epoch of a server, over one that lasts: each can be made to fail, to hang, or not to open. */
import { StoreFailedError } from "../../src/log/errors.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Clock, Store } from "../../src/ports.ts";
import { liveClock } from "../../src/live.ts";
import type { ServerParts } from "../../src/server.ts";
import { wrapStore } from "../support/wrapped-store.ts";

export class FailingStore {
  readonly inner: Store;
  /** The next write fails, and with it the store that it was for. */
  fails = false;
  /** Writes never end. */
  hangs = false;
  /** Why it cannot be opened now. */
  locked: Error | undefined;
  /** How often it was tried to open it. */
  attempts = 0;
  opened = 0;
  closed = 0;
  #onFatal: (error: Error) => void = () => {};

  constructor(inner = createMemoryStore(projections)) {
    this.inner = inner;
  }

  readonly openStore: ServerParts["openStore"] = async (onFatal) => {
    this.attempts += 1;
    if (this.locked !== undefined) throw this.locked;
    this.opened += 1;
    let failure: Error | undefined;
    this.#onFatal = (error) => {
      failure = error;
      onFatal(error);
    };
    const write = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (this.hangs) return new Promise(() => {});
      if (this.fails) failure = new StoreFailedError("the disk is on fire");
      this.fails = false;
      if (failure !== undefined) throw failure;
      return work();
    };
    const { inner } = this;
    return wrapStore(inner, {
      append: (...args) => write(() => inner.append(...args)),
      appendMany: (batch) => write(() => inner.appendMany(batch)),
      close: async () => void (this.closed += 1),
    });
  };

  /** As a store does that has found out by itself, without a write that anybody waits for. */
  reportFatal(): void {
    this.#onFatal(new StoreFailedError("its thread ended"));
  }
}

/** Live, except that timers of `ms` and more come after `shortMs`, and that it knows which are armed. */
export function hastyClock(ms = Number.POSITIVE_INFINITY, shortMs = 0): Clock & { readonly armed: ReadonlySet<object> } {
  const armed = new Set<object>();
  return {
    armed,
    now: () => liveClock.now(),
    soon: (task) => liveClock.soon(task),
    at(deadline, task, keepAlive) {
      const now = liveClock.now();
      const entry = {};
      armed.add(entry);
      const fire = (): void => {
        armed.delete(entry);
        task();
      };
      const timer = liveClock.at(deadline - now >= ms ? now + shortMs : deadline, fire, keepAlive);
      return {
        cancel() {
          armed.delete(entry);
          timer.cancel();
        },
      };
    },
  };
}
