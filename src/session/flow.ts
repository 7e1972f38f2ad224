/**
 * Back-pressure of one link. Input is held for as long as anybody has a reason; a client that does not take what it is sent
 * is not read from either, and is dropped when it goes on like that.
 */
import { outboxBytesHardMax, outboxBytesSoftMax, outboxStallMs } from "../domain/limits.ts";
import type { Clock, Timer } from "../ports.ts";
import type { Link } from "../xml/link.ts";

/**
 * Why input is held: a question is open, something is loaded for a stanza, too much is uncommitted, the client does not read, answers
 * have not left yet, it is the turn of others, the client has sent too much in too short a time, the link is being dropped.
 */
export type HoldReason = "asking" | "routing" | "pressure" | "outbox" | "answers" | "turn" | "pace" | "dropped";

export class Flow {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #holds = new Set<HoldReason>();
  #stall: Timer | undefined;
  #gone = false;

  readonly #onStuck: (bytes: number) => void;

  /** `onStuck` is told before a client that does not read is dropped. */
  constructor(link: Link, clock: Clock, onStuck: (bytes: number) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#onStuck = onStuck;
  }

  get held(): boolean {
    return this.#holds.size > 0;
  }

  hold(reason: HoldReason): void {
    if (this.#gone) return;
    if (this.#holds.size === 0) this.#link.pause();
    this.#holds.add(reason);
  }

  /** The last release lets input in at once: it may call back before it returns. */
  release(reason: HoldReason): void {
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.#link.resume();
  }

  write(texts: readonly string[]): void {
    const link = this.#link;
    link.write(texts);
    const { bufferedBytes } = link;
    if (bufferedBytes <= outboxBytesSoftMax) return;
    if (bufferedBytes > outboxBytesHardMax) {
      this.#drop();
      return;
    }
    this.hold("outbox");
    this.#stall ??= this.#clock.at(this.#clock.now() + outboxStallMs, () => this.#drop());
  }

  #drop(): void {
    this.#onStuck(this.#link.bufferedBytes);
    this.#link.destroy();
  }

  /** The system has taken everything. */
  drained(): void {
    this.stop();
    this.release("outbox");
  }

  stop(): void {
    this.#stall?.cancel();
    this.#stall = undefined;
  }

  /** The link is nobody's: its reading is left as it is, and whoever has reason to hold holds nothing any more. */
  letGo(): void {
    this.stop();
    this.#holds.clear();
    this.#gone = true;
  }
}
