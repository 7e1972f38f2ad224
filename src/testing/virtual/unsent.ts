/** What was written to a virtual link and has not left: it waits for room, or for the end of a handshake. */

/** What is no text: the end of the direction, and the three messages that stand for a TLS handshake. */
export type Mark = "end" | "hello" | "answer" | "finished";

export type Written = Uint8Array | Mark;

export class Unsent {
  #ready: Written[] = [];
  /** For after the handshake; undefined while there is none. */
  #held: Written[] | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing waits for room. */
  get isReadyEmpty(): boolean {
    return this.#ready.length === 0;
  }

  add(what: Written): void {
    this.#bytes += bytesOf(what);
    (this.#held ?? this.#ready).push(what);
  }

  /** Before what is held. */
  addNow(mark: Mark): void {
    this.#ready.push(mark);
  }

  /** What is added from now on waits for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    for (const what of this.#held ?? []) this.#ready.push(what);
    this.#held = undefined;
  }

  clear(): void {
    this.#ready = [];
    this.#held = undefined;
    this.#bytes = 0;
  }

  /** The next mark, or so many bytes at most of the next ones that were written together; undefined: nothing, or nothing that fits. */
  take(bytesMax: number): Written | undefined {
    const [first] = this.#ready;
    if (first === undefined || (typeof first !== "string" && bytesMax <= 0)) return undefined;
    if (typeof first === "string" || first.length <= bytesMax) this.#ready.shift();
    else this.#ready[0] = first.subarray(bytesMax);
    const taken = typeof first === "string" ? first : first.subarray(0, bytesMax);
    this.#bytes -= bytesOf(taken);
    return taken;
  }
}

function bytesOf(what: Written): number {
  return typeof what === "string" ? 0 : what.length;
}
