/** What the server reads of the archives of accounts, or of rooms: their rows are alike, and what differs is the stream that has the texts. */
import { archiveContentKey } from "../domain/archive-keys.ts";
import type { ProjectionRange, Store } from "../ports.ts";
import { archive, archiveRowsPrefix, archiveTrimKey, type ArchiveRow, type ArchiveTrimRow, type WholeArchiveRow } from "./projections/archive.ts";

type Range = Omit<ProjectionRange, "prefix">;

export class ArchiveSource {
  readonly #store: Store;
  readonly #streamOf: (host: string, name: string) => string;

  /** The store must have the projection `archive`. */
  constructor(store: Store, streamOf: (host: string, name: string) => string) {
    this.#store = store;
    this.#streamOf = streamOf;
  }

  /** Archived messages, in the order of their keys: all, or those with one JID. A bare one stands for its resources too. */
  async archived(host: string, name: string, contact: string | undefined, { after, before, ...rest }: Range): Promise<readonly (ArchiveRow & { readonly key: string })[]> {
    const prefix = archiveRowsPrefix(host, name, contact);
    const rows = await this.#store.query(archive.name, {
      ...rest,
      prefix,
      ...(after === undefined ? {} : { after: `${prefix}${after}` }),
      ...(before === undefined ? {} : { before: `${prefix}${before}` }),
    });
    return rows.map(({ key, value }) => ({ key: key.slice(prefix.length), ...(value as ArchiveRow) }));
  }

  /** Archived messages by their keys; undefined where there is none. */
  async archivedAt(host: string, name: string, keys: readonly string[]): Promise<readonly ((WholeArchiveRow & { readonly key: string }) | undefined)[]> {
    const prefix = archiveRowsPrefix(host, name);
    const found = await Promise.all(keys.map((key) => this.#store.query(archive.name, { key: `${prefix}${key}` })));
    return found.map(([row], index) => row && { key: keys[index]!, ...(row.value as WholeArchiveRow) });
  }

  /** The version of the last fact of its stream that trimmed the archive; undefined if none has. */
  async archiveTrimmed(host: string, name: string): Promise<number | undefined> {
    const [row] = await this.#store.query(archive.name, { key: archiveTrimKey(host, name) });
    return (row?.value as ArchiveTrimRow | undefined)?.fact;
  }

  /** Their texts, of at most 1,000; undefined where there is none. */
  async archivedTexts(host: string, name: string, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    return this.#store.texts(this.#streamOf(host, name), keys.map(archiveContentKey));
  }
}
