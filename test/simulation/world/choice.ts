/** One number that decides a happening: each question takes a part of it, so that smaller numbers give the first and simplest answers. */
export class Choice {
  #left: number;

  /** A whole number, at least 0. */
  constructor(number: number) {
    this.#left = Math.max(0, Math.floor(number));
  }

  /** 0..count−1. */
  whole(count: number): number {
    const answer = this.#left % count;
    this.#left = Math.floor(this.#left / count);
    return answer;
  }

  /** From one bound to the other, both included. */
  between(least: number, most: number): number {
    return least + this.whole(most - least + 1);
  }

  /** Once in `times`. */
  oneIn(times: number): boolean {
    return this.whole(times) === times - 1;
  }

  /** undefined if there is nothing to pick from. */
  pick<Thing>(things: readonly Thing[]): Thing | undefined {
    return things.length === 0 ? undefined : things[this.whole(things.length)];
  }

  /** One of those that have a weight above 0, as often as that is large. */
  weighted<Thing extends { readonly weight: number }>(things: readonly Thing[]): Thing | undefined {
    const total = things.reduce((sum, { weight }) => sum + weight, 0);
    if (total === 0) return undefined;
    let place = this.whole(total);
    return things.find(({ weight }) => (place -= weight) < 0);
  }
}

/** Choices are drawn below this: enough for a dozen questions. */
export const choicesMax = 2 ** 48;
