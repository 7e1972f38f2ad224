/**
 * How vCards (XEP-0054) and private XML (XEP-0049) are kept for accounts: where each stands, and what is not kept at all. The
 * extensions store by these rules, and accounts that come from elsewhere are held to them.
 */
export const vcardNamespace = "vcard-temp";
/** The one vCard, as the text of its element. */
export const vcardPlace = { space: "vcard", key: "vcard" } as const;

export const privateNamespace = "jabber:iq:private";
/** All that is kept in one namespace is one value: the text of a query that holds it. */
export const privateSpace = "private-xml";
/** In how many namespaces there is something: a number, absent or 0 for none. */
export const privateCountKey = "count";

const namespacePrefix = "namespace/";

export function privateKey(namespace: string): string {
  return `${namespacePrefix}${namespace}`;
}

/** The namespace that `privateKey` made a key of; undefined for another key. */
export function namespaceOfKey(key: string): string | undefined {
  return key.startsWith(namespacePrefix) ? key.slice(namespacePrefix.length) : undefined;
}

/** Why nothing is kept in this namespace (XEP-0049 section 2.3); undefined if it may be. */
export function namespaceProblem(namespace: string): string | undefined {
  if (namespace === "") return "what is kept needs a namespace";
  return reserved.test(namespace) ? "this namespace is reserved" : undefined;
}

const reserved = /^(?:jabber:|http:\/\/jabber\.org\/|vcard-temp$)/;

/** What these rules look at of an element. */
interface Content {
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly children: readonly unknown[];
}

/** An empty element is answered where nothing is kept (XEP-0049 section 2.3), so it need not be kept. */
export function isEmptyFragment({ attrs, children }: Content): boolean {
  return children.length === 0 && Object.keys(attrs).every((name) => name === "xmlns");
}

/** Whoever empties the vCard is again as one who never had any. */
export function isEmptyVcard({ children }: Pick<Content, "children">): boolean {
  return children.length === 0;
}
