/** What an operator can ask of a server, whether it runs or not. */
import type { Config } from "../config/schema.ts";
import type { PresenceExplanation } from "../domain/presence-explanation.ts";
import type { ServerStatus } from "../domain/server-status.ts";
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
  /** The devices that can log in with a token in place of the password (XEP-0484), those that were seen last first. */
  userDevices(jid: string): Promise<readonly DeviceView[]>;
  /**
   * Takes the tokens of one device back and ends its sessions: it needs the password again. By its id, or a beginning of it of at least 4
   * characters that no other has; resolves to the id. Rejects with device-unknown.
   */
  userRevoke(jid: string, id: string): Promise<string>;
  /** Those of `userList` that are disabled. */
  userDisabled(domain?: string): Promise<readonly string[]>;
  /** Bare JIDs in order, of one host or of all. */
  userList(domain?: string): Promise<readonly string[]>;
  /** Creates what it can; a faulty entry does not stop the others. At most `importEntriesMax` entries, each of another JID. */
  userImport(entries: readonly ImportEntry[]): Promise<ImportOutcome>;
}

export interface DeviceView {
  readonly id: string;
  /** As its client says (XEP-0388 section 2.3). */
  readonly software: string | null;
  readonly label: string | null;
  /** Milliseconds since 1970: of its first token, of the last use that was recorded, and when its last token is over. */
  readonly since: number;
  readonly seenAt: number;
  readonly expiresAt: number;
  /** Whether a session of it is there now; null where no server runs. */
  readonly online: boolean | null;
}

/** Links that somebody can use once, to make an account here or to become somebody's contact (XEP-0401). */
export interface InvitationAdmin {
  /** Rejects with invitations-off, jid-malformed, host-unknown, account-unknown, or account-exists for a name that is not free. */
  userInvite(wish: InvitationWish): Promise<Invited>;
  /** In the order in which they were made; those that are over are in it for a while. */
  userInvitations(domain?: string): Promise<readonly InvitationView[]>;
  /** Nobody can use it any more. By its id, or a beginning of it of at least 4 characters that no other has. Rejects with invitation-unknown or invitation-over. */
  userUninvite(id: string): Promise<string>;
  /** One that can be used, by its token; null for every other. */
  userInvitation(token: string): Promise<Invited | null>;
}

export interface InvitationWish {
  /** The host; without it that of the inviter, or the first one. */
  readonly domain?: string;
  /** The name that the account will have, which is kept free; without it who uses it chooses. */
  readonly name?: string;
  /** How long it is good; without it as long as is configured. */
  readonly days?: number;
  /** The bare JID of who invites; without it the operator does. */
  readonly inviter?: string;
  /** Whether the inviter becomes a contact of who uses it; without it as there is one. */
  readonly contact?: boolean;
  /** `roster`: who has an account already can use it too, to become a contact. Without it `register`. */
  readonly link?: "roster" | "register";
}

export interface InvitationView {
  readonly id: string;
  readonly host: string;
  readonly link: "roster" | "register";
  /** A bare JID; null: the operator. */
  readonly inviter: string | null;
  readonly username: string | null;
  readonly contact: boolean;
  /** Who has used it: a bare JID. */
  readonly by: string | null;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly expiresAt: number;
  readonly state: "open" | "used" | "revoked" | "expired";
}

/** With what is handed on, which is as good as an account: it is told once. */
export interface Invited extends InvitationView {
  /** What clients open. */
  readonly uri: string;
  /** A page that says what to do with it; null where there is none. */
  readonly page: string | null;
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
export interface StoreAdmin extends UserAdmin, InvitationAdmin, ContactAdmin, ServiceAdmin, AccountTransfer, ArchiveTransfer, HistorySource, LogAdmin {
  /** The sessions that live now. */
  sessions(): readonly SessionView[] | Promise<readonly SessionView[]>;
}

export interface AdminApi extends StoreAdmin {
  /** How the server is. It asks nothing of the store. */
  status(): Promise<ServerStatus>;
  /** What the server was started with, secrets of the operator included (config/secrets.ts): it is for who may read its files. */
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
