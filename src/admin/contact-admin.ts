/** What an operator learns of contacts and presence, the same from a running server and from a store that is opened for it. */
import type { Account } from "../domain/account.ts";
import { explainPresence } from "../domain/explain-presence.ts";
import type { Jid } from "../domain/jid.ts";
import type { PresenceParty, PresenceResource } from "../domain/presence-party.ts";
import { NoSuchAccountError } from "../log/accounts.ts";
import { componentsAsOthers, parseAccount, parseUser } from "./account-admin.ts";
import type { ContactAdmin } from "./api.ts";
import { AdminError } from "./errors.ts";
import { rosterView } from "./roster-view.ts";

export interface ContactAdminOptions {
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
  /** Of external components, prepared. */
  readonly components: readonly string[];
  /** Whether such a one is connected; without it, no server runs. */
  readonly isConnected?: (domain: string) => boolean;
  /** undefined for an account that does not exist. */
  readonly load: (host: string, username: string) => Promise<Account | undefined>;
  /** The connected resources of an account; undefined if no server runs. */
  readonly resources?: (bareJid: string) => readonly PresenceResource[];
}

export function createContactAdmin({ hosts, components, isConnected, load, resources }: ContactAdminOptions): ContactAdmin {
  const others = componentsAsOthers(components);
  const require = async ({ domain, local }: User): Promise<Account> => {
    const account = await load(domain, local);
    if (account !== undefined) return account;
    throw new AdminError("account-unknown", new NoSuchAccountError(domain, local).message);
  };

  return {
    async roster(text) {
      return rosterView(await require(parseAccount(text, hosts, others)));
    },

    async explainPresence(first, second) {
      const a = parseUser(first, hosts);
      const b = parseUser(second, hosts);
      // One of them may be of another server; then parseAccount says what is wrong with the other one.
      if (!hosts.includes(a.domain) && !hosts.includes(b.domain)) parseAccount(first, hosts, others);
      const isOurs = (jid: User) => hosts.includes(jid.domain);
      const find = async (jid: User) => (isOurs(jid) ? load(jid.domain, jid.local) : undefined);
      // Both are looked at in one moment, after the last wait.
      const [own, theirs] = [await find(a), await find(b)];
      // What one roster says of an address without an account is worth telling; of two such addresses there is nothing to tell.
      if (own === undefined && theirs === undefined) await require(isOurs(a) ? a : b);
      const party = (jid: User, account: Account | undefined, other: User): PresenceParty => ({
        jid,
        account: account && holdings(account, other),
        ...(account === undefined && isOurs(jid) ? { missing: true } : {}),
        ...(components.includes(jid.domain) ? { component: { connected: isConnected?.(jid.domain) ?? null } } : {}),
        resources: account === undefined ? [] : (resources?.(jid.bare) ?? []),
      });
      return explainPresence(party(a, own, b), party(b, theirs, a), resources !== undefined);
    },
  };
}

type User = Jid & { readonly local: string };

function holdings(account: Account, other: Jid): NonNullable<PresenceParty["account"]> {
  const item = account.contacts.get(other.bare);
  return {
    state: account.subscription(other.bare),
    listed: item !== undefined,
    approved: item?.approved === true,
    blocked: account.blocked,
  };
}
