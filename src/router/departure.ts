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
  const { accounts, batch } = options;
  const account = await accounts.load(host, username);
  if (account === undefined) return;
  let { lastTicket } = account;
  // A step for each, so that other work comes between.
  for (const peer of peersOf(account)) lastTicket = Math.max(lastTicket, await endContact(options, host, username, peer));
  await batch.durable(lastTicket);
}

/** Resolves with the ticket of what was recorded; 0 if the account does not exist any more. */
async function endContact(options: DepartureOptions, host: string, username: string, peer: Jid): Promise<number> {
  const { hosts, accounts, batch, subscriptions } = options;
  for (;;) {
    const user = await accounts.load(host, username);
    const contact = peer.local !== undefined && hosts.includes(peer.domain) ? await accounts.load(peer.domain, peer.local) : undefined;
    if (user === undefined) return 0;
    // Loading one may have dropped the other from memory; the next time both are among the youngest there.
    if ([user, contact].some((account) => account !== undefined && accounts.get(account.bare) !== account)) continue;
    return batch.run(null, (step) => {
      step.dependOn(user.ticket);
      subscriptions.remove(step, user, peer, contact)(step);
      return step.ticket;
    });
  }
}

function peersOf(account: Account): readonly Jid[] {
  const texts = new Set([...account.contacts.keys(), ...account.requests.keys()]);
  return [...texts].flatMap((text) => parseJid(text) ?? []);
}
