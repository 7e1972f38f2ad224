/** Which messages a user has seen, for all its clients: an item for each chat, which the server publishes where a marker brings it along. */
import type { NodeConfig } from "../pubsub/node-config.ts";
import type { Extension } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import type { Element } from "../xml/element.ts";

const xmlns = "urn:xmpp:mds:displayed:0";

/** XEP-0490 sections 4.2 and 7. */
const own = { access_model: "whitelist" } as const satisfies Partial<NodeConfig>;

export const displayed: Extension = {
  name: "displayed",
  specification: { id: "XEP-0490", version: "1.0.1", title: "Message Displayed Synchronization" },
  // XEP-0490 section 4.5.2.
  accountFeatures: ["urn:xmpp:mds:server-assist:0"],
  nodeDefaults: { [xmlns]: { ...own, persist_items: true, max_items: "max", send_last_published_item: "never" } },
  phases: { stamp: assist },
};

/**
 * XEP-0490 section 4.5.3. Before the message is archived, copied or delivered (section 5.2), and whatever becomes of it: nobody else may
 * see what it says.
 */
function assist({ step, stanza: { kind, type, element, from }, sender, house }: Passage): Verdict {
  if (kind !== "message" || sender === undefined) return undefined;
  const [marker, ...others] = element.children.filter((child): child is Element => typeof child !== "string" && isDisplayed(child));
  if (marker === undefined) return undefined;
  element.children = element.children.filter((child) => typeof child === "string" || !isDisplayed(child));
  const account = house.account(step, from.bare);
  if (account === undefined || type === "error" || others.length > 0) return undefined;
  // Section 5.2: an opaque value, as the client has written it. What has no address is for the user itself.
  const id = (element.attrs["to"] as string | undefined) ?? from.bare;
  const published = house.nodes.publish(step, account, { node: xmlns, id, payload: marker, publisher: from, options: own });
  if ("fault" in published) {
    house.log.debug({ jid: from.bare, why: published.fault.text }, "what a message says to be displayed is not kept");
  }
  return undefined;
}

function isDisplayed(child: Element): boolean {
  return child.name === "displayed" && child.getNS() === xmlns;
}
