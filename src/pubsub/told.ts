/** What a resource has been told since it became available, so that it is told nothing twice (XEP-0163 section 4.3.4). */
import { toldNodesMax } from "../domain/limits.ts";

export interface Telling {
  /** Which item it was: `Entry.at`. */
  readonly at: number;
  /** Tellings since the start, this one included. Clocks do not say what was first: they stand still, and go back. */
  readonly number: number;
}

export class Told {
  /** By account and node, what was told last at the end. */
  readonly #last = new Map<string, Telling>();

  /** It has been told of this item of the node, and of none that was published later. */
  add(node: string, telling: Telling): void {
    this.#last.delete(node);
    this.#last.set(node, telling);
    if (this.#last.size <= toldNodesMax) return;
    // It is told that again, where it says again that it wants it.
    for (const oldest of this.#last.keys()) return void this.#last.delete(oldest);
  }

  /** Whether it has been told of this item after so many tellings. */
  has(node: string, at: number, since: number): boolean {
    const last = this.#last.get(node);
    return last !== undefined && last.at === at && last.number > since;
  }
}
