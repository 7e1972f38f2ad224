/** Explicit subscriptions: asked for, ended, listed, and decided on by the owner (XEP-0060 sections 5.6, 6.1, 6.2, 8.6 and 8.8). */
import type { Account } from "../domain/account.ts";
import { parseJid } from "../domain/jid.ts";
import { fault, nodeIdRequired, noNode, unsupported } from "../pubsub/faults.ts";
import { ownerNamespace, pubsubNamespace, type SubscriptionState } from "../pubsub/node.ts";
import type { Subscribed, SubscriptionChange } from "../pubsub/people.ts";
import { readAnswer } from "../pubsub/requests.ts";
import type { IqReply } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { owners } from "./xep-0060-configure.ts";
import { answer, crowdFault, done, elementsOf, isNamed, unexpected, type NodeAction, type NodeRequest } from "./xep-0060-request.ts";

export function subscribe({ step, account, house, iq, action, node, more }: NodeRequest): IqReply | Promise<IqReply> {
  if (more.length > 0) return more[0]?.name === "options" ? noOptions() : unexpected;
  if (node === "") return nodeIdRequired;
  const jid = addressOf(action);
  if (jid === undefined) return invalidJid;
  const subscribed = house.nodes.people.subscribe(step, account, node, jid, iq.from);
  const reply = (done: Subscribed): IqReply => ("fault" in done ? done : answer(pubsubNamespace, subscriptionElement(jid.full, done.state, node)));
  return subscribed instanceof Promise ? subscribed.then(reply) : reply(subscribed);
}

export function unsubscribe({ step, account, house, iq, action, node, more }: NodeRequest): IqReply {
  if (more.length > 0) return unexpected;
  if (node === "") return nodeIdRequired;
  const jid = addressOf(action);
  if (jid === undefined) return invalidJid;
  return house.nodes.people.unsubscribe(step, account, node, jid, iq.from) ?? answer(pubsubNamespace, subscriptionElement(jid.full, "none", node));
}

/** Section 5.6: the asker's own, to all nodes or to one. */
export function ownSubscriptions({ account, house, iq, node, more }: NodeRequest): IqReply {
  if (more.length > 0) return unexpected;
  const found = house.nodes.people.subscriptionsOfUser(account, iq.from.bare).filter((each) => node === "" || each.node === node);
  const elements = found.map((each) => subscriptionElement(each.jid, each.state, each.node));
  return answer(pubsubNamespace, el("subscriptions", { node: node === "" ? undefined : node }, ...elements));
}

/** Section 8.8.1: those who wait for an answer are not among them. */
export const showSubscriptions: NodeAction = owners(({ account, house, node }) => {
  if (house.nodes.node(account, node) === undefined) return noNode;
  const found = [...house.nodes.people.subscriptions(account, node)].filter(([, state]) => state === "subscribed");
  return answer(ownerNamespace, el("subscriptions", { node }, ...found.map(([jid, state]) => subscriptionElement(jid, state))));
});

/** Section 8.8.2.4: those that cannot be as they are wanted come back as they are; the others are as they are wanted. */
export const setSubscriptions: NodeAction = owners(({ step, account, house, node, action }) => {
  if (house.nodes.node(account, node) === undefined) return noNode;
  const elements = elementsOf(action);
  const tooMany = crowdFault(elements);
  if (tooMany !== undefined) return tooMany;
  /** undefined: it is malformed, or nothing that can be. */
  const changes = elements.map((element): SubscriptionChange | "none" | undefined => {
    const jid = addressOf(element);
    const state = element.attrs["subscription"] as string | undefined;
    if (!isNamed(element, "subscription", action) || jid === undefined) return undefined;
    if (state === undefined) return "none";
    return isState(state) ? { jid, state } : undefined;
  });
  const sound = changes.filter((change) => typeof change === "object");
  const faults = house.nodes.people.setSubscriptions(step, account, node, sound);
  const refused = new Set<unknown>([undefined, ...sound.filter((_, index) => faults[index] !== undefined)]);
  const wrong = elements.filter((_, index) => refused.has(changes[index]));
  if (wrong.length === 0) return done;
  const known = house.nodes.people.subscriptions(account, node);
  const returned = wrong.map((element) => subscriptionElement(String(element.attrs["jid"] ?? ""), known.get(addressOf(element)?.full ?? "") ?? "none"));
  return { ...fault("not-acceptable"), payload: el("pubsub", { xmlns: ownerNamespace }, el("subscriptions", { node }, ...returned)) };
});

/** Sections 6.3.4.6 and 6.4.3.2: subscriptions have no options. */
export function noOptions(): IqReply {
  return unsupported("subscription-options", "subscriptions have no options");
}

/** Section 8.6: what the owner says of a request, which is nobody else's business. */
export function decided({ step, stanza, account, house }: Passage): Verdict {
  if (account === undefined || !isForOneself(stanza, account)) return undefined;
  const said = readAnswer(stanza.element);
  if (said === undefined) return undefined;
  const why = "the owner of a node has answered a request to subscribe";
  // Cancelled, or nothing that can be understood: it goes on waiting.
  if (said === null) return { stop: true, why };
  const { node, jid, allow } = said;
  if (house.nodes.people.subscriptions(account, node).get(jid.full) !== "pending") {
    return { fault: { condition: "item-not-found", text: "nobody waits for this answer" }, why };
  }
  const [refused] = house.nodes.people.setSubscriptions(step, account, node, [{ jid, state: allow ? "subscribed" : "none" }]);
  return refused === undefined ? { stop: true, why } : { ...refused, why };
}

function isForOneself({ kind, type, from, to }: Passage["stanza"], account: Account): boolean {
  return kind === "message" && type !== "error" && from.bare === account.bare && to?.full === account.bare;
}

function subscriptionElement(jid: string, subscription: SubscriptionState | "none", node?: string): Element {
  return el("subscription", { node, jid, subscription });
}

function addressOf(action: Element): ReturnType<typeof parseJid> {
  return parseJid((action.attrs["jid"] as string | undefined) ?? "");
}

function isState(text: string): text is "subscribed" | "none" {
  return text === "subscribed" || text === "none";
}

const invalidJid = fault("bad-request", "name the address that is meant", "invalid-jid");
