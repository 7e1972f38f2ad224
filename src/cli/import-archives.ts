/** Archived messages of a file into the accounts that it has just created, a part at a time. */
import { archiveEntriesMax, type ArchiveEntry, type ArchiveTransfer, type ImportFailure } from "../admin/api.ts";
import type { FileEntry } from "../admin/formats/account-file.ts";
import { parseJid } from "../domain/jid.ts";

export interface ArchiveReport {
  /** Of a file with this label. */
  archived(label: string, added: number, failures: readonly ImportFailure[]): void;
}

/** Characters of messages that are sent together: few enough to fit into a request, however they are escaped. */
const partCharsMax = 262_144;

/** `begun`: the accounts, by bare JID, whose archives are to come from here; the others stay as they are. */
export async function importArchives(
  transfer: ArchiveTransfer, { label, entries }: { readonly label: string; readonly entries: AsyncIterable<FileEntry> }, begun: ReadonlySet<string>, report: ArchiveReport,
): Promise<void> {
  const reached = new Map<string, string>();
  let part: { readonly jid: string; readonly messages: ArchiveEntry[]; chars: number } | undefined;
  const send = async (jid: string, messages: readonly ArchiveEntry[], last: boolean): Promise<void> => {
    const previous = reached.get(jid);
    const outcome = await transfer.archiveImport({ jid, messages, last, ...(previous !== undefined && { previous }) });
    if (outcome.reached !== undefined) reached.set(jid, outcome.reached);
    report.archived(label, outcome.added, outcome.failures);
  };
  const flush = async (): Promise<void> => {
    const full = part;
    part = undefined;
    if (full !== undefined) await send(full.jid, full.messages, false);
  };
  for await (const entry of entries) {
    if (entry.kind !== "archived" && (entry.kind !== "failure" || entry.archive === undefined)) continue;
    const jid = parseJid((entry.kind === "archived" ? entry.jid : entry.archive) ?? "")?.bare;
    if (jid === undefined || !begun.has(jid)) continue;
    if (entry.kind === "failure") {
      report.archived(label, 0, [entry]);
      continue;
    }
    for (const message of entry.messages) {
      if (part !== undefined && (part.jid !== jid || part.messages.length === archiveEntriesMax || part.chars >= partCharsMax)) await flush();
      part ??= { jid, messages: [], chars: 0 };
      part.messages.push(message);
      part.chars += message.stanza.length;
    }
  }
  await flush();
  // Only now: the messages of an account may stand in several places.
  for (const jid of begun) await send(jid, [], true);
}
