/** Changes of rosters: each is a fact with a version of its own, and every interested resource is told of it (RFC 6121 section 2). */
import type { Account } from "../domain/account.ts";
import { removalsMax } from "../domain/limits.ts";
import type { RosterItem, StoredRosterItem } from "../domain/roster.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Step } from "../step/batch.ts";

/** Tells the interested resources; called once, when whatever has to come before it has been sent. */
export type Announce = (step: Step) => void;

export interface RosterOptions {
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly onChanged: (
    step: Step,
    account: Account,
    change: RosterChange & { readonly interested: readonly Session[] },
  ) => void;
}

interface RosterChange {
  readonly jid: string;
  /** undefined: it is not there, any more or yet. */
  readonly item: StoredRosterItem | undefined;
  readonly before: StoredRosterItem | undefined;
}

export class Rosters {
  readonly #options: RosterOptions;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Adds a contact, or replaces what is kept of it. */
  set(step: Step, account: Account, item: RosterItem, asker?: Session): Announce {
    const { host, username } = account;
    const version = nextVersion(account);
    const before = account.contacts.get(item.jid);
    this.#options.accounts.change(step, account, { type: "RosterItemSet", data: { host, username, item, version } });
    return this.#announce(account, { jid: item.jid, item: { ...item, version }, before }, asker);
  }

  remove(step: Step, account: Account, jid: string, asker?: Session): Announce {
    const { host, username, removals } = account;
    const version = nextVersion(account);
    const before = account.contacts.get(jid);
    const forgotten = removals.size >= removalsMax && !removals.has(jid) ? oldest(removals) : null;
    this.#options.accounts.change(step, account, { type: "RosterItemRemoved", data: { host, username, jid, version, forgotten } });
    return this.#announce(account, { jid, item: undefined, before }, asker);
  }

  #announce(account: Account, change: RosterChange, asker: Session | undefined): Announce {
    return (step) => {
      const interested = this.#options.registry.sessions(account.bare).filter((session) => session.interested);
      const first = interested.filter((session) => session === asker);
      const others = interested.filter((session) => session !== asker);
      this.#options.onChanged(step, account, { ...change, interested: [...first, ...others] });
    };
  }
}

function nextVersion(account: Account): number {
  return (account.meta("rosterVersion") ?? 0) + 1;
}

function oldest(removals: ReadonlyMap<string, number>): string | null {
  let found: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [jid, version] of removals) if (version < least) [found, least] = [jid, version];
  return found;
}
