/** The client's side of what stream management counts, written apart from the server's so that both would have to be wrong together. */

/** XEP-0198 section 4: after 2^32 - 1 comes 0. */
const modulus = 2 ** 32;

export class CountError extends Error {
  override readonly name = "CountError";
}

/** What was sent and is not acknowledged, in order. */
export class Outgoing<Item> {
  #waiting: Item[] = [];
  #acknowledged: number;

  /** `acknowledged`: where the count begins. */
  constructor(acknowledged = 0) {
    this.#acknowledged = acknowledged;
  }

  get waiting(): readonly Item[] {
    return this.#waiting;
  }

  /** The last `h` that was taken. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  push(item: Item): void {
    this.#waiting.push(item);
  }

  /** Takes an `h` and returns what it acknowledges. Throws CountError at one that goes back, or beyond what there is. */
  acknowledge(h: number): readonly Item[] {
    const ahead = (h - this.#acknowledged + modulus) % modulus;
    if (!Number.isInteger(h) || h < 0 || h >= modulus || ahead > this.#waiting.length) {
      const most = (this.#acknowledged + this.#waiting.length) % modulus;
      throw new CountError(`h='${h}' came, where ${this.#acknowledged} was acknowledged before and ${most} is the most there can be`);
    }
    this.#acknowledged = h;
    return this.#waiting.splice(0, ahead);
  }
}

/** The number after `h`. */
export function counted(h: number): number {
  return (h + 1) % modulus;
}
