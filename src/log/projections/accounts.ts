/** Which accounts there are: `HOST/USERNAME` → AccountRow. */

import type { AccountFacts } from "../../domain/facts.ts";
import type { Projection } from "../projection.ts";

export interface AccountRow {
  readonly host: string;
  readonly username: string;
  /** Milliseconds since 1970, of the account's latest creation. */
  readonly createdAt: number;
  /** Milliseconds since 1970; not there for an account that may log in. */
  readonly disabledAt?: number;
}

export function accountKey(host: string, username: string): string {
  return `${host}/${username}`;
}

export const accounts: Projection = {
  name: "accounts",
  version: 1,
  apply(fact, table) {
    if (fact.type === "AccountCreated") {
      const { host, username } = fact.data as AccountFacts["AccountCreated"];
      table.set(accountKey(host, username), { host, username, createdAt: fact.at });
    } else if (fact.type === "AccountDeleted") {
      const { host, username } = fact.data as AccountFacts["AccountDeleted"];
      table.delete(accountKey(host, username));
    } else if (fact.type === "AccountDisabled" || fact.type === "AccountEnabled") {
      const { host, username } = fact.data as AccountFacts["AccountDisabled"];
      const key = accountKey(host, username);
      const known = table.get(key) as AccountRow | undefined;
      // What was under way at the end of an account may come after it.
      if (known === undefined) return;
      const row = { host, username, createdAt: known.createdAt };
      table.set(key, fact.type === "AccountEnabled" ? row : { ...row, disabledAt: fact.at });
    }
  },
};
