/** What is wrong with a log, for a person to act on. */

import type { Content, StoredFact } from "../../ports.ts";

export interface Finding {
  /** What it is about: a position, a stream, a table. */
  readonly thing: string;
  readonly problem: string;
  /** What to do. */
  readonly fix: string;
}

export type Report = (finding: Finding) => void;

/** One of the things that are looked at, each on its own. */
export interface LogCheck {
  /** Every fact that can be read, in the order of the log. */
  see(fact: StoredFact): void;
  /** Then everything that is kept beside. */
  content?(stream: string, content: Content): void;
  secret?(stream: string, type: string): void;
  /** Then nothing follows. */
  end?(): void;
}

/** The ways on from a damage, in the words of the command line. */
export const fixes = {
  salvage: "read what can be read into a new file with `refrain log salvage`, or take a backup back with `refrain restore`",
  rebuild: "make the read models anew with `refrain log rebuild`",
  newer: "look at it with the version of refrain that wrote it",
} as const;

/** The first ones whole, the others counted. */
export class Findings {
  readonly list: Finding[] = [];
  /** Those that are not in the list. */
  more = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  readonly add: Report = (finding) => {
    if (this.list.length < this.#max) this.list.push(finding);
    else this.more += 1;
  };
}
