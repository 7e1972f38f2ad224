/**
 * When work is done that can wait: in rounds, a portion at a time, not while the store has more to do than it can, and with rests that are
 * much longer than the work, so that nobody's commit waits for it.
 */
import { retentionBusyMs, retentionFirstMs, retentionRestMin } from "../domain/limits.ts";
import type { Clock, Timer } from "../ports.ts";

export interface RhythmOptions {
  readonly clock: Clock;
  /** Milliseconds from the end of a round to the next one. */
  readonly roundMs: number;
  /** Whether the store has more to do than it can: then this waits. */
  readonly busy: () => boolean;
  /** Does a portion. Resolves to whether there is more to do in this round. */
  readonly portion: () => Promise<boolean>;
  /** A round is over, by an error if there is one. Not told after `stop`. */
  readonly rounded: (failure: { readonly error: unknown } | undefined) => void;
}

/** Of the time that a portion took. */
const restFactor = 9;

export class Rhythm {
  readonly #options: RhythmOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RhythmOptions) {
    this.#options = options;
  }

  /** What is under way after `stop` goes no further than it has to. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Begins in a minute. */
  start(): void {
    this.#after(retentionFirstMs);
  }

  /** What is under way may still end. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #after(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#timer = clock.at(clock.now() + ms, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { clock, busy, portion, roundMs } = this.#options;
    if (busy()) return this.#after(retentionBusyMs);
    const began = clock.now();
    try {
      if (await portion()) return this.#after(Math.max(retentionRestMin, restFactor * (clock.now() - began)));
      this.#end(undefined);
    } catch (error) {
      // A store that failed is its owner's matter; whatever else it is, it must not end the server.
      this.#end({ error });
    }
    this.#after(roundMs);
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    if (!this.#stopped) this.#options.rounded(failure);
  }
}
