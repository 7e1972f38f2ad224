/** Introduces the parts of the router that know contacts and presence to each other. */
import type { AccountCache } from "../session/account-cache.ts";
import type { Registry } from "../session/registry.ts";
import type { Contacts } from "./contacts.ts";
import type { Extension, House } from "./extension.ts";
import { makeJid } from "../domain/jid.ts";
import { newRosterItem } from "../domain/roster.ts";
import { readKept as readKeptOf } from "./kept-element.ts";
import { createPartings } from "./partings.ts";
import { Presence, type PresenceOptions } from "./presence.ts";
import { Rosters } from "./rosters.ts";
import type { Services } from "../service/services.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface CommunityOptions {
  readonly extensions: readonly Extension[];
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly services: Services;
  /** Called when it is needed: the house is built around the community. */
  readonly house: () => House;
}

export interface Community {
  readonly presence: Presence;
  readonly subscriptions: Subscriptions;
  readonly contacts: Contacts;
}

export function createCommunity({ extensions, registry, accounts, services, house }: CommunityOptions): Community {
  const onStale: PresenceOptions["onStale"] = (step, user, contact, id) => subscriptions.endStale(step, user, contact, id);
  const readKept: PresenceOptions["readKept"] = (...kept) => readKeptOf(house().log, ...kept);
  const presence = new Presence({ registry, accounts, services, onStale, readKept });
  const rosters = new Rosters({
    registry,
    accounts,
    onChanged: (step, account, change) => {
      for (const { rosterChanged } of extensions) rosterChanged?.({ step, account, ...change, house: house() });
    },
  });
  const subscriptions = new Subscriptions({ registry, accounts, rosters, presence, services, refused: (limit) => house().refused(limit) });
  const contacts: Contacts = {
    set: (step, account, item, asker) => {
      const known = account.contacts.get(item.jid) ?? newRosterItem(item.jid);
      const { jid, name, groups } = item;
      const { subscription, ask, approved } = known;
      return rosters.set(step, account, { jid, name, groups, subscription, ask, approved }, asker);
    },
    remove: (step, account, jid, asker) => subscriptions.remove(step, account, jid, accounts.read(step, jid.bare), asker),
    unite: (step, account, other) => subscriptions.unite(step, account, other),
    welcome(step, account, other) {
      const to = makeJid(other.username, other.host);
      for (const type of ["subscribed", "subscribe"] as const) {
        const element = el("presence", { xmlns: clientNamespace, type, from: account.bare, to: other.bare });
        subscriptions.outbound(step, account, to, other, type, element);
      }
    },
    ...createPartings({ registry, accounts, services, onStale, readKept }),
  };
  return { presence, subscriptions, contacts };
}
