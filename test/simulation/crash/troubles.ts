/** What went wrong in a run, counted, and for the first few of each kind with the evidence. */
import type { Trouble } from "./ledger.ts";
import type { Transcript } from "./transcript.ts";

/** Incidents of one kind that keep evidence: whoever has read so many knows. */
const evidenceMax = 3;
const linesMax = 60;

export interface Witness {
  readonly name: string;
  /** The id of its session, for `refrain log`. */
  readonly session: string | undefined;
  readonly transcript: Transcript;
}

export interface Incident {
  readonly trouble: Trouble;
  readonly text: string;
  /** What the clients saw, by line. */
  readonly evidence: readonly string[];
}

export class Troubles {
  readonly #counts = new Map<Trouble, number>();
  readonly #incidents: Incident[] = [];

  count(trouble: Trouble): number {
    return this.#counts.get(trouble) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get incidents(): readonly Incident[] {
    return this.#incidents;
  }

  /** `evidence` is asked for only if it is kept. */
  add(trouble: Trouble, text: string, evidence: () => readonly string[]): void {
    const count = this.count(trouble) + 1;
    this.#counts.set(trouble, count);
    if (count <= evidenceMax) this.#incidents.push({ trouble, text, evidence: evidence() });
  }
}

/** What the witnesses have to say of `words`, and of their streams around it. */
export function evidenceOf(witnesses: readonly Witness[], words: readonly string[]): readonly string[] {
  return witnesses.flatMap(({ name, session, transcript }) => [
    `${name}, session ${session ?? "none"}, looking for ${words.join(", ") || "its stream"}:`,
    ...transcript.about(words, linesMax).map((line) => `  ${line}`),
  ]);
}
