/**
 * Accounts in memory: loaded on first need, by a bind or by a stanza to them, and dropped when long unused.
 * All sessions of an account share one copy.
 */
import { idleAccountsMax } from "../domain/limits.ts";

/** The read model of one account. */
export interface Account {
  readonly host: string;
  readonly username: string;
  readonly roster: Roster;
}

/** RFC 6121 section 2. */
export interface Roster {
  /** Opaque to clients; changes with each change of the roster (RFC 6121 section 2.6). */
  readonly version: string;
  readonly items: readonly RosterItem[];
}

export interface RosterItem {
  readonly jid: string;
  readonly subscription: "none" | "to" | "from" | "both";
}

export class AccountCache {
  readonly #load: (host: string, username: string) => Promise<Account | undefined>;
  readonly #inUse: (bareJid: string) => boolean;
  readonly #accounts = new Map<string, Account>();
  readonly #loading = new Map<string, Promise<Account | undefined>>();

  /** `load` resolves with undefined for an account that does not exist; accounts `inUse` are never dropped. */
  constructor(load: (host: string, username: string) => Promise<Account | undefined>, inUse: (bareJid: string) => boolean) {
    this.#load = load;
    this.#inUse = inUse;
  }

  /** What is in memory now. */
  get(bareJid: string): Account | undefined {
    return this.#accounts.get(bareJid);
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
      if (!this.#inUse(bareJid)) return;
      this.#accounts.set(bareJid, account);
      if (++looks === looksMax) return;
    }
  }
}

const looksMax = 8;
