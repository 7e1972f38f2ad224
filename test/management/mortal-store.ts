/** A store whose process can die: from then on nothing is written and nothing answers, while what it held is there for another. */
import type { Store } from "../../src/ports.ts";

export interface MortalStore {
  readonly store: Store;
  /** Nothing that is asked of it from now on is ever answered. */
  die(): void;
  /**
   * Dies by itself once so many more commits are written. `told`: whether the last of them is still acknowledged, so that what
   * waited for it may leave.
   */
  dieAfter(commits: number, told: boolean): void;
  /** Resolves when it is dead. */
  readonly dead: Promise<void>;
  /** Written since `dieAfter`, or since the beginning. */
  readonly commits: number;
}

export function mortalStore(inner: Store): MortalStore {
  let isDead = false;
  let lastIsTold = true;
  let left = Infinity;
  let commits = 0;
  let bury = (): void => undefined;
  const dead = new Promise<void>((resolve) => (bury = resolve));
  const never = new Promise<never>(() => undefined);
  const die = (): void => {
    isDead = true;
    bury();
  };
  const commit = async <Result>(write: () => Promise<Result>): Promise<Result> => {
    const result = await write();
    commits++;
    if (--left > 0) return result;
    die();
    return lastIsTold ? result : never;
  };
  const store: Store = new Proxy(inner, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      return (...args: readonly unknown[]): unknown => {
        if (key === "close") return Promise.resolve();
        if (isDead) return key === "subscribe" ? () => undefined : never;
        const call = () => (value as (...args: readonly unknown[]) => unknown).apply(target, [...args]);
        return key === "append" || key === "appendMany" ? commit(call as () => Promise<unknown>) : call();
      };
    },
  });
  return {
    store,
    die,
    dieAfter: (count, told) => {
      commits = 0;
      left = count;
      lastIsTold = told;
      if (count === 0) die();
    },
    dead,
    get commits() {
      return commits;
    },
  };
}
