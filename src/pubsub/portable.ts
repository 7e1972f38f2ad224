/** Nodes of an account in the portable format of XEP-0227 section 4.10: their configuration and people, and apart from that their items. */
import { Account } from "../domain/account.ts";
import type { Json } from "../domain/json.ts";
import { parseJid } from "../domain/jid.ts";
import { nodeItemsMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import { readForm, formNamespace } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { el, payloadOf } from "../xml/stanza.ts";
import { configForm } from "./config-form.ts";
import { ownCopy } from "./events.ts";
import { configFields, defaultConfig, fixedFields, type NodeConfig, type NodeConfigName } from "./node-config.ts";
import { ownerNamespace, pubsubNamespace } from "./node.ts";
import { affiliationsOf, hasRoomForPeople, subscriptionsOf, writePerson } from "./people-rows.ts";
import { createFault, decidePublish } from "./publishing.ts";
import { itemKey, nodeIds, nodeSpaces, readNode, writeIndex, writeNode, type SetState } from "./rows.ts";

export interface KeptValue {
  readonly space: string;
  readonly key: string;
  readonly value: Json;
}

export interface KeptNodes {
  /** In memory with the account, and on the disk. */
  readonly state: readonly KeptValue[];
  readonly data: readonly KeptValue[];
}

/** All in which anything of nodes is kept; where the user has subscribed elsewhere is found out anew. */
export const nodeSpaceNames: ReadonlySet<string> = new Set(Object.values(nodeSpaces));

/** One element for what nodes are, one for what is in them; nothing where there are no nodes. Throws SyntaxError if what is kept is no XML. */
export function toPortable({ state, data }: KeptNodes): readonly Element[] {
  const account = accountWith(state);
  const ids = nodeIds(account);
  if (ids.length === 0) return [];
  const payloads = new Map(data.flatMap(({ space, key, value }) => (space === nodeSpaces.nodes ? [[key, value] as const] : [])));
  const owned = ids.flatMap((node) => {
    const config = readNode(account, node)?.config ?? defaultConfig;
    const form = configForm("result", config);
    // As the example has it: whoever reads it is to fill in what it does not know otherwise.
    form.attrs["type"] = "form";
    const affiliations = [...affiliationsOf(account, node)].map(([jid, affiliation]) => el("affiliation", { jid, affiliation }));
    const subscriptions = [...subscriptionsOf(account, node)].map(([jid, subscription]) => el("subscription", { jid, subscription }));
    return [
      el("configure", { node }, form),
      ...(affiliations.length === 0 ? [] : [el("affiliations", { node }, ...affiliations.toSorted(byJid))]),
      ...(subscriptions.length === 0 ? [] : [el("subscriptions", { node }, ...subscriptions.toSorted(byJid))]),
    ];
  });
  const items = ids.map((node) => el("items", { node }, ...(readNode(account, node)?.entries ?? []).flatMap(({ id }) => itemElement(id, payloads.get(itemKey(node, id))))));
  return [el("pubsub", { xmlns: ownerNamespace }, ...owned), el("pubsub", { xmlns: pubsubNamespace }, ...items)];
}

function itemElement(id: string, value: Json | undefined): readonly Element[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const { xml, by } = value as { readonly xml?: Json; readonly by?: Json };
  const payload = typeof xml === "string" ? payloadOf(restoreElement(xml)) : undefined;
  return [el("item", { id, publisher: typeof by === "string" ? by : undefined }, payload && ownCopy(payload))];
}

/**
 * Nodes as they are kept, from such elements. `at`: when that is, ms since 1970. `ignored` is told what is left out (XEP-0227 section 4.10.1
 * lets configuration be that nobody knows here), and what is kept closer than it says: who may see a node is never guessed.
 */
export function fromPortable(elements: readonly Element[], at: number, ignored: (what: string) => void): KeptNodes {
  const account = accountWith([]);
  const data = new Map<string, Json>();
  // Nothing that is called here looks at more of it.
  const step = { at } as Step;
  const owned = elements.filter((element) => element.getNS() === ownerNamespace).flatMap(childrenOf);
  const itemLists = elements.filter((element) => element.getNS() === pubsubNamespace).flatMap(childrenOf).filter(({ name }) => name === "items");
  const counts = new Map(itemLists.map((items) => [nodeOf(items), childrenOf(items).length]));
  const create = (node: string, config: NodeConfig): void => {
    const refused = createFault(account, node, config);
    if (refused === undefined) writeNode(setState, step, account, node, config);
    else ignored(`node ${JSON.stringify(node)}, for ${refused.fault.text ?? refused.fault.condition}`);
  };
  for (const element of owned) if (element.name === "configure") create(nodeOf(element), readConfig(element, counts.get(nodeOf(element)) ?? 0, ignored));
  for (const element of owned) if (element.name !== "configure") addPeople(step, account, element, ignored);
  for (const items of itemLists) {
    const node = nodeOf(items);
    if (readNode(account, node) === undefined) {
      ignored("the missing configuration of nodes, which only their owners may see now");
      create(node, { ...defaultConfig, access_model: "whitelist", max_items: "max" });
    }
    if (readNode(account, node) !== undefined) for (const item of childrenOf(items)) addItem(step, account, data, node, item, ignored);
  }
  const state = [...account.stateSpaces].flatMap((space) => [...account.states(space)].map(([key, value]) => ({ space, key, value })));
  return { state, data: [...data].map(([key, value]) => ({ space: nodeSpaces.nodes, key, value })) };
}

function readConfig(element: Element, items: number, ignored: (what: string) => void): NodeConfig {
  const form = element.getChild("x", formNamespace);
  const given = (form === undefined ? undefined : readForm(form)?.fields) ?? new Map<string, readonly string[]>();
  const config: Partial<Record<NodeConfigName, unknown>> = {};
  for (const [full, values] of given) {
    const name = full.replace(/^pubsub#/, "");
    if (!Object.hasOwn(configFields, name)) {
      if (fixedFields[name]?.includes(values[0] ?? "") !== true) ignored(`the configuration ${full} of nodes`);
      continue;
    }
    const value = configFields[name as NodeConfigName].read(values);
    if (value !== undefined) config[name as NodeConfigName] = value;
    else if (name === "max_items" && Number(values[0]) > nodeItemsMax) config.max_items = "max";
    else if (name !== "access_model") ignored(`a value of the configuration ${full} of nodes`);
  }
  if (config.access_model === undefined) ignored("the access model of nodes, where it is missing or unknown: only their owners may see them now");
  // What others keep without having said how many is not to get lost here.
  return { ...defaultConfig, access_model: "whitelist", ...(items > 1 ? { max_items: "max" } : {}), ...config } as NodeConfig;
}

/** XEP-0060 sections 8.8.1 and 8.9.1. */
function addPeople(step: Step, account: Account, element: Element, ignored: (what: string) => void): void {
  const node = nodeOf(element);
  const kind = element.name;
  if ((kind !== "affiliations" && kind !== "subscriptions") || readNode(account, node) === undefined) return ignored(`${kind} of nodes without a configuration`);
  for (const { attrs } of childrenOf(element)) {
    const [jid, affiliation, subscription] = [parseJid(String(attrs["jid"] ?? "")), attrs["affiliation"], attrs["subscription"]];
    if (jid === undefined) ignored(`${kind} of nodes without a JID`);
    else if (!hasRoomForPeople(account, kind)) ignored(`${kind} of nodes that are too many`);
    else if (kind === "affiliations" && (affiliation === "member" || affiliation === "outcast")) writePerson(setState, step, account, kind, node, jid.bare, affiliation);
    else if (kind === "subscriptions" && (subscription === "subscribed" || subscription === "pending")) writePerson(setState, step, account, kind, node, jid.full, subscription);
    // The owner is the account itself.
    else if (affiliation !== "owner" && affiliation !== "none" && subscription !== "none") ignored(`${kind} of nodes that are ${String(affiliation ?? subscription)}`);
  }
}

function addItem(step: Step, account: Account, data: Map<string, Json>, node: string, item: Element, ignored: (what: string) => void): void {
  const id = item.attrs["id"] as string | undefined;
  if (item.name !== "item" || id === undefined || id === "") return ignored(`items without an id of node ${JSON.stringify(node)}`);
  const publisher = parseJid(String(item.attrs["publisher"] ?? ""));
  const decision = decidePublish(account, { node, id, payload: payloadOf(item), itemless: false, by: publisher?.full, options: {}, at: step.at });
  if ("fault" in decision) return ignored(`items of node ${JSON.stringify(node)}, for ${decision.fault.text ?? decision.fault.condition}`);
  const { kept, pushedOut } = decision;
  if (kept === undefined || pushedOut.length > 0) ignored(`items that node ${JSON.stringify(node)} does not keep by its configuration`);
  if (kept === undefined) return;
  writeIndex(setState, step, account, node, kept.change);
  for (const old of pushedOut) data.delete(itemKey(node, old));
  data.set(itemKey(node, id), kept.value);
}

/** An account with nothing but that. */
function accountWith(state: readonly KeptValue[]): Account {
  const account = new Account("host", "user");
  for (const { space, key, value } of state) if (nodeSpaceNames.has(space)) apply(account, space, key, value);
  return account;
}

const setState: SetState = (_step, account, space, key, value) => apply(account, space, key, value);

function apply(account: Account, space: string, key: string, value: Json): void {
  const { host, username } = account;
  account.apply({ type: "AccountStateSet", data: { host, username, space, key, value } }, 0);
}

function childrenOf(element: Element): readonly Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string");
}

function nodeOf({ attrs }: Element): string {
  return String(attrs["node"] ?? "");
}

function byJid(a: Element, b: Element): number {
  const [left, right] = [String(a.attrs["jid"]), String(b.attrs["jid"])];
  return left < right ? -1 : Number(left > right);
}
