/** Choices that follow from a seed alone. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0, less than `end`. (Mulberry32.) */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % end;
  }

  /** Two different ones of so many. */
  pair(count: number): { readonly speaker: number; readonly listener: number } {
    const speaker = this.below(count);
    return { speaker, listener: (speaker + 1 + this.below(count - 1)) % count };
  }
}
