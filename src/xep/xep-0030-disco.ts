/** Service discovery: what the server and an account are, and what they can do. */
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";

const info = "http://jabber.org/protocol/disco#info";
const items = "http://jabber.org/protocol/disco#items";

export const disco: Extension = {
  name: "disco",
  specification: { id: "XEP-0030", version: "2.5.0", title: "Service Discovery" },
  serverFeatures: [info, items],
  accountFeatures: [info, items],
  iq: [
    { xmlns: info, name: "query", types: ["get"], at: ["server", "account"], handle: describe },
    { xmlns: items, name: "query", types: ["get"], at: ["server", "account"], handle: list },
  ],
};

/** XEP-0030 section 8: an account is described to those who see its presence. */
function describe({ house, target, shared, payload }: IqRequest): IqReply {
  if (target === "account" && !shared) return { fault: { condition: "service-unavailable", text: "" } };
  const node = nodeOf(payload);
  if (node !== undefined && !(target === "server" && house.serverNodes().includes(node))) return noSuchNode;
  const { identities, features } = house.description(target);
  // XEP-0030 section 3.2: the answer names the node that was asked for.
  return {
    result: el(
      "query",
      { xmlns: info, node },
      ...identities.map(({ category, type, lang, name }) => el("identity", { category, type, "xml:lang": lang, name })),
      ...features.map((feature) => el("feature", { var: feature })),
    ),
  };
}

/** XEP-0030 section 8: an account's available resources, to those who see its presence; to others an empty list. The server has nothing below it. */
function list({ target, shared, account, house, payload }: IqRequest): IqReply {
  if (nodeOf(payload) !== undefined && (shared || target === "server")) return noSuchNode;
  const sessions = account !== undefined && shared ? house.sessions(account.bare) : [];
  const resources = sessions.filter((session) => session.available).map((session) => session.jid);
  return { result: el("query", { xmlns: items }, ...resources.map((jid) => el("item", { jid: jid.full }))) };
}

/** XEP-0030 section 3.2. */
const noSuchNode: IqReply = { fault: { condition: "item-not-found", text: "there is no such node" } };

/** An empty one is none. */
function nodeOf(payload: Element): string | undefined {
  const node = payload.attrs["node"] as string | undefined;
  return node === "" ? undefined : node;
}
