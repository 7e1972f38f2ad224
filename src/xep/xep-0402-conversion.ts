/**
 * Keeps the three places of a user's bookmarks one set (XEP-0402 section 5.3, XEP-0411 section 3): items, the list as an item of a node
 * of its own, and the list in private XML. Whoever changes one of them changes the others in the same step. Nothing that is on the disk
 * can be read then: so all of it is in memory before a request that may change it is handled (`prepare`), as long as the account is.
 */
import type { Account } from "../domain/account.ts";
import { privateCountKey, privateSpace } from "../domain/kept-xml.ts";
import { bookmarkReadsMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { DataChanged, House, ItemsChanged } from "../router/extension.ts";
import { itemsNode, listNode } from "./xep-0402-conference.ts";
import { hold, replace, shelfFor, shelfOf, type Change, type Reading, type Shelf } from "./xep-0402-memory.ts";
import { listKey, readPrivate, writeItems, writeList, writePrivate } from "./xep-0402-places.ts";
import { isSameList, isStorage, joined, listAfter, readItem, readList, type List } from "./xep-0402-shelf.ts";

/** Whatever is sent to the account waits until all is in memory, and one set. */
export function prepare(house: House, account: Account): void {
  hold(house, account, (reading) => read(house, account, reading));
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

/** `other`: the place of the list that its client has not written. */
function listChanged(change: Change, list: List, other: "private" | "node"): void {
  const before = shelfOf(change.account)?.list ?? [];
  if (isSameList(list, before)) return;
  if (other === "private") writePrivate(change, list);
  else writeList(change, list);
  writeItems(change, before, list);
}

async function read(house: House, account: Account, reading: Reading): Promise<void> {
  for (let tries = 0; tries < bookmarkReadsMax; tries += 1) {
    reading.begin();
    const [text, namespaces, lists, items] = await Promise.all([
      house.data.get(account, privateSpace, listKey),
      house.data.get(account, privateSpace, privateCountKey),
      house.nodes.items(account, listNode),
      house.nodes.items(account, itemsNode),
    ]);
    if (reading.isStale) continue;
    const latest = lists.at(-1)?.payload;
    house.run(null, (step) => {
      if (house.account(step, account.bare) !== account) return;
      const inPrivate = readPrivate(house, account, text);
      const shelf: Shelf = {
        list: inPrivate.list ?? [],
        items: new Map(items.flatMap(({ id, payload }) => readItem(id, payload) ?? []).map((item) => [item.id, item])),
        beside: inPrivate.beside,
        namespaces: countOf(namespaces),
        isPrivate: text !== undefined,
      };
      if (reading.put(step, shelf)) unite({ step, account, house }, shelf, isStorage(latest) ? readList(latest) : undefined);
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

function countOf(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}
