/** What was said and done in a world, with its time: the last of it for people, all of it as a digest. */
import { createHash } from "node:crypto";

/** Lines that are kept. */
const linesMax = 3_000;
const lineCharsMax = 600;

interface Line {
  readonly at: number;
  readonly who: string;
  readonly text: string | (() => string);
}

export class Transcript {
  readonly #hash = createHash("sha256");
  readonly #now: () => number;
  #lines: Line[] = [];
  #lastAt = 0;

  /** `now`: milliseconds since the world began. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** When something was last said or done, ms since the world began. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** `who`: `romeo/1`, `server`, `disk`. */
  note(who: string, text: string): void {
    this.came(who, text);
    this.show(who, text);
  }

  /** For the digest: bytes as they came. */
  came(who: string, text: string): void {
    this.#lastAt = this.#now();
    this.#hash.update(`${this.#lastAt} ${who} ${text}\n`);
  }

  /** For people. */
  show(who: string, text: Line["text"]): void {
    this.#lines.push({ at: this.#now(), who, text });
    if (this.#lines.length > 2 * linesMax) this.#lines = this.#lines.slice(-linesMax);
  }

  /** The last ones, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-linesMax).map(({ at, who, text }) => `${clock(at)} ${who} ${shortened(typeof text === "string" ? text : text())}`);
  }

  /** Of all so far. */
  digest(): string {
    return this.#hash.copy().digest("base64url").slice(0, 22);
  }
}

function clock(ms: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(ms / 60_000))}:${two(Math.floor(ms / 1_000) % 60)}.${String(ms % 1_000).padStart(3, "0")}`;
}

function shortened(text: string): string {
  return text.length > lineCharsMax ? `${text.slice(0, lineCharsMax)}… (${text.length} characters)` : text;
}
