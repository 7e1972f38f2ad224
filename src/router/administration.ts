/** What administrators may ask of the server from a client: the same, by the same code, as on the command line. */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";

export interface Administration {
  /** Whether this is an administrator's address, with or without a resource. */
  isAdmin(jid: Jid): boolean;
  /** As `refrain user add`: resolves to the bare JID, prepared. */
  addUser(jid: string, password: string): Promise<Administered<string>>;
  /** With all that is kept of the account, and its sessions. */
  deleteUser(jid: string): Promise<Administered<string>>;
  /** Nobody may log in to it any more, and its sessions end; all that is kept of it stays. */
  disableUser(jid: string): Promise<Administered<string>>;
  enableUser(jid: string): Promise<Administered<string>>;
  /** Sessions that are open go on. */
  changePassword(jid: string, password: string): Promise<Administered<string>>;
  /** Of an account, or of one resource of it: resolves to how many sessions are being ended. They cannot be resumed. */
  endSessions(jid: string): Promise<Administered<number>>;
  /** Every account, as a bare JID, in order. */
  registered(): Promise<readonly string[]>;
  /** Those of them that are disabled. */
  disabled(): Promise<readonly string[]>;
  /** What lives now, with a resource. */
  online(): readonly OnlineSession[];
  roster(jid: string): Promise<Administered<AdministeredRoster>>;
  /** Sends a text to everybody who is available, each in the name of the own host; resolves to how many sessions. Others never see it. */
  announce(text: string): Promise<Administered<number>>;
  /** What everybody is shown once, at the next login. */
  readonly motd: MessageOfTheDay | undefined;
  /** Another one: everybody is shown it, who is available at once. `edit`: only who was not shown the former one. */
  setMotd(text: string, how: "new" | "edit"): Promise<Administered<undefined>>;
  deleteMotd(): Promise<void>;
  /** Shows it to somebody who has just come, if that is new to the account. */
  showMotd(step: Step, session: Session, account: Account): void;
}

/** The wish was done, or was refused for a reason of the operator's kind. */
export type Administered<Value> =
  | { readonly value: Value }
  | { readonly refused: "malformed" | "unknown" | "exists" | "unusable"; readonly text: string };

export interface OnlineSession {
  readonly jid: Jid;
  /** The address that its client comes from; null without a link. */
  readonly address: string | null;
  /** Whether somebody seems to be there: it is available, shows neither away nor xa, and has a link. */
  readonly active: boolean;
}

export interface AdministeredRoster {
  /** Whose it is; bare, prepared. */
  readonly jid: string;
  readonly contacts: readonly AdministeredContact[];
}

export interface AdministeredContact {
  readonly jid: string;
  readonly name: string;
  readonly subscription: "none" | "to" | "from" | "both";
  readonly groups: readonly string[];
}

export interface MessageOfTheDay {
  /** The same for its later wordings. */
  readonly id: string;
  readonly text: string;
}
