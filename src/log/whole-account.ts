/** Everything that is kept of an account, for who takes it elsewhere. */

import type { Account } from "../domain/account.ts";
import { accountStream } from "../domain/facts.ts";
import type { Json, ProjectionRow, Store } from "../ports.ts";
import { loadAccount } from "./load-account.ts";
import { accountData } from "./projections/account-data.ts";
import { accountKey } from "./projections/accounts.ts";
import { offlineMessages, offlineMessagesPrefix, type OfflineMessageRow } from "./projections/offline-messages.ts";

export interface WholeAccount {
  readonly account: Account;
  /** What `auth/` keeps in place of a password; undefined if nobody can log in. */
  readonly credentials: Json | undefined;
  /** Messages that wait for the user, in order. */
  readonly offlineMessages: readonly OfflineMessageRow[];
  /** What extensions keep. */
  readonly data: readonly AccountValue[];
}

export interface AccountValue {
  readonly space: string;
  readonly key: string;
  readonly value: Json;
}

/** Rows of one query: such rows can be large. */
const pageRows = 100;

/** undefined if there is no such account. The store must have every projection of the server. */
export async function loadWholeAccount(store: Store, host: string, username: string): Promise<WholeAccount | undefined> {
  const account = await loadAccount(store, host, username);
  if (account === undefined) return undefined;
  const dataPrefix = `${accountKey(host, username)}/`;
  const [credentials, messages, data] = await Promise.all([
    store.secret(accountStream(host, username), "PasswordChanged"),
    readAll(store, offlineMessages.name, offlineMessagesPrefix(host, username)),
    readAll(store, accountData.name, dataPrefix),
  ]);
  return {
    account,
    credentials: credentials ?? undefined,
    offlineMessages: messages.map(({ value }) => value as unknown as OfflineMessageRow),
    data: data.map(({ key, value }) => toValue(key.slice(dataPrefix.length), value)),
  };
}

async function readAll(store: Store, projection: string, prefix: string): Promise<readonly ProjectionRow[]> {
  const rows: ProjectionRow[] = [];
  for (let page: readonly ProjectionRow[] = []; ; ) {
    const after = page.at(-1)?.key;
    page = await store.query(projection, { prefix, limit: pageRows, ...(after === undefined ? {} : { after }) });
    rows.push(...page);
    if (page.length < pageRows) return rows;
  }
}

/** Spaces hold no "/". */
function toValue(key: string, value: Json): AccountValue {
  const slash = key.indexOf("/");
  return { space: key.slice(0, slash), key: key.slice(slash + 1), value };
}
