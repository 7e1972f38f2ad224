/** What extensions may know of the server and ask of it, gathered once. */
import type { Account } from "../domain/account.ts";
import type { AccountFact } from "../domain/facts.ts";
import type { Jid } from "../domain/jid.ts";
import type { Ids, Json } from "../ports.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Contacts } from "./contacts.ts";
import type { Extension } from "./extension.ts";

export interface House {
  readonly software: { readonly name: string; readonly version: string };
  readonly hosts: readonly string[];
  /** The features of all extensions, sorted. */
  features(of: "server" | "account"): readonly string[];
  /** The connected sessions of an account. */
  sessions(bareJid: string): readonly Session[];
  nextId(): string;
  /** Milliseconds since this server started. */
  uptime(step: Step): number;
  /** Runs a step: for what is done after a wait. */
  run<Result>(cause: string | null, work: (step: Step) => Result): Result;
  /** An account that is in memory: every account that has a session, and the sender's and the addressee's of what is being handled. */
  account(step: Step, bareJid: string): Account | undefined;
  /** Loads an account; undefined if it does not exist, or is not of this server. */
  load(jid: Jid): Promise<Account | undefined>;
  /** Changes an account that is in memory. Binding unless told otherwise: then nothing waits until it is on the disk. */
  change(step: Step, account: Account, fact: AccountFact, binding?: boolean): void;
  readonly data: AccountData;
  readonly contacts: Contacts;
}

/** Values that extensions keep for accounts, on the disk only. A space is an extension's name. */
export interface AccountData {
  /** Includes what was set before the call. */
  get(account: Account, space: string, key: string): Promise<Json | undefined>;
  /** null removes it. */
  set(step: Step, account: Account, space: string, key: string, value: Json): void;
  /** Messages that wait for the account's user, with numbers above `after`, in order. Includes those stored before the call. */
  offlineMessages(account: Account, after: number, limit: number): Promise<readonly StoredMessage[]>;
}

export interface StoredMessage {
  readonly number: number;
  /** XML text in `jabber:client`. */
  readonly stanza: string;
  readonly bytes: number;
}

/** Where extensions' values are read from. */
export interface DataSource {
  value(host: string, username: string, space: string, key: string): Promise<Json | undefined>;
  offlineMessages(host: string, username: string, after: number, limit: number): Promise<readonly StoredMessage[]>;
}

export interface HouseOptions {
  readonly software: House["software"];
  readonly hosts: readonly string[];
  readonly extensions: readonly Extension[];
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly ids: Ids;
  readonly source: DataSource;
  readonly contacts: Contacts;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export function createHouse(options: HouseOptions): House {
  const { software, hosts, extensions, registry, accounts, batch, ids, startedAt } = options;
  const features = {
    server: extensions.flatMap((extension) => extension.serverFeatures ?? []).toSorted(),
    account: extensions.flatMap((extension) => extension.accountFeatures ?? []).toSorted(),
  };
  return {
    software,
    hosts,
    features: (of) => features[of],
    sessions: (bareJid) => registry.sessions(bareJid),
    nextId: () => ids.next(),
    uptime: (step) => step.at - startedAt,
    run: (cause, work) => batch.run(cause, work),
    account: (step, bareJid) => accounts.read(step, bareJid),
    load: async ({ domain, local }) => (local !== undefined && hosts.includes(domain) ? accounts.load(domain, local) : undefined),
    change: (step, account, fact, binding) => accounts.change(step, account, fact, binding),
    data: accountData(options),
    contacts: options.contacts,
  };
}

function accountData({ accounts, batch, source }: HouseOptions): AccountData {
  return {
    async get(account, space, key) {
      await batch.durable(account.lastTicket);
      return source.value(account.host, account.username, space, key);
    },
    set(step, account, space, key, value) {
      const { host, username } = account;
      accounts.change(step, account, { type: "AccountDataSet", data: { host, username, space, key, value } });
    },
    async offlineMessages(account, after, limit) {
      await batch.durable(account.lastTicket);
      return source.offlineMessages(account.host, account.username, after, limit);
    },
  };
}
