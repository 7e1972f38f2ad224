/** The accounts of all hosts: the facts of their lives, and their stored keys beside the log. */

import { accountFactVersions, accountStream } from "../domain/facts.ts";
import type { AccountFact, AccountFacts, AccountFactType } from "../domain/facts.ts";
import type { Clock, Fact, Ids, Json, Store } from "../ports.ts";
import { ConcurrencyError } from "./errors.ts";
import { accountKey, accounts as projection } from "./projections/accounts.ts";
import type { AccountRow } from "./projections/accounts.ts";

/** Appends to one account that others may slip in before ours is refused. */
const attemptsMax = 64;
/** Accounts of createMany that are under way at once: what one transaction takes. */
const createdAtOnce = 256;

export interface NewAccount {
  /** Prepared, like every host and username here (RFC 7622). */
  readonly host: string;
  readonly username: string;
  /** What `auth/` keeps in place of a password. Never in the log. */
  readonly credentials: Json;
}

/** A fact, and when it happened if that is not now: ms since 1970. */
export type DatedFact = AccountFact & { readonly at?: number };

export interface AccountsPage {
  /** The last account of the page before. */
  readonly after?: { readonly host: string; readonly username: string };
  /** From 1. */
  readonly limit: number;
}

export class AccountExistsError extends Error {
  override readonly name = "AccountExistsError";

  constructor(host: string, username: string) {
    super(`${username}@${host}: there is such an account already; choose another name, or change its password`);
  }
}

export class NoSuchAccountError extends Error {
  override readonly name = "NoSuchAccountError";

  constructor(host: string, username: string) {
    super(`${username}@${host}: there is no such account; check the spelling; \`refrain user list\` shows which there are`);
  }
}

export class Accounts {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;

  /** The store must have the projection `accounts`. */
  constructor(store: Store, clock: Clock, ids: Ids) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Rejects with AccountExistsError. A deleted account can be created again; nothing of the former one comes back. */
  async create(host: string, username: string, credentials: Json): Promise<void> {
    await this.#decide(host, username, (exists, fact) => {
      if (exists) throw new AccountExistsError(host, username);
      return [fact("AccountCreated", { host, username }), fact("PasswordChanged", { host, username, removed: false }, credentials)];
    });
  }

  /**
   * Creates an account with a life before it came here, in one commit: all of it or nothing. The facts are this account's own.
   * Rejects with AccountExistsError.
   */
  async createWith({ host, username, credentials }: NewAccount, facts: readonly DatedFact[]): Promise<void> {
    await this.#decide(host, username, (exists, fact) => {
      if (exists) throw new AccountExistsError(host, username);
      return [
        fact("AccountCreated", { host, username }),
        fact("PasswordChanged", { host, username, removed: false }, credentials),
        ...facts.map(({ type, data, at }) => (at === undefined ? fact(type, data) : { ...fact(type, data), at })),
      ];
    });
  }

  /** Creates those that do not exist; the others stay as they are. */
  async createMany(list: readonly NewAccount[]): Promise<{ readonly created: number; readonly existing: number }> {
    let created = 0;
    for (let from = 0; from < list.length; from += createdAtOnce) {
      const made = await Promise.all(list.slice(from, from + createdAtOnce).map((account) => this.#createIfMissing(account)));
      created += made.filter(Boolean).length;
    }
    return { created, existing: list.length - created };
  }

  /** Rejects with NoSuchAccountError. The former credentials are erased. */
  async setCredentials(host: string, username: string, credentials: Json): Promise<void> {
    await this.#decide(host, username, (exists, fact) => {
      if (!exists) throw new NoSuchAccountError(host, username);
      return [fact("PasswordChanged", { host, username, removed: false }, credentials)];
    });
  }

  /** Rejects with NoSuchAccountError. The credentials are erased in the same commit. */
  async delete(host: string, username: string): Promise<void> {
    await this.#decide(host, username, (exists, fact) => {
      if (!exists) throw new NoSuchAccountError(host, username);
      return [fact("PasswordChanged", { host, username, removed: true }, null), fact("AccountDeleted", { host, username })];
    });
  }

  async exists(host: string, username: string): Promise<boolean> {
    return (await this.#store.query(projection.name, { key: accountKey(host, username) })).length > 0;
  }

  /** undefined if there is no such account. */
  credentials(host: string, username: string): Promise<Json | undefined> {
    return this.#store.secret(accountStream(host, username), "PasswordChanged");
  }

  /** A page of the accounts of one host, or of all, in the order of the bytes of `HOST/USERNAME`. */
  async list(host: string | undefined, { after, limit }: AccountsPage): Promise<readonly AccountRow[]> {
    const prefix = host === undefined ? "" : accountKey(host, "");
    const page = after === undefined ? { prefix, limit } : { prefix, limit, after: accountKey(after.host, after.username) };
    const rows = await this.#store.query(projection.name, page);
    return rows.map(({ value }) => value as unknown as AccountRow);
  }

  async #createIfMissing({ host, username, credentials }: NewAccount): Promise<boolean> {
    try {
      await this.create(host, username, credentials);
      return true;
    } catch (error) {
      if (error instanceof AccountExistsError) return false;
      throw error;
    }
  }

  /**
   * Decides on what is, and appends only if it still is so: the version is learnt before the look at the account, so an append at
   * that version proves that nothing came between. The stream holds more than the account's own facts, hence no reading of it.
   */
  async #decide(host: string, username: string, decision: Decision): Promise<void> {
    const stream = accountStream(host, username);
    const step = { at: this.#clock.now(), step: this.#ids.next(), cause: null };
    let version = 0;
    for (let attempt = 1; ; attempt += 1) {
      const facts = decision(await this.exists(host, username), (type, data, secret) => {
        const fact = { ...step, type, v: accountFactVersions[type], data };
        return secret === undefined ? fact : { ...fact, secret };
      });
      try {
        await this.#store.append(stream, version, facts);
        return;
      } catch (error) {
        if (!(error instanceof ConcurrencyError) || attempt === attemptsMax) throw error;
        version = error.actual;
      }
    }
  }
}

type MakeFact = <Type extends AccountFactType>(type: Type, data: AccountFacts[Type], secret?: Json) => Fact;
type Decision = (exists: boolean, fact: MakeFact) => readonly Fact[];
