/** Making, configuring, emptying and deleting nodes (XEP-0060 sections 8.1 to 8.5). */
import { configForm, readConfig } from "../pubsub/config-form.ts";
import { fault, nodeIdRequired, noNode, notOwner } from "../pubsub/faults.ts";
import { defaultConfig } from "../pubsub/node-config.ts";
import { ownerNamespace, pubsubNamespace } from "../pubsub/node.ts";
import type { IqReply } from "../router/extension.ts";
import { findForm } from "../xml/data-form.ts";
import { el } from "../xml/stanza.ts";
import { answer, done, following, unexpected, type NodeAction, type NodeRequest } from "./xep-0060-request.ts";

/** XEP-0060 section 8.1. A node without a name is given one. */
export function create(request: NodeRequest): IqReply {
  const { step, account, own, house, node } = request;
  if (!own) return notOwner;
  const configure = following(request, "configure");
  if (configure === null || configure?.attrs["node"] !== undefined) return unexpected;
  const form = configure === undefined ? undefined : findForm(configure);
  const read = form === undefined ? { config: {} } : readConfig(form);
  if ("fault" in read) return read;
  const id = node === "" ? house.nextId() : node;
  const refused = house.nodes.create(step, account, id, read.config ?? {});
  return refused ?? answer(pubsubNamespace, el("create", { node: id }));
}

/** XEP-0060 section 8.2.1. */
export const showConfig: NodeAction = owners(({ account, house, node }) => {
  const known = house.nodes.node(account, node);
  return known === undefined ? noNode : answer(ownerNamespace, el("configure", { node }, configForm("form", known.config)));
});

/** XEP-0060 section 8.2.4. */
export const configure: NodeAction = owners(({ step, account, house, node, action }) => {
  if (house.nodes.node(account, node) === undefined) return noNode;
  const form = findForm(action);
  const read = form === undefined ? fault("bad-request", "the configuration is missing") : readConfig(form);
  if ("fault" in read) return read;
  return read.config === undefined ? done : (house.nodes.configure(step, account, node, read.config) ?? done);
});

/** XEP-0060 section 8.3. */
export function showDefault({ own }: NodeRequest): IqReply {
  return own ? answer(ownerNamespace, el("default", {}, configForm("form", defaultConfig))) : notOwner;
}

/** XEP-0060 section 8.4. */
export const remove: NodeAction = owners(({ step, account, house, node }) => house.nodes.delete(step, account, node) ?? done);

/** XEP-0060 section 8.5. */
export const purge: NodeAction = owners(({ step, account, house, node }) => house.nodes.purge(step, account, node) ?? done);

/** For the owner alone, of a node that is named, and nothing else in the same request. */
export function owners(perform: NodeAction): NodeAction {
  return (request) => {
    if (!request.own) return notOwner;
    if (request.node === "") return nodeIdRequired;
    return request.more.length > 0 ? unexpected : perform(request);
  };
}
