/** How a client finds out that its server is not there any more: it asks when it has heard nothing for long, and gives up without an answer. */
import type { Timer } from "../../../src/ports.ts";
import type { Scene } from "./scene.ts";

/** Milliseconds for an answer. */
const answerMs = 12_000;

export interface PatientLink {
  /** Milliseconds of silence after which it asks. */
  readonly patienceMs: number;
  /** Sends something that is answered. */
  ask(): void;
  giveUp(): void;
}

export class Patience {
  readonly #scene: Scene;
  readonly #link: PatientLink;
  #heardAt = 0;
  #timer: Timer | undefined;

  constructor(scene: Scene, link: PatientLink) {
    this.#scene = scene;
    this.#link = link;
  }

  begin(): void {
    this.end();
    this.#wait(this.#link.patienceMs, () => this.#look());
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Something came. */
  heard(): void {
    this.#heardAt = this.#scene.now();
  }

  #look(): void {
    const isSilent = this.#scene.now() - this.#heardAt >= this.#link.patienceMs;
    if (!isSilent || this.#scene.isEnding) return this.begin();
    const askedAt = this.#scene.now();
    this.#link.ask();
    this.#wait(answerMs, () => (this.#heardAt < askedAt ? this.#link.giveUp() : this.begin()));
  }

  #wait(ms: number, then: () => void): void {
    this.#timer = this.#scene.after(ms, then);
  }
}
