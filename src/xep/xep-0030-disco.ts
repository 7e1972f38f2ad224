/** Service discovery: what the server and an account are, and what they can do. */
import type { Extension, IqReply, NodeQuestion, SessionlessIqRequest } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { descriptionElement } from "../xml/entity-caps.ts";
import { el } from "../xml/stanza.ts";

const info = "http://jabber.org/protocol/disco#info";
const items = "http://jabber.org/protocol/disco#items";

export const disco: Extension = {
  name: "disco",
  specification: { id: "XEP-0030", version: "2.5.0", title: "Service Discovery" },
  serverFeatures: [info, items],
  accountFeatures: [info, items],
  iq: [
    { xmlns: info, name: "query", types: ["get"], at: ["server", "account"], sessionless: true, handle: describe },
    { xmlns: items, name: "query", types: ["get"], at: ["server", "account"], sessionless: true, handle: list },
  ],
};

/** XEP-0030 section 8: an account is described to those who see its presence. */
function describe(request: SessionlessIqRequest): IqReply | Promise<IqReply> {
  const { house, target, shared, payload } = request;
  const node = nodeOf(payload);
  if (target === "account" && node !== undefined) return describeNode(request, node);
  if (target === "account" && !shared) return { fault: { condition: "service-unavailable", text: "" } };
  if (node !== undefined && !house.serverNodes().includes(node)) return describeServerNode(request, node);
  return { result: descriptionElement(house.description(target), node) };
}

function describeServerNode({ house, iq: { to, from } }: SessionlessIqRequest, node: string): IqReply {
  for (const { info } of house.serverItems) {
    const found = info({ house, host: (to ?? from).domain, node, from });
    if (found !== undefined) return "fault" in found ? found : { result: descriptionElement(found, node) };
  }
  return noSuchNode;
}

/** What it is, is for the extension to say whose it is; so is who may know of it. */
async function describeNode(request: SessionlessIqRequest, node: string): Promise<IqReply> {
  const question = questionOf(request, node);
  if (question !== undefined) {
    for (const { info } of request.house.accountNodes) {
      const description = await info({ ...question, node });
      if (description !== undefined) return { result: descriptionElement(description, node) };
    }
  }
  return request.shared ? noSuchNode : { fault: { condition: "service-unavailable", text: "" } };
}

/** XEP-0030 section 8: an account's available resources, to those who see its presence; to others an empty list. Of the server, what has a domain of its own. */
async function list(request: SessionlessIqRequest): Promise<IqReply> {
  const { target, shared, account, house, payload } = request;
  const node = nodeOf(payload);
  if (target === "server") return node === undefined ? { result: el("query", { xmlns: items }, ...servicesOf(request)) } : listServerNode(request, node);
  const sessions = account !== undefined && shared && node === undefined ? house.sessions(account.bare) : [];
  const resources = sessions.filter((session) => session.available).map((session) => session.jid);
  const question = questionOf(request, node);
  const listed = question === undefined ? [] : await Promise.all(house.accountNodes.map((nodes) => nodes.items(question)));
  const found = listed.filter((elements) => elements !== undefined);
  if (node !== undefined && found.length === 0 && shared) return noSuchNode;
  return { result: el("query", { xmlns: items, node }, ...resources.map((jid) => el("item", { jid: jid.full })), ...found.flat()) };
}

function listServerNode({ house, iq: { to, from } }: SessionlessIqRequest, node: string): IqReply {
  const listed = house.serverItems.map((nodes) => nodes.items({ house, host: (to ?? from).domain, node, from }));
  const found = listed.filter((elements) => elements !== undefined);
  return found.length === 0 ? noSuchNode : { result: el("query", { xmlns: items, node }, ...found.flat()) };
}

/** Of the host that is asked: what belongs to another of the server's hosts is found there. */
function servicesOf({ house, iq: { to, from } }: SessionlessIqRequest): readonly Element[] {
  const asked = (to ?? from).domain;
  return [...house.services.all()].flatMap(({ domain, name, away }) => {
    if (away === true) return [];
    const above = house.hosts.filter((host) => domain.endsWith(`.${host}`)).toSorted((a, b) => b.length - a.length)[0];
    return (above ?? asked) === asked ? [el("item", { jid: domain, name })] : [];
  });
}

function questionOf({ house, account, iq: { from }, own, shared }: SessionlessIqRequest, node: string | undefined): NodeQuestion | undefined {
  return account === undefined ? undefined : { house, account, node, from, own, shared };
}

/** XEP-0030 section 3.2. */
const noSuchNode: IqReply = { fault: { condition: "item-not-found", text: "there is no such node" } };

/** An empty one is none. */
function nodeOf(payload: Element): string | undefined {
  const node = payload.attrs["node"] as string | undefined;
  return node === "" ? undefined : node;
}
