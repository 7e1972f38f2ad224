/** Which archived messages have an id: the one that their sender gave them, or the one that clients are told by the archive. */
import { archiveKeyOf, archivePrefix } from "../domain/archive-keys.ts";
import { accountStream } from "../domain/facts.ts";
import type { HistorySource } from "./source.ts";

/** What the text of an archived message says. */
export interface ArchivedText {
  readonly id: string | null;
  readonly type: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** By stream and key. `begins`: how the id in the log begins of the one that clients are told by. */
export interface ArchivedFound {
  readonly texts: ReadonlyMap<string, ArchivedText>;
  readonly begins: string | undefined;
}

export interface ArchiveSearch {
  readonly source: Pick<HistorySource, "streamContents">;
  /** All of them, prepared. */
  readonly accounts: readonly { readonly host: string; readonly username: string }[];
  readonly id: string;
  /** See `innerId`. */
  readonly inner: string | null;
  /** What a text says; undefined for what is no XML. */
  readonly read: (text: string) => ArchivedText | undefined;
  readonly looked: (messages: number) => void;
}

/** The id in the log that is meant: as `refrain log` names it, or what clients are told of it (`ArchiveTransfer.archivedId`). */
export function innerId(id: string, told: string | null): string | null {
  return archiveKeyOf(id) === undefined ? told : id;
}

/** The id that its sender gave the message with that id in the log, and who that was; undefined where it has none, or nothing was found. */
export function ownId({ texts, begins }: ArchivedFound): { readonly id: string; readonly from: string } | undefined {
  const key = begins === undefined ? undefined : archiveKeyOf(`${begins}-`);
  const [, { id, from } = { id: null, from: null }] = [...texts].find(([place]) => place.endsWith(` ${key}`)) ?? [];
  return id === null || from === null ? undefined : { id, from };
}

/** Looks at every archived message, a page at a time. */
export async function findArchived({ source, accounts, id, inner, read, looked }: ArchiveSearch): Promise<ArchivedFound> {
  const texts = new Map<string, ArchivedText>();
  const key = inner === null ? undefined : archiveKeyOf(inner);
  let messages = 0;
  for (const { host, username } of accounts) {
    const stream = accountStream(host, username);
    for (let after = archivePrefix; ; ) {
      const page = await source.streamContents(stream, after);
      const archived = page.filter(({ key: name }) => name.startsWith(archivePrefix));
      for (const { key: name, text } of archived) {
        // Few ids are escaped, and reading a text costs far more than looking into it.
        const isTold = name === `${archivePrefix}${key}`;
        const said = isTold || text.includes(id) || /[&<>"']/.test(id) ? read(text) : undefined;
        if (said !== undefined && (isTold || said.id === id)) texts.set(placeOf(stream, name.slice(archivePrefix.length)), said);
      }
      messages += archived.length;
      looked(messages);
      if (archived.length === 0 || archived.length < page.length) break;
      after = page.at(-1)!.key;
    }
  }
  // The last character may hold bits that are not said.
  return { texts, begins: inner?.slice(0, -1) };
}

export function placeOf(stream: string, key: string): string {
  return `${stream} ${key}`;
}
