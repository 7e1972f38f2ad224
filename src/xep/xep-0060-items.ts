/** Retrieving items (XEP-0060 section 6.5), in pages where they are many (XEP-0059). */
import { fault, nodeIdRequired, noNode, unsupported } from "../pubsub/faults.ts";
import { itemsMaxOf } from "../pubsub/node-config.ts";
import { pubsubNamespace as xmlns, type Entry } from "../pubsub/node.ts";
import type { IqReply } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { readPageRequest, resultSet, resultSetNamespace, type PageRequest } from "../xml/result-set.ts";
import { el } from "../xml/stanza.ts";
import { answer, elementsOf, isNamed, withinBytes, type NodeRequest } from "./xep-0060-request.ts";

/** The oldest first, as the specification's examples have them. */
export async function retrieve({ account, house, iq, action, node: id, more }: NodeRequest): Promise<IqReply> {
  if (id === "") return nodeIdRequired;
  const node = house.nodes.node(account, id);
  if (node === undefined) return noNode;
  const refused = house.nodes.retrieveFault(account, node, iq.from);
  if (refused !== undefined) return refused;
  // Section 6.5.9.4.
  if (itemsMaxOf(node.config) === 0) return unsupported("persistent-items", "this node does not keep items");
  const selected = select(action, node.entries);
  const request = more.length === 0 ? undefined : requestIn(more);
  if (selected === undefined || request === null) return fault("bad-request", "these are no items that can be asked for");
  const page = pageOf(selected, request ?? {}, action.attrs["max_items"] !== undefined);
  if (page === undefined) return fault("item-not-found", "there is no such page");
  const items = await house.nodes.read(account, id, page.entries);
  const isPart = request !== undefined || page.entries.length < selected.length;
  return answer(
    xmlns,
    el("items", { node: id }, ...items.map((item) => house.nodes.element(account, node, item))),
    isPart ? resultSet({ first: page.entries[0]?.id, last: page.entries.at(-1)?.id, index: page.index, count: selected.length }) : undefined,
  );
}

/** Those that are named, or the latest so many (sections 6.5.7 and 6.5.8). undefined: malformed. */
function select(action: Element, entries: readonly Entry[]): readonly Entry[] | undefined {
  const items = elementsOf(action);
  const ids = new Set(items.map(({ attrs }) => attrs["id"] as string | undefined));
  const max = action.attrs["max_items"] as string | undefined;
  if (items.some((item) => !isNamed(item, "item", action)) || ids.has(undefined)) return undefined;
  if (max !== undefined && !/^[1-9][0-9]{0,9}$/.test(max)) return undefined;
  const named = ids.size === 0 ? entries : entries.filter(({ id }) => ids.has(id));
  return max === undefined ? named : named.slice(-Number(max));
}

/** null: malformed. */
function requestIn(more: readonly Element[]): PageRequest | null {
  const [set] = more;
  if (more.length > 1 || set?.name !== "set" || set.getNS() !== resultSetNamespace) return null;
  return readPageRequest(el("page", {}, set)) ?? null;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly index: number | undefined;
}

/** undefined: something that it is to begin or end at is not there (XEP-0059 sections 2.2 and 2.6). */
function pageOf(entries: readonly Entry[], { max = entries.length, after, before, index }: PageRequest, latest: boolean): Page | undefined {
  const find = (id: string) => entries.findIndex((entry) => entry.id === id);
  const [afterAt, beforeAt] = [after === undefined ? -1 : find(after), before === undefined || before === "" ? entries.length : find(before)];
  if ((after !== undefined && afterAt === -1) || beforeAt === -1) return undefined;
  const isPlain = after === undefined && before === undefined;
  if (isPlain && index !== undefined && index > entries.length) return undefined;
  const fromEnd = after === undefined && (before !== undefined || (latest && index === undefined));
  const range = entries.slice(isPlain && index !== undefined ? index : afterAt + 1, beforeAt);
  const wanted = max === 0 ? [] : fromEnd ? range.slice(-max) : range.slice(0, max);
  const page = withinBytes(fromEnd ? wanted.toReversed() : wanted, ({ bytes }) => bytes);
  const inOrder = fromEnd ? page.toReversed() : page;
  const [first] = inOrder;
  return { entries: inOrder, index: first === undefined ? undefined : entries.indexOf(first) };
}
