/** What a session's client has asked about copies of messages (XEP-0280 sections 4 and 5), and when it certainly was given them. */
export class Copying {
  /** From when it was confirmed until the contrary was asked for, ms since the world began. */
  readonly #periods: { readonly since: number; until: number }[] = [];
  #wanted = false;
  #asked = 0;
  /** The last word of its client was answered. */
  #isSettled = true;

  /** Whether its client wants them, by its last word. */
  get isWanted(): boolean {
    return this.#wanted;
  }

  /** None may come: they were never asked for, or it was confirmed that none come any more. */
  get isOff(): boolean {
    return this.#isSettled && !this.#wanted;
  }

  /** Its client asks for them, or for no more of them. Returns what is to be called when that is confirmed. */
  ask(isWanted: boolean, at: number): (at: number) => void {
    const last = this.#periods.at(-1);
    if (last !== undefined) last.until = Math.min(last.until, at);
    const turn = (this.#asked += 1);
    this.#wanted = isWanted;
    this.#isSettled = false;
    return (confirmedAt) => {
      if (turn !== this.#asked) return;
      this.#isSettled = true;
      if (isWanted) this.#periods.push({ since: confirmedAt, until: Infinity });
    };
  }

  /** Whether it was given them for all of that time, ms since the world began. */
  wasOn(from: number, until: number): boolean {
    return this.#periods.some((period) => period.since <= from && period.until > until);
  }
}
