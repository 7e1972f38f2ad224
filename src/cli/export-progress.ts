/** What a long command shows on a terminal while it works. */
import { liveClock } from "../live.ts";

/** Shorter work needs no progress. */
const quietMs = 2_000;
/** A line that changes more often cannot be read. */
const pauseMs = 100;

export class Progress {
  readonly #from = liveClock.now() + quietMs;
  #next = this.#from;
  #shown = false;

  /** Shows how far the work has come, on one line of standard error, if that is a terminal. */
  show(text: string): void {
    const now = liveClock.now();
    if (!process.stderr.isTTY || now < this.#next) return;
    this.#next = now + pauseMs;
    this.clear();
    process.stderr.write(`${text} …`);
    this.#shown = true;
  }

  /** Before anything else is said. */
  clear(): void {
    if (this.#shown) process.stderr.write("\r\u001B[K");
    this.#shown = false;
  }
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
