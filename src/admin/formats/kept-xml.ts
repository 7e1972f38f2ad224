/**
 * Of what extensions keep for accounts, that for which XEP-0227 has a place: vCards and private XML, each in the form in which its
 * extension keeps it. A test lets clients write and read what goes through here.
 */
import { avatarDataNode, avatarPlace, pictureItem, readKnownAvatar } from "../../domain/avatar.ts";
import type { Json } from "../../domain/json.ts";
import {
  isEmptyFragment, isEmptyVcard, namespaceOfKey, namespaceProblem, privateCountKey, privateKey, privateNamespace, privateSpace, vcardNamespace, vcardPlace,
} from "../../domain/kept-xml.ts";
import { privateNamespacesMax } from "../../domain/limits.ts";
import type { Element } from "../../xml/element.ts";
import { adoptElement, restoreElement } from "../../xml/parse-element.ts";
import { photoOf, readPicture, withPhoto, type Picture } from "../../xml/picture.ts";
import { serialise } from "../../xml/serialise.ts";
import { el } from "../../xml/stanza.ts";
import { AdminError } from "../errors.ts";
import type { AccountDocument } from "./account-document.ts";

type Values = AccountDocument["data"];
type Value = Values[number];

export interface KeptXml {
  readonly vcard: Element | undefined;
  readonly privateXml: readonly Element[];
  /** The spaces of the other values. */
  readonly others: readonly string[];
}

/** Throws SyntaxError if what is kept is no XML. */
export function toKeptXml({ data, state }: Pick<AccountDocument, "data" | "state">): KeptXml {
  const privateXml: Element[] = [];
  const others = new Set<string>();
  let card: Element | undefined;
  for (const { space, key, value } of data) {
    if (space === vcardPlace.space && key === vcardPlace.key && typeof value === "string") card = restoreElement(value);
    else if (space === privateSpace && namespaceOfKey(key) !== undefined && typeof value === "string") {
      privateXml.push(...elementsOf(restoreElement(value)));
    } else if (space !== privateSpace || key !== privateCountKey) others.add(space);
  }
  return { vcard: withAvatar(card, data, state), privateXml, others: [...others] };
}

/** The picture of a vCard stands among the nodes of the account, and is in the vCard that others are given. */
function withAvatar(card: Element | undefined, data: Values, state: Values): Element | undefined {
  const picture = avatarIn(data, state);
  if (picture !== undefined) return withPhoto(card ?? el("vCard", { xmlns: vcardNamespace }), picture);
  if (card === undefined || photoOf(card) !== "none") return card;
  const bare = withPhoto(card, undefined);
  return isEmptyVcard(bare) ? undefined : bare;
}

function avatarIn(data: Values, state: Values): Picture | undefined {
  const valueAt = (values: Values, place: { readonly space: string; readonly key: string }) =>
    values.find(({ space, key }) => space === place.space && key === place.key)?.value;
  const { hash, type } = readKnownAvatar(valueAt(state, avatarPlace)) ?? { hash: "", type: "" };
  const item = hash === "" ? undefined : (valueAt(data, pictureItem(hash)) as { readonly xml?: Json } | undefined);
  return typeof item?.xml === "string" ? readPicture(restoreElement(item.xml).getChildText("data", avatarDataNode) ?? "", type) : undefined;
}

/** `ignored` is told what cannot be kept. Throws AdminError if it is too much. */
export function fromKeptXml({ vcard: card, privateXml }: Omit<KeptXml, "others">, ignored: (what: string) => void): Values {
  const values: Value[] = [];
  if (card !== undefined && !isEmptyVcard(card)) values.push({ ...vcardPlace, value: serialise(card) });
  const byNamespace = new Map<string, Element[]>();
  for (const element of privateXml) {
    const namespace = element.getNS() ?? "";
    if (namespaceProblem(namespace) !== undefined) ignored(`private XML in the namespace ${JSON.stringify(namespace)}`);
    else if (!isEmptyFragment(element)) byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), element]);
  }
  if (byNamespace.size > privateNamespacesMax) throw new AdminError("request-malformed", tooManyNamespaces);
  if (byNamespace.size > 0) values.push({ space: privateSpace, key: privateCountKey, value: byNamespace.size });
  for (const [namespace, elements] of byNamespace) {
    const value = serialise(el("query", { xmlns: privateNamespace }, ...elements));
    values.push({ space: privateSpace, key: privateKey(namespace), value });
  }
  return values;
}

/** What clients could not have had their extension keep, and would be given all the same; undefined if there is nothing of the kind. */
export function keptProblem(data: Values): string | undefined {
  let [namespaces, count] = [0, 0 as Json];
  for (const each of data) {
    const { space, key, value } = each;
    const problem = valueProblem(each);
    if (problem !== undefined) return `data ${JSON.stringify(`${space}/${key}`)}: ${problem}`;
    if (space === privateSpace && key === privateCountKey) count = value;
    else if (space === privateSpace) namespaces += 1;
  }
  if (namespaces > privateNamespacesMax) return tooManyNamespaces;
  if (count === namespaces) return undefined;
  const where = JSON.stringify(`${privateSpace}/${privateCountKey}`);
  return `data ${where}: expected ${namespaces}, the number of namespaces with private XML, got ${JSON.stringify(count)}`;
}

const tooManyNamespaces = `private XML in more than ${privateNamespacesMax} namespaces; remove some`;

function valueProblem({ space, key, value }: Value): string | undefined {
  if (space === vcardPlace.space) {
    if (key !== vcardPlace.key) return `expected the key ${vcardPlace.key}; leave it out`;
    const card = adopt(value, "vCard", vcardNamespace);
    return typeof card === "string" ? card : isEmptyVcard(card) ? "it is empty; leave it out" : undefined;
  }
  if (space !== privateSpace || key === privateCountKey) return undefined;
  const namespace = namespaceOfKey(key);
  if (namespace === undefined) return `expected a key such as ${privateKey("NAMESPACE")}; leave it out`;
  const problem = namespaceProblem(namespace);
  if (problem !== undefined) return `${problem}; leave it out`;
  const query = adopt(value, "query", privateNamespace);
  if (typeof query === "string") return query;
  const elements = elementsOf(query);
  if (elements.length < query.children.length || elements.some((element) => element.getNS() !== namespace)) {
    return `expected elements in ${namespace} and nothing else`;
  }
  return elements.every(isEmptyFragment) ? "it is empty; leave it out" : undefined;
}

/** The element, or what is wrong with it. */
function adopt(value: Json, name: string, namespace: string): Element | string {
  if (typeof value !== "string") return `expected XML as text, got ${JSON.stringify(value).slice(0, 100)}`;
  try {
    const element = adoptElement(value);
    if (element.name === name && element.getNS() === namespace) return element;
    return `expected the element ${name} in ${namespace}, got ${element.name} in ${element.getNS() || "no namespace"}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return error.message;
  }
}

export function elementsOf(element: Element): readonly Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string");
}
