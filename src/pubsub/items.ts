/** Items on the disk. */
import type { Account } from "../domain/account.ts";
import type { Json } from "../domain/json.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { el, payloadOf } from "../xml/stanza.ts";
import { ownCopy, type Item } from "./events.ts";
import type { NodeHost } from "./host.ts";
import { pubsubNamespace, type Entry } from "./node.ts";
import { itemKey, nodeSpaces } from "./rows.ts";

/** As it is kept, and how many bytes of that are the payload. `by`: see `Item.by`. */
export function itemValue(payload: Element | undefined, by: string | undefined): { readonly value: Json; readonly payloadBytes: number } {
  // Within an element of its own: a payload may be in no namespace, and nothing at the first level is.
  const xml = payload === undefined ? undefined : serialise(el("item", { xmlns: pubsubNamespace }, ownCopy(payload)));
  return {
    value: { ...(xml === undefined ? {} : { xml }), ...(by === undefined ? {} : { by }) },
    payloadBytes: xml === undefined ? 0 : Buffer.byteLength(xml) - envelopeBytes,
  };
}

const envelopeBytes = serialise(el("item", { xmlns: pubsubNamespace }, "")).length;

/** Those of these items that are there still, in this order. */
export async function readItems(host: NodeHost, account: Account, node: string, entries: readonly Entry[]): Promise<readonly Item[]> {
  const values = await Promise.all(entries.map(({ id }) => host.data.get(account, nodeSpaces.nodes, itemKey(node, id))));
  return entries.flatMap((entry, index) => itemOf(host, account, node, entry, values[index]) ?? []);
}

function itemOf(host: NodeHost, account: Account, node: string, { id, at }: Entry, value: Json | undefined): Item | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { xml, by } = value as { readonly xml?: Json; readonly by?: Json };
  const publisher = typeof by === "string" ? by : undefined;
  if (xml === undefined) return { id, payload: undefined, at, by: publisher };
  const element = host.readKept(account, `${nodeSpaces.nodes}/${itemKey(node, id)}`, xml);
  return element === undefined ? undefined : { id, payload: payloadOf(element), at, by: publisher };
}
