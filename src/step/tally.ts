/** What a process counts for its operators: plain numbers that only grow, so that counting costs nothing worth measuring. */

export type Kind = "message" | "presence" | "iq";

export class Tally {
  /** Stanzas of connected clients, and to them. */
  readonly received: Record<Kind, number> = { message: 0, presence: 0, iq: 0 };
  readonly delivered: Record<Kind, number> = { message: 0, presence: 0, iq: 0 };
  /** Sessions that began, and that were resumed (XEP-0198 section 5). */
  begun = 0;
  resumed = 0;
  /** Resumptions that were refused, by the condition that the client was told. */
  readonly resumptionsRefused = new Map<string, number>();
  /** Failed logins, by reason. */
  readonly loginsFailed = new Map<string, number>();
  /** Streams that the server closed with an error, by its condition (RFC 6120 section 4.9.3). */
  readonly streamErrors = new Map<string, number>();
  /** Times that the store was opened: more than one means that it failed. */
  storeOpenings = 0;
  /** Facts that are on the disk, and commits that brought them there. */
  facts = 0;
  commits = 0;
  commitMs = 0;
  /** Commits by what they took: those of at most `commitBoundsMs[index]`, the rest in the last. */
  readonly commitsByMs: number[] = [...commitBoundsMs.map(() => 0), 0];

  committed(facts: number, ms: number): void {
    this.facts += facts;
    this.commits += 1;
    this.commitMs += ms;
    const index = commitBoundsMs.findIndex((bound) => ms <= bound);
    this.commitsByMs[index === -1 ? commitBoundsMs.length : index]! += 1;
  }
}

/** Upper bounds, in ms. */
export const commitBoundsMs: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

/** One more of these. */
export function count(by: Map<string, number>, name: string): void {
  by.set(name, (by.get(name) ?? 0) + 1);
}
