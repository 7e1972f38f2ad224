/** Maps and values whose changes can be taken back, the last one first: so that what comes late can be put where it belongs. */

export class Journal {
  readonly #undos: (() => void)[] = [];

  /** Where it is now: `rollback` goes back to here. */
  get length(): number {
    return this.#undos.length;
  }

  note(undo: () => void): void {
    this.#undos.push(undo);
  }

  set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
    const [known, before] = [map.has(key), map.get(key)];
    this.note(() => (known ? map.set(key, before!) : map.delete(key)));
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }

  rollback(length: number): void {
    while (this.#undos.length > length) this.#undos.pop()!();
  }
}
