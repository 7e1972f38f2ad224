/**
 * A value that several write without waiting for each other, as far as those who wrote can know it: each write happened at some time from
 * when it was sent until it was confirmed, or perhaps never.
 */
export class Register<Value> {
  readonly #initial: Value;
  #writes: Write<Value>[] = [];

  constructor(initial: Value) {
    this.#initial = initial;
  }

  write(value: Value, at: number): Write<Value> {
    const write: Write<Value> = { value, begun: at, ended: undefined, isVoid: false };
    this.#writes.push(write);
    return write;
  }

  /** Whether it may be this now, when nothing is under way any more. */
  mayBe(matches: (value: Value) => boolean): boolean {
    const lastBegun = this.#writes.reduce((last, { ended, begun, isVoid }) => (ended === undefined || isVoid ? last : Math.max(last, begun)), -1);
    // One that had ended before another began, which ended too, was overwritten.
    const possible = this.#writes.filter(({ isVoid, ended }) => !isVoid && (ended === undefined || ended >= lastBegun));
    return possible.some(({ value }) => matches(value)) || (lastBegun === -1 && matches(this.#initial));
  }

  /** What it may be, for people. */
  get possible(): readonly Value[] {
    const found: Value[] = [];
    this.mayBe((value) => {
      found.push(value);
      return false;
    });
    return found;
  }
}

export interface Write<Value> {
  readonly value: Value;
  readonly begun: number;
  /** When it was known to be done. */
  ended: number | undefined;
  /** It is known that it never was done, nor will be. */
  isVoid: boolean;
}
