/**
 * The one question that a session may have open: an asked effect whose answer its machine waits for. An answer to another than the last
 * one comes too late, and so does any answer once the session is at its end.
 */
export class OpenQuestion {
  #number = 0;
  #isOpen = false;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Exactly one of the two is called, unless `drop` or another question comes first. */
  ask<Value>(asked: Promise<Value>, answered: (value: Value) => void, failed: (error: unknown) => void): void {
    const number = ++this.#number;
    this.#isOpen = true;
    const close = (): boolean => {
      if (!this.#isOpen || this.#number !== number) return false;
      this.#isOpen = false;
      return true;
    };
    asked.then(
      (value) => close() && answered(value),
      (error: unknown) => close() && failed(error),
    );
  }

  /** Nobody waits for an answer any more. */
  drop(): void {
    this.#isOpen = false;
  }
}
