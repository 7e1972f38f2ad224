/** Accounts in memory: loaded by a bind or by a stanza to them. All sessions of an account share one copy. */
import type { Account } from "../domain/account.ts";
import { accountFactVersions, accountStream, extrasOf, type AccountFact } from "../domain/facts.ts";
import { idleAccountsMax } from "../domain/limits.ts";
import { EntityCache } from "../step/entity-cache.ts";

export class AccountCache extends EntityCache<Account, AccountFact> {
  /** `load` resolves with undefined for an account that does not exist; accounts `inUse` are never dropped. */
  constructor(load: (host: string, username: string) => Promise<Account | undefined>, inUse: (account: Account) => boolean) {
    super({
      noun: "account",
      load,
      inUse,
      record: ({ host, username }, fact) => ({
        stream: accountStream(host, username),
        fact: { type: fact.type, v: accountFactVersions[fact.type], data: fact.data, ...extrasOf(fact) },
      }),
      idleMax: idleAccountsMax,
    });
  }
}
