import { passwordChecksMax } from "../domain/limits.ts";

/**
 * Admission to the costly part of PLAIN: strangers who send passwords faster than they can be checked get no queue in which
 * everybody else would wait. One for each server.
 */
export class PasswordChecks {
  readonly #max: number;
  readonly #onRefused: () => void;
  #open = 0;

  /** `max`: checks that run or wait for a thread. `onRefused`: told of each that is one too many. */
  constructor(max: number = passwordChecksMax, onRefused: () => void = () => undefined) {
    this.#max = max;
    this.#onRefused = onRefused;
  }

  /** Runs `check`, or answers undefined at once if there are too many already. */
  async admit<T extends object>(check: () => Promise<T>): Promise<T | undefined> {
    if (this.#open >= this.#max) {
      this.#onRefused();
      return undefined;
    }
    this.#open += 1;
    try {
      return await check();
    } finally {
      this.#open -= 1;
    }
  }
}
