/** The facts that make an account what a document says it is. What clients could not have brought about is refused. */
import { decodeKeys, iterationsMax, type StoredCredentials } from "../../auth/keys.ts";
import { offlineKey, type AccountFact } from "../../domain/facts.ts";
import { type Jid, parseJid } from "../../domain/jid.ts";
import { offlineBytesMax, rosterBytesMax, rosterGroupsMax, rosterNameBytesMax, stateKeysMax, stateValueBytesMax, subscriptionRequestCharsMax } from "../../domain/limits.ts";
import { type RosterItem, rosterItemBytes } from "../../domain/roster.ts";
import { subscriptionParts, subscriptionState } from "../../domain/subscription.ts";
import type { DatedFact } from "../../log/accounts.ts";
import type { Element } from "../../xml/element.ts";
import { adoptElement } from "../../xml/parse-element.ts";
import { escapeText, serialise } from "../../xml/serialise.ts";
import { clientNamespace } from "../../xml/stanza.ts";
import { AdminError } from "../errors.ts";
import { type AccountDocument, type ExtensionValue, unfinishedPlace } from "./account-document.ts";
import { keptProblem } from "./kept-xml.ts";

type Owner = Jid & { readonly local: string };

/**
 * What is to be recorded besides the creation of the account and its credentials; `owner` is the document's own JID, and
 * `offlineMessagesMax` how many messages the server keeps for a user who is not there. Throws AdminError that names what is wrong.
 */
export function toFacts(document: AccountDocument, owner: Owner, offlineMessagesMax: number): readonly DatedFact[] {
  const { host, username } = { host: owner.domain, username: owner.local };
  const roster = document.roster.map((item) => toItem(item, owner));
  refuseTwice("roster", roster.map(({ jid }) => jid), owner);
  refuseTooMuch("the roster", roster.map(rosterItemBytes), rosterBytesMax, owner);
  const blocked = [...new Set(document.blocked.map((text) => toJid("blocked", text, owner).full))];
  const requests = toRequests(document, roster, owner);
  const keys = document.data.map((value) => checkKey(value, owner));
  if (document.data.some(({ space }) => space === unfinishedPlace.space)) {
    throw refusal(`${owner.bare}: data: the space ${JSON.stringify(unfinishedPlace.space)} is the server's own; leave it out`);
  }
  refuseTwice("data", keys, owner);
  checkState(document.state, owner);
  const problem = keptProblem(document.data);
  if (problem !== undefined) throw refusal(`${owner.bare}: ${problem}`);
  if (document.offlineMessages.length > offlineMessagesMax) {
    const expected = `expected at most ${offlineMessagesMax} (limits.offlineMessages), got ${document.offlineMessages.length}`;
    throw refusal(`${owner.bare}: the offline messages: ${expected}; raise the limit, or remove some`);
  }
  const messages = document.offlineMessages.map((text, index) => toMessage(text, index + 1, owner));
  const sizes = messages.map(({ text }) => Buffer.byteLength(text));
  refuseTooMuch("the offline messages", sizes, offlineBytesMax, owner);
  const { left } = document;
  if (left !== undefined) checkText("left: status", left.status, owner);
  const facts: readonly (DatedFact | readonly DatedFact[])[] = [
    roster.map((item, index): AccountFact => ({ type: "RosterItemSet", data: { host, username, item, version: index + 1 } })),
    requests.map(({ from, stanza }): AccountFact => ({ type: "SubscriptionRequested", data: { host, username, from, stanza } })),
    blocked.length === 0 ? [] : { type: "ContactsBlocked", data: { host, username, jids: blocked } },
    messages.map(({ text, id, from }, index): AccountFact => {
      const number = index + 1;
      const data = { host, username, number, bytes: sizes[index] ?? 0, id, from, why: "it came with the account" };
      return { type: "OfflineMessageStored", data, contents: [{ key: offlineKey(number), text }] };
    }),
    document.archive === true ? { type: "AccountDataSet", data: { host, username, ...unfinishedPlace, value: true } } : [],
    document.data.map(({ space, key, value }): AccountFact => ({ type: "AccountDataSet", data: { host, username, space, key, value } })),
    document.state.map(({ space, key, value }): AccountFact => ({ type: "AccountStateSet", data: { host, username, space, key, value } })),
    document.disabled === true ? { type: "AccountDisabled", data: { host, username } } : [],
    left === undefined ? [] : { type: "UserLeft", data: { host, username, status: left.status }, at: left.at },
  ];
  return facts.flat();
}

/** The keys of a document, as they can be kept. Throws AdminError if nobody could log in with them. */
export function toCredentials({ jid, credentials = {} }: AccountDocument): StoredCredentials {
  const names = (["SCRAM-SHA-1", "SCRAM-SHA-256"] as const).filter((name) => credentials[name] !== undefined);
  if (names.length === 0) {
    const problem = "there is neither a password nor a key for SCRAM-SHA-1 or SCRAM-SHA-256, so nobody could log in";
    throw refusal(`${jid}: ${problem}; give it a password`);
  }
  for (const name of names) {
    try {
      if (decodeKeys(name, credentials).iterations <= iterationsMax) continue;
    } catch {
      // The message below says what was expected.
    }
    throw refusal(`${jid}: the ${name} keys are damaged: expected base64 of the hash's length and 1–${iterationsMax} iterations`);
  }
  return credentials;
}

/** RFC 6121 section 2.1.2; section 2.3.3 for what a client may set. */
function toItem(item: RosterItem, owner: Owner): RosterItem {
  const jid = toJid("roster", item.jid, owner);
  const where = `${owner.bare}: contact ${jid.full}`;
  if (jid.bare === owner.bare) throw refusal(`${where}: nobody is a contact of their own; leave it out`);
  checkText(`contact ${jid.full}: name`, item.name, owner);
  if ([item.name, ...item.groups].some((text) => Buffer.byteLength(text) > rosterNameBytesMax)) {
    throw refusal(`${where}: a name or group of more than ${rosterNameBytesMax} bytes; shorten it`);
  }
  if (item.groups.length > rosterGroupsMax) throw refusal(`${where}: more than ${rosterGroupsMax} groups`);
  for (const group of item.groups) {
    checkText(`contact ${jid.full}: group`, group, owner);
    if (group === "") throw refusal(`${where}: a group without a name`);
  }
  refuseTwice(`contact ${jid.full}: group`, item.groups, owner);
  // No state of RFC 6121 appendix A has a request to who is seen already: there, nothing is asked any more.
  const state = subscriptionState({ subscription: item.subscription, pendingOut: item.ask, pendingIn: false });
  const { subscription, pendingOut } = subscriptionParts[state];
  return { jid: jid.full, name: item.name, groups: item.groups, subscription, ask: pendingOut, approved: item.approved };
}

/** RFC 6121 section 3.1.3: from one bare JID to another. Whoever sees the user already asks for nothing. */
function toRequests({ requests }: AccountDocument, roster: readonly RosterItem[], owner: Owner): AccountDocument["requests"] {
  const seen = new Set(roster.filter(({ subscription }) => subscription === "from" || subscription === "both").map(({ jid }) => jid));
  const made = requests.map(({ from, stanza: text }) => {
    const contact = toJid("requests", from, owner).toBare();
    const what = `request of ${contact.bare}`;
    const element = toElement(what, text, "presence", owner);
    if (element.attrs["type"] !== "subscribe") throw refusal(`${owner.bare}: ${what}: expected a presence stanza of type subscribe`);
    Object.assign(element.attrs, { from: contact.bare, to: owner.bare });
    const stanza = serialise(element);
    if (stanza.length > subscriptionRequestCharsMax) {
      throw refusal(`${owner.bare}: ${what}: longer than ${subscriptionRequestCharsMax} characters; shorten it`);
    }
    return { from: contact.bare, stanza };
  });
  refuseTwice("requests", made.map(({ from }) => from), owner);
  return made.filter(({ from }) => !seen.has(from) && from !== owner.bare);
}

/** Text that is in canonical form already stays as it is. */
function toMessage(text: string, number: number, owner: Owner): { readonly text: string; readonly id: string | null; readonly from: string } {
  const what = `offline message ${number}`;
  const element = toElement(what, text, "message", owner);
  const from = element.attrs["from"] as string | undefined;
  const sender = from === undefined ? undefined : parseJid(from);
  if (sender === undefined) throw refusal(`${owner.bare}: ${what}: expected a JID in 'from', got ${JSON.stringify(from ?? null)}`);
  const to = element.attrs["to"] as string | undefined;
  if (to === undefined) element.attrs["to"] = owner.bare;
  else if (parseJid(to) === undefined) throw refusal(`${owner.bare}: ${what}: expected a JID in 'to', got ${JSON.stringify(to)}`);
  const form = [serialise(element, clientNamespace), serialise(element)].find((form) => form === text) ?? serialise(element);
  const id = element.attrs["id"] as string | undefined;
  return { text: form, id: id ?? null, from: sender.full };
}

function toElement(what: string, text: string, name: string, owner: Owner): Element {
  let element: Element;
  try {
    element = adoptElement(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refusal(`${owner.bare}: ${what}: ${error.message}`);
  }
  const namespace = element.getNS() ?? "";
  if (element.name === name && namespace === clientNamespace) return element;
  throw refusal(`${owner.bare}: ${what}: expected a ${name} stanza in ${clientNamespace}, got ${element.name} in ${namespace}`);
}

/** Keys in the store are text that every engine keeps. */
function checkKey({ space, key }: Pick<ExtensionValue, "space" | "key">, owner: Owner): string {
  const text = `${space}/${key}`;
  if (space === "" || space.includes("/") || /[\0\p{Surrogate}]/u.test(text)) {
    throw refusal(`${owner.bare}: data ${JSON.stringify(text)}: expected a space without "/" and no control characters`);
  }
  return text;
}

/** As `House.setState` bounds it. */
function checkState(state: AccountDocument["state"], owner: Owner): void {
  refuseTwice("state", state.map((value) => checkKey(value, owner)), owner);
  const keys = new Map<string, number>();
  for (const { space, key, value } of state) {
    const bytes = Buffer.byteLength(JSON.stringify(value));
    const name = JSON.stringify(`${space}/${key}`);
    if (bytes > stateValueBytesMax) throw refusal(`${owner.bare}: state ${name}: expected at most ${stateValueBytesMax} bytes, got ${bytes}; shorten it`);
    keys.set(space, (keys.get(space) ?? 0) + 1);
    if (keys.get(space)! > stateKeysMax) throw refusal(`${owner.bare}: state: expected at most ${stateKeysMax} keys of ${space}; remove some`);
  }
}

function toJid(what: string, text: string, owner: Owner): Jid {
  const jid = parseJid(text);
  if (jid === undefined) throw refusal(`${owner.bare}: ${what}: expected a JID, got ${JSON.stringify(text)}`);
  return jid;
}

/** What no XML stream can carry would end the stream of the client that it is sent to. */
function checkText(what: string, text: string, owner: Owner): void {
  try {
    escapeText(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refusal(`${owner.bare}: ${what}: ${error.message}; remove it`);
  }
}

/** What is given to a client in one go. */
function refuseTooMuch(what: string, sizes: readonly number[], bytesMax: number, owner: Owner): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > bytesMax) throw refusal(`${owner.bare}: ${what}: expected at most ${bytesMax} bytes, got ${bytes}; remove some`);
}

function refuseTwice(what: string, texts: readonly string[], owner: Owner): void {
  const seen = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) throw refusal(`${owner.bare}: ${what}: ${JSON.stringify(text)} is there twice; remove one`);
    seen.add(text);
  }
}

function refusal(message: string): AdminError {
  return new AdminError("request-malformed", message);
}
