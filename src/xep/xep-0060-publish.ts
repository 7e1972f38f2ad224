/** Publishing items and taking them out (XEP-0060 section 7). */
import { readOptions } from "../pubsub/config-form.ts";
import { fault, nodeIdRequired, notOwner } from "../pubsub/faults.ts";
import { pubsubNamespace as xmlns } from "../pubsub/node.ts";
import type { IqReply } from "../router/extension.ts";
import { booleanOf, findForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { answer, done, elementsOf, following, isNamed, unexpected, type NodeRequest } from "./xep-0060-request.ts";

/** XEP-0060 section 7.1. XEP-0163 section 2.2: the owner alone publishes. */
export function publish(request: NodeRequest): IqReply {
  const { step, account, own, house, iq, action, node } = request;
  if (!own) return notOwner;
  if (node === "") return nodeIdRequired;
  const options = following(request, "publish-options");
  const items = elementsOf(action);
  if (options === null || items.length > 1 || items.some((item) => !isNamed(item, "item", action))) return unexpected;
  const read = options === undefined ? { config: {} } : readForm(options);
  if ("fault" in read) return read;
  const [item] = items;
  const given = item?.attrs["id"] as string | undefined;
  const id = given === "" ? undefined : given;
  const [payload, ...others] = item === undefined ? [] : elementsOf(item);
  if (others.length > 0) return fault("bad-request", "an item has one payload", "invalid-payload");
  const published = house.nodes.publish(step, account, {
    node, itemless: item === undefined, publisher: iq.from, options: read.config ?? {},
    ...(id === undefined ? {} : { id }), ...(payload === undefined ? {} : { payload }),
  });
  if ("fault" in published) return published;
  // Section 7.1.2: the id is told in any case, but for a publication that has no item.
  return answer(xmlns, el("publish", { node }, item === undefined ? undefined : el("item", { id: published.id })));
}

/** XEP-0060 section 7.2. */
export function retract({ step, account, own, house, action, node, more }: NodeRequest): IqReply {
  if (!own) return notOwner;
  if (node === "") return nodeIdRequired;
  const items = elementsOf(action);
  const ids = items.map(({ attrs }) => (attrs["id"] as string | undefined) ?? "");
  if (more.length > 0 || items.some((item) => !isNamed(item, "item", action))) return unexpected;
  if (ids.length === 0 || ids.includes("")) return fault("bad-request", "name an item", "item-required");
  return house.nodes.retract(step, account, node, [...new Set(ids)], booleanOf(action.attrs["notify"] as string | undefined) === true) ?? done;
}

/** Section 7.1.5: the element has to hold a form. */
function readForm(options: Element): ReturnType<typeof readOptions> {
  const form = findForm(options);
  return form === undefined ? fault("bad-request", "the options are missing") : readOptions(form);
}
