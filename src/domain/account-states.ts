/** Values by `SPACE/KEY`, which can also be asked for by their spaces. Spaces hold no "/". */
import type { Json } from "./json.ts";

export class AccountStates extends Map<string, Json> {
  readonly #spaces = new Map<string, Map<string, Json>>();
  readonly #marks = new Map<string, number>();
  #changes = 0;

  /** Of one space, by key; in no order. */
  space(name: string): ReadonlyMap<string, Json> {
    return this.#spaces.get(name) ?? none;
  }

  spaces(): Iterable<string> {
    return this.#spaces.keys();
  }

  /** Another number after each change of what is in a space; 0 where there is nothing. */
  mark(space: string): number {
    return this.#marks.get(space) ?? 0;
  }

  override set(id: string, value: Json): this {
    const [space, key] = partsOf(id);
    let known = this.#spaces.get(space);
    if (known === undefined) this.#spaces.set(space, (known = new Map()));
    known.set(key, value);
    this.#marks.set(space, (this.#changes += 1));
    return super.set(id, value);
  }

  override delete(id: string): boolean {
    const [space, key] = partsOf(id);
    const known = this.#spaces.get(space);
    if (known?.delete(key) === true) this.#marks.set(space, (this.#changes += 1));
    if (known?.size === 0) {
      this.#spaces.delete(space);
      this.#marks.delete(space);
    }
    return super.delete(id);
  }

  override clear(): void {
    this.#spaces.clear();
    this.#marks.clear();
    super.clear();
  }
}

const none: ReadonlyMap<string, Json> = new Map();

/** How such a value is called in all of them. */
export function stateId(space: string, key: string): string {
  return `${space}/${key}`;
}

function partsOf(id: string): readonly [space: string, key: string] {
  const slash = id.indexOf("/");
  return [id.slice(0, slash), id.slice(slash + 1)];
}
