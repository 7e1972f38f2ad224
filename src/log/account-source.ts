/** What the server reads of accounts while it runs. */

import { accountStream, offlineKey } from "../domain/facts.ts";
import type { Json, ProjectionRange, ProjectionRow, Store } from "../ports.ts";
import { ArchiveSource } from "./archive-source.ts";
import { type OfflineMessage, toOfflineMessages } from "./offline-messages.ts";
import { accountData, accountDataKey } from "./projections/account-data.ts";

/** Rows of a part of a read model, with the rest of their keys. */
type Range = Omit<ProjectionRange, "prefix"> & { readonly prefix?: string };

export class AccountSource extends ArchiveSource {
  readonly #store: Store;

  /** The store must have the projections `account-data` and `archive`. */
  constructor(store: Store) {
    super(store, accountStream);
    this.#store = store;
  }

  /** A value that an extension keeps for an account; undefined if there is none. */
  async value(host: string, username: string, space: string, key: string): Promise<Json | undefined> {
    const [row] = await this.#store.query(accountData.name, { key: accountDataKey(host, username, space, key) });
    return row?.value;
  }

  /** Values of one space, in the order of their keys. */
  async values(host: string, username: string, space: string, range: Range): Promise<readonly ProjectionRow[]> {
    return this.#rows(accountData.name, accountDataKey(host, username, space), range);
  }

  /** Messages that wait for the user, with numbers above `after`, in order. */
  async offlineMessages(host: string, username: string, after: number, limit: number): Promise<readonly OfflineMessage[]> {
    return toOfflineMessages(await this.#store.contents(accountStream(host, username), offlineKey(after), limit));
  }

  async #rows(projection: string, place: string, { prefix = "", after, before, ...rest }: Range): Promise<readonly ProjectionRow[]> {
    const rows = await this.#store.query(projection, {
      ...rest,
      prefix: `${place}${prefix}`,
      ...(after === undefined ? {} : { after: `${place}${after}` }),
      ...(before === undefined ? {} : { before: `${place}${before}` }),
    });
    return rows.map(({ key, value }) => ({ key: key.slice(place.length), value }));
  }
}
