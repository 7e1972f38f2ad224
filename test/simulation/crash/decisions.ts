/** Chance that repeats: the same seed and name give the same decisions, whatever else decides meanwhile. */
export class Decisions {
  #state: number;

  constructor(seed: number, name = "") {
    this.#state = [...name].reduce((hash, character) => Math.imul(hash ^ character.codePointAt(0)!, 0x01_00_01_93), seed ^ 0x81_1c_9d_c5);
  }

  /** From 0 to below 1 (mulberry32). */
  fraction(): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number; both ends are possible. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** As often a few as a few hundred: evenly by magnitude, from `min`, which is above 0, to `max`. */
  magnitude(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.fraction());
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Throws if there is nothing to choose from. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new Error("there is nothing to choose from");
    return items[this.whole(0, items.length - 1)]!;
  }
}
