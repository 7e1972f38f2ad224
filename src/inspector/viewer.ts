/** One page that is open: what it is told, as fast as it takes it and no faster. */
import {
  inspectorFrameCharsMax, inspectorMessagesPerSecondMax, inspectorQueueCharsMax, inspectorQueueItemsMax, inspectorUnsentBytesMax,
} from "../domain/limits.ts";
import type { Clock } from "../ports.ts";
import type { TextSocket } from "../net/text-socket.ts";
import type { FromServer } from "./protocol.ts";

export class Viewer {
  /** Whether it wants the list; `behind`: it is to be told all of it. */
  list: "off" | "behind" | "follows" = "off";
  watchesNew = false;
  /** Questions that wait for an answer. */
  questions = 0;
  readonly #socket: TextSocket;
  readonly #clock: Clock;
  /** As JSON. What it is told when there is room for it. */
  readonly #told = new Queue();
  /** What happened, and facts, which can be read again and must not wait for room behind what happens all the time. */
  readonly #items = new Queue();
  readonly #facts = new Queue();
  #dropped = 0;
  #droppedTold = 0;
  #second = 0;
  #messages = 0;
  #closed = false;

  constructor(socket: TextSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  get address(): string {
    return this.#socket.remoteAddress;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What it has missed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Too much was sent, or is to be, that has not left: nothing more is made for it for now. */
  get clogged(): boolean {
    return this.#isFull || this.#told.size > 0;
  }

  get #isFull(): boolean {
    return this.#socket.bufferedBytes > inspectorUnsentBytesMax;
  }

  /** Whether there is room for one thing more that happened; if not, that it was missed is to be counted (`miss`). */
  get hasRoom(): boolean {
    return this.#items.hasRoom;
  }

  get hasRoomForFacts(): boolean {
    return this.#facts.hasRoom;
  }

  get waits(): boolean {
    if (this.#closed) return false;
    return this.#told.size > 0 || this.#items.size > 0 || this.#facts.size > 0 || this.#dropped !== this.#droppedTold;
  }

  /** One message more came. Returns whether they come too fast. */
  heard(): boolean {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) this.#messages = 0;
    this.#second = second;
    this.#messages += 1;
    return this.#messages > inspectorMessagesPerSecondMax;
  }

  /** At once, or when there is room: in order, and before all that waits. Who asks and asks, and never takes what it is told, is let go. */
  tell(message: FromServer): void {
    if (this.#closed) return;
    const frame = JSON.stringify(message);
    if (!this.clogged) this.send(frame);
    else if (!this.#told.push(frame)) this.close(1013, "this page does not take what it asks for");
  }

  /** At once, whatever waits: for who has looked whether it is clogged. */
  send(frame: string): void {
    if (!this.#closed) this.#socket.send(frame);
  }

  /** Drops it and counts it where there is no room. */
  offer(item: string): void {
    if (!this.#items.push(item)) this.miss();
  }

  miss(): void {
    this.#dropped += 1;
  }

  /** Returns whether there was room. */
  offerFact(item: string): boolean {
    return this.#facts.push(item);
  }

  /** Sends what waits, unless what was sent before has not left. */
  flush(): void {
    while (this.#told.size > 0 && !this.#isFull && !this.#closed) for (const frame of this.#told.take(1)) this.send(frame);
    while (this.waits && !this.clogged && !this.#closed) {
      const items = [...this.#items.take(inspectorFrameCharsMax), ...this.#facts.take(inspectorFrameCharsMax)];
      this.#droppedTold = this.#dropped;
      this.send(`{"type":"items","items":[${items.join(",")}],"dropped":${this.#dropped}}`);
    }
  }

  /** What happened, and waits, belongs to what is not watched any more. */
  clear(): void {
    this.#items.clear();
    this.#facts.clear();
  }

  /** The socket is closed, or to be closed: nothing is sent any more. `why` is short and ASCII. */
  close(code?: number, why?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#told.clear();
    this.clear();
    if (code !== undefined) this.#socket.close(code, why);
  }
}

/** Bounded by number and by characters; one is taken however long it is. */
class Queue {
  #texts: string[] = [];
  #chars = 0;

  get size(): number {
    return this.#texts.length;
  }

  get hasRoom(): boolean {
    return this.#texts.length < inspectorQueueItemsMax && this.#chars < inspectorQueueCharsMax;
  }

  push(text: string): boolean {
    if (!this.hasRoom || (this.#texts.length > 0 && this.#chars + text.length > inspectorQueueCharsMax)) return false;
    this.#texts.push(text);
    this.#chars += text.length;
    return true;
  }

  /** The oldest, of about so many characters together. */
  take(charsMax: number): readonly string[] {
    let chars = 0;
    let count = 0;
    for (const { length } of this.#texts) {
      if (count > 0 && chars + length > charsMax) break;
      chars += length;
      count += 1;
    }
    this.#chars -= chars;
    return this.#texts.splice(0, count);
  }

  clear(): void {
    this.#texts = [];
    this.#chars = 0;
  }
}
