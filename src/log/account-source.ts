/** What the server reads of accounts while it runs. */

import type { Json, Store } from "../ports.ts";
import { accountData, accountDataKey } from "./projections/account-data.ts";
import { offlineMessageKey, offlineMessages, offlineMessagesPrefix, type OfflineMessageRow } from "./projections/offline-messages.ts";

export class AccountSource {
  readonly #store: Store;

  /** The store must have the projections `account-data` and `offline-messages`. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** A value that an extension keeps for an account; undefined if there is none. */
  async value(host: string, username: string, space: string, key: string): Promise<Json | undefined> {
    const [row] = await this.#store.query(accountData.name, { key: accountDataKey(host, username, space, key) });
    return row?.value;
  }

  /** Messages that wait for the user, with numbers above `after`, in order. */
  async offlineMessages(host: string, username: string, after: number, limit: number): Promise<readonly OfflineMessageRow[]> {
    const prefix = offlineMessagesPrefix(host, username);
    const rows = await this.#store.query(offlineMessages.name, { prefix, after: offlineMessageKey(host, username, after), limit });
    return rows.map(({ value }) => value as unknown as OfflineMessageRow);
  }
}
