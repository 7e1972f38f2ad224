/** What extensions may know of the server and ask of it, gathered once. */
import type { Account } from "../domain/account.ts";
import type { EntityDescription } from "../domain/entity-caps.ts";
import type { AccountFact } from "../domain/facts.ts";
import { belongsTo, type Jid } from "../domain/jid.ts";
import type { Ids, Json, Log } from "../ports.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Contacts } from "./contacts.ts";
import type { Extension } from "./extension.ts";

export interface House {
  readonly software: { readonly name: string; readonly version: string };
  readonly hosts: readonly string[];
  readonly limits: HouseLimits;
  /** For operators: what went wrong and is nobody's answer. */
  readonly log: Log;
  /** What service discovery tells: the features are those of all extensions, sorted, each once. */
  description(of: "server" | "account"): EntityDescription;
  /** The nodes of the server that service discovery describes as the server itself. */
  serverNodes(): readonly string[];
  /** The connected sessions of an account. */
  sessions(bareJid: string): readonly Session[];
  /** The users whose sessions have sent directed presence to an address of this account, by their bare JIDs. Looks at all sessions. */
  directedTo(bareJid: string): readonly Jid[];
  nextId(): string;
  /** Milliseconds since this server started. */
  uptime(step: Step): number;
  /** Runs a step: for what is done after a wait. */
  run<Result>(cause: string | null, work: (step: Step) => Result): Result;
  /** An account that is in memory: every account that has a session, and the sender's and the addressee's of what is being handled. */
  account(step: Step, bareJid: string): Account | undefined;
  /** Loads an account; undefined if it does not exist, or is not of this server. */
  load(jid: Jid): Promise<Account | undefined>;
  /**
   * Whatever is sent to the account from now on waits until `until` is settled: something older is on its way. Its senders' input
   * waits too, so it must not take long, and must not wait for a client.
   */
  hold(account: Account, until: Promise<unknown>): void;
  /** Changes an account that is in memory. Binding unless told otherwise: then nothing waits until it is on the disk. */
  change(step: Step, account: Account, fact: AccountFact, binding?: boolean): void;
  readonly data: AccountData;
  readonly contacts: Contacts;
}

/** Choices of the operator that extensions obey. */
export interface HouseLimits {
  /** Messages that are kept for a user who is not there; 0: none. */
  readonly offlineMessages: number;
  /** Stanzas, and bytes of them, that are kept for a client until it acknowledges them (XEP-0198). */
  readonly queueStanzas: number;
  readonly queueBytes: number;
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
  readonly limits: HouseLimits;
  readonly log: Log;
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
  const { software, hosts, limits, log, extensions, registry, accounts, batch, ids, startedAt } = options;
  const serverFeatures = extensions.flatMap(({ serverFeatures = [] }) => (typeof serverFeatures === "function" ? serverFeatures(limits) : serverFeatures));
  const accountFeatures = extensions.flatMap((extension) => extension.accountFeatures ?? []);
  const descriptions = {
    // The language is that of every stream's header. Clients that count what is inherited in a hash of this (XEP-0390 section 4.1)
    // and clients that count only what stands here come to the same one if it is said.
    server: { identities: [{ category: "server", type: "im", lang: "en", name: software.name }], features: sortedSet(serverFeatures) },
    account: { identities: [{ category: "account", type: "registered" }], features: sortedSet(accountFeatures) },
  };
  const house: House = {
    software,
    hosts,
    limits,
    log,
    description: (of) => descriptions[of],
    serverNodes: () => extensions.flatMap((extension) => extension.serverNodes?.(house) ?? []),
    sessions: (bareJid) => registry.sessions(bareJid),
    directedTo: (bareJid) => directedTo(registry, bareJid),
    nextId: () => ids.next(),
    uptime: (step) => step.at - startedAt,
    run: (cause, work) => batch.run(cause, work),
    account: (step, bareJid) => accounts.read(step, bareJid),
    load: async ({ domain, local }) => (local !== undefined && hosts.includes(domain) ? accounts.load(domain, local) : undefined),
    hold: (account, until) => accounts.hold(account.bare, until),
    change: (step, account, fact, binding) => accounts.change(step, account, fact, binding),
    data: accountData(options),
    contacts: options.contacts,
  };
  return house;
}

function directedTo(registry: Registry, bareJid: string): readonly Jid[] {
  const users = new Map<string, Jid>();
  for (const session of registry.all()) {
    if (!session.connected || !session.directed.some((to) => belongsTo(to, bareJid))) continue;
    users.set(session.jid.bare, session.jid.toBare());
  }
  return [...users.values()];
}

function sortedSet(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
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
