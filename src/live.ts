/** The live forms of time, randomness and ids: the only code in src/ that asks the machine for them. */
import { randomBytes, randomFillSync } from "node:crypto";
import type { Clock, Ids, Random, Timer } from "./ports.ts";

export const liveClock: Clock = {
  now: () => Date.now(),
  at: (deadline, task, keepAlive = false) => new LiveTimer(deadline, task, keepAlive),
  soon: (task) => void setImmediate(task),
};

export const liveRandom: Random = {
  bytes: (count) => randomBytes(count),
};

export const liveIds: Ids = {
  next() {
    if (idsUsed === idPool.length) {
      randomFillSync(idPool);
      idsUsed = 0;
    }
    idsUsed += idBytes;
    return idPool.toString("base64url", idsUsed - idBytes, idsUsed);
  },
};

/** setTimeout takes a longer delay for 1 ms. */
const delayMsMax = 2 ** 31 - 1;

class LiveTimer implements Timer {
  readonly #deadline: number;
  readonly #task: () => void;
  readonly #keepAlive: boolean;
  #timeout: NodeJS.Timeout;

  constructor(deadline: number, task: () => void, keepAlive: boolean) {
    if (Number.isNaN(deadline)) throw new RangeError("Clock.at: the deadline is not a number");
    this.#deadline = deadline;
    this.#task = task;
    this.#keepAlive = keepAlive;
    this.#timeout = this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #arm(): NodeJS.Timeout {
    const delayMs = Math.min(Math.max(this.#deadline - Date.now(), 0), delayMsMax);
    const timeout = setTimeout(() => this.#expired(), delayMs);
    return this.#keepAlive ? timeout : timeout.unref();
  }

  /** Early if the deadline is far, if the wall clock was set back, or by rounding: Node's timers run on another clock. */
  #expired(): void {
    if (Date.now() < this.#deadline) this.#timeout = this.#arm();
    else this.#task();
  }
}

/** One draw from the system serves many ids: a draw costs more than an id. */
const idBytes = 16;
const idPool = Buffer.alloc(idBytes * 256);
let idsUsed = idPool.length;
