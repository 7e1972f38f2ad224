/**
 * Of what extensions keep for accounts, that for which XEP-0227 has a place: vCards and private XML, each in the form in which its
 * extension keeps it. A test lets clients write and read what goes through here.
 */
import { privateNamespacesMax } from "../../domain/limits.ts";
import type { Element } from "../../xml/element.ts";
import { restoreElement } from "../../xml/parse-element.ts";
import { serialise } from "../../xml/serialise.ts";
import { el } from "../../xml/stanza.ts";
import { AdminError } from "../errors.ts";
import type { AccountDocument } from "./account-document.ts";

type Values = AccountDocument["data"];

export const vcardNamespace = "vcard-temp";
export const privateNamespace = "jabber:iq:private";

const vcard = { space: "vcard", key: "vcard" };
const privateSpace = "private-xml";
const namespacePrefix = "namespace/";
const count = "count";
/** XEP-0049 section 2.3: clients neither write nor read these. */
const reserved = /^(?:jabber:|http:\/\/jabber\.org\/|vcard-temp$)/;

export interface KeptXml {
  readonly vcard: Element | undefined;
  readonly privateXml: readonly Element[];
  /** The spaces of the other values. */
  readonly others: readonly string[];
}

/** Throws SyntaxError if what is kept is no XML. */
export function toKeptXml(data: Values): KeptXml {
  const privateXml: Element[] = [];
  const others = new Set<string>();
  let card: Element | undefined;
  for (const { space, key, value } of data) {
    if (space === vcard.space && key === vcard.key && typeof value === "string") card = restoreElement(value);
    else if (space === privateSpace && key.startsWith(namespacePrefix) && typeof value === "string") {
      privateXml.push(...elementsOf(restoreElement(value)));
    } else if (space !== privateSpace || key !== count) others.add(space);
  }
  return { vcard: card, privateXml, others: [...others] };
}

/** `ignored` is told what cannot be kept. Throws AdminError if it is too much. */
export function fromKeptXml({ vcard: card, privateXml }: Omit<KeptXml, "others">, ignored: (what: string) => void): Values {
  const values: Values[number][] = [];
  if (card !== undefined && card.children.length > 0) values.push({ ...vcard, value: serialise(card) });
  const byNamespace = new Map<string, Element[]>();
  for (const element of privateXml) {
    const namespace = element.getNS() ?? "";
    if (namespace === "" || reserved.test(namespace)) ignored(`private XML in the namespace ${JSON.stringify(namespace)}`);
    else if (!isEmpty(element)) byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), element]);
  }
  if (byNamespace.size > privateNamespacesMax) {
    throw new AdminError("request-malformed", `private XML in more than ${privateNamespacesMax} namespaces; remove some`);
  }
  if (byNamespace.size > 0) values.push({ space: privateSpace, key: count, value: byNamespace.size });
  for (const [namespace, elements] of byNamespace) {
    const value = serialise(el("query", { xmlns: privateNamespace }, ...elements));
    values.push({ space: privateSpace, key: `${namespacePrefix}${namespace}`, value });
  }
  return values;
}

/** XEP-0049 section 2.3: an empty element is what is answered where nothing is kept. */
function isEmpty({ attrs, children }: Element): boolean {
  return children.length === 0 && Object.keys(attrs).every((name) => name === "xmlns");
}

export function elementsOf(element: Element): readonly Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string");
}
