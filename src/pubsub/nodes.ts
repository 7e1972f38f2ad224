/**
 * The nodes of accounts, as the house knows them. What changes them is decided at once, from what is in memory with the account, and
 * written whole in one step: a node, its index, its payloads and its notifications come together, or not at all.
 */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import { retractNoticeCharsMax } from "../domain/limits.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { retrieveFault, subscribeFault } from "./access.ts";
import { audienceOf } from "./audience.ts";
import { configForm } from "./config-form.ts";
import { itemElement, nodeEvent, publishedEvent, retractedEvent, tell, type Circumstances, type Item } from "./events.ts";
import { noNode, type Fault } from "./faults.ts";
import type { NodeHost } from "./host.ts";
import { changed } from "./item-index.ts";
import { readItems } from "./items.ts";
import { LastItems, type Newcomer } from "./last-items.ts";
import { defaultConfig, itemsMaxOf, type NodeConfig } from "./node-config.ts";
import type { Entry, Node } from "./node.ts";
import { People, type AccessChange } from "./people.ts";
import { configFault, createFault, decidePublish, retractFault } from "./publishing.ts";
import { itemKey, nodeIds, nodeSpaces, readConfig, readIndex, readNode, removeNode, writeIndex, writeNode } from "./rows.ts";

export type { AccessChange, Item, Newcomer };

export interface PublishRequest {
  readonly node: string;
  /** Default: one is made. */
  readonly id?: string;
  readonly payload?: Element;
  /** There is no item at all (XEP-0060 section 7.1.3.7). */
  readonly itemless?: boolean;
  /** Who publishes: a full JID of the account, or its bare one where the server does it by itself. */
  readonly publisher: Jid;
  /** What the node has to be like; a node that is not there is made like this (XEP-0060 section 7.1.5). */
  readonly options?: Partial<NodeConfig>;
}

/** What has happened to the items of a node, in the step in which it did. */
export interface ItemsChange {
  readonly step: Step;
  readonly account: Account;
  readonly node: string;
  readonly published?: { readonly id: string; readonly payload: Element | undefined };
  /** The ids of those that are not there any more. */
  readonly retracted: readonly string[];
}

export interface NodesOptions {
  /** How nodes are made that are configured unlike others, by name. */
  readonly defaults: ReadonlyMap<string, Partial<NodeConfig>>;
  /** Called when it is needed: it is built around this. */
  readonly host: () => NodeHost;
  readonly itemsChanged: (change: ItemsChange) => void;
  readonly accessChanged: (change: AccessChange) => void;
}

/** All that changes something returns a fault and changes nothing, or changes it whole; who may ask for it is for the caller to know. */
export class Nodes {
  readonly #options: NodesOptions;
  #last: LastItems | undefined;
  #people: People | undefined;

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  /** Who has to do with them. */
  get people(): People {
    return (this.#people ??= new People({ host: this.#host, last: this.#lastItems, accessChanged: this.#options.accessChanged }));
  }

  // ---- What there is: at once, from memory.

  /** undefined: there is no such node. */
  node(account: Account, id: string): Node | undefined {
    return readNode(account, id);
  }

  /** Without its items, which cost more the more there are. undefined: there is no such node. */
  config(account: Account, id: string): NodeConfig | undefined {
    return readConfig(account, id);
  }

  /** The nodes of an account, by name. */
  ids(account: Account): readonly string[] {
    return nodeIds(account);
  }

  /** Why this address may not have the items of a node; undefined if it may. */
  retrieveFault(account: Account, node: Pick<Node, "id" | "config">, from: Jid): Fault | undefined {
    return retrieveFault(account, node, { from });
  }

  /** Whether this address may know of a node: it may have its items, or ask for that (XEP-0163 section 6.2). */
  isVisible(account: Account, node: Pick<Node, "id" | "config">, from: Jid): boolean {
    return subscribeFault(account, node, { from }) === undefined;
  }

  // ---- Items.

  /** The items of a node, the latest published last; those with these ids, where ids are given. Nothing where there is no such node. */
  async items(account: Account, id: string, ids?: Iterable<string>): Promise<readonly Item[]> {
    const wanted = ids === undefined ? undefined : new Set(ids);
    const entries = readNode(account, id)?.entries ?? [];
    return this.read(account, id, wanted === undefined ? entries : entries.filter((entry) => wanted.has(entry.id)));
  }

  /** Those of these items that are there still, in this order. */
  async read(account: Account, id: string, entries: readonly Entry[]): Promise<readonly Item[]> {
    return readItems(this.#host, account, id, entries);
  }

  /** An item as others are given it, for an element in XEP-0060's namespace. */
  element(account: Account, node: Node, item: Item): Element {
    return itemElement(item, node.config, account, true);
  }

  /** Keeps the item and tells everybody who is to be told. A node that is not there is made (XEP-0060 section 7.1.4). */
  publish(step: Step, account: Account, { node, id, payload, itemless = false, publisher, options = {} }: PublishRequest): { readonly id: string } | Fault {
    const host = this.#host;
    const itemId = id ?? host.nextId();
    const by = host.sessions(account.bare).find((session) => session.connected && session.available && session.jid.equals(publisher))?.jid.full;
    const defaults = this.#defaultsOf(node);
    const decision = decidePublish(account, { node, id: itemId, payload, itemless, by, defaults, options, at: step.at });
    if ("fault" in decision) return decision;
    const { config, isNew, kept, pushedOut } = decision;
    if (isNew) writeNode(host.setState, step, account, node, config);
    if (kept !== undefined) {
      writeIndex(host.setState, step, account, node, kept.change);
      for (const old of pushedOut) host.data.set(step, account, nodeSpaces.nodes, itemKey(node, old), null);
      host.data.set(step, account, nodeSpaces.nodes, itemKey(node, itemId), kept.value);
    }
    const item: Item | undefined = itemless ? undefined : { id: itemId, payload, at: step.at, by };
    const audience = audienceOf(host, step, account, { id: node, config });
    tell(host, step, account, config, audience, publishedEvent(node, config, account, item), { replyTo: by });
    if (kept !== undefined) this.#lastItems.published(account, node, kept.entry, audience);
    // Section 7.1.2.5. Where there is room for one, its successor says that it is gone.
    if (pushedOut.length > 0 && config.publish_node_full === "retract-oldest" && config.notify_retract && config.max_items !== 1) {
      this.#tellAll(step, account, { id: node, config }, retractedEvent(node, pushedOut));
    }
    this.#options.itemsChanged({ step, account, node, ...(itemless ? {} : { published: { id: itemId, payload } }), retracted: pushedOut });
    return { id: itemId };
  }

  /** Takes items out, all or none. `notify`: told to everybody also where the node does not do so by itself (XEP-0060 section 7.2.2.1). */
  retract(step: Step, account: Account, node: string, ids: readonly string[], notify = false): Fault | undefined {
    const refused = retractFault(account, node, ids);
    const config = readNode(account, node)?.config;
    if (refused !== undefined || config === undefined) return refused ?? noNode;
    this.#takeOut(step, account, node, ids);
    if (notify || config.notify_retract) this.#tellAll(step, account, { id: node, config }, retractedEvent(node, ids));
    this.#options.itemsChanged({ step, account, node, retracted: ids });
    return undefined;
  }

  /** Takes all items out (XEP-0060 section 8.5). */
  purge(step: Step, account: Account, node: string): Fault | undefined {
    const refused = retractFault(account, node, []);
    const known = readNode(account, node);
    if (refused !== undefined || known === undefined) return refused ?? noNode;
    const ids = known.entries.map(({ id }) => id);
    this.#takeOut(step, account, node, ids);
    if (known.config.notify_retract) this.#tellAll(step, account, known, nodeEvent("purge", node));
    this.#options.itemsChanged({ step, account, node, retracted: ids });
    return undefined;
  }

  // ---- Nodes.

  /** Makes a node. What `config` does not say is as for every node of this name. */
  create(step: Step, account: Account, node: string, config: Partial<NodeConfig> = {}): Fault | undefined {
    const whole = { ...this.#defaultsOf(node), ...config };
    const refused = createFault(account, node, whole);
    if (refused === undefined) writeNode(this.#host.setState, step, account, node, whole);
    return refused;
  }

  /** Changes what is named in `config`. Who loses access is not subscribed any more, who gains it is sent the last item (XEP-0060 section 12.1). */
  configure(step: Step, account: Account, node: string, config: Partial<NodeConfig>): Fault | undefined {
    const host = this.#host;
    const known = readNode(account, node);
    if (known === undefined) return noNode;
    const whole = { ...known.config, ...config };
    const refused = configFault(whole);
    if (refused !== undefined) return refused;
    const before = this.people.reached(step, account, known);
    writeNode(host.setState, step, account, node, whole);
    const surplus = known.entries.slice(0, Math.max(0, known.entries.length - itemsMaxOf(whole))).map(({ id }) => id);
    if (surplus.length > 0) {
      this.#takeOut(step, account, node, surplus);
      // XEP-0060 section 7.1.2.5 lets this notification be: one that holds thousands of ids would cost whoever is given it its link.
      const chars = surplus.reduce((sum, id) => sum + 6 * id.length, 0);
      if (whole.notify_retract && chars <= retractNoticeCharsMax) this.#tellAll(step, account, { id: node, config: whole }, retractedEvent(node, surplus));
      this.#options.itemsChanged({ step, account, node, retracted: surplus });
    }
    this.people.endLapsed(step, account, { ...known, config: whole });
    if (whole.notify_config) {
      const form = whole.deliver_payloads ? configForm("result", whole) : undefined;
      this.#tellAll(step, account, { id: node, config: whole }, nodeEvent("configuration", node, form));
    }
    this.people.introduce(step, account, { id: node, config: whole }, before);
    this.#options.accessChanged({ step, account, node });
    return undefined;
  }

  /** With all that is in it, and all who have to do with it; they are told (XEP-0060 section 8.4). */
  delete(step: Step, account: Account, node: string): Fault | undefined {
    const host = this.#host;
    const known = readNode(account, node);
    if (known === undefined) return noNode;
    const ids = known.entries.map(({ id }) => id);
    const audience = known.config.notify_delete ? audienceOf(host, step, account, known, true) : [];
    for (const id of ids) host.data.set(step, account, nodeSpaces.nodes, itemKey(node, id), null);
    removeNode(host.setState, step, account, node);
    this.people.forgetNode(step, account, node);
    tell(host, step, account, known.config, audience, nodeEvent("delete", node));
    this.#options.itemsChanged({ step, account, node, retracted: ids });
    return undefined;
  }

  /** A session became available or wants more than before: it is sent the last items that are for it (XEP-0163 section 4.3.4). */
  welcome(newcomer: Newcomer): void {
    this.#lastItems.welcome(newcomer);
  }

  /** A session is not available any more. */
  leave(session: Session): void {
    this.#lastItems.leave(session);
  }

  get #host(): NodeHost {
    return this.#options.host();
  }

  #defaultsOf(node: string): NodeConfig {
    return { ...defaultConfig, ...this.#options.defaults.get(node) };
  }

  get #lastItems(): LastItems {
    return (this.#last ??= new LastItems(this.#host));
  }

  #tellAll(step: Step, account: Account, node: Pick<Node, "id" | "config">, event: Element, circumstances?: Circumstances): void {
    tell(this.#host, step, account, node.config, audienceOf(this.#host, step, account, node), event, circumstances);
  }

  #takeOut(step: Step, account: Account, node: string, ids: readonly string[]): void {
    const host = this.#host;
    writeIndex(host.setState, step, account, node, changed(readIndex(account, node), new Set(ids)));
    for (const id of ids) host.data.set(step, account, nodeSpaces.nodes, itemKey(node, id), null);
  }
}
