/** What extensions keep for accounts: `HOST/USERNAME/SPACE/KEY` → any value. Read when asked for, never held in memory. */

import { beginsOrEnds, type AccountFacts, type Owner } from "../../domain/facts.ts";
import type { Projection } from "../projection.ts";
import { accountKey } from "./accounts.ts";

export const accountData: Projection = {
  name: "account-data",
  version: 1,
  apply(fact, table) {
    if (fact.type === "AccountDataSet") {
      const { host, username, space, key, value } = fact.data as AccountFacts["AccountDataSet"];
      if (value === null) table.delete(accountDataKey(host, username, space, key));
      else table.set(accountDataKey(host, username, space, key), value);
    } else if (beginsOrEnds(fact.type)) {
      const { host, username } = fact.data as Owner;
      table.clear(`${accountKey(host, username)}/`);
    }
  },
};

/** Without `key` it is the prefix of a space's keys. Spaces hold no "/". */
export function accountDataKey(host: string, username: string, space: string, key = ""): string {
  return `${accountKey(host, username)}/${space}/${key}`;
}
