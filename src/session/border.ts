/**
 * The border between the wire and the session: what a first-level element is, checked and prepared,
 * so that nothing behind it has to doubt its input.
 */
import { managementNamespace, sasl2Namespace } from "../../machines/session-elements.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import type { Element } from "../xml/element.ts";
import type { StreamHeader } from "../xml/link.ts";
import { clientNamespace, payloadOf, type Stanza, type StanzaFault, type StanzaKind } from "../xml/stanza.ts";

const tlsNamespace = "urn:ietf:params:xml:ns:xmpp-tls";
const saslNamespace = "urn:ietf:params:xml:ns:xmpp-sasl";
const bindNamespace = "urn:ietf:params:xml:ns:xmpp-bind";
const streamNamespace = "http://etherx.jabber.org/streams";

/** What the machine is told of a stream header. `hosts` are the domains served here. */
export function openedBy(header: StreamHeader, hosts: readonly string[], at: number): SessionEvent {
  const to = header.to === undefined || header.to === "" ? null : parseJid(header.to);
  if (to === undefined || (to !== null && to.full !== to.domain)) {
    return { type: "stream.failed", at, condition: "improper-addressing", text: "the stream's 'to' is no domain" };
  }
  // What is no account's address claims nothing.
  const from = header.from === undefined ? undefined : parseJid(header.from);
  // XEP-0388 section 2.1.
  if (to !== null && from?.local !== undefined && from.domain !== to.domain && hosts.includes(to.domain)) {
    return { type: "stream.failed", at, condition: "invalid-from", text: "the stream's 'from' is of another domain than its 'to'", from: from.bare };
  }
  return {
    type: "stream.opened",
    at,
    host: to !== null && hosts.includes(to.domain) ? to.domain : null,
    from: from?.local === undefined ? null : from.bare,
    version: majorVersion(header.version),
  };
}

/** What a first-level element asks for. */
export type Incoming =
  | { readonly kind: "starttls" }
  | { readonly kind: "auth"; readonly mechanism: string; readonly payload: string }
  | { readonly kind: "response"; readonly payload: string }
  | { readonly kind: "abort" }
  /** XEP-0388. */
  | { readonly kind: "authenticate" | "response2" | "abort2" }
  | { readonly kind: "stanza"; readonly stanza: StanzaKind }
  /** The peer reports a stream error of its own and will close (RFC 6120 section 4.9.1.1). */
  | { readonly kind: "stream-error" }
  /** XEP-0198. */
  | { readonly kind: "management" }
  /** RFC 6120 section 4.9.3.24. */
  | { readonly kind: "unsupported" };

export function classify(element: Element): Incoming {
  const xmlns: unknown = element.attrs["xmlns"];
  switch (xmlns) {
    case clientNamespace:
      return isStanzaName(element.name) ? { kind: "stanza", stanza: element.name } : { kind: "unsupported" };
    case tlsNamespace:
      return element.name === "starttls" ? { kind: "starttls" } : { kind: "unsupported" };
    case saslNamespace:
      return classifySasl(element);
    case sasl2Namespace:
      return classifySasl2(element);
    case managementNamespace:
      return { kind: "management" };
    case streamNamespace:
      return element.name === "error" ? { kind: "stream-error" } : { kind: "unsupported" };
    default:
      return { kind: "unsupported" };
  }
}

/** XEP-0388 section 2.4: while a login goes on nothing else does, be it white space. */
export function disturbed(at: number): Extract<SessionEvent, { readonly type: "stream.failed" }> {
  return { type: "stream.failed", at, condition: "policy-violation", text: "nothing but the login goes on until it is done" };
}

function classifySasl(element: Element): Incoming {
  switch (element.name) {
    case "auth":
      return { kind: "auth", mechanism: String(element.attrs["mechanism"] ?? ""), payload: element.getText() };
    case "response":
      return { kind: "response", payload: element.getText() };
    case "abort":
      return { kind: "abort" };
    default:
      return { kind: "unsupported" };
  }
}

/** `<next/>` and `<task-data/>` are for tasks, of which none are offered (XEP-0388 section 2.6.3). */
function classifySasl2({ name }: Element): Incoming {
  switch (name) {
    case "authenticate":
      return { kind: "authenticate" };
    case "response":
      return { kind: "response2" };
    case "abort":
      return { kind: "abort2" };
    default:
      return { kind: "unsupported" };
  }
}

function isStanzaName(name: string): name is StanzaKind {
  return name === "message" || name === "presence" || name === "iq";
}

/**
 * The `<bind/>` of an iq of type set, if it is one and breaks no rule of iqs (RFC 6120 sections 7 and 8.2.3).
 * `resource` is undefined where the server is to choose.
 */
export function bindRequest(element: Element): { readonly id: string; readonly resource: string | undefined } | undefined {
  if (element.name !== "iq" || element.attrs["type"] !== "set") return undefined;
  const bind = payloadOf(element);
  if (bind === undefined || bind.name !== "bind" || bind.attrs["xmlns"] !== bindNamespace) return undefined;
  const id = element.attrs["id"] as string | undefined;
  if (id === undefined || id === "" || id.length > bindIdCharsMax || elementsIn(element) !== 1) return undefined;
  const resource = bind.children.find((child): child is Element => typeof child !== "string" && child.name === "resource");
  return { id, resource: resource?.getText() || undefined };
}

/** The machine is told of it, and what it is told is recorded. */
const bindIdCharsMax = 1_023;

const iqTypes = new Set(["get", "set", "result", "error"]);
const messageTypes = new Set(["normal", "chat", "groupchat", "headline", "error"]);
/** RFC 6121 section 4.7.1: `available` is what there is no type for. */
const presenceTypes = new Set([
  "unavailable",
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
  "probe",
  "error",
]);

export type CheckedStanza =
  | { readonly stanza: Stanza; readonly fault?: undefined }
  /** `stanza` is what an error can be addressed by: a malformed `to` is left out (RFC 6120 section 8.3.1). */
  | { readonly stanza: Stanza; readonly fault: StanzaFault };

/** Checks a stanza's common attributes (RFC 6120 section 8.1) and stamps its sender and language. */
export function checkStanza(element: Element, kind: StanzaKind, sender: Jid, lang: string | undefined): CheckedStanza {
  const rawTo: unknown = element.attrs["to"];
  const to = typeof rawTo === "string" ? parseJid(rawTo) : undefined;
  const type = typeOf(element, kind);
  const from = isSubscription(kind, type) ? sender.toBare() : sender;
  const stanza: Stanza = { element, kind, type, id: element.attrs["id"] as string | undefined, from, to };

  element.attrs["from"] = from.full;
  // RFC 6120 section 8.1.5: the stream's language is that of stanzas which name none.
  if (lang !== undefined && element.attrs["xml:lang"] === undefined) element.attrs["xml:lang"] = lang;

  if (rawTo !== undefined && to === undefined) {
    return { stanza, fault: { condition: "jid-malformed", text: "the address in 'to' is no JID" } };
  }
  const fault = stanzaMistake(stanza);
  return fault === undefined ? { stanza } : { stanza, fault };
}

/** What is wrong with the form of a stanza, its addresses aside. */
export function stanzaMistake(stanza: Stanza): StanzaFault | undefined {
  const { kind, element } = stanza;
  const text = kind === "iq" ? iqMistake(stanza) : undefined;
  if (text !== undefined) return { condition: "bad-request", text };
  const isUnknown = kind === "presence" && element.attrs["type"] !== undefined && !presenceTypes.has(String(element.attrs["type"]));
  return isUnknown ? { condition: "bad-request", text: "presence has no such type" } : undefined;
}

/** Never empty, and one that the kind has; but for presence, whose types are checked. */
export function typeOf(element: Element, kind: StanzaKind): string {
  const type = element.attrs["type"] as string | undefined;
  if (kind === "iq") return type ?? "";
  if (kind === "presence") return type ?? "available";
  // RFC 6121 section 5.2.2: a type that is not known is `normal`.
  return type !== undefined && messageTypes.has(type) ? type : "normal";
}

/** RFC 6120 section 8.2.3. */
function iqMistake({ element, type, id }: Stanza): string | undefined {
  if (!iqTypes.has(type)) return "the type of an iq is get, set, result or error";
  if (id === undefined || id === "") return "an iq needs an id";
  const children = elementsIn(element);
  if ((type === "get" || type === "set") && children !== 1) return "an iq of type get or set has exactly one child element";
  if (type === "result" && children > 1) return "an iq of type result has at most one child element";
  return undefined;
}

function elementsIn(element: Element): number {
  return element.children.filter((child) => typeof child !== "string").length;
}

function isSubscription(kind: StanzaKind, type: string): boolean {
  return kind === "presence" && (type.startsWith("subscribe") || type.startsWith("unsubscribe"));
}

/** RFC 6121 section 4.7.2.3: one integer from -128 to 127, 0 where there is none; undefined if it is anything else. */
export function priorityOf(presence: Element): number | undefined {
  const found = presence.children.filter(
    (child): child is Element => typeof child !== "string" && child.name === "priority" && child.attrs["xmlns"] === undefined,
  );
  const [child] = found;
  if (child === undefined) return 0;
  if (found.length > 1 || elementsIn(child) > 0) return undefined;
  const text = child.getText().trim();
  if (!/^[+-]?\d{1,4}$/.test(text)) return undefined;
  // "-0" is 0: what is recorded has no other one.
  const priority = Number(text) || 0;
  return priority >= -128 && priority <= 127 ? priority : undefined;
}

/** A stream header's `xml:lang`, if it has the form of a language tag (RFC 6120 section 4.7.4). */
export function languageOf(lang: string | undefined): string | undefined {
  return lang !== undefined && /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/.test(lang) && lang.length <= 64 ? lang : undefined;
}

/** The major version of a stream header: 0 where there is none (RFC 6120 section 4.7.5). */
function majorVersion(version: string | undefined): number {
  const match = /^0*(\d{1,6})\.\d{1,6}$/.exec(version ?? "");
  return match === null ? 0 : Number(match[1]);
}
