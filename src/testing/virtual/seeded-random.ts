/** Decisions that are the same for the same seed: for tests and simulations, never for secrets of a server that is reached by others. */
import type { Ids, Random } from "../../ports.ts";

export class SeededRandom implements Random, Ids {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `name` makes another sequence of the same seed, so that one part's draws do not move another's. */
  constructor(seed: number, name = "") {
    // FNV-1a over the name, begun with the seed; small fast counter generator (sfc32) from there.
    let hash = (0x81_1c_9d_c5 ^ seed) >>> 0;
    for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01_00_01_93) >>> 0;
    [this.#a, this.#b, this.#c] = [hash, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    for (let round = 0; round < 15; round += 1) this.next32();
  }

  /** 0..2³²−1. */
  next32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** 0..1, 1 excluded. */
  fraction(): number {
    return this.next32() / 2 ** 32;
  }

  /** A whole number, both bounds included. At most 2³² lie between them. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Throws if there is nothing to pick. */
  pick<Thing>(things: readonly Thing[]): Thing {
    if (things.length === 0) throw new RangeError("SeededRandom.pick: there is nothing to pick from");
    return things[this.whole(0, things.length - 1)]!;
  }

  bytes(count: number): Uint8Array {
    return this.#draw(count);
  }

  /** As the live ones look: 22 characters of base64url. */
  next(): string {
    return this.#draw(16).toString("base64url");
  }

  #draw(count: number): Buffer {
    const words = new Uint32Array(Math.ceil(count / 4));
    for (let index = 0; index < words.length; index += 1) words[index] = this.next32();
    return Buffer.from(words.buffer, 0, count);
  }
}
