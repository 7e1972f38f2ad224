/** One direction of a virtual link: what is written arrives whole, in order and later, unless a fault says otherwise. */
import type { Timer } from "../../ports.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { type Mark, Unsent, type Written } from "./unsent.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface PipeSender {
  /** What waited for room was all taken by the system. */
  drained(): void;
}

export interface PipeReceiver {
  /** Bytes that it takes now; 0 while it does not read. It calls `wake` when that changes. */
  room(): number;
  /** Whether it takes this now. */
  takes(mark: Mark): boolean;
  bytes(bytes: Uint8Array): void;
  mark(mark: Mark): void;
  reset(): void;
}

export interface PipeOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly delayMs: readonly [least: number, most: number];
  /** What the systems of both sides hold together: sent, and not yet read. */
  readonly windowBytes: number;
}

interface Piece {
  readonly at: number;
  readonly what: Written;
}

/** How often what was written at once arrives in two pieces, parted anywhere. */
const partedChance = 0.1;
/** As Node reads at most. */
const readBytesMax = 65_536;

export class VirtualPipe {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #sender: PipeSender;
  readonly #receiver: PipeReceiver;
  #delayMs: readonly [number, number];
  #windowBytes: number;
  /** Sent, and not read: bytes of them, and when the last one arrives. */
  #pieces: Piece[] = [];
  #systemBytes = 0;
  #lastAt = 0;
  readonly #unsent = new Unsent();
  #resetAt: number | undefined;
  /** The receiver knows that it was reset. */
  #over = false;
  #stalled = false;
  #blocked = false;
  #timer: { readonly at: number; readonly task: Timer } | undefined;

  constructor({ time, random, delayMs, windowBytes }: PipeOptions, sender: PipeSender, receiver: PipeReceiver) {
    this.#time = time;
    this.#random = random;
    this.#delayMs = delayMs;
    this.#windowBytes = windowBytes;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** Bytes that were written and that the system has not yet taken. */
  get bufferedBytes(): number {
    return this.#unsent.bytes;
  }

  /** Whether something has arrived that was not read. */
  get isUnread(): boolean {
    const [first] = this.#pieces;
    return first !== undefined && typeof first.what !== "string" && first.at <= this.#time.now();
  }

  /** Nothing arrives before. */
  notBefore(at: number): void {
    this.#lastAt = Math.max(this.#lastAt, at);
  }

  send(what: Written): void {
    if (this.#isReset) return;
    this.#unsent.add(what);
    this.#refill();
  }

  /** What is sent from now on waits for `release`. */
  hold(): void {
    this.#unsent.hold();
  }

  /** Goes before what is held. */
  sendNow(mark: Mark): void {
    this.#unsent.addNow(mark);
    this.#refill();
  }

  release(): void {
    const held = this.#unsent.bytes > 0;
    this.#unsent.release();
    this.#refill();
    if (held && this.#unsent.bytes === 0) this.#sender.drained();
  }

  /** The sender is gone: what the system has taken still arrives, then the end. */
  close(): void {
    this.#unsent.clear();
    if (this.#isReset) return;
    this.sendNow("end");
  }

  /** The sender is gone, and says so: whatever the receiver has not read by then is lost. */
  reset(): void {
    this.#unsent.clear();
    if (this.#isReset) return;
    this.#resetAt = this.#arrival();
    this.#schedule();
  }

  /** What is under way is lost, and the receiver learns it after a while, if `told`. */
  cut(told: boolean): void {
    this.#unsent.clear();
    this.#forget();
    this.#stalled = this.#blocked = false;
    this.#resetAt = told ? this.#time.now() + this.#delay() : undefined;
    this.#schedule();
  }

  /** Nothing arrives any more. */
  block(): void {
    const systemBytes = this.#systemBytes;
    this.#forget();
    // The sender's system holds it for ever.
    this.#systemBytes = systemBytes;
    this.#blocked = true;
  }

  stall(): void {
    this.#stalled = true;
  }

  unstall(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#schedule();
  }

  set delayMs(delayMs: readonly [least: number, most: number]) {
    this.#delayMs = delayMs;
  }

  set windowBytes(bytes: number) {
    this.#windowBytes = bytes;
    const waited = !this.#unsent.isReadyEmpty;
    this.#refill();
    if (waited && this.#unsent.isReadyEmpty) this.#sender.drained();
  }

  /** What has arrived as text and was not read is forgotten. */
  discard(): void {
    const now = this.#time.now();
    let count = 0;
    for (const { at, what } of this.#pieces) {
      if (at > now || typeof what === "string") break;
      this.#systemBytes -= what.length;
      count += 1;
    }
    this.#pieces.splice(0, count);
    this.#refill();
    this.#schedule();
  }

  /** The receiver may take more than before. It is told in a task of its own. */
  wake(): void {
    this.#schedule();
  }

  get #isReset(): boolean {
    return this.#over || this.#resetAt !== undefined;
  }

  #forget(): void {
    this.#pieces = [];
    this.#systemBytes = 0;
    this.#timer?.task.cancel();
    this.#timer = undefined;
  }

  /** Moves into the system what it has room for. */
  #refill(): void {
    for (;;) {
      const next = this.#unsent.take(this.#windowBytes - this.#systemBytes);
      if (next === undefined) return;
      if (typeof next === "string") this.#put(next);
      else this.#putBytes(next);
    }
  }

  #putBytes(bytes: Uint8Array): void {
    this.#systemBytes += bytes.length;
    if (bytes.length < 2 || !this.#random.chance(partedChance)) return this.#put(bytes);
    const at = this.#random.whole(1, bytes.length - 1);
    this.#put(bytes.subarray(0, at));
    this.notBefore(this.#lastAt + 1);
    this.#put(bytes.subarray(at));
  }

  #put(what: Written): void {
    if (this.#blocked) return;
    this.#pieces.push({ at: this.#arrival(), what });
    if (this.#pieces.length === 1) this.#schedule();
  }

  #arrival(): number {
    this.notBefore(this.#time.now() + this.#delay());
    return this.#lastAt;
  }

  #delay(): number {
    const [least, most] = this.#delayMs;
    return least === most ? least : this.#random.whole(least, most);
  }

  #schedule(): void {
    const due = this.#pieces[0]?.at ?? this.#resetAt;
    if (due !== undefined) this.#scheduleAt(due);
  }

  #scheduleAt(at: number): void {
    if (this.#stalled || this.#blocked || this.#timer?.at === at) return;
    this.#timer?.task.cancel();
    const task = this.#time.at(at, () => {
      this.#timer = undefined;
      this.#deliver();
    });
    this.#timer = { at, task };
  }

  /** One thing at a time: what it leads to is done before the next one arrives. */
  #deliver(): void {
    if (this.#stalled || this.#blocked) return;
    const now = this.#time.now();
    const [first] = this.#pieces;
    if (first !== undefined && first.at <= now && this.#handOver(first)) return;
    if (this.#resetAt === undefined) return;
    if (this.#resetAt > now) return this.#scheduleAt(this.#resetAt);
    this.#resetAt = undefined;
    this.#over = true;
    this.#forget();
    this.#receiver.reset();
  }

  /** False if the receiver does not take it now. */
  #handOver({ what }: Piece): boolean {
    if (typeof what === "string") {
      if (!this.#receiver.takes(what)) return false;
      this.#pieces.shift();
      this.#schedule();
      this.#receiver.mark(what);
      return true;
    }
    const room = Math.min(this.#receiver.room(), readBytesMax);
    if (room <= 0) return false;
    const bytes = this.#take(room);
    const waited = !this.#unsent.isReadyEmpty;
    this.#refill();
    this.#schedule();
    this.#receiver.bytes(bytes);
    if (waited && this.#unsent.isReadyEmpty) this.#sender.drained();
    return true;
  }

  /** All that has arrived in one, as far as there is room for it. */
  #take(room: number): Uint8Array {
    const now = this.#time.now();
    const taken: Uint8Array[] = [];
    let left = room;
    for (let [first] = this.#pieces; first !== undefined && first.at <= now && left > 0; [first] = this.#pieces) {
      const { what } = first;
      if (typeof what === "string") break;
      const part = what.subarray(0, left);
      taken.push(part);
      left -= part.length;
      if (part.length === what.length) this.#pieces.shift();
      else this.#pieces[0] = { at: first.at, what: what.subarray(part.length) };
    }
    this.#systemBytes -= room - left;
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken);
  }
}
