/**
 * Accounts in memory: loaded on first need, by a bind or by a stanza to them, and dropped when long unused.
 * All sessions of an account share one copy.
 */
import type { Account } from "../domain/account.ts";
import { accountFactVersions, accountStream, extrasOf, type AccountFact } from "../domain/facts.ts";
import { idleAccountsMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";

export class AccountCache {
  readonly #load: (host: string, username: string) => Promise<Account | undefined>;
  readonly #inUse: (account: Account) => boolean;
  readonly #accounts = new Map<string, Account>();
  readonly #loading = new Map<string, Promise<Account | undefined>>();
  readonly #holds = new Map<string, Promise<void>>();

  /** `load` resolves with undefined for an account that does not exist; accounts `inUse` are never dropped. */
  constructor(load: (host: string, username: string) => Promise<Account | undefined>, inUse: (account: Account) => boolean) {
    this.#load = load;
    this.#inUse = inUse;
  }

  /** What is in memory now, for those who decide nothing by it. */
  get(bareJid: string): Account | undefined {
    return this.#accounts.get(bareJid);
  }

  /** What is in memory now, for a step that decides by it: what the step sends waits until what it read is durable. */
  read(step: Step, bareJid: string): Account | undefined {
    const account = this.#accounts.get(bareJid);
    if (account !== undefined) step.dependOn(account.ticket);
    return account;
  }

  /**
   * Changes an account by a fact. Binding unless told otherwise. Throws if the account is not in memory any more: a copy that was
   * kept over a wait may have been dropped or deleted meanwhile.
   */
  change(step: Step, account: Account, fact: AccountFact, binding = true): void {
    if (this.#accounts.get(account.bare) !== account) throw new Error(`${account.bare}: the account is not in memory any more`);
    const recorded = step.record(
      accountStream(account.host, account.username),
      { type: fact.type, v: accountFactVersions[fact.type], data: fact.data, ...extrasOf(fact) },
      binding,
    );
    const { ticket, lastTicket } = account;
    const undo = account.apply(fact, step.at);
    account.lastTicket = recorded;
    if (binding) account.ticket = recorded;
    step.ifDiscarded(() => {
      undo();
      account.ticket = ticket;
      account.lastTicket = lastTicket;
    });
  }

  load(host: string, username: string): Promise<Account | undefined> {
    const bareJid = `${username}@${host}`;
    const known = this.#accounts.get(bareJid);
    if (known !== undefined) return Promise.resolve(known);
    let loading = this.#loading.get(bareJid);
    if (loading === undefined) {
      loading = this.#load(host, username)
        .then((account) => {
          // Forgotten while it was loading: the answer is of the past.
          if (account !== undefined && this.#loading.get(bareJid) === loading) this.#keep(bareJid, account);
          return account;
        })
        .finally(() => {
          if (this.#loading.get(bareJid) === loading) this.#loading.delete(bareJid);
        });
      this.#loading.set(bareJid, loading);
    }
    return loading;
  }

  /** What is sent to the account waits until `until` is settled, one way or the other. More than one can hold at once. */
  hold(bareJid: string, until: Promise<unknown>): void {
    const hold: Promise<void> = Promise.allSettled([this.#holds.get(bareJid), until]).then(() => {
      if (this.#holds.get(bareJid) === hold) this.#holds.delete(bareJid);
    });
    this.#holds.set(bareJid, hold);
  }

  /** Settles, without error, when nobody has reason to hold what is sent to the account; undefined where nobody has. */
  held(bareJid: string): Promise<void> | undefined {
    return this.#holds.get(bareJid);
  }

  forget(bareJid: string): void {
    this.#accounts.delete(bareJid);
    this.#loading.delete(bareJid);
  }

  #keep(bareJid: string, account: Account): void {
    this.#accounts.set(bareJid, account);
    if (this.#accounts.size > idleAccountsMax) this.#dropOldest();
  }

  /** Looks at a few of the oldest; those in use go to the end, so that the next look finds others. */
  #dropOldest(): void {
    let looks = 0;
    for (const [bareJid, account] of this.#accounts) {
      this.#accounts.delete(bareJid);
      if (!this.#inUse(account)) return;
      this.#accounts.set(bareJid, account);
      if (++looks === looksMax) return;
    }
  }
}

const looksMax = 8;
