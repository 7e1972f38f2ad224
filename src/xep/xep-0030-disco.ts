/** Service discovery: what the server and an account are, and what they can do. */
import type { EntityDescription } from "../domain/entity-caps.ts";
import type { Extension, IqReply, IqRequest, NodeQuestion } from "../router/extension.ts";
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
function describe(request: IqRequest): IqReply | Promise<IqReply> {
  const { house, target, shared, payload } = request;
  const node = nodeOf(payload);
  if (target === "account" && node !== undefined) return describeNode(request, node);
  if (target === "account" && !shared) return { fault: { condition: "service-unavailable", text: "" } };
  if (node !== undefined && !house.serverNodes().includes(node)) return noSuchNode;
  return { result: toQuery(house.description(target), node) };
}

/** What it is, is for the extension to say whose it is; so is who may know of it. */
async function describeNode(request: IqRequest, node: string): Promise<IqReply> {
  const question = questionOf(request, node);
  if (question !== undefined) {
    for (const { info } of request.house.accountNodes) {
      const description = await info({ ...question, node });
      if (description !== undefined) return { result: toQuery(description, node) };
    }
  }
  return request.shared ? noSuchNode : { fault: { condition: "service-unavailable", text: "" } };
}

function toQuery({ identities, features, forms = [] }: EntityDescription, node: string | undefined): Element {
  // XEP-0030 section 3.2: the answer names the node that was asked for.
  return el(
    "query",
    { xmlns: info, node },
    ...identities.map(({ category, type, lang, name }) => el("identity", { category, type, "xml:lang": lang, name })),
    ...features.map((feature) => el("feature", { var: feature })),
    ...forms.map(({ fields }) =>
      el(
        "x",
        { xmlns: "jabber:x:data", type: "result" },
        ...fields.map(({ var: name, type, values }) => el("field", { var: name, type }, ...values.map((value) => el("value", {}, value)))),
      ),
    ),
  );
}

/** XEP-0030 section 8: an account's available resources, to those who see its presence; to others an empty list. The server has nothing below it. */
async function list(request: IqRequest): Promise<IqReply> {
  const { target, shared, account, house, payload } = request;
  const node = nodeOf(payload);
  if (node !== undefined && target === "server") return noSuchNode;
  const sessions = account !== undefined && shared && node === undefined ? house.sessions(account.bare) : [];
  const resources = sessions.filter((session) => session.available).map((session) => session.jid);
  const question = questionOf(request, node);
  const listed = question === undefined ? [] : await Promise.all(house.accountNodes.map((nodes) => nodes.items(question)));
  const found = listed.filter((elements) => elements !== undefined);
  if (node !== undefined && found.length === 0 && shared) return noSuchNode;
  return { result: el("query", { xmlns: items, node }, ...resources.map((jid) => el("item", { jid: jid.full })), ...found.flat()) };
}

function questionOf({ house, account, iq: { from }, own, shared }: IqRequest, node: string | undefined): NodeQuestion | undefined {
  return account === undefined ? undefined : { house, account, node, from, own, shared };
}

/** XEP-0030 section 3.2. */
const noSuchNode: IqReply = { fault: { condition: "item-not-found", text: "there is no such node" } };

/** An empty one is none. */
function nodeOf(payload: Element): string | undefined {
  const node = payload.attrs["node"] as string | undefined;
  return node === "" ? undefined : node;
}
