/** What happened to one client, as far back as it is kept: the evidence when something is wrong. */

/** Lines kept of each client: some minutes of its life. */
const linesMax = 4_000;
/** Longer lines are cut: a stanza's beginning says which one it is. */
const lineCharsMax = 240;

interface Line {
  readonly at: number;
  /** About the stream and not about one stanza. */
  readonly control: boolean;
  readonly text: string;
}

export class Transcript {
  #lines: Line[] = [];
  readonly #now: () => number;

  /** `now`: milliseconds since the run began. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Links, sessions, counts. */
  control(text: string): void {
    this.#note(text, true);
  }

  stanza(text: string): void {
    this.#note(text, false);
  }

  /** The last `count` lines about the stream itself and those that hold one of `words`. */
  about(words: readonly string[], count: number): readonly string[] {
    return this.#lines
      .filter(({ control, text }) => control || words.some((word) => text.includes(word)))
      .slice(-count)
      .map(({ at, text }) => `${(at / 1_000).toFixed(3).padStart(9)} ${text}`);
  }

  #note(text: string, control: boolean): void {
    this.#lines.push({ at: this.#now(), control, text: text.length > lineCharsMax ? `${text.slice(0, lineCharsMax)}…` : text });
    if (this.#lines.length > 2 * linesMax) this.#lines = this.#lines.slice(-linesMax);
  }
}
