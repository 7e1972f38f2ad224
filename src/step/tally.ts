/** What a process counts for its operators: plain numbers that only grow, so that counting costs nothing worth measuring. */
import { countedLimits, isCountedLimit, type CountRefusal, type LimitName } from "../domain/refusals.ts";

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
  /** Failed logins by reason: the condition that the client was told, or `channel-binding` for what is no wrong password. */
  readonly loginsFailed = new Map<string, number>();
  /** Streams that the server closed with an error, by its condition (RFC 6120 section 4.9.3). */
  readonly streamErrors = new Map<string, number>();
  /** Times that the store was opened: more than one means that it failed. */
  storeOpenings = 0;
  /** Facts that are on the disk, and commits that brought them there. */
  facts = 0;
  commits = 0;
  commitMs = 0;
  /** What the last commit took, in ms; undefined before the first. */
  lastCommitMs: number | undefined;
  /** Commits by what they took: those of at most `commitBoundsMs[index]`, the rest in the last. */
  readonly commitsByMs: number[] = [...commitBoundsMs.map(() => 0), 0];

  /** What was refused, by the limit that did it: each is there from the beginning. */
  readonly refusals: Record<LimitName, number> = { ...noRefusals };
  /** When each refused something last, ms since 1970; 0 for never. */
  readonly refusedAt: Record<LimitName, number> = { ...noRefusals };
  readonly #now: () => number;

  /** `now`: ms since 1970. */
  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  /** Wherever a limit refuses or closes. What extensions of others call their limits is not counted. */
  readonly refused: CountRefusal = (limit) => {
    if (!isCountedLimit(limit)) return;
    this.refusals[limit] += 1;
    this.refusedAt[limit] = this.#now();
  };

  committed(facts: number, ms: number): void {
    this.facts += facts;
    this.commits += 1;
    this.commitMs += ms;
    this.lastCommitMs = ms;
    const index = commitBoundsMs.findIndex((bound) => ms <= bound);
    this.commitsByMs[index === -1 ? commitBoundsMs.length : index]! += 1;
  }
}

const noRefusals = Object.fromEntries(Object.keys(countedLimits).map((name) => [name, 0])) as Record<LimitName, number>;

/** Upper bounds, in ms. */
export const commitBoundsMs: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

/** One more of these. */
export function count(by: Map<string, number>, name: string): void {
  by.set(name, (by.get(name) ?? 0) + 1);
}
