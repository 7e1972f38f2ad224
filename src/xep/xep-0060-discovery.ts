/** What service discovery tells of nodes and their items (XEP-0060 sections 5.2 to 5.5), to those who may know of them (XEP-0163 section 6.2). */
import type { EntityDescription } from "../domain/entity-caps.ts";
import { configFields, fixedFields, valuesOf, type NodeConfig } from "../pubsub/node-config.ts";
import { pubsubNamespace, type Node } from "../pubsub/node.ts";
import type { AccountNodes, NodeQuestion } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { resultSet } from "../xml/result-set.ts";
import { el } from "../xml/stanza.ts";
import { withinBytes } from "./xep-0060-request.ts";

export const nodesOfAccounts: AccountNodes = {
  async items(asked): Promise<readonly Element[] | undefined> {
    const { house, account, node: id, from } = asked;
    if (id === undefined) {
      return house.nodes.ids(account).flatMap((id) => {
        const config = visibleConfig(asked, id);
        return config === undefined ? [] : [el("item", { jid: account.bare, node: id, name: config.title === "" ? undefined : config.title })];
      });
    }
    const config = visibleConfig(asked, id);
    if (config === undefined || house.nodes.retrieveFault(account, { id, config }, from) !== undefined) return undefined;
    const entries = house.nodes.node(account, id)?.entries ?? [];
    // Section 5.5 lets all of them be; who wants the others asks for the items of the node, in pages.
    const listed = withinBytes(entries, () => account.bare.length);
    const items = listed.map((entry) => el("item", { jid: account.bare, name: entry.id }));
    return listed === entries ? items : [...items, resultSet({ first: listed[0]?.id, last: listed.at(-1)?.id, index: 0, count: entries.length })];
  },

  async info(asked): Promise<EntityDescription | undefined> {
    const node = visibleConfig(asked, asked.node) === undefined ? undefined : asked.house.nodes.node(asked.account, asked.node);
    return node === undefined ? undefined : describe(asked, node);
  },
};

function visibleConfig({ house, account, from }: NodeQuestion, id: string): NodeConfig | undefined {
  const config = house.nodes.config(account, id);
  return config !== undefined && house.nodes.isVisible(account, { id, config }, from) ? config : undefined;
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
