/** When a client tries again to connect: soon at first, later each time, and much later where somebody else has taken its place. */
import type { Timer } from "../../../src/ports.ts";
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import type { Scene } from "./scene.ts";

/** Milliseconds: the first and the longest wait, and that of who was displaced; each is drawn from half to one and a half of it. */
const backOffMinMs = 50;
const backOffMaxMs = 8_000;
const displacedMs = 15_000;

export class ComingBack {
  readonly #scene: Scene;
  readonly #random: SeededRandom;
  readonly #connect: () => void;
  #tries = 0;
  #timer: Timer | undefined;
  /** Another session has taken the resource. */
  isDisplaced = false;

  constructor(scene: Scene, random: SeededRandom, connect: () => void) {
    this.#scene = scene;
    this.#random = random;
    this.#connect = connect;
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  wait(): void {
    const longest = this.isDisplaced ? displacedMs : Math.min(backOffMaxMs, backOffMinMs * 2 ** this.#tries);
    this.isDisplaced = false;
    this.#tries += 1;
    this.#timer = this.#scene.after(Math.round(longest * (0.5 + this.#random.fraction())), () => {
      this.#timer = undefined;
      this.#connect();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** It has a session again. */
  succeeded(): void {
    this.#tries = 0;
  }
}
