/** What an operator can ask of a server, whether it runs or not. */
import type { Config } from "../config/schema.ts";
import type { PresenceExplanation } from "../domain/presence-explanation.ts";
import type { SessionView } from "../domain/session-view.ts";
import type { HistorySource } from "../history/source.ts";
import type { LogStats } from "../ports.ts";
import type { RosterView } from "./roster-view.ts";

/** JIDs are bare, of a configured host, and prepared here; answers hold them prepared. Refusals reject with AdminError. */
export interface UserAdmin {
  /** Rejects with account-exists, jid-malformed, host-unknown or password-unusable. */
  userAdd(jid: string, password: string): Promise<string>;
  /** Sets another password; sessions that are open go on. */
  userPasswd(jid: string, password: string): Promise<string>;
  /** Ends the account and its sessions. */
  userDelete(jid: string): Promise<string>;
  /**
   * Nobody may log in to it until `userEnable`, and its sessions end. All that is kept of it stays, and what is sent to it is treated as
   * for a user who is not there. Nothing happens if it is so already.
   */
  userDisable(jid: string): Promise<string>;
  userEnable(jid: string): Promise<string>;
  /** Those of `userList` that are disabled. */
  userDisabled(domain?: string): Promise<readonly string[]>;
  /** Bare JIDs in order, of one host or of all. */
  userList(domain?: string): Promise<readonly string[]>;
  /** Creates what it can; a faulty entry does not stop the others. At most `importEntriesMax` entries, each of another JID. */
  userImport(entries: readonly ImportEntry[]): Promise<ImportOutcome>;
}

/** As for UserAdmin; nothing is changed by it. */
export interface ContactAdmin {
  /** Rejects with account-unknown, jid-malformed or host-unknown. */
  roster(jid: string): Promise<RosterView>;
  /** Whether each of two sees the other's presence, and why. One of them may be of another server. Rejects as `roster` does. */
  explainPresence(a: string, b: string): Promise<PresenceExplanation>;
}

/** What is done to those who are here now, and told to everybody. */
export interface ServiceAdmin {
  /** Ends the sessions of an account, or that of a full JID, so that they cannot be resumed; resolves to how many. Rejects as `roster` does. */
  sessionsEnd(jid: string): Promise<number>;
  /** Tells everybody who is available; resolves to how many sessions. Rejects with text-unusable. */
  announce(text: string): Promise<number>;
  /** What everybody is shown once, at the next login; null for nothing. */
  motd(): Promise<string | null>;
  /** Another one, which everybody is shown, who is available at once. `edit`: only who was not shown the former one. Rejects with text-unusable. */
  motdSet(text: string, edit: boolean): Promise<void>;
  motdDelete(): Promise<void>;
}

/** Accounts whole, as JSON documents (admin/formats/account-document.ts). */
export interface AccountTransfer {
  /** The text of one account's document, in pieces. Rejects with account-unknown or jid-malformed. */
  accountExport(jid: string): Promise<readonly AccountPiece[]>;
  /**
   * The documents of some accounts of one host or of all, in order, beginning after the account `after`. Empty at the end.
   * The pieces of one account are next to each other, and all in one answer.
   */
  accountsExport(query: { readonly domain?: string; readonly after?: string }): Promise<readonly AccountPiece[]>;
  /** Creates those that do not exist, each in one commit. At most `accountEntriesMax`, each of another JID. */
  accountsImport(entries: readonly AccountEntry[]): Promise<ImportOutcome>;
}

/** Archives of messages, which may be long: a part at a time. Rejects as AccountTransfer does. */
export interface ArchiveTransfer {
  /** Some messages of an account, the oldest first, beginning after the one with the id `after`. Empty at the end. */
  archiveExport(jid: string, after?: string): Promise<readonly ArchivedExport[]>;
  /**
   * Adds messages to the archive of an account that `accountsImport` has created with the word that they would come, until one of these
   * is the `last`. What is there already is there once. Rejects with account-exists for another account.
   */
  archiveImport(part: ArchiveImport): Promise<ArchiveOutcome>;
  /** How the id in the log begins of the message that clients are told by this id; null if none can have it. */
  archivedId(told: string): Promise<string | null>;
}

/** The log as a whole. */
export interface LogAdmin {
  /** How much room everything takes. */
  logStats(): Promise<LogStats>;
  /** Writes everything to a new file on the server's machine, by its absolute path. Rejects with backup-failed. */
  backup(file: string): Promise<void>;
}

/** What is asked of the store that is open, and of the sessions on it. */
export interface StoreAdmin extends UserAdmin, ContactAdmin, ServiceAdmin, AccountTransfer, ArchiveTransfer, HistorySource, LogAdmin {
  /** The sessions that live now. */
  sessions(): readonly SessionView[] | Promise<readonly SessionView[]>;
}

export interface AdminApi extends StoreAdmin {
  /** What the server was started with. There is no secret in it. */
  config(): Promise<Config>;
  /**
   * Where the inspector is, with a token that lets in once and soon. A secret. `here`: by its address on this machine, for who connects to it by
   * program; else by the name that people use. Rejects with inspector-off.
   */
  inspectorUrl(options?: { readonly here?: boolean }): Promise<string>;
}

/** A part of the text of an account's document. It holds keys that are as good as a password. */
export interface AccountPiece {
  readonly jid: string;
  readonly text: string;
}

export interface AccountEntry {
  /** Where it begins in the operator's file: a line, from 1. */
  readonly line: number;
  /** A document; whether it is one is looked at when it is its turn. */
  readonly account: unknown;
}

/** An archived message. */
export interface ArchivedExport {
  /** That of the log. */
  readonly id: string;
  /** The one that clients of this server see. */
  readonly told: string;
  /** When it was archived: ms since 1970. */
  readonly at: number;
  /** The other side's JID. */
  readonly with: string;
  /** XML text in `jabber:client`; null if it was deleted meanwhile. */
  readonly stanza: string | null;
}

/** A message for an archive. */
export interface ArchiveEntry {
  /** Where it begins in the operator's file: a line, from 1. */
  readonly line: number;
  /** As it was exported: in the log, or as clients see it. It stays if the one told is of this server. */
  readonly id?: string;
  readonly told?: string;
  /** When it was archived, ms since 1970; what `id` says, if that is left out. */
  readonly at?: number;
  /** The other side; the addresses of the message say it, if it is left out. */
  readonly with?: string;
  readonly stanza: string;
}

export interface ArchiveImport {
  readonly jid: string;
  /** What was reached by the part before. */
  readonly previous?: string;
  /** At most `archiveEntriesMax`, the oldest first. */
  readonly messages: readonly ArchiveEntry[];
  /** Nothing more comes: from now on the archive is its user's alone. */
  readonly last: boolean;
}

export interface ArchiveOutcome {
  readonly added: number;
  readonly failures: readonly ImportFailure[];
  /** For the next part. */
  readonly reached?: string;
}

/** Messages of one `archiveImport`: others' commits wait for its own. */
export const archiveEntriesMax = 200;

/** Entries of one `accountsImport`. */
export const accountEntriesMax = 64;
/** Bytes of one account in a file: JSON of what is so large in XML is at most twice as large, and fits into one request. */
export const accountBytesMax = 16_000_000;

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
