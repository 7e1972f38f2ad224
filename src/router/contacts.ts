/** What extensions may do about contacts and their presence: the roster, and who sees whom. */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import type { RosterItem } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";

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
  /** Sends a contact that sees the user the current presence of each of its available resources. */
  show(step: Step, account: Account, contact: Jid): void;
  /** Sends a contact unavailable presence of each resource that it has seen. */
  hide(step: Step, account: Account, contact: Jid): void;
}
