/** What service discovery tells of nodes and their items (XEP-0060 sections 5.2 to 5.5), to those who may know of them (XEP-0163 section 6.2). */
import type { EntityDescription } from "../domain/entity-caps.ts";
import { configFields, fixedFields, valuesOf } from "../pubsub/node-config.ts";
import { pubsubNamespace, type Node } from "../pubsub/node.ts";
import type { AccountNodes, NodeQuestion } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";

export const nodesOfAccounts: AccountNodes = {
  async items(asked): Promise<readonly Element[] | undefined> {
    const { house, account, node: id, from } = asked;
    if (id === undefined) {
      const visible = house.nodes.ids(account).flatMap((id) => visibleNode(asked, id) ?? []);
      return visible.map((node) => el("item", { jid: account.bare, node: node.id, name: node.config.title === "" ? undefined : node.config.title }));
    }
    const node = visibleNode(asked, id);
    if (node === undefined || house.nodes.retrieveFault(account, node, from) !== undefined) return undefined;
    return node.entries.map((entry) => el("item", { jid: account.bare, name: entry.id }));
  },

  async info(asked): Promise<EntityDescription | undefined> {
    const node = visibleNode(asked, asked.node);
    return node === undefined ? undefined : describe(asked, node);
  },
};

function visibleNode({ house, account, from }: NodeQuestion, id: string): Node | undefined {
  const node = house.nodes.node(account, id);
  return node !== undefined && house.nodes.isVisible(account, node, from) ? node : undefined;
}

/** Section 5.4. */
function describe({ house, account }: NodeQuestion, { id, config, createdAt }: Node): EntityDescription {
  const subscribers = [...house.nodes.people.subscriptions(account, id).values()].filter((state) => state === "subscribed").length;
  const configured = (["title", "description", "type", "access_model", "max_items"] as const).map((name) => ({
    var: `pubsub#${name}`, type: configFields[name].type, values: valuesOf(config[name]),
  }));
  return {
    identities: [{ category: "pubsub", type: "leaf" }],
    features: [pubsubNamespace],
    forms: [{
      fields: [
        { var: "FORM_TYPE", type: "hidden", values: ["http://jabber.org/protocol/pubsub#meta-data"] },
        ...configured.filter(({ values }) => values.length > 0),
        { var: "pubsub#publish_model", type: "list-single", values: fixedFields["publish_model"] ?? [] },
        { var: "pubsub#creation_date", type: "text-single", values: [new Date(createdAt).toISOString()] },
        ...(["creator", "owner", "publisher"] as const).map((name) => ({
          var: `pubsub#${name}`, type: name === "creator" ? "jid-single" : "jid-multi", values: [account.bare],
        })),
        { var: "pubsub#num_subscribers", type: "text-single", values: [String(subscribers)] },
      ],
    }],
  };
}
