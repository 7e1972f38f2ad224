/** Private XML: what a client keeps with the server, for its own user alone. */
import type { Account } from "../domain/account.ts";
import { privateNamespacesMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "jabber:iq:private";
const space = "private-xml";

export const privateXml: Extension = {
  name: space,
  specification: { id: "XEP-0049", version: "1.2", title: "Private XML Storage" },
  serverFeatures: [xmlns],
  iq: [
    { xmlns, name: "query", types: ["get"], at: ["server", "account"], handle: get },
    { xmlns, name: "query", types: ["set"], at: ["server", "account"], handle: set },
  ],
};

/** All that is kept in one namespace; what was asked for, empty, where that is nothing. */
async function get({ own, account, payload, house }: IqRequest): Promise<IqReply> {
  if (!own || account === undefined) return forbidden;
  const asked = readFragments(payload);
  if ("fault" in asked) return asked;
  const [fragment, ...others] = asked.fragments;
  // XEP-0049 section 2.3.
  if (fragment === undefined || others.length > 0) return refused("bad-request", "one namespace is asked for at a time");
  const { namespace, elements } = fragment;
  const kept = await house.data.get(account, space, keyOf(namespace));
  if (typeof kept === "string") return { result: restoreElement(kept) };
  return { result: query(elements.map(({ name }) => el(name, { xmlns: namespace }))) };
}

/** Replaces all that is kept in each of the namespaces. */
async function set({ own, account, payload, house, step: { id: cause } }: IqRequest): Promise<IqReply> {
  if (!own || account === undefined) return forbidden;
  const given = readFragments(payload);
  if ("fault" in given) return given;
  if (given.fragments.length > privateNamespacesMax) return tooMuch;
  const values = given.fragments.map(toValue);
  for (;;) {
    const ticket = account.lastTicket;
    const [count, ...kept] = await Promise.all(["count", ...values.map(({ key }) => key)].map((key) => house.data.get(account, space, key)));
    const reply = house.run(cause, (step) => {
      if (house.account(step, account.bare) !== account) return forbidden;
      // Another client of the user was faster: what was read is of the past.
      if (account.lastTicket !== ticket) return undefined;
      return store({ step, account, house }, values, kept, Number(count ?? 0));
    });
    if (reply !== undefined) return reply;
  }
}

interface Value {
  readonly key: string;
  readonly value: Json;
}

/** `kept`: what there is of each of them so far; `count`: of how many namespaces there is something. */
function store(
  { step, account, house }: Pick<IqRequest, "house"> & { readonly step: Step; readonly account: Account },
  values: readonly Value[],
  kept: readonly (Json | undefined)[],
  count: number,
): IqReply {
  const added = values.filter(({ value }, index) => value !== null && kept[index] === undefined).length;
  const removed = values.filter(({ value }, index) => value === null && kept[index] !== undefined).length;
  const next = count + added - removed;
  if (next > privateNamespacesMax) return tooMuch;
  for (const { key, value } of values) house.data.set(step, account, space, key, value);
  if (next !== count) house.data.set(step, account, space, "count", next);
  return { result: undefined };
}

/** What has one namespace, in the client's order. */
interface Fragment {
  readonly namespace: string;
  readonly elements: readonly Element[];
}

/** XEP-0049 section 2.3: at least one, each with a namespace of its own, and none of the reserved ones. */
function readFragments(payload: Element): { readonly fragments: readonly Fragment[] } | { readonly fault: StanzaFault } {
  const found = new Map<string, Element[]>();
  for (const child of payload.children) {
    if (typeof child === "string") continue;
    const namespace = child.getNS() ?? "";
    if (namespace === "") return refused("not-acceptable", "what is kept needs a namespace");
    if (reserved.test(namespace)) return refused("not-acceptable", "this namespace is reserved");
    found.set(namespace, [...(found.get(namespace) ?? []), child]);
  }
  if (found.size === 0) return refused("not-acceptable", "an element with a namespace of its own is missing");
  return { fragments: [...found].map(([namespace, elements]) => ({ namespace, elements })) };
}

const reserved = /^(?:jabber:|http:\/\/jabber\.org\/|vcard-temp$)/;

/** An empty element is answered where nothing is kept, so it need not be kept. */
function toValue({ namespace, elements }: Fragment): Value {
  const empty = elements.every(({ attrs, children }) => children.length === 0 && Object.keys(attrs).every((name) => name === "xmlns"));
  return { key: keyOf(namespace), value: empty ? null : serialise(query(elements)) };
}

function keyOf(namespace: string): string {
  return `namespace/${namespace}`;
}

function query(children: readonly Element[]): Element {
  return el("query", { xmlns }, ...children);
}

function refused(condition: StanzaFault["condition"], text: string): { readonly fault: StanzaFault } {
  return { fault: { condition, text } };
}

const forbidden = refused("forbidden", "private XML is its owner's");
const tooMuch = refused("resource-constraint", `private XML is kept in at most ${privateNamespacesMax} namespaces`);
