/** Writes a user's bookmarks to each of the three places where clients look for them, in the step of the change that they follow. */
import type { Account } from "../domain/account.ts";
import { makeJid } from "../domain/jid.ts";
import { privateCountKey, privateKey, privateNamespace, privateSpace } from "../domain/kept-xml.ts";
import { nodeItemsMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { NodeConfig } from "../pubsub/node.ts";
import type { House } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { serialise } from "../xml/serialise.ts";
import { elementsOf, itemsNode, listNode } from "./xep-0402-conference.ts";
import { replace, shelfOf, writing, type Change } from "./xep-0402-memory.ts";
import { isStorage, itemsAfter, readList, storageOf, storageText, textOf, type List } from "./xep-0402-shelf.ts";

/** What these nodes are where nobody has said otherwise: their owner's alone (XEP-0402 section 3.3, XEP-0411 section 5). */
export const nodeDefaults = {
  [itemsNode]: { access_model: "whitelist", persist_items: true, max_items: "max", send_last_published_item: "never" },
  [listNode]: { access_model: "whitelist", persist_items: true },
} as const satisfies Readonly<Record<string, Partial<NodeConfig>>>;

/** Where private XML has the list. */
export const listKey = privateKey(listNode);

/** `list` undefined: there is none, or what there is cannot be read. `value` undefined: nothing is kept there. */
export function readPrivate(house: House, account: Account, value: Json | undefined): { readonly list?: List; readonly beside: readonly string[] } {
  const query = value === undefined ? undefined : readKept(house.log, account, `${privateSpace}/${listKey}`, value);
  const all = query === undefined ? [] : elementsOf(query);
  const storage = all.find((element) => isStorage(element));
  const beside = all.filter((element) => element !== storage).map(textOf);
  return storage === undefined ? { beside } : { list: readList(storage), beside };
}

export function writePrivate({ step, account, house }: Change, list: List): void {
  const shelf = shelfOf(account);
  if (shelf === undefined) return;
  // Of the texts: what has a namespace of its own each is not read only to be written again.
  const texts = [...shelf.beside, ...(list.length === 0 ? [] : [storageText(list)])];
  const isPrivate = texts.length > 0;
  const namespaces = shelf.namespaces + Number(isPrivate) - Number(shelf.isPrivate);
  writing(account, () => {
    if (isPrivate || shelf.isPrivate) {
      house.data.set(step, account, privateSpace, listKey, isPrivate ? `${queryStart}${texts.join("")}</query>` : null);
    }
    if (namespaces !== shelf.namespaces) house.data.set(step, account, privateSpace, privateCountKey, namespaces);
  });
  replace(account, { ...shelf, list, namespaces, isPrivate });
}

const queryStart = serialise(el("query", { xmlns: privateNamespace })).replace("/>", ">");

export function writeList(change: Change, list: List): void {
  const { step, account, house } = change;
  const shelf = shelfOf(account);
  if (shelf === undefined) return;
  replace(account, { ...shelf, list });
  if (list.length === 0 && (house.nodes.node(account, listNode)?.entries.length ?? 0) === 0) return;
  writing(account, () => {
    makePrivate(change, listNode, 1);
    const written = publish(change, listNode, "current", storageOf(list));
    // Better none than one that is not true any more.
    if (!written && house.nodes.node(account, listNode) !== undefined) house.nodes.purge(step, account, listNode);
  });
}

/** The items that follow from the list. */
export function writeItems(change: Change, before: List, list: List): void {
  const { step, account, house } = change;
  const shelf = shelfOf(account);
  if (shelf === undefined) return;
  const { publish: wanted, retract } = itemsAfter(shelf.items, before, list);
  const items = new Map(shelf.items);
  writing(account, () => {
    if (retract.length > 0 && house.nodes.retract(step, account, itemsNode, retract, true) === undefined) for (const id of retract) items.delete(id);
    if (wanted.length > 0) makePrivate(change, itemsNode, items.size + wanted.length);
    let room = nodeItemsMax - (house.nodes.node(account, itemsNode)?.entries.length ?? 0);
    for (const { item, payload } of wanted) {
      const isNew = !items.has(item.id);
      // What has no room for an item of its own stays in the list: nothing that is there may give way to it.
      if (isNew && room <= 0 || !publish(change, itemsNode, item.id, payload)) continue;
      if (isNew) room -= 1;
      items.delete(item.id);
      items.set(item.id, item);
    }
  });
  const now = shelfOf(account);
  if (now !== undefined) replace(account, { ...now, list, items });
}

/** Before anything is copied to where others may look (XEP-0411 section 5). `needed`: items that have to find room. */
function makePrivate({ step, account, house }: Change, node: keyof typeof nodeDefaults, needed: number): void {
  const there = house.nodes.node(account, node);
  if (there === undefined) return;
  const { access_model, persist_items, max_items } = there.config;
  const isNarrow = max_items !== "max" && max_items < needed;
  if (access_model !== "whitelist" || !persist_items || isNarrow) {
    house.nodes.configure(step, account, node, { access_model: "whitelist", persist_items: true, ...(isNarrow ? { max_items: "max" } : {}) });
  }
  const members = [...house.nodes.people.affiliations(account, node)].filter(([, affiliation]) => affiliation === "member");
  house.nodes.people.setAffiliations(step, account, node, members.map(([bareJid]) => ({ bareJid, affiliation: "none" })));
}

function publish({ step, account, house }: Change, node: keyof typeof nodeDefaults, id: string, payload: Element): boolean {
  const published = house.nodes.publish(step, account, { node, id, payload, publisher: makeJid(account.username, account.host) });
  if (!("fault" in published)) return true;
  house.log.debug({ jid: account.bare, node, why: published.fault.text }, "a bookmark has no place in its other form");
  return false;
}
