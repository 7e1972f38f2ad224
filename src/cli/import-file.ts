/** Reads `JID<TAB>PASSWORD` lines in batches. */
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type ImportEntry, importEntriesMax, type ImportFailure } from "../admin/api.ts";
import { parseJid } from "../domain/jid.ts";
import { UsageError } from "./terminal.ts";

export interface ImportBatch {
  readonly entries: readonly ImportEntry[];
  /** Lines that are no entries. Their text is in no message: it may be a password. */
  readonly failures: readonly ImportFailure[];
}

/** JSON makes at most six bytes of a character, so a batch fits into one request to a running server. */
const batchCharsMax = 131_072;
const lineCharsMax = 8_192;

/** `-` is standard input. Rejects with UsageError if the file cannot be opened. */
export async function readImportFile(file: string): Promise<AsyncIterable<ImportBatch>> {
  if (file === "-") return toBatches(() => createInterface({ input: process.stdin, crlfDelay: Infinity }));
  try {
    const handle = await open(file);
    if ((await handle.stat()).isDirectory()) {
      await handle.close();
      throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    }
    return toBatches(() => handle.readLines({ encoding: "utf8" }));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`${file}: cannot be read (${code}); name a file of JID, tab, password lines, or - for standard input`);
  }
}

/** `read` is called when the first batch is asked for: lines that come before anybody asks would be lost. */
async function* toBatches(read: () => AsyncIterable<string>): AsyncIterable<ImportBatch> {
  let entries: ImportEntry[] = [];
  let failures: ImportFailure[] = [];
  let chars = 0;
  let line = 0;
  const lineOf = new Map<string, number>();
  for await (const raw of read()) {
    const text = ++line === 1 ? raw.replace(/^\uFEFF/, "") : raw;
    if (text.trim() === "") continue;
    const entry = refuseSecond(toEntry(line, text), lineOf);
    if ("message" in entry) failures.push(entry);
    else entries.push(entry);
    chars += Math.min(text.length, lineCharsMax);
    if (entries.length + failures.length < importEntriesMax && chars + lineCharsMax <= batchCharsMax) continue;
    yield { entries, failures };
    [entries, failures, chars] = [[], [], 0];
  }
  if (entries.length + failures.length > 0) yield { entries, failures };
}

function toEntry(line: number, text: string): ImportEntry | ImportFailure {
  if (text.length > lineCharsMax) return { line, message: `longer than ${lineCharsMax} characters; expected JID, tab, password` };
  // What is not UTF-8 was decoded to this; a password of other characters than was meant would only fail later.
  if (text.includes("\uFFFD")) return { line, message: "not UTF-8; save the file as UTF-8" };
  const tab = text.indexOf("\t");
  if (tab === -1) return { line, message: "expected JID, tab, password; there is no tab" };
  return { line, jid: text.slice(0, tab), password: text.slice(tab + 1) };
}

/** Entries are worked on together, so it would be chance which of two passwords counts. Malformed JIDs are left to the server. */
function refuseSecond(entry: ImportEntry | ImportFailure, lineOf: Map<string, number>): ImportEntry | ImportFailure {
  const jid = "jid" in entry ? parseJid(entry.jid)?.bare : undefined;
  const first = jid === undefined ? undefined : lineOf.get(jid);
  if (first !== undefined) return { line: entry.line, message: `${jid}: also on line ${first}, which counts; remove one` };
  if (jid !== undefined) lineOf.set(jid, entry.line);
  return entry;
}
