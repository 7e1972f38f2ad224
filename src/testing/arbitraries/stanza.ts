/** Stanzas that a client may send: RFC 6120 section 8, RFC 6121 sections 4 and 5. */
import fc from "fast-check";
import type { ElementData } from "../../../machines/session-events.ts";
import { stanzaErrorTypes, type StanzaErrorCondition } from "../../domain/errors.ts";
import type { Element } from "../../xml/element.ts";
import { clientNamespace, el, stanzasNamespace, type StanzaKind } from "../../xml/stanza.ts";
import { jid } from "./jid.ts";
import { spelledXml, xmlText } from "./xml-text.ts";

/** A stanza, as text and as what it means. */
export interface GeneratedStanza {
  readonly kind: StanzaKind;
  /** Of the attribute; undefined where there is none. */
  readonly type: string | undefined;
  /** As this server's parser makes it of `xml`. A new one each time it is read, so that a test may change it. */
  readonly element: Element;
  /** As a client may write it: no two write alike. It declares `jabber:client` itself, so that it can stand alone. */
  readonly xml: string;
}

/** Which stanzas `stanza` makes. */
export interface StanzaOptions {
  /** Default: all three. */
  readonly kinds?: readonly StanzaKind[];
  /** Only these values of `type`, `""` for a stanza without one. Default: all that the kind has. */
  readonly types?: readonly string[];
  /** The addressee of all of them; `null`: none. Default: any JID, or none where a stanza needs none. */
  readonly to?: string | null;
  /** The sender; `null`: none, as clients leave it to their server (RFC 6120 section 8.1.2.1). Default: `null`. */
  readonly from?: string | null;
  /** Elements of namespaces that nobody knows among the contents (RFC 6120 section 8.4). Default: true. */
  readonly extensions?: boolean;
}

/** Legal stanzas, with contents; shrinks to the barest one of its kind. Throws RangeError for options that no stanza meets. */
export function stanza(options: StanzaOptions = {}): fc.Arbitrary<GeneratedStanza> {
  const forms = (options.kinds ?? (Object.keys(formsOf) as StanzaKind[])).flatMap((kind) =>
    formsOf[kind].filter(([type]) => options.types?.includes(type) ?? true).map(([type, contents]) => ({ kind, type, contents })),
  );
  if (forms.length === 0) {
    const { kinds, types } = options;
    throw new RangeError(`stanza(): expected kinds and types of RFC 6121, got kinds ${JSON.stringify(kinds)}, types ${JSON.stringify(types)}`);
  }
  return fc
    .tuple(fc.constantFrom(...forms).chain((form) => dataOf(form, options)), fc.oneof(fc.constant(0), fc.nat()))
    .map(([data, spelling]) => new Generated(data, spelledXml(data, spelling)));
}

class Generated implements GeneratedStanza {
  readonly kind: StanzaKind;
  readonly type: string | undefined;
  readonly xml: string;
  readonly #data: ElementData;

  constructor(data: ElementData, xml: string) {
    this.kind = data.name as StanzaKind;
    this.type = data.attrs["type"];
    this.xml = xml;
    this.#data = data;
  }

  get element(): Element {
    return elementOf(this.#data);
  }

  /** For fast-check's report. */
  toString(): string {
    return this.xml;
  }
}

type Contents = (extensions: boolean) => fc.Arbitrary<ElementData["children"]>;

interface Form {
  readonly kind: StanzaKind;
  readonly type: string;
  readonly contents: Contents;
}

const addressed: ReadonlySet<string> = new Set(["subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"]);

function dataOf({ kind, type, contents }: Form, { to, from = null, extensions = true }: StanzaOptions): fc.Arbitrary<ElementData> {
  const anyJid = jid().map(({ text }) => text);
  // Subscriptions are between bare JIDs (RFC 6121 section 3.1.1).
  const bareJid = jid({ local: true, resource: false }).map(({ text }) => text);
  const addressee: fc.Arbitrary<string | null> = to !== undefined ? fc.constant(to) : kind === "presence" && addressed.has(type) ? bareJid : fc.option(anyJid);
  const id = xmlText({ minLength: 1, maxLength: 8 });
  return fc
    .record({
      to: addressee,
      id: kind === "iq" ? id : fc.option(id),
      lang: fc.option(fc.constantFrom("en", "de-AT", "zh-Hant", "x-klingon"), { freq: 4 }),
      children: contents(extensions),
    })
    .map(({ to, id, lang, children }) => {
      const attrs = { xmlns: clientNamespace, type: type === "" ? null : type, to, from, id, "xml:lang": lang };
      return { name: kind, attrs: present(attrs), children };
    });
}

const language = fc.option(fc.constantFrom("de", "la"), { freq: 4 });

/** `<body xml:lang='la'>…</body>` */
function textElement(name: string): fc.Arbitrary<ElementData> {
  return fc.record({ lang: language, text: xmlText() }).map(({ lang, text }) => ({ name, attrs: present({ "xml:lang": lang }), children: text === "" ? [] : [text] }));
}

/** RFC 6121 section 5.2: one body, subject and thread at most in each language; here in one. */
const messageContents: Contents = (extensions) => mixed([maybe(textElement("subject")), maybe(textElement("body")), maybe(thread)], extensions);

const thread: fc.Arbitrary<ElementData> = fc
  .record({ parent: fc.option(fc.uuid(), { freq: 4 }), id: fc.uuid() })
  .map(({ parent, id }) => ({ name: "thread", attrs: present({ parent }), children: [id] }));

const anyPriority = fc.oneof(fc.constantFrom(-128, -1, 0, 1, 127), fc.integer({ min: -128, max: 127 }));

/** RFC 6121 section 4.7.2. */
const availability: Contents = (extensions) =>
  mixed(
    [
      maybe(fc.constantFrom("away", "chat", "dnd", "xa").map((show) => ({ name: "show", attrs: {}, children: [show] }))),
      maybe(textElement("status")),
      maybe(anyPriority.map((priority) => ({ name: "priority", attrs: {}, children: [String(priority)] }))),
    ],
    extensions,
  );

const withStatus: Contents = (extensions) => mixed([maybe(textElement("status"))], extensions);

/** RFC 6120 section 8.3: what went wrong, and perhaps what had been sent. */
const errorContents: Contents = () =>
  fc
    .record({
      condition: fc.constantFrom(...(Object.keys(stanzaErrorTypes) as StanzaErrorCondition[])),
      text: fc.option(xmlText({ minLength: 1 })),
      sent: fc.array(payload, { maxLength: 1 }),
      by: fc.option(fc.constant("example.org"), { freq: 4 }),
    })
    .map(({ condition, text, sent, by }) => {
      const xmlns = stanzasNamespace;
      const said: readonly ElementData[] = text === null ? [] : [{ name: "text", attrs: { xmlns, "xml:lang": "en" }, children: [text] }];
      const children = [{ name: condition, attrs: { xmlns }, children: [] }, ...said];
      return [...sent, { name: "error", attrs: present({ type: stanzaErrorTypes[condition], by }), children }];
    });

/** RFC 6120 section 8.2.3: a request has one child element, a result one at most. */
const requestContents: Contents = () => payload.map((each) => [each]);
const resultContents: Contents = () => fc.array(payload, { maxLength: 1 });

const formsOf: { readonly [Kind in StanzaKind]: readonly (readonly [type: string, contents: Contents])[] } = {
  message: [
    ["", messageContents], ["chat", messageContents], ["normal", messageContents], ["headline", messageContents],
    ["groupchat", messageContents], ["error", errorContents],
  ],
  presence: [
    ["", availability], ["unavailable", withStatus], ["subscribe", withStatus], ["subscribed", withStatus], ["unsubscribe", withStatus],
    ["unsubscribed", withStatus], ["probe", () => fc.constant([])], ["error", errorContents],
  ],
  iq: [["get", requestContents], ["set", requestContents], ["result", resultContents], ["error", errorContents]],
};

const { payload } = fc.letrec<{ payload: ElementData; inner: ElementData }>((tie) => ({
  payload: fc
    .record({ namespace: fc.constantFrom("urn:example:a", "urn:example:b", "http://example.org/ns#'&"), inner: tie("inner") })
    .map(({ namespace, inner: { name, attrs, children } }) => ({ name, attrs: { xmlns: namespace, ...attrs }, children })),
  inner: fc
    .record({
      name: fc.constantFrom("query", "x", "item", "é", "_1-.a", "constructor"),
      attrs: fc.dictionary(fc.constantFrom("id", "node", "ver", "ü"), xmlText({ maxLength: 12 }), { maxKeys: 3, noNullPrototype: true }),
      children: fc.array(fc.oneof({ maxDepth: 3, depthSize: "small" }, xmlText({ minLength: 1, maxLength: 12 }), tie("inner")), { maxLength: 3 }),
    }),
}));

function maybe(element: fc.Arbitrary<ElementData>): fc.Arbitrary<readonly ElementData[]> {
  return fc.array(element, { maxLength: 1 });
}

/** In any order, and an extension or two anywhere among them. */
function mixed(parts: readonly fc.Arbitrary<readonly ElementData[]>[], extensions: boolean): fc.Arbitrary<ElementData["children"]> {
  const all = fc.tuple(...parts, fc.array(payload, { maxLength: extensions ? 2 : 0 })).map((found) => found.flat());
  return all.chain((children) => fc.shuffledSubarray(children, { minLength: children.length }));
}

function present(attrs: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attrs).filter((entry): entry is [string, string] => entry[1] !== null));
}

function elementOf({ name, attrs, children }: ElementData): Element {
  return el(name, attrs, ...children.map((child) => (typeof child === "string" ? child : elementOf(child))));
}
