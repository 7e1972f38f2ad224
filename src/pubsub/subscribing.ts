/** Explicit subscriptions (XEP-0060 sections 6.1, 6.2, 8.6 and 8.8): for those who do not see the owner's presence, or are to be asked for. */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { nodeSubscriptionsPerUserMax } from "../domain/limits.ts";
import { belongsTo } from "../domain/jid.ts";
import { affiliationOf, hasRoomForPeople, subscriptionOf, subscriptionsOf } from "./rows.ts";
import { subscribeFault } from "./access.ts";
import { fault, noNode, unsupported, type Fault } from "./faults.ts";
import type { Node, SubscriptionState } from "./node.ts";

export interface SubscriptionChoice {
  readonly state: SubscriptionState;
  /** It is as it was. */
  readonly isOld: boolean;
}

export function decideSubscribe(account: Account, node: Node | undefined, jid: Jid, from: Jid): SubscriptionChoice | Fault {
  if (jid.bare !== from.bare) return fault("bad-request", "subscribe an address of your own", "invalid-jid");
  if (node === undefined) return noNode;
  if (!node.config.subscribe) return unsupported("subscribe", "nobody can subscribe to this node");
  const refused = subscribeFault(account, node, { from });
  if (refused !== undefined) return refused;
  const known = subscriptionOf(account, node.id, jid.full);
  // Section 6.1.4: those whom the owner has named need not ask.
  const asks = node.config.access_model === "authorize" && affiliationOf(account, node.id, from.bare) === "none";
  if (known === "pending" && asks) return fault("not-authorized", "the owner has not answered yet", "pending-subscription");
  if (known === "subscribed") return { state: known, isOld: true };
  const others = [...subscriptionsOf(account, node.id).keys()].filter((text) => belongsTo(text, from.bare));
  if (known === undefined && (others.length >= nodeSubscriptionsPerUserMax || !hasRoomForPeople(account, "subscriptions"))) {
    const { condition, text, detail } = fault("policy-violation", "these are too many subscriptions", "too-many-subscriptions").fault;
    // Section 6.1.3.9.
    return { fault: { condition, text, type: "wait", ...(detail === undefined ? {} : { detail }) } };
  }
  return { state: asks ? "pending" : "subscribed", isOld: false };
}

/** Section 6.2.3. */
export function unsubscribeFault(account: Account, node: Node | undefined, jid: Jid, from: Jid): Fault | undefined {
  if (node === undefined) return noNode;
  if (jid.bare !== from.bare) return fault("forbidden", "unsubscribe an address of your own");
  if (subscriptionOf(account, node.id, jid.full) !== undefined) return undefined;
  const { condition, text, detail } = fault("unexpected-request", "this address has not subscribed", "not-subscribed").fault;
  return { fault: { condition, text, type: "cancel", ...(detail === undefined ? {} : { detail }) } };
}

/** The subscriptions that have no right to the node any more (XEP-0163 section 7.1); of one user, where one is named. */
export function lapsed(account: Account, node: Node, bareJid?: string): readonly string[] {
  return [...subscriptionsOf(account, node.id).keys()].filter((text) => {
    if (bareJid !== undefined && !belongsTo(text, bareJid)) return false;
    const jid = parseJid(text);
    return jid === undefined || subscribeFault(account, node, { from: jid }) !== undefined;
  });
}
