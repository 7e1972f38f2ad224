/** Ends an account's subscriptions while no server runs: the same rules, and nobody to tell. */
import { liveClock, liveIds } from "../live.ts";
import { loadAccount } from "../log/load-account.ts";
import type { Store } from "../ports.ts";
import { createCommunity } from "../router/community.ts";
import { endContacts } from "../router/departure.ts";
import { Services } from "../service/services.ts";
import { AccountCache } from "../session/account-cache.ts";
import { Registry } from "../session/registry.ts";
import { Batch } from "../step/batch.ts";

export async function endContactsOffline(store: Store, hosts: readonly string[], host: string, username: string): Promise<void> {
  // Accounts are few and the process short: none is dropped from memory.
  const accounts = new AccountCache((host, username) => loadAccount(store, host, username), () => true);
  const batch = new Batch({ store, clock: liveClock, ids: liveIds, onFailed: () => {}, onPressure: () => {} });
  const { subscriptions } = createCommunity({ extensions: [], registry: new Registry(), accounts, services: new Services(nobody), house: nobody });
  await endContacts({ hosts, accounts, batch, subscriptions }, host, username);
}

function nobody(): never {
  throw new Error("without extensions nobody asks for the house");
}
