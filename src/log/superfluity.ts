/** Which facts of a session that has ended tell nothing that its other facts do not tell, or that anybody still asks. */
import type { SessionFactType } from "../domain/session-facts.ts";
import type { StoredFact } from "../ports.ts";

const superfluous: ReadonlySet<string> = new Set<SessionFactType>([
  "StanzaQueued", "StanzasCounted", "StanzasAcknowledged", "StanzasTaken", "QueueDropped", "StanzaHeld", "HeldStanzasReleased",
]);

export class Superfluity {
  /** Whether the first snapshot was seen, and the version of the last one. */
  #begun = false;
  #snapshot: number | undefined;

  /** The versions that are known to be superfluous once this fact is seen too. Facts come in their order. */
  see({ type, version }: StoredFact): readonly number[] {
    if (superfluous.has(type)) return [version];
    if (type !== "SessionSnapshotTaken") return [];
    if (!this.#begun) {
      this.#begun = true;
      return [];
    }
    const former = this.#snapshot;
    this.#snapshot = version;
    return former === undefined ? [] : [former];
  }
}
