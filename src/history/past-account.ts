/** An account as it was, by its own facts. */
import { Account } from "../domain/account.ts";
import { accountFactVersions, type AccountFact, type AccountFactType } from "../domain/facts.ts";
import type { SessionView } from "../domain/session-view.ts";
import type { StoredFact } from "../ports.ts";

/** Takes the facts of one account's stream, in order. Begins at its creation: what is not known from there on is not told. */
export class PastAccount {
  readonly #account: Account;
  #begun = false;

  constructor(host: string, username: string) {
    this.#account = new Account(host, username);
  }

  take(fact: StoredFact): void {
    if (!isAccountFact(fact)) return;
    if (fact.type === "AccountCreated") this.#begun = true;
    this.#account.apply(fact as unknown as AccountFact, fact.at);
  }

  /** What the facts so far give. */
  get known(): Account {
    return this.#account;
  }

  /** undefined if the account's creation was not among the facts. */
  get roster(): SessionView["roster"] | undefined {
    return this.#begun ? { version: this.#account.rosterVersion(), items: this.#account.contacts.size } : undefined;
  }
}

export function isAccountFact(fact: StoredFact): fact is StoredFact & { readonly type: AccountFactType } {
  return Object.hasOwn(accountFactVersions, fact.type);
}
