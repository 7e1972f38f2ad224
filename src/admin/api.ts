/** What an operator can ask of a server, whether it runs or not. */
import type { SessionView } from "../domain/session-view.ts";

/** JIDs are bare, of a configured host, and prepared here; answers hold them prepared. Refusals reject with AdminError. */
export interface UserAdmin {
  /** Rejects with account-exists, jid-malformed, host-unknown or password-unusable. */
  userAdd(jid: string, password: string): Promise<string>;
  /** Sets another password; sessions that are open go on. */
  userPasswd(jid: string, password: string): Promise<string>;
  /** Ends the account and its sessions. */
  userDelete(jid: string): Promise<string>;
  /** Bare JIDs in order, of one host or of all. */
  userList(domain?: string): Promise<readonly string[]>;
  /** Creates what it can; a faulty entry does not stop the others. At most `importEntriesMax` entries, each of another JID. */
  userImport(entries: readonly ImportEntry[]): Promise<ImportOutcome>;
}

export interface AdminApi extends UserAdmin {
  /** The sessions that live now. */
  sessions(): readonly SessionView[] | Promise<readonly SessionView[]>;
}

export interface ImportEntry {
  /** The entry's line in the operator's file, from 1. */
  readonly line: number;
  readonly jid: string;
  readonly password: string;
}

export interface ImportOutcome {
  readonly created: number;
  readonly failures: readonly ImportFailure[];
}

export interface ImportFailure {
  readonly line: number;
  readonly message: string;
}

/** Entries of one `userImport`: enough to share a commit, few enough to show progress. */
export const importEntriesMax = 512;
