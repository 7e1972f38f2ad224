/** The way of the log to a file descriptor. It never stops the server, whatever becomes of the disk, the pipe or the terminal. */
import { write, writeSync } from "node:fs";
import { logFlushTurnsMax, logFlushTurnMs, logQueueBytesMax, logRetryMs } from "../domain/limits.ts";
import type { Clock } from "../ports.ts";

export interface LogDestinationOptions {
  readonly fd: number;
  readonly clock: Clock;
  /** The line that tells how many lines were lost, with its line break. */
  readonly lostLines: (count: number) => string;
}

interface Chunk {
  readonly bytes: Buffer;
  /** Where each line ends. */
  readonly ends: readonly number[];
  /** How many lost lines it tells of, in its first bytes. */
  readonly tells: number;
  readonly noticeEnd: number;
}

/**
 * Writes lines in their order, one write at a time, none of them in the caller's way. Lines that find the queue full and those
 * whose write fails are lost; the next that gets through is preceded by their number. Nobody reads any more (EPIPE): all are lost.
 */
export class LogDestination {
  readonly #options: LogDestinationOptions;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** Lines lost before those in the queue, and after them. */
  #lostBefore = 0;
  #lostAfter = 0;
  /** What is being written, or waits until it can be. */
  #current: Chunk | undefined;
  /** Bytes of it that the system has taken. */
  #taken = 0;
  #writing = false;
  /** The last write ended within a line. */
  #torn = false;
  #closed = false;

  constructor(options: LogDestinationOptions) {
    this.#options = options;
  }

  write(line: string): void {
    if (this.#closed) return;
    const bytes = Buffer.from(line);
    if (this.#queuedBytes + bytes.length > logQueueBytesMax) {
      this.#lostAfter += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#current === undefined) this.#next();
  }

  /** Resolves when all is written or lost, but soon: what cannot be written in about half a second stays unwritten. */
  async flush(): Promise<void> {
    for (let turn = 0; turn < logFlushTurnsMax && this.#current !== undefined; turn += 1) {
      if (!this.#writing) this.#attempt();
      const { clock } = this.#options;
      await new Promise<void>((resolve) => clock.at(clock.now() + logFlushTurnMs, resolve, true));
    }
  }

  /** For a process that ends in this very moment: one attempt. What is being written meanwhile may come after it. */
  flushNow(): void {
    const current = this.#current;
    const rest = current === undefined || this.#writing ? [] : [current.bytes.subarray(this.#taken)];
    const bytes = Buffer.concat([...rest, ...this.#queue]);
    if (this.#closed || bytes.length === 0) return;
    this.#closed = true;
    try {
      writeSync(this.#options.fd, bytes);
    } catch {
      // There is nowhere left to say it.
    }
  }

  #next(): void {
    this.#current = undefined;
    this.#taken = 0;
    if (this.#queue.length > 0) this.#current = this.#chunk(this.#queue);
    this.#lostBefore += this.#lostAfter;
    this.#lostAfter = 0;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#attempt();
  }

  #chunk(lines: readonly Buffer[]): Chunk {
    const tells = this.#lostBefore;
    this.#lostBefore = 0;
    const before = Buffer.from(`${this.#torn ? "\n" : ""}${tells === 0 ? "" : this.#options.lostLines(tells)}`);
    let end = before.length;
    const ends = lines.map((line) => (end += line.length));
    return { bytes: Buffer.concat([before, ...lines]), ends, tells, noticeEnd: before.length };
  }

  #attempt(): void {
    const { fd, clock } = this.#options;
    if (this.#current === undefined || this.#writing || this.#closed) return;
    this.#writing = true;
    write(fd, this.#current.bytes, this.#taken, null, null, (error, bytesWritten) => {
      this.#writing = false;
      if (error === null) this.#wrote(bytesWritten);
      else if (error.code === "EAGAIN") clock.at(clock.now() + logRetryMs, () => this.#attempt());
      else this.#failed(error);
    });
  }

  #wrote(bytes: number): void {
    this.#taken += bytes;
    if (this.#current !== undefined && this.#taken < this.#current.bytes.length) {
      this.#attempt();
      return;
    }
    this.#torn = false;
    this.#next();
  }

  #failed(error: NodeJS.ErrnoException): void {
    const { ends = [], noticeEnd = 0, tells = 0 } = this.#current ?? {};
    if (error.code === "EPIPE") {
      this.#closed = true;
      this.#current = undefined;
      this.#queue = [];
      return;
    }
    const taken = this.#taken;
    if (taken > 0) this.#torn = taken !== noticeEnd && !ends.includes(taken);
    this.#lostBefore += ends.filter((end) => end > taken).length + (taken < noticeEnd ? tells : 0);
    this.#next();
  }
}
