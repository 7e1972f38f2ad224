/** Nodes of accounts (XEP-0060 section 4, XEP-0163): what they are, in memory with their account. */
import type { AccessModel, NodeConfig } from "./node-config.ts";

export type { AccessModel, NodeConfig };

export interface Node {
  /** 1 to `nodeIdBytesMax` bytes of UTF-8. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly config: NodeConfig;
  /** Its items, the latest published last. Their payloads are on the disk. */
  readonly entries: readonly Entry[];
}

/** An item as the index of its node knows it. */
export interface Entry {
  readonly id: string;
  /** What is kept of it. */
  readonly bytes: number;
  /** When it was published: ms since 1970. It grows from each item of a node to the next, so nothing that was published later has the same. */
  readonly at: number;
}

/** Who may do what with a node, beside what its access model says (XEP-0060 section 4.1). The owner is the account itself. */
export type Affiliation = "owner" | "member" | "outcast" | "none";

/** XEP-0060 section 4.2. */
export type SubscriptionState = "subscribed" | "pending";

export const pubsubNamespace = "http://jabber.org/protocol/pubsub";
export const ownerNamespace = "http://jabber.org/protocol/pubsub#owner";
export const eventNamespace = "http://jabber.org/protocol/pubsub#event";
export const errorsNamespace = "http://jabber.org/protocol/pubsub#errors";

/** What a client's capabilities say if it wants notifications of a node (XEP-0060 section 9.2). */
export function interestIn(node: string): string {
  return `${node}${notify}`;
}

/** The nodes that a client wants notifications of. */
export function nodesWanted(features: ReadonlySet<string>): readonly string[] {
  return [...features].flatMap((feature) => (feature.endsWith(notify) ? [feature.slice(0, -notify.length)] : []));
}

const notify = "+notify";
