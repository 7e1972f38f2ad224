/** What happened to one client, as far back as it is kept: the evidence when something is wrong. */

/** Lines kept of each client: some minutes of its life. */
const linesMax = 4_000;
/** Longer lines are cut: a stanza's beginning says which one it is. */
const lineCharsMax = 240;

interface Line {
  readonly at: number;
  /** Of counts only the last of several in a row is shown. */
  readonly about: "stream" | "count" | "stanza";
  readonly text: string;
}

export class Transcript {
  #lines: Line[] = [];
  readonly #now: () => number;

  /** `now`: milliseconds since the run began. */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(about: Line["about"], text: string): void {
    this.#lines.push({ at: this.#now(), about, text: text.length > lineCharsMax ? `${text.slice(0, lineCharsMax)}…` : text });
    if (this.#lines.length > 2 * linesMax) this.#lines = this.#lines.slice(-linesMax);
  }

  /** The last `count` lines about the stream itself and those that hold one of `words`. */
  about(words: readonly string[], count: number): readonly string[] {
    return this.#lines
      .filter(({ about, text }) => about !== "stanza" || words.some((word) => text.includes(word)))
      .filter((line, index, lines) => line.about !== "count" || lines[index + 1]?.about !== "count")
      .slice(-count)
      .map(({ at, text }) => `${(at / 1_000).toFixed(3).padStart(9)} ${text}`);
  }
}
