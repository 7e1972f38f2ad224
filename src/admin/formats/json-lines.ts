/**
 * The complete format: a line of JSON for each account (`account-document.ts`), after it lines with the messages of its archive, the
 * oldest first; all between a first line that says what this is and a last one that says that nothing is missing. Lines need no memory for the file as a whole, one that is damaged spoils no other,
 * and the usual tools find, count and take out accounts.
 */
import { z } from "zod";
import { accountBytesMax, type ArchivedExport } from "../api.ts";
import { AccountFileError, type AccountFileReader, type FileEntry } from "./account-file.ts";

export const jsonLinesHeader = '{"format":"refrain-accounts","version":1}';
export const jsonLinesFooter = '{"end":true}';

export class JsonLinesReader implements AccountFileReader {
  #begun = false;
  #line = 1;
  #parts: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  *write(bytes: Buffer): Generator<FileEntry, void> {
    for (let from = 0; ; ) {
      const end = bytes.indexOf(lineFeed, from);
      this.#add(bytes.subarray(from, end === -1 ? undefined : end));
      if (end === -1) return;
      yield* this.#read();
      this.#line += 1;
      from = end + 1;
    }
  }

  *end(): Generator<FileEntry, void> {
    yield* this.#read();
    if (!this.#begun) throw new AccountFileError(1, "the file is empty");
    if (this.#ended) return;
    throw new AccountFileError(this.#line, `the last line, ${jsonLinesFooter}, is missing: part of the file may be missing, too`);
  }

  /** Of a line that is too long only that is remembered. */
  #add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes <= accountBytesMax) this.#parts.push(part);
    else this.#parts = [];
    if (this.#bytes > accountBytesMax && !this.#begun) throw notJsonLines(this.#line);
  }

  *#read(): Generator<FileEntry, void> {
    const bytes = this.#bytes;
    const text = decode(Buffer.concat(this.#parts))?.replace(this.#begun ? "" : "\uFEFF", "").trim();
    this.#parts = [];
    this.#bytes = 0;
    const line = this.#line;
    if (bytes > accountBytesMax) yield { kind: "failure", line, message: `longer than ${accountBytesMax} bytes` };
    else if (text === "") return;
    else if (!this.#begun) this.#begin(text, line);
    else if (text === undefined) yield { kind: "failure", line, message: "not UTF-8" };
    else if (this.#ended) throw new AccountFileError(line, "a line after the last one");
    else if (text === jsonLinesFooter) this.#ended = true;
    else yield toEntry(text, bytes, line);
  }

  #begin(text: string | undefined, line: number): void {
    // Exactly, so that a later version of the format is refused and not half understood.
    if (text !== jsonLinesHeader) throw notJsonLines(line);
    this.#begun = true;
  }
}

const lineFeed = 0x0a;

/** undefined for what is not UTF-8: names of other characters than were meant would be other names. */
function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function notJsonLines(line: number): AccountFileError {
  return new AccountFileError(line, `expected the first line of an export in JSON, ${jsonLinesHeader}`);
}

/** A line with archived messages of the account that has come before. */
export function archiveLine(jid: string, messages: readonly ArchivedExport[]): string {
  const archived = messages.flatMap(({ id, with: contact, stanza }) => (stanza === null ? [] : [{ id, with: contact, stanza }]));
  return archived.length === 0 ? "" : `${JSON.stringify({ archive: jid, messages: archived })}\n`;
}

const archiveSchema = z.strictObject({
  archive: z.string(),
  messages: z.array(z.strictObject({ id: z.string(), with: z.string(), stanza: z.string() })),
});

function toArchive(value: unknown, line: number): FileEntry {
  const read = archiveSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    return { kind: "failure", line, message: `archived messages: ${[...(issue?.path ?? []), issue?.message ?? "expected them as an export has them"].join(": ")}` };
  }
  return { kind: "archived", line, jid: read.data.archive, messages: read.data.messages.map((message) => ({ line, ...message })) };
}

/** The text of a line is in no message: it may hold a password. */
function toEntry(text: string, bytes: number, line: number): FileEntry {
  try {
    const value = JSON.parse(text) as unknown;
    // In an account it is no text.
    if (typeof (value as { readonly archive?: unknown } | null)?.archive === "string") return toArchive(value, line);
    return { kind: "account", line, bytes, account: value, ignored: [] };
  } catch {
    return { kind: "failure", line, message: "not JSON" };
  }
}
