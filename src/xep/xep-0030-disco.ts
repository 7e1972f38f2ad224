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
  if (hasNode(payload)) return noSuchNode;
  const identity =
    target === "server"
      ? el("identity", { category: "server", type: "im", name: house.software.name })
      : el("identity", { category: "account", type: "registered" });
  const features = house.features(target).map((feature) => el("feature", { var: feature }));
  return { result: el("query", { xmlns: info }, identity, ...features) };
}

/** XEP-0030 section 8: an account's available resources, to those who see its presence; to others an empty list. The server has nothing below it. */
function list({ target, shared, account, house, payload }: IqRequest): IqReply {
  if (hasNode(payload) && (shared || target === "server")) return noSuchNode;
  const sessions = account !== undefined && shared ? house.sessions(account.bare) : [];
  const resources = sessions.filter((session) => session.available).map((session) => session.jid);
  return { result: el("query", { xmlns: items }, ...resources.map((jid) => el("item", { jid: jid.full }))) };
}

/** XEP-0030 section 3.2: there are none here. */
const noSuchNode: IqReply = { fault: { condition: "item-not-found", text: "there is no such node" } };

function hasNode(payload: Element): boolean {
  const node: unknown = payload.attrs["node"];
  return node !== undefined && node !== "";
}
