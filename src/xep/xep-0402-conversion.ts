/**
 * Keeps the three places of a user's bookmarks one set (XEP-0402 section 5.3, XEP-0411 section 3): items, the list as an item of a node
 * of its own, and the list in private XML. Whoever changes one of them changes the others in the same step. Nothing that is on the disk
 * can be read then: so all of it is in memory before a request that may change it is handled (`prepare`), as long as the account is.
 */
import type { Account } from "../domain/account.ts";
import { makeJid } from "../domain/jid.ts";
import { privateCountKey, privateKey, privateNamespace, privateSpace } from "../domain/kept-xml.ts";
import { bookmarkReadsMax, nodeItemsMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { NodeConfig } from "../pubsub/node.ts";
import type { DataChanged, House, ItemsChanged } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { el } from "../xml/stanza.ts";
import { elementsOf, itemsNode, listNode } from "./xep-0402-conference.ts";
import {
  isSameList, isStorage, itemsAfter, joined, listAfter, readItem, readList, storageOf, textOf, type Items, type List,
} from "./xep-0402-shelf.ts";

/** What these nodes are where nobody has said otherwise: their owner's alone (XEP-0402 section 3.3, XEP-0411 section 5). */
export const nodeDefaults = {
  [itemsNode]: { access_model: "whitelist", persist_items: true, max_items: "max", send_last_published_item: "never" },
  [listNode]: { access_model: "whitelist", persist_items: true },
} as const satisfies Readonly<Record<string, Partial<NodeConfig>>>;

/** All of it that is not in memory with the account anyway. */
interface Shelf {
  readonly list: List;
  readonly items: Items;
  /** What else is in the list's namespace of private XML. */
  readonly beside: readonly string[];
  /** In how many namespaces there is private XML, and whether the list's is among them. */
  readonly namespaces: number;
  readonly isPrivate: boolean;
}

interface Known {
  /** undefined: it is being read. */
  shelf?: Shelf;
  reading?: Promise<void>;
  /** What is being read has changed meanwhile. */
  isStale: boolean;
  /** Changes are our own. */
  isWriting: boolean;
}

interface Change {
  readonly step: Step;
  readonly account: Account;
  readonly house: House;
}

const known = new WeakMap<Account, Known>();
const listKey = privateKey(listNode);

/** Whatever is sent to the account waits until all is in memory, and one set. */
export function prepare(house: House, account: Account): void {
  const found = known.get(account);
  if (found?.shelf !== undefined) return;
  const fresh: Known = { isStale: false, isWriting: false };
  if (found === undefined) known.set(account, fresh);
  const { bare } = account;
  const reading = found?.reading ?? (fresh.reading = read(house, account, fresh).catch((error: unknown) => {
    house.log.error({ err: error, jid: bare }, `${bare}: bookmarks: they cannot be read; what is in one form is not in the others until they can`);
  }).finally(() => {
    if (fresh.shelf === undefined && known.get(account) === fresh) known.delete(account);
  }));
  house.hold(account, reading);
}

/** A client has set the list in private XML, or taken it away. */
export function privateChanged({ step, account, key, value, house }: DataChanged): void {
  const shelf = shelfFor(step, account);
  if (shelf === undefined) return;
  if (key === privateCountKey) replace(account, { ...shelf, namespaces: countOf(value) });
  if (key !== listKey) return;
  const { list = value === null ? [] : shelf.list, beside } = readPrivate(house, account, value ?? undefined);
  replace(account, { ...shelf, beside, isPrivate: value !== null });
  // What has no list says nothing about bookmarks: it stays, and so do they.
  if (list !== shelf.list) listChanged({ step, account, house }, list, "node");
  else if (list.length > 0) writePrivate({ step, account, house }, list);
}

/** A client has published the list as an item, or taken it out. Who deletes the node has not asked for any bookmark to be removed. */
export function listItemChanged({ step, account, published, house }: ItemsChanged): void {
  const shelf = shelfFor(step, account);
  if (shelf === undefined) return;
  const node = house.nodes.node(account, listNode);
  if (published === undefined && node?.entries.length !== 0) return;
  if (published !== undefined && !isStorage(published.payload)) return;
  listChanged({ step, account, house }, published?.payload === undefined ? [] : readList(published.payload), "private");
}

/** Items were published, or taken out. */
export function itemsChanged({ step, account, published, retracted, house }: ItemsChanged): void {
  const shelf = shelfFor(step, account);
  if (shelf === undefined) return;
  const items = new Map(shelf.items);
  const gone = [...retracted, ...(published === undefined ? [] : [published.id])].flatMap((id) => items.get(id) ?? []);
  for (const { id } of gone) items.delete(id);
  const item = published === undefined ? undefined : readItem(published.id, published.payload);
  if (item !== undefined) items.set(item.id, item);
  const keys = new Set([...gone, ...(item === undefined ? [] : [item])].map(({ key }) => key));
  const list = listAfter(shelf.list, items, keys);
  replace(account, { ...shelf, items });
  if (isSameList(list, shelf.list)) return;
  writeList({ step, account, house }, list);
  writePrivate({ step, account, house }, list);
}

/** What there is to change; undefined where that is not in memory, or the change is our own. */
function shelfFor(step: Step, account: Account): Shelf | undefined {
  const found = known.get(account);
  if (found?.shelf !== undefined) {
    if (found.isWriting) return undefined;
    // What the step did is taken back, and this would be ahead of it.
    step.ifDiscarded(() => known.delete(account));
    return found.shelf;
  }
  if (found !== undefined) found.isStale = true;
  return undefined;
}

function replace(account: Account, shelf: Shelf): void {
  const found = known.get(account);
  if (found !== undefined) found.shelf = shelf;
}

async function read(house: House, account: Account, found: Known): Promise<void> {
  for (let tries = 0; tries < bookmarkReadsMax; tries += 1) {
    found.isStale = false;
    const [text, namespaces, lists, items] = await Promise.all([
      house.data.get(account, privateSpace, listKey),
      house.data.get(account, privateSpace, privateCountKey),
      house.nodes.items(account, listNode),
      house.nodes.items(account, itemsNode),
    ]);
    if (found.isStale) continue;
    const latest = lists.at(-1)?.payload;
    house.run(null, (step) => {
      if (house.account(step, account.bare) !== account || known.get(account) !== found) return;
      step.ifDiscarded(() => known.delete(account));
      const inPrivate = readPrivate(house, account, text);
      found.shelf = {
        list: inPrivate.list ?? [],
        items: new Map(items.flatMap(({ id, payload }) => readItem(id, payload) ?? []).map((item) => [item.id, item])),
        beside: inPrivate.beside,
        namespaces: countOf(namespaces),
        isPrivate: text !== undefined,
      };
      unite({ step, account, house }, found.shelf, isStorage(latest) ? readList(latest) : undefined);
    });
    return;
  }
  throw new Error(`they changed ${bookmarkReadsMax} times while they were read`);
}

/** What was there before anybody kept it one: from an import, or while it could not be. An item knows best, private XML least. */
function unite(change: Change, { list, items }: Shelf, inNode: List | undefined): void {
  const lists = inNode === undefined || isSameList(list, inNode) ? list : joined(list, inNode);
  const next = listAfter(lists, items, new Set([...items.values()].map(({ key }) => key)));
  if (!isSameList(next, inNode ?? [])) writeList(change, next);
  if (!isSameList(next, list)) writePrivate(change, next);
  writeItems(change, [], next);
}

/** `other`: the place of the list that its client has not written. */
function listChanged(change: Change, list: List, other: "private" | "node"): void {
  const before = known.get(change.account)?.shelf?.list ?? [];
  if (isSameList(list, before)) return;
  if (other === "private") writePrivate(change, list);
  else writeList(change, list);
  writeItems(change, before, list);
}

function writePrivate({ step, account, house }: Change, list: List): void {
  const shelf = known.get(account)?.shelf;
  if (shelf === undefined) return;
  const elements = [...shelf.beside.map(restoreElement), ...(list.length === 0 ? [] : [storageOf(list)])];
  const isPrivate = elements.length > 0;
  const namespaces = shelf.namespaces + Number(isPrivate) - Number(shelf.isPrivate);
  writing(account, () => {
    if (isPrivate || shelf.isPrivate) {
      house.data.set(step, account, privateSpace, listKey, isPrivate ? serialise(el("query", { xmlns: privateNamespace }, ...elements)) : null);
    }
    if (namespaces !== shelf.namespaces) house.data.set(step, account, privateSpace, privateCountKey, namespaces);
  });
  replace(account, { ...shelf, list, namespaces, isPrivate });
}

function writeList(change: Change, list: List): void {
  const { step, account, house } = change;
  const shelf = known.get(account)?.shelf;
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
function writeItems(change: Change, before: List, list: List): void {
  const { step, account, house } = change;
  const shelf = known.get(account)?.shelf;
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
  const now = known.get(account)?.shelf;
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
  for (const [jid, affiliation] of house.nodes.people.affiliations(account, node)) {
    if (affiliation === "member") house.nodes.people.setAffiliation(step, account, node, jid, "none");
  }
}

function publish({ step, account, house }: Change, node: keyof typeof nodeDefaults, id: string, payload: Element): boolean {
  const published = house.nodes.publish(step, account, { node, id, payload, publisher: makeJid(account.username, account.host) });
  if (!("fault" in published)) return true;
  house.log.debug({ jid: account.bare, node, why: published.fault.text }, "a bookmark has no place in its other form");
  return false;
}

function writing(account: Account, work: () => void): void {
  const found = known.get(account);
  if (found === undefined) return;
  found.isWriting = true;
  try {
    work();
  } finally {
    found.isWriting = false;
  }
}

function countOf(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}

/** `list` undefined: there is none, or what there is cannot be read. */
function readPrivate(house: House, account: Account, value: Json | undefined): { readonly list?: List; readonly beside: readonly string[] } {
  const query = value === undefined ? undefined : readKept(house.log, account, `${privateSpace}/${listKey}`, value);
  const all = query === undefined ? [] : elementsOf(query);
  const storage = all.find((element) => isStorage(element));
  const beside = all.filter((element) => element !== storage).map(textOf);
  return storage === undefined ? { beside } : { list: readList(storage), beside };
}
