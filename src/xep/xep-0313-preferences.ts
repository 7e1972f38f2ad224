/** What users want archived: of whom always, of whom never, and of everybody else (XEP-0441). Without their word it is everything. */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { stateValueBytesMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:mam:2";
const name = "archive-preferences";
const key = "all";

const defaults = ["always", "never", "roster"] as const;

/** Of prepared JIDs. */
interface Preferences {
  /** Of those who are in neither list. `roster`: of contacts. */
  readonly default: (typeof defaults)[number];
  readonly always: readonly string[];
  readonly never: readonly string[];
}

const unsaid: Preferences = { default: "always", always: [], never: [] };

export const archivePreferences: Extension = {
  name,
  specification: { id: "XEP-0441", version: "0.2.0", title: "Message Archive Management Preferences" },
  iq: [
    { xmlns, name: "prefs", types: ["get"], at: ["account"], handle: tell },
    { xmlns, name: "prefs", types: ["set"], at: ["account"], handle: change },
  ],
};

/** `other`: the other side of a message, its addressee or its sender (XEP-0441 sections 2.3.2 and 2.3.3). */
export function wantsArchived(account: Account, other: Jid): boolean {
  const { default: otherwise, always, never } = preferencesOf(account);
  // XEP-0441 section 2.3.1. Who is in both lists is in the one that says it more exactly; if they say the same, nothing is kept.
  for (const address of [other.full, other.bare]) {
    if (never.includes(address)) return false;
    if (always.includes(address)) return true;
  }
  return otherwise === "roster" ? account.contacts.has(other.bare) : otherwise === "always";
}

function tell({ own, account }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  return { result: toElement(preferencesOf(account)) };
}

function change({ own, account, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  const wanted = read(payload);
  if ("fault" in wanted) return wanted;
  const { default: otherwise, always, never } = wanted;
  const value = { default: otherwise, always, never };
  if (Buffer.byteLength(JSON.stringify(value)) > stateValueBytesMax) return refused("resource-constraint", "the lists are too long", "stateValueBytesMax");
  house.setState(step, account, name, key, otherwise === unsaid.default && always.length + never.length === 0 ? null : value);
  // XEP-0441 section 2.1: what is in force now.
  return { result: toElement(wanted) };
}

/** Only `change` writes them. */
function preferencesOf(account: Account): Preferences {
  return (account.state(name, key) as (Json & Preferences) | undefined) ?? unsaid;
}

function toElement({ default: otherwise, always, never }: Preferences): Element {
  const list = (name: string, jids: readonly string[]): Element => el(name, {}, ...jids.map((jid) => el("jid", {}, jid)));
  return el("prefs", { xmlns, default: otherwise }, list("always", always), list("never", never));
}

function read(payload: Element): Preferences | { readonly fault: StanzaFault } {
  const otherwise = defaults.find((value) => value === payload.attrs["default"]);
  if (otherwise === undefined) return refused("bad-request", `'default' has to be one of ${defaults.join(", ")}`);
  const always = readList(payload, "always");
  if ("fault" in always) return always;
  const never = readList(payload, "never");
  if ("fault" in never) return never;
  return { default: otherwise, always: always.jids, never: never.jids };
}

function readList(payload: Element, name: "always" | "never"): { readonly jids: readonly string[] } | { readonly fault: StanzaFault } {
  const lists = payload.getChildren(name, xmlns);
  if (lists.length > 1) return refused("bad-request", `there are two lists <${name}/>`);
  const jids = new Set<string>();
  for (const item of lists[0]?.getChildren("jid", xmlns) ?? []) {
    const jid = parseJid(item.getText().trim());
    if (jid === undefined) return refused("jid-malformed", `in <${name}/> there is something that is no JID`);
    jids.add(jid.full);
  }
  return { jids: [...jids] };
}

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): { readonly fault: StanzaFault } {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}

const notYours = refused("forbidden", "an archive is its owner's");
