/** What extensions may do about contacts and their presence: the roster, and who sees whom. */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import type { RosterItem } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";

/** Whether an address is one of those in question. */
export type Meant = (address: Jid) => boolean;

export interface Contacts {
  /**
   * Adds a contact or changes what the user calls it and where it is grouped; its subscription stays. `asker` hears of it first.
   * Returns what tells the interested resources, to be called once the asker has its answer.
   */
  set(step: Step, account: Account, item: Pick<RosterItem, "jid" | "name" | "groups">, asker: Session): (step: Step) => void;
  /**
   * Removes a contact with all subscriptions (RFC 6121 section 2.5.2). The contact's account has been loaded, if it has one here.
   * Returns what tells the contact and the interested resources.
   */
  remove(step: Step, account: Account, jid: Jid, asker: Session): (step: Step) => void;
  /** They are contacts from now on who see each other, whatever was between them; nothing happens where one has blocked the other, or has no room. */
  unite(step: Step, account: Account, other: Account): void;
  /** The user approves the other's request, which may come later, and asks in turn (XEP-0379 section 3.5). */
  welcome(step: Step, account: Account, other: Account): void;
  /**
   * The user and those addresses of other people that are meant are about to lose sight of each other: each is told of the end of
   * what it has seen of the other, directed presence included. `people` are bare JIDs, each once, and not the user; to be called
   * before the fact that separates them.
   */
  part(step: Step, account: Account, people: readonly Jid[], meant: Meant): void;
  /**
   * They can see each other again: each is told the current presence of the other as far as subscriptions allow, and the user of
   * requests that wait. `people` are bare JIDs, each once, and not the user; to be called after the fact that unites them.
   */
  meet(step: Step, account: Account, people: readonly Jid[], meant: Meant): void;
}
