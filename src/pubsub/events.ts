/** The messages that tell of a node (XEP-0060 section 7.1.2, XEP-0163 section 4.3). */
import type { Account } from "../domain/account.ts";
import type { Step } from "../step/batch.ts";
import { delayElement } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { share } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { jidOf, type Recipient } from "./audience.ts";
import type { NodeHost } from "./host.ts";
import { eventNamespace, type NodeConfig } from "./node.ts";

export interface Item {
  readonly id: string;
  /** undefined: it has none. */
  readonly payload: Element | undefined;
  /** When it was published: ms since 1970. */
  readonly at: number;
  /** The full JID that published it, if that was available then: nobody is to learn of one that was not. */
  readonly by: string | undefined;
}

/** What a message says beside the event. */
export interface Circumstances {
  /** Whom an answer would go to (XEP-0033): told only to those who see the owner's presence. */
  readonly replyTo?: string | undefined;
  /** It is late: when it happened, ms since 1970. */
  readonly at?: number;
}

/** Tells each of them, in the name of the account. */
export function tell(
  host: NodeHost, step: Step, account: Account, config: NodeConfig, recipients: readonly Recipient[], event: Element, { replyTo, at }: Circumstances = {},
): void {
  const from = jidOf(account);
  const kind = "message";
  if (recipients.length > 1) share(event);
  const type = config.notification_type;
  for (const { session, account: reader, to } of recipients) {
    const id = host.nextId();
    const seen = reader === account || account.shows(reader.bare);
    const element = el(kind, { xmlns: clientNamespace, type, id, from: from.full, to: to.full });
    element.children = [
      event,
      ...(replyTo !== undefined && seen ? [replyAddress(replyTo)] : []),
      ...(at === undefined ? [] : [delayElement(at, from.full)]),
    ];
    host.deliver(step, { element, kind, type, id, from, to }, reader, session);
  }
}

/** `item` undefined: something was published that has no item. */
export function publishedEvent(node: string, config: NodeConfig, account: Account, item: Item | undefined): Element {
  return event(el("items", { node }, item === undefined ? undefined : itemElement(item, config, account, config.deliver_payloads)));
}

export function retractedEvent(node: string, ids: readonly string[]): Element {
  return event(el("items", { node }, ...ids.map((id) => el("retract", { id }))));
}

/** `name`: what has happened to the node as a whole. */
export function nodeEvent(name: "purge" | "delete" | "configuration", node: string, content?: Element): Element {
  return event(el(name, { node }, content));
}

export function subscriptionEvent(node: string, jid: string, subscription: string): Element {
  return event(el("subscription", { node, jid, subscription }));
}

/** As it is told and retrieved, in the namespace around it. */
export function itemElement({ id, payload }: Item, { itemreply }: NodeConfig, { bare }: Account, withPayload: boolean): Element {
  // Section 7.1.2.3: the account alone publishes, so it is the publisher, as the service knows it.
  return el("item", { id, publisher: itemreply === "publisher" ? bare : undefined }, withPayload && payload !== undefined ? ownCopy(payload) : undefined);
}

/** It names its namespace, which would else be that around it; the element itself stays where it is. */
export function ownCopy(payload: Element): Element {
  const copy = el(payload.name, { ...payload.attrs, xmlns: payload.getNS() ?? "" });
  copy.children = payload.children;
  return copy;
}

function event(content: Element): Element {
  return el("event", { xmlns: eventNamespace }, content);
}

function replyAddress(jid: string): Element {
  return el("addresses", { xmlns: "http://jabber.org/protocol/address" }, el("address", { type: "replyto", jid }));
}
