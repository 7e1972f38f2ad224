/**
 * What the plan has done to the server, and for how long that is a reason for what clients and operators see of it: until it is over,
 * and as long after it as what the server said meanwhile may be under way.
 */
import { commitMs } from "../../../src/domain/limits.ts";
import type { VirtualDisk } from "../../../src/testing/virtual/virtual-disk.ts";
import type { VirtualServer } from "../../../src/testing/virtual/virtual-server.ts";

/** Milliseconds after a trouble's end in which the server may yet log what came of it. */
const logMs = 5_000;
/** Milliseconds that what it has said may take to a client: its link stands still, or is slow. */
const underWayMs = 60_000;

export interface ExcusesOptions {
  readonly disk: VirtualDisk;
  readonly server: VirtualServer;
  /** Milliseconds since the world began. */
  readonly now: () => number;
}

export class Excuses {
  readonly #disk: VirtualDisk;
  readonly #server: VirtualServer;
  readonly #now: () => number;
  /** When the last kill or fault of the disk was, ms since the world began; -Infinity for none. */
  lastLossAt = -Infinity;
  #stopEndedAt = -Infinity;
  #failuresKnown = 0;
  #diskEndedAt = -Infinity;
  #slowUntil = -Infinity;

  constructor({ disk, server, now }: ExcusesOptions) {
    this.#disk = disk;
    this.#server = server;
    this.#now = now;
  }

  /** Somebody has asked it to stop. */
  stopBegins(): void {
    this.#stopEndedAt = Infinity;
  }

  stopEnds(): void {
    this.#stopEndedAt = this.#now();
  }

  /** The next commit takes so long. From `commitMs` on it counts as failed. */
  commitIsSlow(ms: number): void {
    // It may begin only when somebody has something to write.
    this.#slowUntil = Math.max(this.#slowUntil, this.#now() + ms + underWayMs);
    if (ms >= commitMs) this.#diskEndedAt = Infinity;
  }

  /** After each task. */
  look(): void {
    const { failures } = this.#disk;
    if (failures !== this.#failuresKnown) {
      this.#failuresKnown = failures;
      this.#diskEndedAt = Infinity;
    }
    const isOver = this.#diskEndedAt === Infinity && !this.#disk.isSlow && this.#server.isUp && this.#server.server.observation !== undefined;
    if (isOver) this.#diskEndedAt = this.#now();
  }

  /** The server may log an error: a commit has failed, or one that takes long is given up as it stops. */
  get isLogTroubled(): boolean {
    return this.#diskFailedWithin(logMs) || (this.isStopping && this.isSlow);
  }

  /** A client may be told that the disk fails. */
  get isDiskTroubled(): boolean {
    return this.#diskFailedWithin(underWayMs);
  }

  /** What the server does may take long. */
  get isSlow(): boolean {
    return this.isDiskTroubled || this.#now() <= this.#slowUntil;
  }

  /** A client may be told that the server stops. */
  get isStopping(): boolean {
    return this.#now() <= this.#stopEndedAt + underWayMs;
  }

  /** Also where nobody has looked since it failed. */
  #diskFailedWithin(ms: number): boolean {
    return this.#disk.failures !== this.#failuresKnown || this.#now() <= this.#diskEndedAt + ms;
  }
}
