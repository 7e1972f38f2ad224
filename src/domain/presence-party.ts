/** One of two who may see each other, and what is there between them: blocks and directed presence. */

import { isBlocked } from "./block-list.ts";
import { belongsTo, parseJid, type Jid } from "./jid.ts";
import type { ContactView, PartyView } from "./presence-explanation.ts";
import { subscriptionParts, subscriptionStateNames, type SubscriptionState } from "./subscription.ts";

export interface PresenceParty {
  /** Bare. */
  readonly jid: Jid;
  /** What its account holds of the other; undefined if it is no account of this server. */
  readonly account: PresenceAccount | undefined;
  /** Its domain is of this server, and there is no such account. */
  readonly missing?: true;
  /** Its domain is that of an external component; `connected` is null where no server runs. */
  readonly component?: { readonly connected: boolean | null };
  /** Its connected resources; none if no server runs. */
  readonly resources: readonly PresenceResource[];
}

export interface PresenceAccount {
  readonly state: SubscriptionState;
  readonly listed: boolean;
  readonly approved: boolean;
  readonly blocked: ReadonlyMap<string, unknown>;
}

export interface PresenceResource {
  /** Full. */
  readonly jid: Jid;
  readonly available: boolean;
  /** The addresses that were sent directed presence, and are told when it ends. */
  readonly directed: readonly string[];
}

/** The party as it is shown, with what concerns the other. */
export function partyView(party: PresenceParty, other: PresenceParty): PartyView {
  const { jid, account, resources } = party;
  const blocks = [...wholeBlocks(party, other), ...partialBlocks(party, other)];
  return {
    jid: jid.bare,
    contact: account === undefined ? null : contactView(account, blocks),
    resources: resources.map((resource) => ({
      jid: resource.jid.full,
      available: resource.available,
      directedTo: directedTo(resource, other),
    })),
  };
}

function contactView({ state, listed, approved }: PresenceAccount, blocks: readonly string[]): ContactView {
  const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
  const stateName = subscriptionStateNames[state];
  return { state, stateName, listed, subscription, ask: pendingOut, request: pendingIn, approved, blocks };
}

/** What of its block list means all that the other has. */
export function wholeBlocks({ account }: PresenceParty, { jid }: PresenceParty): readonly string[] {
  return [jid.bare, jid.domain].filter((entry) => account?.blocked.has(entry) === true);
}

/** What of its block list means one resource of the other, whether that is there or not. */
export function partialBlocks({ account }: PresenceParty, { jid }: PresenceParty): readonly string[] {
  const entries = [...(account?.blocked.keys() ?? [])];
  return entries.filter((entry) => entry.startsWith(`${jid.bare}/`)).toSorted();
}

/** Whether presence of the address `from` is kept from the address `to` by a block, whoever made it. */
export function isBarred(watcher: PresenceParty, to: Jid, shower: PresenceParty, from: Jid): boolean {
  return isBlocked(watcher.account?.blocked ?? nobody, from) || isBlocked(shower.account?.blocked ?? nobody, to);
}

const nobody: ReadonlyMap<string, unknown> = new Map();

/** The resources that have sent directed presence to the watcher, and may. */
export function directors(watcher: PresenceParty, shower: PresenceParty): readonly PresenceResource[] {
  const mayReach = (to: string, from: Jid) => !isBarred(watcher, parseJid(to) ?? watcher.jid, shower, from);
  return shower.resources.filter((resource) => directedTo(resource, watcher).some((to) => mayReach(to, resource.jid)));
}

/** The addresses of one account that a resource has sent directed presence to. */
export function directedTo({ directed }: PresenceResource, { jid }: PresenceParty): readonly string[] {
  return directed.filter((to) => belongsTo(to, jid.bare));
}
