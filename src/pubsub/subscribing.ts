/** Explicit subscriptions (XEP-0060 sections 6.1, 6.2, 8.6 and 8.8): for those who do not see the owner's presence, or are to be asked for. */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import { nodeRequestsMax, nodeSubscriptionsPerAccountMax, nodeSubscriptionsPerUserMax } from "../domain/limits.ts";
import type { LimitName } from "../domain/refusals.ts";
import { subscribeFault, type Guarded } from "./access.ts";
import { fault, limited, noNode, unsupported, type Fault } from "./faults.ts";
import type { SubscriptionState } from "./node.ts";
import { affiliationOf, allSubscriptions, hasRoomForPeople, subscribersOf, subscriptionOf, subscriptionsOfUser, type Subscription } from "./people-rows.ts";

export interface SubscriptionChoice {
  readonly state: SubscriptionState;
  /** It is as it was. */
  readonly isOld: boolean;
}

export function decideSubscribe(account: Account, node: Guarded | undefined, jid: Jid, from: Jid): SubscriptionChoice | Fault {
  if (jid.bare !== from.bare) return fault("bad-request", "subscribe an address of your own", "invalid-jid");
  if (node === undefined) return noNode;
  // Section 12.12: owners may, whatever the node is like.
  if (!node.config.subscribe && from.bare !== account.bare) return unsupported("subscribe", "nobody can subscribe to this node");
  const refused = subscribeFault(account, node, { from });
  if (refused !== undefined) return refused;
  const known = subscriptionOf(account, node.id, jid.full);
  // Section 6.1.4: those whom the owner has named need not ask.
  const asks = node.config.access_model === "authorize" && affiliationOf(account, node.id, from.bare) === "none";
  if (known === "pending" && asks) return fault("not-authorized", "the owner has not answered yet", "pending-subscription");
  if (known === "subscribed") return { state: known, isOld: true };
  const limit = known === undefined ? subscriptionLimit(account, node.id, from.bare) : undefined;
  if (limit !== undefined) return tooMany(limit);
  if (known === undefined && asks && allSubscriptions(account).filter(({ state }) => state === "pending").length >= nodeRequestsMax) return tooMany("nodeRequestsMax");
  return { state: asks ? "pending" : "subscribed", isOld: false };
}

/** Why this user cannot have one more subscription to the node: its own are bounded, and all of the account are. undefined: it can. */
export function subscriptionLimit(account: Account, id: string, bareJid: string): LimitName | undefined {
  if (subscriptionsOfUser(account, bareJid, id).length >= nodeSubscriptionsPerUserMax) return "nodeSubscriptionsPerUserMax";
  if (subscriptionsOfUser(account, bareJid).length >= nodeSubscriptionsPerAccountMax) return "nodeSubscriptionsPerAccountMax";
  return hasRoomForPeople(account, "subscriptions") ? undefined : "stateKeysMax";
}

/** Section 6.1.3.9. */
export function tooMany(limit: LimitName): Fault {
  return limited(limit, ofType("wait", fault("policy-violation", "these are too many subscriptions", "too-many-subscriptions")));
}

/** Section 6.2.3. */
export function unsubscribeFault(account: Account, node: Guarded | undefined, jid: Jid, from: Jid): Fault | undefined {
  if (node === undefined) return noNode;
  if (jid.bare !== from.bare) return fault("forbidden", "unsubscribe an address of your own");
  if (subscriptionOf(account, node.id, jid.full) !== undefined) return undefined;
  return ofType("cancel", fault("unexpected-request", "this address has not subscribed", "not-subscribed"));
}

/** The subscriptions that have no right to the node any more (XEP-0163 section 7.1); of one user, where one is named. */
export function lapsed(account: Account, node: Guarded, bareJid?: string): readonly Subscription[] {
  const users = bareJid === undefined ? [...subscribersOf(account, node.id)] : [bareJid];
  const refused = users.filter((bare) => subscribeFault(account, node, { from: { bare, full: bare } }) !== undefined);
  return refused.flatMap((bare) => subscriptionsOfUser(account, bare, node.id));
}

function ofType(type: "cancel" | "wait", { fault }: Fault): Fault {
  return { fault: { ...fault, type } };
}
