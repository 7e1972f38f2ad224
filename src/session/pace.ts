/**
 * How fast one client is read (RFC 6120 section 13.12): so much in a second, after `paceBurstSeconds` times as much at once. Whoever sends faster
 * is not read for a while, so that it waits in the network and not in memory.
 */
import { paceBurstSeconds } from "../domain/limits.ts";

export interface PaceOptions {
  /** 0: as much as comes. */
  readonly bytesPerSecond: number;
  readonly stanzasPerSecond: number;
}

export class Pace {
  readonly #bytes: Allowance;
  readonly #stanzas: Allowance;
  /** Bytes that were counted as they came, and have been no part of an element yet. */
  #counted = 0;

  constructor({ bytesPerSecond, stanzasPerSecond }: PaceOptions, now: number) {
    this.#bytes = new Allowance(bytesPerSecond, now);
    this.#stanzas = new Allowance(stanzasPerSecond, now);
  }

  /** Bytes came, of whatever kind. Returns for how many ms nothing is to be read. */
  heard(bytes: number, now: number): number {
    this.#counted += bytes;
    return this.#bytes.take(bytes, now);
  }

  /** An element was taken. A transport that does not tell what came tells the size of this. */
  element(bytes: number, now: number): number {
    const more = Math.max(0, bytes - this.#counted);
    this.#counted = Math.max(0, this.#counted - bytes);
    return Math.max(this.#bytes.take(more, now), this.#stanzas.take(1, now));
  }
}

class Allowance {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond * paceBurstSeconds;
    this.#at = now;
  }

  take(amount: number, now: number): number {
    if (this.#perSecond === 0) return 0;
    const more = ((now - this.#at) * this.#perSecond) / 1_000;
    this.#left = Math.min(this.#perSecond * paceBurstSeconds, this.#left + more) - amount;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left * 1_000) / this.#perSecond);
  }
}
