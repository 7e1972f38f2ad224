/** Progress on standard error: one line renewed on a terminal, elsewhere a line now and then. */

const renewMs = 200;
const lineMs = 10_000;

export class Progress {
  readonly #isTerminal = process.stderr.isTTY;
  #shownMs = performance.now();

  /** `line` is asked only if it is time for it. */
  show(line: () => string): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < (this.#isTerminal ? renewMs : lineMs)) return;
    this.#shownMs = nowMs;
    process.stderr.write(this.#isTerminal ? `\r\u001B[K${line()}` : `${line()}\n`);
  }

  /** Before something else is printed. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\u001B[K");
  }
}
