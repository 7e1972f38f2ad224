/** An account is about to go: whoever sees it, is seen by it or has asked is told that this is over (RFC 6121 sections 3.2 and 3.3). */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Batch } from "../step/batch.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface DepartureOptions {
  readonly hosts: readonly string[];
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly subscriptions: Subscriptions;
}

/**
 * Ends all that an account has with others, so that nobody who takes its name later inherits a subscription. Resolves when that is
 * durable; nothing happens if there is no such account.
 */
export async function endContacts(options: DepartureOptions, host: string, username: string): Promise<void> {
  const { hosts, accounts, batch, subscriptions } = options;
  const account = await accounts.load(host, username);
  if (account === undefined) return;
  for (const jid of peersOf(account)) {
    if (jid.local !== undefined && hosts.includes(jid.domain)) await accounts.load(jid.domain, jid.local);
    // A step for each, so that other work comes between.
    batch.run(null, (step) => {
      const user = accounts.read(step, account.bare);
      if (user !== undefined) subscriptions.remove(step, user, jid, accounts.read(step, jid.bare))(step);
    });
  }
  await batch.durable(account.lastTicket);
}

function peersOf(account: Account): readonly Jid[] {
  const texts = new Set([...account.contacts.keys(), ...account.requests.keys()]);
  return [...texts].flatMap((text) => parseJid(text) ?? []);
}
