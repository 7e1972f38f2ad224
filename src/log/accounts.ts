/** The accounts of all hosts: the facts of their lives, and their stored keys beside the log. */

import { accountFactVersions, accountStream, extrasOf, serverStream } from "../domain/facts.ts";
import type { AccountFact, AccountFacts } from "../domain/facts.ts";
import { forgetSessions } from "../domain/sessions-forgotten.ts";
import type { Append, Clock, Fact, Ids, Json, Store } from "../ports.ts";
import { forgetInvitationsOf } from "./invitations.ts";
import { ConcurrencyError } from "./errors.ts";
import { accountKey, accounts as projection } from "./projections/accounts.ts";
import type { AccountRow } from "./projections/accounts.ts";
import { archive, archiveRowsPrefix } from "./projections/archive.ts";
import { SessionSource } from "./session-source.ts";

/** Appends to one account that others may slip in before ours is refused. */
const attemptsMax = 64;
/** Accounts of createMany that are under way at once: what one transaction takes. */
const createdAtOnce = 256;
/** Sessions whose facts are deleted in one commit: nobody else's commit waits long for it. */
const forgottenAtOnce = 100;
/** Archived messages that are deleted in one commit. */
const trimmedAtOnce = 4_000;

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
  readonly #sessions: SessionSource;

  /** The store must have the projections `accounts`, `archive`, `sessions` and `invitations`. */
  constructor(store: Store, clock: Clock, ids: Ids) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
    this.#sessions = new SessionSource(store);
  }

  /**
   * Rejects with AccountExistsError. A deleted account can be created again; nothing of the former one comes back. `beside`: what another
   * stream is given in the same commit; rejects with its ConcurrencyError if that cannot be.
   */
  async create(host: string, username: string, credentials: Json, beside?: Append): Promise<void> {
    await this.#decide(host, username, (exists, fact) => {
      if (exists) throw new AccountExistsError(host, username);
      return [
        fact({ type: "AccountCreated", data: { host, username } }),
        fact({ type: "PasswordChanged", data: { host, username, removed: false } }, credentials),
      ];
    }, beside);
  }

  /**
   * Creates an account with a life before it came here, in one commit: all of it or nothing. The facts are this account's own.
   * Rejects with AccountExistsError.
   */
  async createWith({ host, username, credentials }: NewAccount, facts: readonly DatedFact[]): Promise<void> {
    await this.#decide(host, username, (exists, fact) => {
      if (exists) throw new AccountExistsError(host, username);
      return [
        fact({ type: "AccountCreated", data: { host, username } }),
        fact({ type: "PasswordChanged", data: { host, username, removed: false } }, credentials),
        ...facts.map(({ at, ...given }) => (at === undefined ? fact(given) : { ...fact(given), at })),
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

  /** Rejects with NoSuchAccountError. The former credentials are erased, and the tokens of all devices. */
  async setCredentials(host: string, username: string, credentials: Json): Promise<void> {
    await this.#decide(host, username, async (exists, fact) => {
      if (!exists) throw new NoSuchAccountError(host, username);
      return [fact({ type: "PasswordChanged", data: { host, username, removed: false } }, credentials), ...(await this.#withoutTokens(host, username, "password", fact))];
    });
  }

  /** What `auth/` keeps of the tokens of its devices; undefined where there are none. */
  deviceTokens(host: string, username: string): Promise<Json | undefined> {
    return this.#store.secret(accountStream(host, username), "DeviceTokensChanged");
  }

  /**
   * Replaces that by what `decide` makes of what is there at this very moment, null for nothing; nothing is recorded where it returns
   * undefined. It may be asked more than once. Rejects with NoSuchAccountError.
   */
  async changeDeviceTokens(
    host: string,
    username: string,
    change: Omit<AccountFacts["DeviceTokensChanged"], "host" | "username">,
    decide: (tokens: Json | undefined, account: { readonly credentials: Json | undefined; readonly disabled: boolean }) => Json | undefined,
  ): Promise<void> {
    await this.#decide(host, username, async (exists, fact, row) => {
      if (!exists) throw new NoSuchAccountError(host, username);
      const credentials = await this.credentials(host, username);
      const tokens = decide(await this.deviceTokens(host, username), { credentials, disabled: row?.disabledAt !== undefined });
      return tokens === undefined ? [] : [fact({ type: "DeviceTokensChanged", data: { host, username, ...change } }, tokens)];
    });
  }

  /** Rejects with NoSuchAccountError. Nothing is recorded if it is so already. The tokens of a disabled account are erased. */
  async setDisabled(host: string, username: string, disabled: boolean): Promise<void> {
    await this.#decide(host, username, async (exists, fact, row) => {
      if (!exists) throw new NoSuchAccountError(host, username);
      if (disabled === (row?.disabledAt !== undefined)) return [];
      const decided = fact({ type: disabled ? "AccountDisabled" : "AccountEnabled", data: { host, username } });
      return disabled ? [decided, ...(await this.#withoutTokens(host, username, "disabled", fact))] : [decided];
    });
  }

  /** false for an account that does not exist. */
  async isDisabled(host: string, username: string): Promise<boolean> {
    return (await this.#row(host, username))?.disabledAt !== undefined;
  }

  /** Whether there is such an account, or was one before. */
  async everExisted(host: string, username: string): Promise<boolean> {
    return (await this.#store.read(accountStream(host, username), 0, 1)).length > 0;
  }

  /**
   * Rejects with NoSuchAccountError. Nothing of the account is left in the store, nor of its sessions, but the fact that there was one
   * of that name until now. What is recorded of it later is for `forgetRest`.
   */
  async delete(host: string, username: string): Promise<void> {
    // If this is broken off the account is still there, and can be deleted once more.
    if (await this.exists(host, username)) {
      await this.#forgetSessions(host, username);
      await this.#emptyArchive(host, username);
      await forgetInvitationsOf(this.#parts, host, username);
    }
    await this.#decide(host, username, (exists, fact) => {
      if (!exists) throw new NoSuchAccountError(host, username);
      return [fact({ type: "AccountDeleted", data: { host, username } })];
    });
  }

  /** Forgets what was recorded of an account, or of its sessions, after its end. Nothing happens if there is such an account again. */
  async forgetRest(host: string, username: string): Promise<void> {
    const stream = accountStream(host, username);
    const [first, second] = await this.#store.read(stream, 0, 2);
    if (await this.exists(host, username)) return;
    await this.#forgetSessions(host, username);
    await forgetInvitationsOf(this.#parts, host, username);
    if (first?.type === "AccountDeleted" && second === undefined) return;
    await this.#decide(host, username, (exists, fact) => {
      if (exists || first === undefined) return [];
      const at = first.type === "AccountDeleted" ? { at: first.at } : {};
      return [{ ...fact({ type: "AccountDeleted", data: { host, username } }), ...at }];
    });
  }

  /**
   * Records archived messages of an account in one commit, unless somebody else has recorded something meanwhile: then `decide` is asked
   * again. It must give keys above `last`, the one of the newest message, in their order. Rejects with NoSuchAccountError.
   */
  async archive(host: string, username: string, decide: (last: string | undefined) => Promise<readonly AccountFact[]>): Promise<void> {
    const [stream, step] = [accountStream(host, username), this.#step()];
    const prefix = archiveRowsPrefix(host, username);
    let version = 0;
    for (let attempt = 1; ; attempt += 1) {
      if (!(await this.exists(host, username))) throw new NoSuchAccountError(host, username);
      const [row] = await this.#store.query(archive.name, { prefix, reverse: true, limit: 1 });
      const given = await decide(row?.key.slice(prefix.length));
      if (given.length === 0) return;
      const facts = given.map((fact) => ({ ...step, type: fact.type, v: accountFactVersions[fact.type], data: fact.data, ...extrasOf(fact) }));
      try {
        await this.#store.append(stream, version, facts);
        return;
      } catch (error) {
        if (!(error instanceof ConcurrencyError) || attempt === attemptsMax) throw error;
        version = error.actual;
      }
    }
  }

  async exists(host: string, username: string): Promise<boolean> {
    return (await this.#row(host, username)) !== undefined;
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

  async #row(host: string, username: string): Promise<AccountRow | undefined> {
    const [row] = await this.#store.query(projection.name, { key: accountKey(host, username) });
    return row?.value as unknown as AccountRow | undefined;
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

  /** The streams of all sessions of a user, and what is known of them. */
  async #forgetSessions(host: string, username: string): Promise<void> {
    const sessions = await this.#sessions.ofUser(host, username);
    for (let from = 0; from < sessions.length; from += forgottenAtOnce) {
      const forgotten = forgetSessions(sessions.slice(from, from + forgottenAtOnce));
      await this.#store.append(serverStream, "any", [{ ...this.#step(), ...forgotten }]);
    }
    // The last of these facts names them still.
    if (sessions.length > 0) await this.#store.append(serverStream, "any", [{ ...this.#step(), ...forgetSessions([]) }]);
  }

  /** All that was archived until now, a portion at a time: in one commit a long archive would hold up everybody else's. */
  async #emptyArchive(host: string, username: string): Promise<void> {
    const prefix = archiveRowsPrefix(host, username);
    const [end] = await this.#store.query(archive.name, { prefix, reverse: true, limit: 1 });
    if (end === undefined) return;
    for (let last = ""; last < end.key; ) {
      const rows = await this.#store.query(archive.name, { prefix, limit: trimmedAtOnce });
      const reached = rows.at(-1)?.key;
      if (reached === undefined) return;
      last = reached;
      const through = last.slice(prefix.length);
      const trimmed: AccountFact = { type: "ArchiveTrimmed", data: { host, username, through } };
      const { type, data } = trimmed;
      await this.#store.append(accountStream(host, username), "any", [{ ...this.#step(), type, v: accountFactVersions[type], data, ...extrasOf(trimmed) }]);
    }
  }

  /**
   * Decides on what is, and appends only if it still is so: the version is learnt before the look at the account, so an append at
   * that version proves that nothing came between. The stream holds more than the account's own facts, hence no reading of it.
   */
  async #decide(host: string, username: string, decision: Decision, beside?: Append): Promise<void> {
    const stream = accountStream(host, username);
    const step = this.#step();
    let version = 0;
    for (let attempt = 1; ; attempt += 1) {
      const row = await this.#row(host, username);
      const fact: MakeFact = (given, secret) => {
        const { type, data } = given;
        const made = { ...step, type, v: accountFactVersions[type], data, ...extrasOf(given) };
        return secret === undefined ? made : { ...made, secret };
      };
      const facts = await decision(row !== undefined, fact, row);
      try {
        await (beside === undefined ? this.#store.append(stream, version, facts) : this.#store.appendMany([{ stream, expectedVersion: version, facts }, beside]));
        return;
      } catch (error) {
        if (!(error instanceof ConcurrencyError) || error.stream !== stream || attempt === attemptsMax) throw error;
        version = error.actual;
      }
    }
  }

  async #withoutTokens(host: string, username: string, why: "password" | "disabled", fact: MakeFact): Promise<readonly Fact[]> {
    if ((await this.deviceTokens(host, username)) === undefined) return [];
    return [fact({ type: "DeviceTokensChanged", data: { host, username, device: null, why } }, null)];
  }

  get #parts() {
    return { store: this.#store, clock: this.#clock, ids: this.#ids };
  }

  #step(): Pick<Fact, "at" | "step" | "cause"> {
    return { at: this.#clock.now(), step: this.#ids.next(), cause: null };
  }
}

type MakeFact = (fact: AccountFact, secret?: Json) => Fact;
type Decision = (exists: boolean, fact: MakeFact, row: AccountRow | undefined) => readonly Fact[] | Promise<readonly Fact[]>;
