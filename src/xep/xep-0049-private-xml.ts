/** Private XML: what a client keeps with the server, for its own user alone. */
import type { Account } from "../domain/account.ts";
import { isEmptyFragment, namespaceProblem, privateCountKey, privateKey, privateNamespace as xmlns, privateSpace as space } from "../domain/kept-xml.ts";
import { privateNamespacesMax, privateReadsMax } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { DataChanged, Extension, IqReply, IqRequest } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

export const privateXml: Extension = {
  name: space,
  specification: { id: "XEP-0049", version: "1.2", title: "Private XML Storage" },
  serverFeatures: [xmlns],
  iq: [
    { xmlns, name: "query", types: ["get"], at: ["server", "account"], handle: get },
    { xmlns, name: "query", types: ["set"], at: ["server", "account"], handle: set },
  ],
  dataChanged: noteWrite,
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
  const key = privateKey(namespace);
  const text = await house.data.get(account, space, key);
  const kept = text === undefined ? undefined : readKept(house.log, account, `${space}/${key}`, text);
  return { result: kept ?? query(elements.map(({ name }) => el(name, { xmlns: namespace }))) };
}

/** Replaces all that is kept in each of the namespaces. */
function set({ own, account, payload, house, step: { id: cause } }: IqRequest): IqReply | Promise<IqReply> {
  if (!own || account === undefined) return forbidden;
  const given = readFragments(payload);
  if ("fault" in given) return given;
  if (given.fragments.length > privateNamespacesMax) return tooMuch;
  const values = given.fragments.map(toValue);
  return inTurn(account, async () => {
    const keys = [privateCountKey, ...values.map(({ key }) => key)];
    for (let tries = 0; tries < privateReadsMax; tries += 1) {
      const before = writes.get(account);
      const [count, ...kept] = await Promise.all(keys.map((key) => house.data.get(account, space, key)));
      const reply = house.run(cause, (step) => {
        if (house.account(step, account.bare) !== account) return forbidden;
        return writes.get(account) === before ? store({ step, account, house }, values, kept, Number(count ?? 0)) : undefined;
      });
      if (reply !== undefined) return reply;
    }
    return busy;
  });
}

/** Another extension may keep in here what follows from something else: who has read before it does reads again. */
function noteWrite({ account, space: changed }: DataChanged): void {
  if (changed === space) writes.set(account, (writes.get(account) ?? 0) + 1);
}

/** How often something was written for each account. */
const writes = new WeakMap<Account, number>();

/**
 * Sets that come one after the other find what they read still true, whatever strangers do to the account meanwhile. As many wait as
 * the user has sessions.
 */
function inTurn(account: Account, work: () => Promise<IqReply>): Promise<IqReply> {
  const reply = (turns.get(account) ?? Promise.resolve()).then(work, work);
  turns.set(account, reply);
  return reply;
}

/** The last set of each account. */
const turns = new WeakMap<Account, Promise<unknown>>();

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
  if (next !== count) house.data.set(step, account, space, privateCountKey, next);
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
    const problem = namespaceProblem(namespace);
    if (problem !== undefined) return refused("not-acceptable", problem);
    found.set(namespace, [...(found.get(namespace) ?? []), child]);
  }
  if (found.size === 0) return refused("not-acceptable", "an element with a namespace of its own is missing");
  return { fragments: [...found].map(([namespace, elements]) => ({ namespace, elements })) };
}

function toValue({ namespace, elements }: Fragment): Value {
  return { key: privateKey(namespace), value: elements.every(isEmptyFragment) ? null : serialise(query(elements)) };
}

function query(children: readonly Element[]): Element {
  return el("query", { xmlns }, ...children);
}

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): { readonly fault: StanzaFault } {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}

const forbidden = refused("forbidden", "private XML is its owner's");
const busy = refused("resource-constraint", "it changed again and again meanwhile", "privateReadsMax");
const tooMuch = refused("resource-constraint", `private XML is kept in at most ${privateNamespacesMax} namespaces`, "privateNamespacesMax");
