/** A request for the nodes of an account: one thing that is to be done, and what goes with it (XEP-0060 section 17). */
import { Account } from "../domain/account.ts";
import { nodePageBytesMax, nodePeopleChangesMax } from "../domain/limits.ts";
import { fault, limited, type Fault } from "../pubsub/faults.ts";
import type { Entry } from "../pubsub/node.ts";
import type { IqReply, IqRequest } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { escapeAttribute } from "../xml/serialise.ts";
import { el } from "../xml/stanza.ts";

export interface NodeRequest extends Omit<IqRequest, "account" | "payload"> {
  /** One that does not exist has no nodes, which is what strangers learn of it. */
  readonly account: Account;
  /** What is to be done. */
  readonly action: Element;
  /** The node that it names; empty for none. */
  readonly node: string;
  /** The elements that follow it. */
  readonly more: readonly Element[];
}

export type NodeAction = (request: NodeRequest) => IqReply | Promise<IqReply>;

/** By the name of the element. */
export type NodeActions = Readonly<Record<string, NodeAction>>;

export function dispatch(actions: NodeActions): (request: IqRequest) => IqReply | Promise<IqReply> {
  return ({ payload, account, ...request }) => {
    const { iq } = request;
    const { local, domain } = iq.to ?? iq.from;
    const [action, ...more] = elementsOf(payload);
    const perform = action === undefined || action.getNS() !== payload.getNS() || !Object.hasOwn(actions, action.name) ? undefined : actions[action.name];
    if (action === undefined || perform === undefined) return fault("bad-request", "this is nothing that can be asked for here");
    const node = (action.attrs["node"] as string | undefined) ?? "";
    return perform({ ...request, account: account ?? new Account(domain, local ?? ""), action, node, more });
  };
}

/** The one element of this name that may follow. null: there is something else. */
export function following({ action, more }: NodeRequest, name: string): Element | null | undefined {
  const [first, ...others] = more;
  return others.length > 0 || (first !== undefined && !isNamed(first, name, action)) ? null : first;
}

/** Whether it has this name, in the namespace of that one. */
export function isNamed(element: Element, name: string, other: Element): boolean {
  return element.name === name && element.getNS() === other.getNS();
}

export function elementsOf(element: Element): readonly Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string");
}

export function answer(xmlns: string, ...children: readonly (Element | undefined)[]): IqReply {
  return { result: el("pubsub", { xmlns }, ...children) };
}

/** As many entries from the beginning as one answer can carry; one in any case. `payloadBytes`: what of an entry stands there beside its id. */
export function withinBytes(entries: readonly Entry[], payloadBytes: (entry: Entry) => number): readonly Entry[] {
  let bytes = 0;
  const end = entries.findIndex((entry) => (bytes += Buffer.byteLength(escapeAttribute(entry.id)) + payloadBytes(entry)) > nodePageBytesMax);
  return end === -1 ? entries : entries.slice(0, Math.max(1, end));
}

/** Why an owner cannot change so many affiliations or subscriptions at once. */
export function crowdFault(changes: readonly Element[]): Fault | undefined {
  return changes.length <= nodePeopleChangesMax ? undefined : limited("nodePeopleChangesMax", fault("policy-violation", `change at most ${nodePeopleChangesMax} in one request`));
}

export const done: IqReply = { result: undefined };
export const unexpected: IqReply = fault("bad-request", "there is more than was asked for, or it is in another order");
