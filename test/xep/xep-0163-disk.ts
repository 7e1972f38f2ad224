/** A disk on which the reading of items can be held: for tests of what happens while last items are under way. */
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { accountData } from "../../src/log/projections/account-data.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { wrapStore } from "../support/wrapped-store.ts";

export class SlowDisk {
  readonly #memory = createMemoryStore(projections);
  #held: string | undefined;
  readonly #waiting = new Map<() => void, string>();

  /** For `startServer`: it outlives the servers that it was opened for. */
  readonly openStore = async (): Promise<Store> =>
    wrapStore(this.#memory, {
      close: async () => undefined,
      query: async (projection, query) => {
        const { key } = query as { readonly key?: string };
        if (projection === accountData.name && key !== undefined && this.#held !== undefined && key.includes(this.#held)) {
          await new Promise<void>((resolve) => this.#waiting.set(resolve, key));
        }
        return this.#memory.query(projection, query);
      },
    });

  /** Whoever reads a value whose key has this in it, waits from now on. */
  hold(part: string): void {
    this.#held = part;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  release(): void {
    this.#held = undefined;
    for (const resolve of this.#waiting.keys()) resolve();
    this.#waiting.clear();
  }
}
