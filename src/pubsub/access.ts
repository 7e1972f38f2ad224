/** Who may have the items of a node (XEP-0060 sections 4.1, 4.5, 6.1.3 and 6.5.9). */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import { shows, type RosterItem } from "../domain/roster.ts";
import { fault, type Fault } from "./faults.ts";
import type { NodeConfig } from "./node-config.ts";
import { affiliationOf, subscriptionOf } from "./people-rows.ts";

/** What the decision looks at of a node. */
export interface Guarded {
  readonly id: string;
  readonly config: NodeConfig;
}

/** `item`: the asker in the roster, where another one is meant than the current one. */
interface Asker {
  readonly from: Pick<Jid, "bare" | "full">;
  readonly item?: RosterItem | undefined;
}

/**
 * Why this address may not retrieve items, nor be notified; undefined if it may. Whether somebody has blocked somebody is another
 * matter. Members may whatever the access model is: that is what an owner makes members for.
 */
export function retrieveFault(account: Account, node: Guarded, asker: Asker): Fault | undefined {
  const refused = subscribeFault(account, node, asker);
  if (refused !== undefined || node.config.access_model !== "authorize") return refused;
  const { from } = asker;
  if (affiliationOf(account, node.id, from.bare) !== "none") return undefined;
  const isSubscribed = [from.bare, from.full].some((jid) => subscriptionOf(account, node.id, jid) === "subscribed");
  return isSubscribed ? undefined : fault("not-authorized", "the owner has to allow this", "not-subscribed");
}

/** Why this address may not subscribe; with the access model `authorize` everybody may ask to. */
export function subscribeFault(account: Account, { id, config }: Guarded, { from, item = account.contacts.get(from.bare) }: Asker): Fault | undefined {
  const affiliation = affiliationOf(account, id, from.bare);
  if (affiliation === "outcast") return fault("forbidden");
  if (affiliation !== "none") return undefined;
  switch (config.access_model) {
    case "open":
    case "authorize":
      return undefined;
    case "presence":
      return shows(item) ? undefined : presenceRequired;
    case "roster":
      // Section 6.5.1: who is in a group has to see the owner's presence too.
      if (!shows(item)) return presenceRequired;
      return item?.groups.some((group) => config.roster_groups_allowed.includes(group)) === true ? undefined : notInGroup;
    case "whitelist":
      return closedNode;
  }
}

const presenceRequired = fault("not-authorized", "this is for those who see the owner's presence", "presence-subscription-required");
const notInGroup = fault("not-authorized", "this is for some of the owner's contacts", "not-in-roster-group");
const closedNode = fault("not-allowed", "this is for those whom the owner has named", "closed-node");
