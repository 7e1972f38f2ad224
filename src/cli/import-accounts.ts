/** Reads files of accounts in batches. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { accountEntriesMax } from "../admin/api.ts";
import { AccountFileError, type FileEntry } from "../admin/formats/account-file.ts";
import { type AccountFormat, createAccountFileReader, guessFormat } from "../admin/formats/account-formats.ts";
import { requestBytesMax } from "../admin/protocol.ts";
import { parseJid } from "../domain/jid.ts";
import { liveClock } from "../live.ts";
import { spoolInput } from "./spool.ts";
import { UsageError } from "./terminal.ts";

export type Account = Extract<FileEntry, { readonly kind: "account" }>;
export type Failure = Extract<FileEntry, { readonly kind: "failure" }>;

export interface AccountBatch {
  readonly accounts: readonly Account[];
  readonly failures: readonly Failure[];
  /** What cannot be taken over, and in which line. */
  readonly ignored: readonly { readonly what: string; readonly line: number }[];
}

export interface OpenAccountFile {
  /** Comes before the number of a line. */
  readonly label: string;
  /** Read once. Ends with a failure if the file cannot be read to its end. */
  readonly batches: () => AsyncIterable<AccountBatch>;
  /** Everything in it, once more. */
  readonly entries: () => AsyncIterable<FileEntry>;
}

/**
 * `-` is standard input, which is read to its end first. The file has been read up to its first account when this resolves, and is not kept open: there may be more
 * files than a process may have open. Rejects with UsageError if it cannot be read, or is not of the format at all.
 * `seen`: each JID that was read, and where.
 */
export async function openAccountFile(
  file: string,
  format: AccountFormat | undefined,
  seen: Map<string, string>,
): Promise<OpenAccountFile> {
  const label = file === "-" ? "line " : `${basename(file)}:`;
  // Archives are read when the accounts are there.
  const path = file === "-" ? await spoolInput() : file;
  const entries = readEntries(path, format);
  try {
    await entries.next();
    await entries.return();
  } catch (error) {
    if (error instanceof AccountFileError) throw new UsageError(`${label}${error.line}: ${error.message}; nothing was imported`);
    throw error;
  }
  return { label, batches: () => toBatches(readEntries(path, format), (entry) => refuse(entry, label, seen)), entries: () => readEntries(path, format) };
}

const readBytes = 65_536;

async function openBytes(file: string): Promise<AsyncIterable<Buffer>> {
  try {
    const handle = await open(file);
    if ((await handle.stat()).isDirectory()) {
      await handle.close();
      throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    }
    return handle.createReadStream({ highWaterMark: readBytes });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`${file}: cannot be read (${code}); name a file that \`refrain export\` or another server wrote`);
  }
}

async function* readEntries(file: string, given: AccountFormat | undefined): AsyncGenerator<FileEntry, void> {
  let reader: ReturnType<typeof createAccountFileReader> | undefined;
  for await (const chunk of await openBytes(file)) {
    if (reader === undefined) {
      const format = given ?? guessFormat(chunk);
      if (format === undefined) throw new AccountFileError(1, "neither JSON nor XML; name another file");
      reader = createAccountFileReader(format, liveClock.now());
    }
    yield* reader.write(chunk);
  }
  if (reader === undefined) throw new AccountFileError(1, "the file is empty");
  yield* reader.end();
}

/** Bytes of a file whose accounts are sent together: few enough to show progress. */
const batchBytesMax = 262_144;

async function* toBatches(
  entries: AsyncGenerator<FileEntry, void>,
  refuse: (account: Account) => Account | Failure,
): AsyncIterable<AccountBatch> {
  const [accounts, failures, ignored]: [Account[], Failure[], { what: string; line: number }[]] = [[], [], []];
  let bytes = 0;
  const take = (): AccountBatch => {
    bytes = 0;
    return { accounts: accounts.splice(0), failures: failures.splice(0), ignored: ignored.splice(0) };
  };
  try {
    for await (const given of entries) {
      // Those are for later.
      if (given.kind === "archived" || (given.kind === "failure" && given.archive !== undefined)) continue;
      const entry = given.kind === "account" ? refuse(given) : given;
      if (entry.kind === "ignored") ignored.push(entry);
      else if (entry.kind === "failure") failures.push(entry);
      else {
        bytes += entry.bytes;
        accounts.push(entry);
        ignored.push(...entry.ignored.map((what) => ({ what, line: entry.line })));
      }
      if (accounts.length === accountEntriesMax || failures.length === accountEntriesMax || bytes >= batchBytesMax) yield take();
    }
  } catch (error) {
    if (!(error instanceof AccountFileError)) throw error;
    failures.push({ kind: "failure", line: error.line, message: `${error.message}; what comes after it was not read` });
  }
  yield take();
}

/** Smaller ones fit into a request in any case. */
const measuredFrom = 1_000_000;
const requestRoom = requestBytesMax - 65_536;

/** Accounts are worked on together, so it would be chance which of two counts. Malformed JIDs are left to the server. */
function refuse(entry: Account, label: string, seen: Map<string, string>): Account | Failure {
  const { line, account, bytes } = entry;
  const text = (account as { readonly jid?: unknown } | null)?.jid;
  const jid = typeof text === "string" ? parseJid(text)?.bare : undefined;
  const first = jid === undefined ? undefined : seen.get(jid);
  if (first !== undefined) return { kind: "failure", line, message: `${jid}: also at ${first}, which counts; remove one` };
  if (jid !== undefined) seen.set(jid, `${label}${line}`);
  if (bytes > measuredFrom && Buffer.byteLength(JSON.stringify(account)) > requestRoom) {
    return { kind: "failure", line, message: `${String(text)}: too large to be imported` };
  }
  return entry;
}
