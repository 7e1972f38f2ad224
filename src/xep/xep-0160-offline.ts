/**
 * Offline messages: what is sent to a user who cannot take it is kept, and given to the resource that next can.
 * A message is kept until it is certain that a client has it.
 */
import { offlineKey } from "../domain/facts.ts";
import { parseJid } from "../domain/jid.ts";
import { offlineBytesMax } from "../domain/limits.ts";
import { recordedId } from "../domain/session-facts.ts";
import type { Account } from "../domain/account.ts";
import type { Extension, House } from "../router/extension.ts";
import type { Step } from "../step/batch.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { delayElement, delayNamespace } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { stanzaIdOf } from "../xml/stanza-id.ts";
import { el } from "../xml/stanza.ts";
import { deliveryOf } from "./xep-0160-delivery.ts";

const chatStates = "http://jabber.org/protocol/chatstates";
const hints = "urn:xmpp:hints";
/** The older way to say the same, which is still read (XEP-0203 section 4). */
const legacyDelay = "jabber:x:delay";

export const offline: Extension = {
  name: "offline",
  specification: { id: "XEP-0160", version: "1.0.1", title: "Best Practices for Handling Offline Messages" },
  serverFeatures: ({ offlineMessages }) => (offlineMessages > 0 ? ["msgoffline"] : []),
  inlineBinding: { prepare: clearArchived },
  phases: { stamp: stripDelays, deliver: keepBehind, undelivered: keepOrLeave },
  // What could not wait in its queue waits here.
  sessionResumed: ({ step, session, house }) => {
    const account = house.account(step, session.jid.bare);
    if (account !== undefined && (account.meta("offlineMessages") ?? 0) > 0) deliveryOf(house, account).look(step, session);
  },
  presenceChanged: ({ step, session, account, change, house }) => {
    if (change.available && (account.meta("offlineMessages") ?? 0) > 0) deliveryOf(house, account).look(step, session);
  },
};

/** XEP-0386 section 3.2: what waits and is in the archive is not given, for the client reads it there. What is not there goes on waiting. */
async function clearArchived({ account, house }: { readonly account: Account; readonly house: House }): Promise<((bound: { readonly step: Step }) => undefined) | undefined> {
  if ((account.meta("offlineMessages") ?? 0) === 0) return undefined;
  const delivery = deliveryOf(house, account);
  const archived = await delivery.archived();
  return ({ step }) => void delivery.drop(step, archived);
}

/** XEP-0203 section 5: nobody but this server says what it, or the account that is written to, has delayed. */
function stripDelays({ stanza, house }: Passage): Verdict {
  const { element, kind, from, to = from } = stanza;
  if (kind === "iq") return undefined;
  const isForged = (child: Element | string): boolean => {
    if (typeof child === "string" || !isDelay(child)) return false;
    const by = parseJid(String(child.attrs["from"] ?? ""));
    return by !== undefined && (by.bare === to.bare || (by.local === undefined && house.hosts.includes(by.domain)));
  };
  if (element.children.some(isForged)) element.children = element.children.filter((child) => !isForged(child));
  return undefined;
}

/**
 * RFC 6120 section 10.1: what would go into the queues of sessions without a link, while older messages wait until one of them is resumed,
 * waits behind these.
 */
function keepBehind(passage: Passage): Verdict {
  const { stanza, account, house } = passage;
  if (stanza.kind !== "message" || (stanza.type !== "chat" && stanza.type !== "normal") || stanza.to?.resource !== undefined) return undefined;
  if (account === undefined || (account.meta("offlineMessages") ?? 0) === 0) return undefined;
  const takers = house.sessions(account.bare).filter(({ available, priority }) => available && priority >= 0);
  const isAway = takers.length > 0 && takers.every(({ hibernating }) => hibernating);
  return isAway ? keep({ ...passage, why: "older messages wait for a session that has lost its link" }) : undefined;
}

/**
 * XEP-0160 section 2: what cannot be kept is refused with service-unavailable, as is a message to an account that does not exist. But
 * what is in the user's archive is stored for later retrieval (RFC 6121 section 8.5.2.2.1), and what is refused has no place there
 * (XEP-0313 section 6.1): where there is no room for it here it waits there alone.
 */
function keepOrLeave(passage: Passage): Verdict {
  const { stanza, account } = passage;
  const kept = keep(passage);
  // Nobody else says so: such ids by others were taken out.
  if (kept !== undefined || account === undefined || stanzaIdOf(stanza.element, account.bare) === undefined) return kept;
  return { stop: true, why: "in the user's archive, and there is no room for it among what waits", kept: true };
}

/** Kept, or left to whoever else may take it. */
function keep({ step, stanza, givenBack, account, house, why }: Passage): Verdict {
  if (account === undefined || stanza.kind !== "message" || !isWorthKeeping(stanza.element)) return undefined;
  const { host, username } = account;
  const text = serialise(delayedBy(stanza.element, host) ? stanza.element : withChild(stanza.element, delayElement(step.at, host)));
  const bytes = Buffer.byteLength(text);
  const { offlineMessages, queueStanzas, queueBytes } = house.limits;
  // What was in the queue of a session that is over has been accepted: its sender is not told of it any more, so there is room for it.
  const given = givenBack === true && offlineMessages > 0;
  const messagesMax = offlineMessages + (given ? queueStanzas : 0);
  const bytesMax = offlineBytesMax + (given ? queueBytes : 0);
  const messages = account.meta("offlineMessages") ?? 0;
  const limit = messages >= messagesMax ? "limits.offlineMessages" : (account.meta("offlineBytes") ?? 0) + bytes > bytesMax ? "offlineBytesMax" : undefined;
  if (limit !== undefined) {
    // Where none are kept at all nothing is refused.
    if (messagesMax > 0) house.refused(limit);
    return undefined;
  }
  const number = (account.meta("offlineLast") ?? 0) + 1;
  house.change(step, account, {
    type: "OfflineMessageStored",
    data: { host, username, number, bytes, id: recordedId(stanza.id), from: stanza.from.full, why: why ?? null },
    contents: [{ key: offlineKey(number), text }],
  });
  return { stop: true, why: "kept until the user is there", kept: true };
}

/**
 * XEP-0160 section 3, with what XEP-0334 section 4 adds. Other types of message than chat and normal have been dealt with before
 * (RFC 6121 section 8.5.2.2.1).
 */
function isWorthKeeping(message: Element): boolean {
  if (message.getChild("no-store", hints) !== undefined) return false;
  if (message.getChild("store", hints) !== undefined) return true;
  return message.children.some((child) => typeof child !== "string" && !isAside(child));
}

/** What may stand beside a chat state (XEP-0085 section 5.6), and what says something of the message alone. */
function isAside(child: Element): boolean {
  const xmlns = child.getNS();
  return xmlns === chatStates || xmlns === hints || child.name === "thread" || isDelay(child);
}

function isDelay(child: Element): boolean {
  return (child.name === "delay" && child.getNS() === delayNamespace) || (child.name === "x" && child.getNS() === legacyDelay);
}

/** It was kept once before, for a client that never acknowledged it: when it was first sent stays as it is. */
function delayedBy(element: Element, host: string): boolean {
  return element.getChildren("delay", delayNamespace).some(({ attrs }) => attrs["from"] === host);
}

function withChild(element: Element, child: Element): Element {
  const copy = el(element.name, element.attrs);
  copy.children = [...element.children, child];
  return copy;
}
