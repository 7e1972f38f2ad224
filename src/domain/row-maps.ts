/** Rows of several kinds, as something has them in memory that facts alone change. */

/** A place that holds rows: a kind and an id name one. `Rows`: each kind with the shape of its values. */
export interface RowTable<Rows> {
  get<Kind extends keyof Rows & string>(kind: Kind, id: string): Rows[Kind] | undefined;
  set<Kind extends keyof Rows & string>(kind: Kind, id: string, value: Rows[Kind]): void;
  delete(kind: keyof Rows & string, id: string): void;
  /** Removes all of a kind, or everything. */
  clear(kind?: keyof Rows & string): void;
}

export type RowMaps<Rows> = { readonly [Kind in keyof Rows & string]: Map<string, Rows[Kind]> };

/** A row as the read model has it: its key is `KIND/ID`. */
export interface KeyedRow {
  readonly key: string;
  readonly value: unknown;
}

/** Puts rows into their maps; those of kinds that have none are left out. */
export function fillRows<Rows>(maps: RowMaps<Rows>, rows: Iterable<KeyedRow>): void {
  for (const { key, value } of rows) {
    const slash = key.indexOf("/");
    const map = (maps as Readonly<Record<string, Map<string, unknown> | undefined>>)[key.slice(0, slash)];
    map?.set(key.slice(slash + 1), value);
  }
}

/** The maps as a table that remembers what was there. */
export class UndoableRows<Rows> implements RowTable<Rows> {
  readonly #maps: RowMaps<Rows>;
  readonly #before: (() => void)[] = [];

  constructor(maps: RowMaps<Rows>) {
    this.#maps = maps;
  }

  get<Kind extends keyof Rows & string>(kind: Kind, id: string): Rows[Kind] | undefined {
    return this.#maps[kind].get(id);
  }

  set<Kind extends keyof Rows & string>(kind: Kind, id: string, value: Rows[Kind]): void {
    this.#remember(kind, id);
    this.#maps[kind].set(id, value);
  }

  delete(kind: keyof Rows & string, id: string): void {
    this.#remember(kind, id);
    this.#maps[kind].delete(id);
  }

  clear(kind?: keyof Rows & string): void {
    const kinds = kind === undefined ? (Object.keys(this.#maps) as (keyof Rows & string)[]) : [kind];
    for (const one of kinds) for (const id of this.#maps[one].keys()) this.delete(one, id);
  }

  /** Everything is as it was when this table was made. */
  undo(): void {
    for (const task of this.#before.toReversed()) task();
  }

  #remember(kind: keyof Rows & string, id: string): void {
    const map = this.#maps[kind] as Map<string, unknown>;
    const known = map.has(id);
    const value = map.get(id);
    this.#before.push(() => (known ? map.set(id, value) : map.delete(id)));
  }
}
