/** What an account is in memory, as rows: `HOST/USERNAME/KIND/ID`. Loading an account is reading its prefix. */

import { applyAccountFact, rowKinds, type AccountRows, type RowKind, type RowTable } from "../../domain/account-rows.ts";
import { accountFactVersions, type AccountFact, type Owner } from "../../domain/facts.ts";
import type { Json } from "../../ports.ts";
import type { Projection, ProjectionTable } from "../projection.ts";
import { accountKey } from "./accounts.ts";

export const accountRows: Projection = {
  name: "account-rows",
  version: 1,
  apply(fact, table) {
    if (!Object.hasOwn(accountFactVersions, fact.type)) return;
    const { host, username } = fact.data as unknown as Owner;
    applyAccountFact(new PrefixedTable(table, accountRowsPrefix(host, username)), fact as unknown as AccountFact, fact.at);
  },
};

/** What comes before the kind in the keys of one account. */
export function accountRowsPrefix(host: string, username: string): string {
  return `${accountKey(host, username)}/`;
}

class PrefixedTable implements RowTable {
  readonly #table: ProjectionTable;
  readonly #prefix: string;

  constructor(table: ProjectionTable, prefix: string) {
    this.#table = table;
    this.#prefix = prefix;
  }

  get<Kind extends RowKind>(kind: Kind, id: string): AccountRows[Kind] | undefined {
    return this.#table.get(this.#key(kind, id)) as AccountRows[Kind] | undefined;
  }

  set<Kind extends RowKind>(kind: Kind, id: string, value: AccountRows[Kind]): void {
    this.#table.set(this.#key(kind, id), value as Json);
  }

  delete(kind: RowKind, id: string): void {
    this.#table.delete(this.#key(kind, id));
  }

  clear(): void {
    for (const kind of rowKinds) this.#table.clear(this.#key(kind, ""));
  }

  #key(kind: RowKind, id: string): string {
    return `${this.#prefix}${kind}/${id}`;
  }
}
