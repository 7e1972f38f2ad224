/** Publish-subscribe, as far as personal eventing needs it: every account is a service of its own (XEP-0060 section 9). */
import { ownerNamespace, pubsubNamespace } from "../pubsub/node.ts";
import type { Extension } from "../router/extension.ts";
import { ownAffiliations, setAffiliations, showAffiliations } from "./xep-0060-affiliations.ts";
import { configure, create, purge, remove, showConfig, showDefault } from "./xep-0060-configure.ts";
import { nodesOfAccounts } from "./xep-0060-discovery.ts";
import { retrieve } from "./xep-0060-items.ts";
import { publish, retract } from "./xep-0060-publish.ts";
import { dispatch, type NodeActions } from "./xep-0060-request.ts";
import { decided, noOptions, ownSubscriptions, setSubscriptions, showSubscriptions, subscribe, unsubscribe } from "./xep-0060-subscriptions.ts";

const name = "pubsub";

/** XEP-0060 section 10: the features of a service that is an account. */
const features = [
  "access-presence", "auto-create", "auto-subscribe", "config-node", "config-node-max", "create-and-configure", "create-nodes", "delete-items",
  "delete-nodes", "filtered-notifications", "instant-nodes", "item-ids", "last-published", "manage-subscriptions", "member-affiliation", "meta-data",
  "modify-affiliations", "multi-items", "outcast-affiliation", "persistent-items", "presence-subscribe", "publish", "publish-node-full",
  "publish-options", "pubsub-on-a-jid", "purge-nodes", "retract-items", "retrieve-affiliations", "retrieve-default", "retrieve-items",
  "retrieve-subscriptions", "rsm", "subscribe", "subscription-notifications",
].map((feature) => `${pubsubNamespace}#${feature}`);

export const pubsub: Extension = {
  name,
  specification: {
    id: "XEP-0060",
    version: "1.30.0",
    title: "Publish-Subscribe",
    missing: [
      "A service of its own, apart from accounts: there is none.",
      "Collections, subscription options and identifiers, leases, digests, redirection, expiry of items.",
      "Publishers besides the owner (the affiliations publisher and publish-only, the publish models subscribers and open): XEP-0163 section 2.2 has one publisher.",
      "Members have the items of a node with the access model whitelist or authorize without a subscription (sections 4.1 and 4.5), where section 6.5.1 asks for one.",
      "Owners subscribe nobody who has not asked for it and does not see their presence (section 8.8.2).",
      "Payloads are not held to pubsub#type, which is what a node is about, and not always the namespace of its payloads (section 7.1.3.6).",
      "The list of pending subscriptions by ad-hoc command: requests are shown to the owner's resources as they become available.",
    ],
  },
  accountFeatures: [pubsubNamespace, ...features],
  accountNodes: nodesOfAccounts,
  iq: [
    { xmlns: pubsubNamespace, name, types: ["get"], at: ["account"], handle: dispatch({
      items: retrieve, subscriptions: ownSubscriptions, affiliations: ownAffiliations, options: noOptions, default: noOptions,
    } satisfies NodeActions) },
    { xmlns: pubsubNamespace, name, types: ["set"], at: ["account"], handle: dispatch({
      publish, retract, create, subscribe, unsubscribe, options: noOptions,
    } satisfies NodeActions) },
    { xmlns: ownerNamespace, name, types: ["get"], at: ["account"], handle: dispatch({
      configure: showConfig, default: showDefault, affiliations: showAffiliations, subscriptions: showSubscriptions,
    } satisfies NodeActions) },
    { xmlns: ownerNamespace, name, types: ["set"], at: ["account"], handle: dispatch({
      configure, delete: remove, purge, affiliations: setAffiliations, subscriptions: setSubscriptions,
    } satisfies NodeActions) },
  ],
  phases: { account: decided },
};
