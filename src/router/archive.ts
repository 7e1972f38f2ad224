/** The messages that are kept for a user to read again (XEP-0313), in the order in which they came. */
import type { Account } from "../domain/account.ts";
import type { ArchiveEnds, ArchiveMissing, ArchivePage, ArchiveQuery, KeptMessages } from "../domain/archive-query.ts";
import type { Jid } from "../domain/jid.ts";
import type { Step } from "../step/batch.ts";

export type { ArchivedId, ArchivedMessage, ArchiveEnds, ArchiveMissing, ArchivePage, ArchiveQuery, KeptMessages, ResultPage } from "../domain/archive-query.ts";

export interface Archive {
  /**
   * Keeps a message to or from the user, whose text is XML in `jabber:client`. `with`: the other side; the user's own bare JID for what
   * the user wrote to itself. Returns the message's id, which does not stand in the text.
   */
  add(step: Step, account: Account, message: { readonly with: Jid; readonly text: string }): string;
  /** Includes what was added before the call. */
  page(account: Account, query: ArchiveQuery): Promise<ArchivePage | ArchiveMissing>;
  /** undefined for an empty archive. */
  ends(account: Account): Promise<ArchiveEnds | undefined>;
  /**
   * Nothing is kept any more of the oldest messages that are not to be: at most `archiveTrimMax` of them, since they are deleted in one
   * commit, for which everybody waits. Resolves with their number once that is recorded; who gets the most may come again.
   */
  trim(account: Account, kept: KeptMessages): Promise<number>;
}
