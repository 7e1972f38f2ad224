/**
 * Message carbons: each of a user's clients that asks for it sees both sides of all conversations, whichever client of the user
 * sends or is written to. Whatever the delivery table gives to whom, nobody gets a message twice: either itself or one copy of it.
 */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import { carbonIdCharsMax, carbonsRememberedMax } from "../domain/limits.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { sessionState } from "../router/session-state.ts";
import type { Session } from "../session/environment.ts";
import type { Element } from "../xml/element.ts";
import { forwarded } from "../xml/forwarded.ts";
import { clientNamespace, el, type Stanza, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:carbons:2";
const hints = "urn:xmpp:hints";
const stanzaIds = "urn:xmpp:sid:0";
const occupants = "http://jabber.org/protocol/muc#user";
const directInvitation = "jabber:x:conference";
/** What instant messaging uses besides bodies (section 6.1): receipts, chat states, markers. */
const payloads: ReadonlySet<string> = new Set(["urn:xmpp:receipts", "http://jabber.org/protocol/chatstates", "urn:xmpp:chat-markers:0"]);

/** Its client has asked for them. */
const enabled = sessionState<boolean>({ initial: false, read: (recorded) => recorded === true });

export const carbons: Extension = {
  name: "carbons",
  specification: {
    id: "XEP-0280",
    version: "1.0.1",
    title: "Message Carbons",
    missing: [
      "An error with which this server itself returns a message is not copied, so urn:xmpp:carbons:rules:0 is not announced (sections 6.1 and 6.2).",
    ],
  },
  serverFeatures: [xmlns],
  iq: [
    { xmlns, name: "enable", types: ["set"], at: ["account"], handle: (request) => set(request, true) },
    { xmlns, name: "disable", types: ["set"], at: ["account"], handle: (request) => set(request, false) },
  ],
  // XEP-0386 section 3.2: nothing is to be answered, since it does not fail.
  inlineBinding: { feature: xmlns, enable: ({ step, session, element: { name } }) => void (name === "enable" && enabled.set(step, session, true)) },
  sessionState: enabled,
  phases: { copy },
};

/** Sections 4 and 5; asking again for what is so already is no error (section 10.1). */
function set({ own, session, step }: IqRequest, value: boolean): IqReply {
  if (!own) return refused("not-allowed", "these are another user's carbons");
  if (!session.connected) return refused("unexpected-request", "bind a resource first");
  if (enabled.of(session) !== value) enabled.set(step, session, value);
  return { result: undefined };
}

/** Sections 7 and 8. Who writes to itself is one user, whose other clients get one copy. */
function copy({ step, stanza, sender, house, account, recipients = [], archived }: Passage): Verdict {
  if (stanza.kind !== "message" || account === undefined) return undefined;
  const { element, from, to } = stanza;
  const user = house.account(step, from.bare);
  if (to === undefined || !isEligible(stanza, account)) return undefined;
  if (user !== undefined) remember(user, stanza, to);
  const others = (bareJid: string): readonly Session[] =>
    house.sessions(bareJid).filter((session) => session !== sender && enabled.of(session) && !recipients.includes(session));
  const give = (owner: Account, jid: Jid, direction: "sent" | "received", sessions: readonly Session[], original: Element): void => {
    const content = el(direction, { xmlns }, forwarded(original));
    for (const session of sessions) {
      const attrs = { xmlns: clientNamespace, from: jid.full, to: session.jid.full, type: element.attrs["type"] as string | undefined };
      const carbon = el("message", attrs, content);
      house.deliver(step, { element: carbon, kind: "message", type: stanza.type, id: undefined, from: jid, to: session.jid }, owner, session);
    }
  };
  const senders = user === undefined ? [] : others(from.bare);
  if (user !== undefined && senders.length > 0) give(user, from.toBare(), "sent", senders, asArchived(element, from, to, archived));
  if (from.bare === to.bare || isFromOccupant(element, from)) return undefined;
  const receivers = others(to.bare);
  if (receivers.length > 0) give(account, to.toBare(), "received", receivers, element);
  return undefined;
}

/** Section 6.1. `account`: whom it is for, and who may have written what an error answers. */
function isEligible(stanza: Stanza, account: Account): boolean {
  const { element, type } = stanza;
  // XEP-0334 section 5: an error may hold the hints of what it answers, which are none of its own.
  if (type === "error") return isAnswer(stanza, account);
  if (type === "groupchat" || element.getChild("private", xmlns) !== undefined || element.getChild("no-copy", hints) !== undefined) return false;
  if (type === "chat" || (type === "normal" && element.getChild("body", clientNamespace) !== undefined)) return true;
  return element.children.some((child) => typeof child !== "string" && (payloads.has(child.getNS() ?? "") || isInvitation(child)));
}

/** To a room, directly (XEP-0249) or by the room itself (XEP-0045 section 7.8.2). */
function isInvitation(child: Element): boolean {
  if (child.name !== "x") return false;
  const namespace = child.getNS();
  return namespace === directInvitation || (namespace === occupants && child.getChild("invite", occupants) !== undefined);
}

/** A room gives its private messages to each client of the user that is in it, and invitations to none (section 6.1). */
function isFromOccupant(element: Element, from: Jid): boolean {
  const about = from.resource === undefined ? undefined : element.getChild("x", occupants);
  return about !== undefined && !isInvitation(about);
}

/** What of the user was eligible lately: an error that answers it is eligible too. Clients that answer do so soon. */
const remembered = new WeakMap<Account, Set<string>>();

function remember(user: Account, { type, id, from }: Stanza, to: Jid): void {
  if (id === undefined || id.length > carbonIdCharsMax || type === "error") return;
  let known = remembered.get(user);
  if (known === undefined) remembered.set(user, (known = new Set()));
  known.add(exchange(from, to, id));
  if (known.size > carbonsRememberedMax) known.delete(known.values().next().value!);
}

function isAnswer({ id, from, to }: Stanza, account: Account): boolean {
  return id !== undefined && to !== undefined && remembered.get(account)?.has(exchange(to, from, id)) === true;
}

/** What was written to a bare JID is answered by one of its resources. No JID holds a line break. */
function exchange(writer: Jid, reader: Jid, id: string): string {
  return `${writer.full}\n${reader.bare}\n${id}`;
}

/** As the sender's own archive has it: under its id there (XEP-0359), and not under that of who gets the message. */
function asArchived(message: Element, from: Jid, to: Jid, archived: Passage["archived"]): Element {
  const id = archived?.get(from.bare);
  const isTheirs = (child: Element | string): boolean =>
    typeof child !== "string" && child.name === "stanza-id" && child.getNS() === stanzaIds && child.attrs["by"] === to.bare;
  if (id === undefined && !message.children.some(isTheirs)) return message;
  const own = el(message.name, message.attrs);
  own.children = message.children.filter((child) => !isTheirs(child));
  if (id !== undefined) own.children.push(el("stanza-id", { xmlns: stanzaIds, by: from.bare, id }));
  return own;
}

function refused(condition: StanzaFault["condition"], text: string): { readonly fault: StanzaFault } {
  return { fault: { condition, text } };
}
