/** What waits for a client that is inactive: of each subject the latest only, in the order in which those came. Bounded. */
import { heldCharsMax, heldStanzasMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { forwardNamespace } from "../xml/forwarded.ts";
import { serialise } from "../xml/serialise.ts";

const carbons = "urn:xmpp:carbons:2";
const hints = "urn:xmpp:hints";
const chatStates = "http://jabber.org/protocol/chatstates";
const events = "http://jabber.org/protocol/pubsub#event";
/** What may stand beside a chat state and says nothing by itself (XEP-0085 section 5.6): hints, ids, delays. */
const asides: ReadonlySet<string> = new Set(["urn:xmpp:hints", "urn:xmpp:sid:0", "urn:xmpp:delay"]);

export class Held {
  #stanzas = new Map<string, { readonly element: Element; readonly chars: number }>();
  #chars = 0;

  /** Takes the place of what is held of the same subject. Returns false, and holds nothing more, where there is no room. */
  add(step: Step, { kind, key }: Subject, element: Element): boolean {
    const stanzas = this.#stanzas;
    const subject = `${kind} ${key}`;
    const chars = serialise(element).length;
    const before = stanzas.get(subject);
    const more = chars - (before?.chars ?? 0);
    if (this.#chars + more > heldCharsMax || (before === undefined && stanzas.size >= heldStanzasMax)) return false;
    // What came between the two of them stays before the second one.
    stanzas.delete(subject);
    stanzas.set(subject, { element, chars });
    this.#chars += more;
    step.ifDiscarded(() => {
      stanzas.delete(subject);
      if (before !== undefined) stanzas.set(subject, before);
      this.#chars -= more;
    });
    return true;
  }

  /** All of it, which is held no more. */
  take(step: Step): readonly Element[] {
    if (this.#stanzas.size === 0) return [];
    const [stanzas, chars] = [this.#stanzas, this.#chars];
    this.#stanzas = new Map();
    this.#chars = 0;
    step.ifDiscarded(() => {
      this.#stanzas = stanzas;
      this.#chars = chars;
    });
    return [...stanzas.values()].map(({ element }) => element);
  }
}

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
  if (!children.some(isState) || !children.every((child) => isState(child) || child.name === "thread" || asides.has(child.getNS() ?? ""))) return undefined;
  return { kind: "chat state", key: JSON.stringify([direction, message.attrs["from"], message.attrs["to"], message.getChildText("thread")]) };
}

/** A notification of personal eventing (XEP-0163 section 4.3): another item of the node takes nobody's place. */
function eventOf(message: Element, from: string): Subject | undefined {
  const event = message.getChild("event", events);
  const [about] = event?.children.filter((child): child is Element => typeof child !== "string") ?? [];
  if (about === undefined || message.getChild("body") !== undefined) return undefined;
  const items = about.children.flatMap((child) => (typeof child === "string" ? [] : [String(child.attrs["id"])]));
  return { kind: "event", key: JSON.stringify([from, about.attrs["node"], about.name, ...items]) };
}
