/** An account from its rows in the store. */

import { Account } from "../domain/account.ts";
import type { ProjectionRow, Store } from "../ports.ts";
import { accountRows, accountRowsPrefix } from "./projections/account-rows.ts";
import { accountKey, accounts } from "./projections/accounts.ts";

/** Rows of one query. */
const pageRows = 1_000;

/** undefined if there is no such account. The store must have the projections `accounts` and `account-rows`. */
export async function loadAccount(store: Store, host: string, username: string): Promise<Account | undefined> {
  const known = await store.query(accounts.name, { key: accountKey(host, username) });
  if (known.length === 0) return undefined;
  const prefix = accountRowsPrefix(host, username);
  const rows: ProjectionRow[] = [];
  for (let page: readonly ProjectionRow[] = []; ; ) {
    const after = page.at(-1)?.key;
    page = await store.query(accountRows.name, { prefix, limit: pageRows, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of page) rows.push({ key: key.slice(prefix.length), value });
    if (page.length < pageRows) return new Account(host, username, rows);
  }
}
