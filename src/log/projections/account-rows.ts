/** What an account is in memory, as rows: `HOST/USERNAME/KIND/ID`. Loading an account is reading its prefix. */

import { applyAccountFact, rowKinds, type AccountRows } from "../../domain/account-rows.ts";
import { accountFactVersions, type AccountFact, type Owner } from "../../domain/facts.ts";
import type { Projection } from "../projection.ts";
import { accountKey } from "./accounts.ts";
import { PrefixedTable } from "./prefixed-table.ts";

export const accountRows: Projection = {
  name: "account-rows",
  version: 1,
  apply(fact, table) {
    if (!Object.hasOwn(accountFactVersions, fact.type)) return;
    const { host, username } = fact.data as unknown as Owner;
    applyAccountFact(new PrefixedTable<AccountRows>(table, accountRowsPrefix(host, username), rowKinds), fact as unknown as AccountFact, fact.at);
  },
};

/** What comes before the kind in the keys of one account. */
export function accountRowsPrefix(host: string, username: string): string {
  return `${accountKey(host, username)}/`;
}
