/** A store whose answers take a while, as those of a disk: what has to wait for it then really waits. */
import type { Append, Fact, ProjectionQuery, Store, StoredFact } from "../../../src/ports.ts";

export class SlowStore implements Store {
  readonly #store: Store;
  #turns: readonly number[] = [0];
  #next = 0;
  #pending = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Turns of the event loop before each piece of work, in a circle. */
  slow(turns: readonly number[]): void {
    this.#turns = turns;
    this.#next = 0;
  }

  /** Nobody waits for it. */
  get idle(): boolean {
    return this.#pending === 0;
  }

  append(stream: string, expectedVersion: number | "any", facts: readonly Fact[]) {
    return this.#later(() => this.#store.append(stream, expectedVersion, facts));
  }

  appendMany(batch: readonly Append[]) {
    return this.#later(() => this.#store.appendMany(batch));
  }

  query(projection: string, query: ProjectionQuery) {
    return this.#later(() => this.#store.query(projection, query));
  }

  read(stream: string, after: number, limit: number) {
    return this.#store.read(stream, after, limit);
  }

  readAll(after: number, limit: number) {
    return this.#store.readAll(after, limit);
  }

  subscribe(after: number, handler: (fact: StoredFact) => void) {
    return this.#store.subscribe(after, handler);
  }

  secret(stream: string, type: string) {
    return this.#store.secret(stream, type);
  }

  contents(stream: string, after: string, limit: number) {
    return this.#store.contents(stream, after, limit);
  }

  texts(stream: string, keys: readonly string[]) {
    return this.#store.texts(stream, keys);
  }

  stats() {
    return this.#store.stats();
  }

  backup(file: string) {
    return this.#store.backup(file);
  }

  close() {
    return this.#store.close();
  }

  async #later<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#pending += 1;
    try {
      await turns(this.#turns[this.#next++ % this.#turns.length]!);
      return await work();
    } finally {
      this.#pending -= 1;
    }
  }
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
