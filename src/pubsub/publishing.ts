/** What publishing an item does to a node, decided before anything is changed (XEP-0060 sections 7.1.2 and 7.1.3). */
import type { Account } from "../domain/account.ts";
import type { Json } from "../domain/json.ts";
import { nodeIdBytesMax, nodeItemIdBytesMax, nodesBytesMax, nodesMax } from "../domain/limits.ts";
import type { Element } from "../xml/element.ts";
import { fault, limited, nodeIdRequired, unsupported, type Fault } from "./faults.ts";
import { changed, entriesOf, type IndexChange } from "./item-index.ts";
import { itemValue } from "./items.ts";
import { defaultConfig, itemsMaxOf, sameValue, type NodeConfig, type NodeConfigName } from "./node-config.ts";
import type { Entry } from "./node.ts";
import { readConfig, readIndex, readNode, hasNode, hasRoomForConfig, hasRoomForIndex, itemBytes, nodeSpaces } from "./rows.ts";

export interface Publication {
  readonly node: string;
  readonly id: string;
  readonly payload: Element | undefined;
  /** The request had no item at all, which is how notice is given on nodes that keep and deliver nothing. */
  readonly itemless: boolean;
  /** See `Item.by`. */
  readonly by: string | undefined;
  /** What it is where it is made by this, and `options` do not say otherwise. */
  readonly defaults?: NodeConfig;
  /** What the node has to be like (section 7.1.5). */
  readonly options: Partial<NodeConfig>;
  readonly at: number;
}

export interface PublishDecision {
  readonly config: NodeConfig;
  readonly isNew: boolean;
  /** undefined: nothing is kept. */
  readonly kept: { readonly value: Json; readonly entry: Entry; readonly change: IndexChange } | undefined;
  /** The items that give way, the oldest first. */
  readonly pushedOut: readonly string[];
}

export function decidePublish(account: Account, publication: Publication): PublishDecision | Fault {
  const { node, id, payload, itemless, by, defaults = defaultConfig, options, at } = publication;
  const known = readConfig(account, node);
  const config = known ?? { ...defaults, ...options };
  const refused = known === undefined ? createFault(account, node, config) : preconditionFault(known, options);
  const wrong = refused ?? formFault(config, publication);
  if (wrong !== undefined) return wrong;
  const isNew = known === undefined;
  const room = itemsMaxOf(config);
  const { value, payloadBytes } = itemValue(payload, by);
  if (payloadBytes > config.max_payload_size) {
    return limited("nodePayloadBytesMax", fault("not-acceptable", `a payload of this node has at most ${config.max_payload_size} bytes`, "payload-too-big"));
  }
  if (itemless || room === 0) return { config, isNew, kept: undefined, pushedOut: [] };
  const bytes = Buffer.byteLength(JSON.stringify(value));
  const index = readIndex(account, node);
  const entries = entriesOf(index);
  const others = entries.filter((entry) => entry.id !== id);
  const surplus = Math.max(0, others.length + 1 - room);
  if (surplus > 0 && config.publish_node_full === "reject") {
    return fault("conflict", `this node has at most ${room} items`, "node-full");
  }
  const leaving = others.slice(0, surplus);
  const gone = [...leaving, ...entries.filter((entry) => entry.id === id)];
  const total = itemBytes(account) + bytes - gone.reduce((sum, entry) => sum + entry.bytes, 0);
  if (total > nodesBytesMax) return limited("nodesBytesMax", fault("resource-constraint", `all items of an account have at most ${nodesBytesMax} bytes`));
  const entry: Entry = { id, bytes, at: Math.max(at, (entries.at(-1)?.at ?? 0) + 1) };
  const change = changed(index, new Set(gone.map((each) => each.id)), entry);
  if (!hasRoomForIndex(account, change, index)) return limited("stateKeysMax", fault("resource-constraint", "the nodes of an account have no room for more items"));
  return { config, isNew, kept: { value, entry, change }, pushedOut: leaving.map((entry) => entry.id) };
}

/** Why there cannot be such a node. */
export function createFault(account: Account, node: string, config: NodeConfig): Fault | undefined {
  if (node === "") return nodeIdRequired;
  if (Buffer.byteLength(node) > nodeIdBytesMax) return limited("nodeIdBytesMax", fault("not-acceptable", `the name of a node has at most ${nodeIdBytesMax} bytes`));
  if (hasNode(account, node)) return fault("conflict", "there is such a node");
  if (account.states(nodeSpaces.nodes).size >= nodesMax) {
    return limited("nodesMax", fault("resource-constraint", `an account has at most ${nodesMax} nodes`, "max-nodes-exceeded"));
  }
  return configFault(config);
}

export function configFault(config: NodeConfig): Fault | undefined {
  return hasRoomForConfig(config) ? undefined : limited("stateValueBytesMax", fault("not-acceptable", "this is too much text for the configuration of a node"));
}

/** Why these items cannot be taken out (section 7.2.3). */
export function retractFault(account: Account, node: string, ids: readonly string[]): Fault | undefined {
  const known = readNode(account, node);
  if (known === undefined) return fault("item-not-found", "there is no such node");
  if (!known.config.persist_items) return unsupported("persistent-items", "this node does not keep items");
  const there = new Set(known.entries.map(({ id }) => id));
  return ids.every((id) => there.has(id)) ? undefined : fault("item-not-found", "there is no such item");
}

/** Section 7.1.5. */
function preconditionFault(config: NodeConfig, options: Partial<NodeConfig>): Fault | undefined {
  const unmet = (Object.keys(options) as NodeConfigName[]).find((name) => !sameValue(name, config[name], options[name] ?? defaultConfig[name]));
  return unmet === undefined ? undefined : preconditionNotMet(`pubsub#${unmet} is not as it was asked for`);
}

export function preconditionNotMet(text: string): Fault {
  return fault("conflict", text, "precondition-not-met");
}

/** Section 7.1.3.7. */
function formFault({ persist_items, deliver_payloads }: NodeConfig, { id, payload, itemless }: Publication): Fault | undefined {
  if (Buffer.byteLength(id) > nodeItemIdBytesMax) return limited("nodeItemIdBytesMax", fault("not-acceptable", `the id of an item has at most ${nodeItemIdBytesMax} bytes`));
  if (itemless) return persist_items || deliver_payloads ? fault("bad-request", "an item is missing", "item-required") : undefined;
  if (!persist_items && !deliver_payloads) return fault("bad-request", "this node only gives notice: it takes no items", "item-forbidden");
  return deliver_payloads && payload === undefined ? fault("bad-request", "the item has no payload", "payload-required") : undefined;
}
