/** What extensions keep for accounts: values on the disk, and small ones in memory with the account. */
import type { Account } from "../domain/account.ts";
import { stateKeysMax, stateValueBytesMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { ArchiveSource } from "./archive-pages.ts";

/** Values that extensions keep for accounts, on the disk only. A space is an extension's name. */
export interface AccountData {
  /** Includes what was set before the call. */
  get(account: Account, space: string, key: string): Promise<Json | undefined>;
  /** In the order of the keys' UTF-8 bytes. Includes what was set before the call. */
  list(account: Account, space: string, range: DataRange): Promise<readonly DataValue[]>;
  /** null removes it. Throws RangeError for a space or a key that cannot be kept. */
  set(step: Step, account: Account, space: string, key: string, value: Json): void;
  /** Messages that wait for the account's user, with numbers above `after`, in order. Includes those stored before the call. */
  offlineMessages(account: Account, after: number, limit: number): Promise<readonly StoredMessage[]>;
}

export interface DataRange {
  /** What the keys begin with; by default any. */
  readonly prefix?: string;
  /** Only keys after this one, and before that one. Neither need be there. */
  readonly after?: string;
  readonly before?: string;
  /** The last ones first. */
  readonly reverse?: boolean;
  /** From 1. */
  readonly limit: number;
}

export interface DataValue {
  readonly key: string;
  readonly value: Json;
}

export interface StoredMessage {
  readonly number: number;
  /** XML text in `jabber:client`. */
  readonly stanza: string;
  readonly bytes: number;
}

/** Where extensions' values are read from. */
export interface DataSource extends ArchiveSource {
  value(host: string, username: string, space: string, key: string): Promise<Json | undefined>;
  values(host: string, username: string, space: string, range: DataRange): Promise<readonly DataValue[]>;
  offlineMessages(host: string, username: string, after: number, limit: number): Promise<readonly StoredMessage[]>;
}

interface Parts {
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly source: DataSource;
  /** Told of each value that is set, within the step. */
  readonly changed: (step: Step, account: Account, space: string, key: string, value: Json) => void;
}

export function createAccountData({ accounts, batch, source, changed }: Parts): AccountData {
  return {
    async get(account, space, key) {
      await batch.durable(account.lastTicket);
      return source.value(account.host, account.username, space, key);
    },
    async list(account, space, range) {
      await batch.durable(account.lastTicket);
      return source.values(account.host, account.username, space, range);
    },
    set(step, account, space, key, value) {
      mustBeKeepable(space, key);
      const { host, username } = account;
      accounts.change(step, account, { type: "AccountDataSet", data: { host, username, space, key, value } });
      changed(step, account, space, key, value);
    },
    async offlineMessages(account, after, limit) {
      await batch.durable(account.lastTicket);
      return source.offlineMessages(account.host, account.username, after, limit);
    },
  };
}

export type SetState = (step: Step, account: Account, space: string, key: string, value: Json) => void;

/** See `House.setState`. */
export function createSetState({ accounts }: Pick<Parts, "accounts">): SetState {
  return (step, account, space, key, value) => {
    mustBeKeepable(space, key);
    const known = account.states(space);
    if (value === null && !known.has(key)) return;
    const bytes = Buffer.byteLength(JSON.stringify(value));
    const name = `${account.bare}: state ${JSON.stringify(`${space}/${key}`)}`;
    if (bytes > stateValueBytesMax) throw new RangeError(`${name}: expected at most ${stateValueBytesMax} bytes, got ${bytes}; keep it with house.data`);
    if (value !== null && !known.has(key) && known.size >= stateKeysMax) {
      throw new RangeError(`${name}: ${space} has ${known.size} keys already; remove one, or keep it with house.data`);
    }
    const { host, username } = account;
    accounts.change(step, account, { type: "AccountStateSet", data: { host, username, space, key, value } });
  };
}

/** A commit that cannot be written is the end of the store's epoch: what would make it one is refused before. */
function mustBeKeepable(space: string, key: string): void {
  if (space !== "" && !space.includes("/") && !/[\0\p{Surrogate}]/u.test(space + key)) return;
  const where = JSON.stringify(`${space}/${key}`);
  throw new RangeError(`${where}: expected a space without "/", and text without U+0000 and lone surrogates`);
}
