/** Those who follow the log: each reads on from where it is, as fast as it can take it, whenever something was committed. */

import type { StoredFact, Store } from "../ports.ts";

const pageFacts = 256;

type Handler = (fact: StoredFact) => void;

interface Subscription {
  after: number;
  readonly handler: Handler;
  reading: boolean;
  /** Something was committed while it read. */
  more: boolean;
}

export class Subscriptions {
  readonly #readAll: Store["readAll"];
  readonly #active = new Set<Subscription>();

  constructor(readAll: Store["readAll"]) {
    this.#readAll = readAll;
  }

  /** See Store.subscribe. A handler that throws is not called again, and a process warning says so. */
  subscribe(after: number, handler: Handler): () => void {
    const subscription: Subscription = { after, handler, reading: false, more: false };
    this.#active.add(subscription);
    void this.#follow(subscription);
    return () => void this.#active.delete(subscription);
  }

  committed(): void {
    for (const subscription of this.#active) void this.#follow(subscription);
  }

  end(): void {
    this.#active.clear();
  }

  async #follow(subscription: Subscription): Promise<void> {
    subscription.more = true;
    if (subscription.reading) return;
    subscription.reading = true;
    while (subscription.more && this.#active.has(subscription)) {
      subscription.more = false;
      // A store that cannot be read has failed or is closed: its owner is told, and there is nothing to follow any more.
      const facts = await this.#readAll(subscription.after, pageFacts).catch(() => undefined);
      if (facts === undefined) this.#active.delete(subscription);
      else this.#tell(subscription, facts);
      if (facts?.length === pageFacts) subscription.more = true;
    }
    subscription.reading = false;
  }

  #tell(subscription: Subscription, facts: readonly StoredFact[]): void {
    for (const fact of facts) {
      if (!this.#active.has(subscription)) return;
      subscription.after = fact.position;
      try {
        subscription.handler(fact);
      } catch (error) {
        this.#active.delete(subscription);
        process.emitWarning(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}
