/** Group commit without a timer: what arrives while a transaction is under way is the next transaction. */

import type { AppendRows } from "../rows.ts";
import type { Outcome } from "./protocol.ts";
import { fromWire } from "./protocol.ts";
import type { WorkerLink } from "./worker-link.ts";

/** Appends of one transaction, so that the first of a flood does not wait for the last. */
const groupAppendsMax = 1_024;

type Batch = readonly AppendRows[];
type Written = Extract<Outcome, { readonly position: number }>;

interface Waiting {
  readonly batch: Batch;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: Error) => void;
}

export class GroupCommit {
  readonly #link: WorkerLink;
  readonly #committed: () => void;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** `committed` is told after each transaction, once its appends are settled. */
  constructor(link: WorkerLink, committed: () => void) {
    this.#link = link;
    this.#committed = committed;
  }

  /** Rejects with ConcurrencyError, with what a projection threw, or with StoreFailedError. */
  add(batch: Batch): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more, well or ill. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    await settled();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupAppendsMax);
      try {
        const outcomes = await this.#link.ask({ kind: "commit", group: group.map(({ batch }) => batch) });
        group.forEach((waiting, index) => settle(waiting, outcomes[index]));
        this.#committed();
      } catch (error) {
        for (const { reject } of group) reject(error as Error);
      }
      await settled();
    }
    this.#running = undefined;
  }
}

function settle({ resolve, reject }: Waiting, outcome: Outcome | undefined): void {
  if (outcome === undefined) reject(new Error("the store's thread answered fewer appends than it was asked"));
  else if ("refused" in outcome) reject(fromWire(outcome.refused));
  else resolve(outcome);
}

/** Lets those who were answered append again, and those of the same turn join, before the next transaction begins. */
async function settled(): Promise<void> {
  for (let hops = 0; hops < 4; hops += 1) await Promise.resolve();
}
