/** Files of accounts into a server and out of it, without the command line. */
import type { AccountTransfer, ImportOutcome } from "../../src/admin/api.ts";
import { type AccountDocument, readAccountDocument } from "../../src/admin/formats/account-document.ts";
import type { FileEntry } from "../../src/admin/formats/account-file.ts";
import { type AccountFormat, createAccountFileReader } from "../../src/admin/formats/account-formats.ts";
import { jsonLinesFooter, jsonLinesHeader } from "../../src/admin/formats/json-lines.ts";
import { Xep0227Writer } from "../../src/admin/formats/xep-0227-write.ts";

/** All that a file holds; cut into pieces of `chunkBytes`, as if it came so. */
export function readFile(format: AccountFormat, text: string | Buffer, chunkBytes = 65_536): readonly FileEntry[] {
  const bytes = Buffer.from(text as string);
  const reader = createAccountFileReader(format, 1_700_000_000_000);
  const entries: FileEntry[] = [];
  for (let from = 0; from < bytes.length; from += chunkBytes) entries.push(...reader.write(bytes.subarray(from, from + chunkBytes)));
  return [...entries, ...reader.end()];
}

/** The accounts of a file that has nothing else in it. */
export function accountsIn(format: AccountFormat, text: string | Buffer): readonly { readonly line: number; readonly account: unknown }[] {
  return readFile(format, text).map((entry) => {
    if (entry.kind !== "account") throw new Error(JSON.stringify(entry));
    return { line: entry.line, account: entry.account };
  });
}

export function importFile(transfer: AccountTransfer, format: AccountFormat, text: string | Buffer): Promise<ImportOutcome> {
  return transfer.accountsImport(accountsIn(format, text));
}

/** The whole export as a file, and what it leaves out. */
export async function exportFile(transfer: AccountTransfer, format: AccountFormat): Promise<{ readonly text: string; readonly leftOut: readonly string[] }> {
  const documents = await exportDocuments(transfer);
  if (format === "json") return { text: [jsonLinesHeader, ...documents.map(({ text }) => text), jsonLinesFooter, ""].join("\n"), leftOut: [] };
  const writer = new Xep0227Writer();
  const begin = writer.begin();
  const accounts = documents.map(({ document }) => writer.account(document));
  return { text: [begin, ...accounts.map(({ text }) => text), writer.end()].join(""), leftOut: accounts.flatMap(({ leftOut }) => leftOut) };
}

export async function exportDocuments(transfer: AccountTransfer): Promise<readonly { readonly text: string; readonly document: AccountDocument }[]> {
  const texts = new Map<string, string>();
  for (let after: string | undefined; ; ) {
    const page = await transfer.accountsExport(after === undefined ? {} : { after });
    if (page.length === 0) break;
    for (const { jid, text } of page) texts.set(jid, (texts.get(jid) ?? "") + text);
    after = page.at(-1)?.jid;
  }
  return [...texts.values()].map((text) => {
    const document = readAccountDocument(JSON.parse(text));
    if ("problem" in document) throw new Error(document.problem);
    return { text, document };
  });
}
