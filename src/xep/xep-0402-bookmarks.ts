/** Bookmarks of chat rooms, each an item of its own, and one set with those of clients that know older ways to keep them. */
import type { Account } from "../domain/account.ts";
import { privateNamespace, privateSpace } from "../domain/kept-xml.ts";
import { bookmarkListBytesMax, bookmarksBytesMax } from "../domain/limits.ts";
import { interestIn, ownerNamespace, pubsubNamespace } from "../pubsub/node.ts";
import type { Extension, FeaturesLearned, House } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import type { Element } from "../xml/element.ts";
import { payloadOf, type Stanza } from "../xml/stanza.ts";
import { elementsOf, itemsNode, listNode } from "./xep-0402-conference.ts";
import { itemsChanged, listItemChanged, prepare, privateChanged } from "./xep-0402-conversion.ts";
import { shelfOf } from "./xep-0402-memory.ts";
import { nodeDefaults } from "./xep-0402-places.ts";
import { isShortEnough, isStorage, listAfter, readItem, readList, textOf } from "./xep-0402-shelf.ts";

export const bookmarks: Extension = {
  name: "bookmarks",
  specification: { id: "XEP-0402", version: "1.2.0", title: "PEP Native Bookmarks" },
  // XEP-0402 section 5.3.
  accountFeatures: [`${itemsNode}#compat`, `${itemsNode}#compat-pep`],
  nodeDefaults,
  phases: { guard },
  featuresLearned,
  dataChanged(change) {
    if (change.space === privateSpace) privateChanged(change);
  },
  itemsChanged(change) {
    if (change.node === itemsNode) itemsChanged(change);
    else if (change.node === listNode) listItemChanged(change);
  },
};

/** Who is about to look at bookmarks, or to change them, waits until they are one set. */
function guard({ stanza, step, house }: Passage): Verdict {
  if (stanza.kind !== "iq" || !isOwn(stanza)) return undefined;
  const payload = payloadOf(stanza.element);
  const nodes = payload === undefined ? [] : nodesIn(payload);
  if (payload === undefined || nodes.length === 0 && !asksPrivate(payload)) return undefined;
  const account = house.account(step, stanza.from.bare);
  if (account === undefined) return undefined;
  prepare(house, account);
  if (stanza.type !== "set") return undefined;
  if (nodes.includes(itemsNode) && isTooMuch(house, account, payload)) return tooMuch;
  return isTooLong(account, payload) ? tooLong : undefined;
}

/** XEP-0411 section 4: who is told of changes, and asks for nothing, is told also of what was there. */
function featuresLearned({ account, features, before, house }: FeaturesLearned): void {
  const isNew = (node: string) => features.has(interestIn(node)) && !before.has(interestIn(node));
  if (isNew(itemsNode) || isNew(listNode)) prepare(house, account);
}

function isOwn({ type, from, to }: Stanza): boolean {
  return (type === "get" || type === "set") && (to === undefined || (to.bare === from.bare && to.resource === undefined));
}

/** Those of the nodes with bookmarks that the request names. */
function nodesIn(payload: Element): readonly string[] {
  if (payload.name !== "pubsub" || ![pubsubNamespace, ownerNamespace].includes(payload.getNS() ?? "")) return [];
  const named = new Set(elementsOf(payload).map(({ attrs }) => attrs["node"] as string | undefined));
  return [itemsNode, listNode].filter((node) => named.has(node));
}

function asksPrivate(payload: Element): boolean {
  return payload.name === "query" && payload.getNS() === privateNamespace && elementsOf(payload).some((child) => child.getNS() === listNode);
}

/** All of them are in memory while their user is there: so they have to be few enough together. */
function isTooMuch(house: House, account: Account, payload: Element): boolean {
  const items = elementsOf(payload).filter(({ name }) => name === "publish").flatMap(elementsOf);
  if (items.length === 0) return false;
  const ids = new Set(items.map(({ attrs }) => attrs["id"] as string | undefined));
  const others = (house.nodes.node(account, itemsNode)?.entries ?? []).filter(({ id }) => !ids.has(id));
  const bytes = items.reduce((sum, item) => sum + Buffer.byteLength(textOf(item)), 0);
  return others.reduce((sum, entry) => sum + entry.bytes, bytes) > bookmarksBytesMax;
}

/**
 * Whether a list would be longer than it may be: the one that is set, or the one that follows from the items. Before all of them are in
 * memory the second is not known; what has no room in the list then is an item alone.
 */
function isTooLong(account: Account, payload: Element): boolean {
  const shelf = shelfOf(account);
  const list = shelf?.list ?? [];
  if (payload.name === "query") return elementsOf(payload).some((child) => isStorage(child) && !isShortEnough(readList(child), list));
  return elementsOf(payload).filter(({ name }) => name === "publish").some((publish) => {
    const items = elementsOf(publish).map((item) => ({ id: item.attrs["id"] as string | undefined, content: elementsOf(item)[0] }));
    if (publish.attrs["node"] === listNode) return items.some(({ content }) => isStorage(content) && !isShortEnough(readList(content), list));
    if (publish.attrs["node"] !== itemsNode || shelf === undefined) return false;
    const added = items.flatMap(({ id = "", content }) => readItem(id, content) ?? []);
    const after = new Map([...shelf.items, ...added.map((item) => [item.id, item] as const)]);
    const next = listAfter(list, after, added.map(({ key }) => key));
    return added.some(({ key }) => !next.some(({ room }) => room?.key === key));
  });
}

const tooMuch: Verdict = {
  fault: { condition: "resource-constraint", text: `all bookmarks of an account have at most ${bookmarksBytesMax} bytes`, limit: "bookmarksBytesMax" },
  why: "too many bytes of bookmarks",
};

const tooLong: Verdict = {
  fault: { condition: "resource-constraint", text: `a list of bookmarks has at most ${bookmarkListBytesMax} bytes`, limit: "bookmarkListBytesMax" },
  why: "too long a list of bookmarks",
};
