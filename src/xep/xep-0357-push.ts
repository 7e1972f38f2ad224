/**
 * Push notifications: a user's app is woken where messages wait for it, by the push service that it has named. That a service is told
 * something does not mean that it is told what: that is the operator's choice (XEP-0357 section 9).
 */
import { parseJid } from "../domain/jid.ts";
import { pushNodeCharsMax, pushOptionsBytesMax, pushServicesMax, stateValueBytesMax } from "../domain/limits.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { dataForm, findForm, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import { announce, forgetAnnounced, readQueued, type Waiting } from "./xep-0357-notify.ts";
import { publishOptions, pubsub, push as xmlns } from "./xep-0357-names.ts";
import { dropService, enabledBy, keepService, noteEnabled, pushName, serviceKey, servicesFrom, servicesOf, type PushService } from "./xep-0357-services.ts";

const carbons = "urn:xmpp:carbons:2";
const forward = "urn:xmpp:forward:0";

export const push: Extension = {
  name: pushName,
  specification: {
    id: "XEP-0357",
    version: "0.4.1",
    title: "Push Notifications",
    missing: [
      "Only push services that are connected as a client of this server, under a full JID, are notified: there is no federation, and there are no components (section 7).",
      "The number of subscription requests that wait is not told (section 7).",
      "A notification for a service that is away, or does not answer within 30 s, is not made up for: the next message makes one (section 7).",
      "Whoever names the full JID of somebody else here as a service finds out whether it is there, and reaches it with notifications: nobody confirms a service (section 9).",
      "A service that was disabled because of its errors is not tried again until the client enables it (section 7.1).",
    ],
  },
  accountFeatures: [xmlns],
  iq: [
    { xmlns, name: "enable", types: ["set"], at: ["account"], handle: enable },
    { xmlns, name: "disable", types: ["set"], at: ["account"], handle: disable },
  ],
  sessionState: enabledBy,
  phases: { account: disabledRemotely, hold: queued, kept },
  sessionResumed: ({ step, session, house }) => {
    readQueued(session);
    const account = house.account(step, session.jid.bare);
    if (account !== undefined) forgetAnnounced(account);
  },
  presenceChanged: ({ change, account }) => {
    if (change.available && change.initial) forgetAnnounced(account);
  },
};

/** Section 5. Asked again, the last options count. */
function enable({ own, account, session, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  const named = readNames(payload);
  if ("fault" in named) return named;
  const { jid, node } = named;
  const options = readOptions(payload);
  if (options !== undefined && "fault" in options) return options;
  const key = serviceKey(jid, node);
  const known = servicesOf(account);
  // What came with the account from elsewhere and cannot be read would take their places.
  for (const other of account.states(pushName).keys()) if (!known.has(other)) dropService(step, house, account, other);
  if (!known.has(key) && known.size >= pushServicesMax) {
    return refused("resource-constraint", `a user has at most ${pushServicesMax} push services; disable one`);
  }
  const service: PushService = { jid, node, options: options?.text, since: step.at };
  if (Buffer.byteLength(JSON.stringify(service)) > stateValueBytesMax - 256) return refused("not-acceptable", "the publish options are too long");
  keepService(step, house, account, key, service);
  noteEnabled(step, session, account, key, service.since);
  return { result: undefined };
}

/** Section 6: one node of the service, or all of it. */
function disable({ own, account, session, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  const named = readNames(payload);
  if ("fault" in named) return named;
  for (const [key, { jid, node }] of servicesOf(account)) {
    if (jid !== named.jid || (named.node !== undefined && node !== named.node)) continue;
    dropService(step, house, account, key);
    noteEnabled(step, session, account, key, undefined);
  }
  return { result: undefined };
}

function readNames({ attrs }: Element): { readonly jid: string; readonly node: string | undefined } | { readonly fault: StanzaFault } {
  const { jid: text, node } = attrs as { readonly jid?: string; readonly node?: string };
  if (text === undefined) return refused("bad-request", "name the push service: 'jid'");
  const jid = parseJid(text)?.full;
  if (jid === undefined) return refused("jid-malformed", "'jid' is no JID");
  if (node !== undefined && node.length > pushNodeCharsMax) return refused("not-acceptable", `a node has at most ${pushNodeCharsMax} characters`);
  return { jid, node: node === "" ? undefined : node };
}

function readOptions(payload: Element): { readonly text: string } | { readonly fault: StanzaFault } | undefined {
  const form = findForm(payload);
  if (form === undefined) return undefined;
  const read = readForm(form);
  if (read?.kind !== "submit" || read.formType !== publishOptions) return refused("bad-request", `expected a form of type submit and FORM_TYPE ${publishOptions}`);
  const text = serialise(dataForm("submit", publishOptions, [...read.fields].map(([name, values]) => ({ var: name, values }))));
  if (Buffer.byteLength(text) > pushOptionsBytesMax) return refused("not-acceptable", `publish options have at most ${pushOptionsBytesMax} bytes`);
  return { text };
}

/** Section 8: what a service says of itself is for the server. */
function disabledRemotely({ step, stanza, account, house }: Passage): Verdict {
  if (stanza.kind !== "message" || account === undefined || stanza.to?.resource !== undefined || account.states(pushName).size === 0) return undefined;
  const event = stanza.element.getChild("pubsub", pubsub);
  const { jid, affiliation } = (event?.getChild("affiliation", pubsub)?.attrs ?? {}) as { readonly jid?: string; readonly affiliation?: string };
  if (event === undefined || affiliation !== "none" || parseJid(jid ?? "")?.full !== account.bare) return undefined;
  const key = serviceKey(stanza.from.full, event.attrs["node"] as string | undefined);
  if (!account.states(pushName).has(key)) return undefined;
  dropService(step, house, account, key);
  return { stop: true, why: "the push service takes no more notifications" };
}

/** Nobody was there, and it is kept: every app of the user is woken. */
function kept({ step, stanza, sender, account, house }: Passage): Verdict {
  const waiting = account === undefined ? undefined : waitingIn(stanza, account.bare);
  if (account === undefined || waiting === undefined || account.states(pushName).size === 0) return undefined;
  // What was in the queue of a session that is over may have been announced when it came there.
  announce({ step, house, account, keys: [...servicesOf(account).keys()], last: waiting, onlyMore: sender === undefined });
  return undefined;
}

/** It goes into the queue of a session without a link: the app that has enabled its services there is woken. */
function queued({ step, stanza, account, recipient, house }: Passage): Verdict {
  if (account === undefined || recipient === undefined || !recipient.hibernating || account.states(pushName).size === 0) return undefined;
  const waiting = waitingIn(stanza, account.bare);
  if (waiting === undefined) return undefined;
  const keys = servicesFrom(recipient, account);
  if (keys.length > 0) announce({ step, house, account, keys, last: waiting, into: recipient });
  return undefined;
}

/** A message that is worth it: somebody has written something. */
function waitingIn({ element, kind, type, from }: Stanza, bare: string): Waiting | undefined {
  if (kind !== "message" || (type !== "chat" && type !== "normal" && type !== "groupchat")) return undefined;
  const body = element.getChild("body", clientNamespace)?.getText() ?? "";
  if (body !== "") return { sender: from.full, body };
  // A copy of what another client of the user was given (XEP-0280 section 7), which nobody but the server makes in the user's name.
  const original = from.full === bare ? element.getChild("received", carbons)?.getChild("forwarded", forward)?.getChild("message") : undefined;
  const copied = original?.getChild("body")?.getText() ?? "";
  return original === undefined || copied === "" ? undefined : { sender: String(original.attrs["from"] ?? ""), body: copied };
}

function refused(condition: StanzaFault["condition"], text: string): { readonly fault: StanzaFault } {
  return { fault: { condition, text } };
}

/** As an account that does not exist would answer. */
const notYours = refused("service-unavailable", "");
