/** Everything that is kept of an account, for who takes it elsewhere. */

import type { Account } from "../domain/account.ts";
import { accountStream, offlinePrefix } from "../domain/facts.ts";
import type { Content, Json, ProjectionRow, Store } from "../ports.ts";
import { loadAccount } from "./load-account.ts";
import { type OfflineMessage, toOfflineMessages } from "./offline-messages.ts";
import { accountData } from "./projections/account-data.ts";
import { accountKey, type AccountRow, accounts } from "./projections/accounts.ts";
import { archive, archiveRowsPrefix } from "./projections/archive.ts";

export interface WholeAccount {
  readonly account: Account;
  /** What `auth/` keeps in place of a password; undefined if nobody can log in. */
  readonly credentials: Json | undefined;
  /** Nobody may log in for now. */
  readonly disabled: boolean;
  /** Messages that wait for the user, in order. */
  readonly offlineMessages: readonly OfflineMessage[];
  /** Whether there are archived messages, which may be too many to be here. */
  readonly hasArchive: boolean;
  /** What extensions keep on the disk, and in memory with the account. */
  readonly data: readonly AccountValue[];
  readonly state: readonly AccountValue[];
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
  const stream = accountStream(host, username);
  const [credentials, [row], messages, data, archived] = await Promise.all([
    store.secret(stream, "PasswordChanged"),
    store.query(accounts.name, { key: accountKey(host, username) }),
    readMessages(store, stream),
    readAll(store, accountData.name, dataPrefix),
    store.query(archive.name, { prefix: archiveRowsPrefix(host, username), limit: 1 }),
  ]);
  return {
    account,
    credentials: credentials ?? undefined,
    disabled: (row?.value as AccountRow | undefined)?.disabledAt !== undefined,
    offlineMessages: toOfflineMessages(messages),
    hasArchive: archived.length > 0,
    data: data.map(({ key, value }) => toValue(key.slice(dataPrefix.length), value)),
    state: [...account.stateSpaces].flatMap((space) => [...account.states(space)].map(([key, value]) => ({ space, key, value }))),
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

/** An archive, which may be very long, comes before them in the order of the keys. */
async function readMessages(store: Store, stream: string): Promise<readonly Content[]> {
  const contents: Content[] = [];
  for (let page: readonly Content[] = []; ; ) {
    page = await store.contents(stream, page.at(-1)?.key ?? offlinePrefix, pageRows);
    contents.push(...page);
    if (page.length < pageRows) return contents;
  }
}

/** Spaces hold no "/". */
function toValue(key: string, value: Json): AccountValue {
  const slash = key.indexOf("/");
  return { space: key.slice(0, slash), key: key.slice(slash + 1), value };
}
