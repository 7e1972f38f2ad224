/**
 * Push notifications: a user's app is woken where messages wait for it, by the push service that it has named. That a service is told
 * something does not mean that it is told what: that is the operator's choice (XEP-0357 section 9).
 */
import { parseJid } from "../domain/jid.ts";
import { pushNodeCharsMax, pushOptionsBytesMax, pushServicesMax, stateValueBytesMax } from "../domain/limits.ts";
import { shows } from "../domain/roster.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import { dataForm, findForm, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import type { StanzaFault } from "../xml/stanza.ts";
import { kept, linkLost, queued, userReturned } from "./xep-0357-events.ts";
import { publishOptions, push as xmlns } from "./xep-0357-names.ts";
import { forgetAnnounced } from "./xep-0357-notify.ts";
import { heardOfService } from "./xep-0357-remote.ts";
import { serviceAppeared, serviceShown } from "./xep-0357-return.ts";
import { dropService, enabledBy, keepService, noteEnabled, pushName, serviceKey, servicesOf, type PushService } from "./xep-0357-services.ts";

export const push: Extension = {
  name: pushName,
  specification: {
    id: "XEP-0357",
    version: "0.4.1",
    title: "Push Notifications",
    missing: [
      "Only push services that are connected to this server are notified, as a client, under its full JID, or as a component: there is no federation (section 7).",
      "The number of subscription requests that wait is not told (section 7).",
      "What a service is still to be told is in memory: after a restart of the server the next message makes the next notification (section 7).",
      "A message that was in the queue of a client when the server stopped is announced when the session ends, and not before (section 7).",
      "How much push services are told is the operator's choice alone, not each user's (section 9).",
      "A service that was disabled because of its errors is not tried again until the client enables it (section 7.1).",
    ],
  },
  accountFeatures: [xmlns],
  iq: [
    { xmlns, name: "enable", types: ["set"], at: ["account"], handle: enable },
    { xmlns, name: "disable", types: ["set"], at: ["account"], handle: disable },
  ],
  sessionState: enabledBy,
  phases: { account: heardOfService, hold: queued, kept },
  linkLost,
  sessionResumed: (resumed) => {
    userReturned(resumed);
    serviceAppeared(resumed.step, resumed.house, resumed.session.jid.full);
  },
  presenceChanged: ({ step, change, account, house }) => {
    if (!change.available || !change.initial) return;
    forgetAnnounced(account);
    serviceAppeared(step, house, change.jid.full);
  },
  rosterChanged: ({ step, account, jid, item, house }) => {
    const user = item === undefined || !shows(item) ? undefined : house.account(step, jid);
    if (user !== undefined) serviceShown(step, house, user, account.bare);
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
    return refused("resource-constraint", `a user has at most ${pushServicesMax} push services; disable one`, "pushServicesMax");
  }
  const service: PushService = { jid, node, options: options?.text, since: step.at };
  if (Buffer.byteLength(JSON.stringify(service)) > stateValueBytesMax - 256) return refused("not-acceptable", "the publish options are too long", "stateValueBytesMax");
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
  if (node !== undefined && node.length > pushNodeCharsMax) return refused("not-acceptable", `a node has at most ${pushNodeCharsMax} characters`, "pushNodeCharsMax");
  return { jid, node: node === "" ? undefined : node };
}

function readOptions(payload: Element): { readonly text: string } | { readonly fault: StanzaFault } | undefined {
  const form = findForm(payload);
  if (form === undefined) return undefined;
  const read = readForm(form);
  if (read?.kind !== "submit" || read.formType !== publishOptions) return refused("bad-request", `expected a form of type submit and FORM_TYPE ${publishOptions}`);
  const text = serialise(dataForm("submit", publishOptions, [...read.fields].map(([name, values]) => ({ var: name, values }))));
  if (Buffer.byteLength(text) > pushOptionsBytesMax) return refused("not-acceptable", `publish options have at most ${pushOptionsBytesMax} bytes`, "pushOptionsBytesMax");
  return { text };
}

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): { readonly fault: StanzaFault } {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}

/** As an account that does not exist would answer. */
const notYours = refused("service-unavailable", "");
