/** Rows of several kinds in a part of a read model: `PREFIX KIND/ID`. */
import type { RowTable } from "../../domain/row-maps.ts";
import type { Json } from "../../ports.ts";
import type { ProjectionTable } from "../projection.ts";

export class PrefixedTable<Rows> implements RowTable<Rows> {
  readonly #table: ProjectionTable;
  readonly #prefix: string;
  readonly #kinds: readonly (keyof Rows & string)[];

  constructor(table: ProjectionTable, prefix: string, kinds: readonly (keyof Rows & string)[]) {
    this.#table = table;
    this.#prefix = prefix;
    this.#kinds = kinds;
  }

  get<Kind extends keyof Rows & string>(kind: Kind, id: string): Rows[Kind] | undefined {
    return this.#table.get(this.#key(kind, id)) as Rows[Kind] | undefined;
  }

  set<Kind extends keyof Rows & string>(kind: Kind, id: string, value: Rows[Kind]): void {
    this.#table.set(this.#key(kind, id), value as Json);
  }

  delete(kind: keyof Rows & string, id: string): void {
    this.#table.delete(this.#key(kind, id));
  }

  clear(kind?: keyof Rows & string): void {
    const kinds = kind === undefined ? this.#kinds : [kind];
    for (const one of kinds) this.#table.clear(this.#key(one, ""));
  }

  #key(kind: string, id: string): string {
    return `${this.#prefix}${kind}/${id}`;
  }
}
