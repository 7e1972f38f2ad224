/** What a stanza tells the latest of: what may wait for a client that is inactive, and what outdates it. */
import type { Element } from "../xml/element.ts";
import { forwardNamespace } from "../xml/forwarded.ts";

const carbons = "urn:xmpp:carbons:2";
const hints = "urn:xmpp:hints";
const chatStates = "http://jabber.org/protocol/chatstates";
const events = "http://jabber.org/protocol/pubsub#event";
const mucUser = "http://jabber.org/protocol/muc#user";
/** What may stand beside a chat state and says nothing by itself (XEP-0085 section 5.6): hints, ids, delays. */
const asides: ReadonlySet<string> = new Set(["urn:xmpp:hints", "urn:xmpp:sid:0", "urn:xmpp:occupant-id:0", "urn:xmpp:delay"]);

/** What the latest of something is told of. */
export interface Subject {
  readonly kind: "presence" | "chat state" | "event";
  /** The same for what is outdated by the latest. */
  readonly key: string;
}

/** What a stanza tells the latest of, if that is all it does; undefined for what has to be delivered at once. */
export function subjectOf(element: Element): Subject | undefined {
  const { from, type } = element.attrs as { readonly from?: string; readonly type?: string };
  if (from === undefined) return undefined;
  if (element.name === "presence") return type === undefined || type === "unavailable" ? { kind: "presence", key: from } : undefined;
  if (element.name !== "message" || type === "error") return undefined;
  return chatStateOf(element, "") ?? (type === "headline" ? eventOf(element, from) : undefined);
}

/** A chat state without a message, or a copy of one (XEP-0280): the latest in each conversation is how it stands there. */
function chatStateOf(message: Element, direction: string): Subject | undefined {
  const children = message.children.filter((child): child is Element => typeof child !== "string");
  // Whoever wants it stored has more in mind than the moment (XEP-0334 section 4.4).
  if (message.getChild("store", hints) !== undefined) return undefined;
  const copied = direction === "" && children.length === 1 && children[0]!.getNS() === carbons ? children[0]!.getChild("forwarded", forwardNamespace)?.getChild("message") : undefined;
  if (copied !== undefined) return chatStateOf(copied, children[0]!.name);
  const isState = (child: Element) => child.getNS() === chatStates;
  if (!children.some(isState) || !children.every((child) => isState(child) || child.name === "thread" || isAside(child))) return undefined;
  const { from, to, type } = message.attrs as Readonly<Record<string, string | undefined>>;
  // In a room somebody may write to all, and to one alone.
  return { kind: "chat state", key: JSON.stringify([direction, from, to, type === "groupchat", message.getChildText("thread")]) };
}

/** What comes by way of a room says that it does (XEP-0045 section 7.5). */
function isAside(child: Element): boolean {
  const namespace = child.getNS() ?? "";
  return asides.has(namespace) || (namespace === mucUser && child.children.length === 0);
}

/** A notification of personal eventing (XEP-0163 section 4.3): another item of the node takes nobody's place. */
function eventOf(message: Element, from: string): Subject | undefined {
  const event = message.getChild("event", events);
  const [about] = event?.children.filter((child): child is Element => typeof child !== "string") ?? [];
  if (about === undefined || message.getChild("body") !== undefined) return undefined;
  const items = about.children.flatMap((child) => (typeof child === "string" ? [] : [String(child.attrs["id"])]));
  return { kind: "event", key: JSON.stringify([from, about.attrs["node"], about.name, ...items]) };
}
