/**
 * One message that several sessions of an account were given, each of which keeps it until it is acknowledged. Whoever acknowledges
 * it has it for all: for the others it is a copy from then on. Only the last that ends without it has to give it to somebody else.
 */
import type { Step } from "../step/batch.ts";

/** A session that keeps it. */
export interface Holder {
  /** The stanza of this number is nobody's loss any more. */
  becomesCopy(step: Step, number: number): void;
}

export class SharedStanza {
  /** Names it in the log, so that those who keep it find each other after a crash. */
  readonly id: string;
  readonly #holders = new Map<Holder, number>();

  constructor(id: string) {
    this.id = id;
  }

  /** `number`: its place in this holder's queue. */
  hold(holder: Holder, number: number): void {
    this.#holders.set(holder, number);
  }

  /** This one never had it. */
  unhold(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /** The client of this one has it. */
  taken(step: Step, by: Holder): void {
    const others = [...this.#holders].filter(([holder]) => holder !== by);
    this.#holders.clear();
    for (const [holder, number] of others) holder.becomesCopy(step, number);
  }

  /** This one ends without it. Returns whether nobody else has it. */
  left(by: Holder): boolean {
    this.#holders.delete(by);
    return this.#holders.size === 0;
  }
}
