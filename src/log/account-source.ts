/** What the server reads of accounts while it runs. */

import { accountStream, offlineKey } from "../domain/facts.ts";
import type { Json, Store } from "../ports.ts";
import { type OfflineMessage, toOfflineMessages } from "./offline-messages.ts";
import { accountData, accountDataKey } from "./projections/account-data.ts";

export class AccountSource {
  readonly #store: Store;

  /** The store must have the projection `account-data`. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** A value that an extension keeps for an account; undefined if there is none. */
  async value(host: string, username: string, space: string, key: string): Promise<Json | undefined> {
    const [row] = await this.#store.query(accountData.name, { key: accountDataKey(host, username, space, key) });
    return row?.value;
  }

  /** Messages that wait for the user, with numbers above `after`, in order. */
  async offlineMessages(host: string, username: string, after: number, limit: number): Promise<readonly OfflineMessage[]> {
    return toOfflineMessages(await this.#store.contents(accountStream(host, username), offlineKey(after), limit));
  }
}
