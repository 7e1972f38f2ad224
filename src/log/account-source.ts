/** What the server reads of accounts while it runs. */

import { archiveContentKey } from "../domain/archive-keys.ts";
import { accountStream, offlineKey } from "../domain/facts.ts";
import type { Json, ProjectionRange, ProjectionRow, Store } from "../ports.ts";
import { type OfflineMessage, toOfflineMessages } from "./offline-messages.ts";
import { accountData, accountDataKey } from "./projections/account-data.ts";
import { archive, archiveRowsPrefix, archiveTrimKey, type ArchiveRow, type ArchiveTrimRow, type WholeArchiveRow } from "./projections/archive.ts";

/** Rows of a part of a read model, with the rest of their keys. */
type Range = Omit<ProjectionRange, "prefix"> & { readonly prefix?: string };

export class AccountSource {
  readonly #store: Store;

  /** The store must have the projections `account-data` and `archive`. */
  constructor(store: Store) {
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

  /** Archived messages, in the order of their keys: all, or those with one JID. A bare one stands for its resources too. */
  async archived(host: string, username: string, contact: string | undefined, range: Range): Promise<readonly (ArchiveRow & { readonly key: string })[]> {
    const rows = await this.#rows(archive.name, archiveRowsPrefix(host, username, contact), range);
    return rows.map(({ key, value }) => ({ key, ...(value as ArchiveRow) }));
  }

  /** Archived messages by their keys; undefined where there is none. */
  async archivedAt(host: string, username: string, keys: readonly string[]): Promise<readonly ((WholeArchiveRow & { readonly key: string }) | undefined)[]> {
    const prefix = archiveRowsPrefix(host, username);
    const found = await Promise.all(keys.map((key) => this.#store.query(archive.name, { key: `${prefix}${key}` })));
    return found.map(([row], index) => row && { key: keys[index]!, ...(row.value as WholeArchiveRow) });
  }

  /** The version of the last fact of the account's stream that trimmed its archive; undefined if none has. */
  async archiveTrimmed(host: string, username: string): Promise<number | undefined> {
    const [row] = await this.#store.query(archive.name, { key: archiveTrimKey(host, username) });
    return (row?.value as ArchiveTrimRow | undefined)?.fact;
  }

  /** Their texts, of at most 1,000; undefined where there is none. */
  async archivedTexts(host: string, username: string, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    return this.#store.texts(accountStream(host, username), keys.map(archiveContentKey));
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
