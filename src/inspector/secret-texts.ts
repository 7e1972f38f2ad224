/** What of a stanza is never shown, and what is part of the protocol and always may be. */

/** Elements, attributes and fields of forms with such names hold secrets, whatever their namespace. */
const secretNames = /passw|passphrase|passcode|^pass$|^pin$|pwd|secret|token|digest|credential|nonce|key/i;

export function isSecretName(name: string): boolean {
  return secretNames.test(name);
}

const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
export const bindNamespace = "urn:ietf:params:xml:ns:xmpp-bind";
export const streamErrorNamespace = "urn:ietf:params:xml:ns:xmpp-streams";
export const stanzaErrorNamespace = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const formNamespace = "jabber:x:data";

/** Namespaces whose texts are secrets, but for those of these elements. */
const secretNamespaces: ReadonlyMap<string, readonly string[]> = new Map([
  // RFC 6120 section 6: `auth`, `response`, `challenge`, `success`.
  [sasl, ["mechanisms", "mechanism", "failure", "text"]],
  // XEP-0388 section 2.
  ["urn:xmpp:sasl:2", ["authentication", "mechanism", "inline", "authenticate", "user-agent", "software", "device", "authorization-identifier", "failure", "text"]],
  // XEP-0484 section 3.
  ["urn:xmpp:fast:0", ["fast", "mechanism"]],
  // XEP-0077 section 3, and what was there before SASL.
  ["jabber:iq:auth", []],
  ["jabber:iq:register", []],
]);

/** Whether everything within this element is secret. */
export function isSecretElement(namespace: string, name: string, attrs: Readonly<Record<string, unknown>>): boolean {
  const open = secretNamespaces.get(namespace);
  if (open !== undefined ? !open.includes(name) : isSecretName(name)) return true;
  // XEP-0004 section 3.3: a field that is not to be seen while it is typed.
  if (namespace === formNamespace && name === "field") return attrs["type"] === "text-private" || isSecretName(String(attrs["var"] ?? ""));
  // XEP-0363 section 4: who has these may upload.
  return namespace.startsWith("urn:xmpp:http:upload") && (name === "put" || name === "header");
}

/** Texts that are no person's words, by namespace and name. */
const protocolTexts = new Set([
  "jabber:client show",
  "jabber:client priority",
  `${bindNamespace} resource`,
  `${bindNamespace} jid`,
  `${sasl} mechanism`,
  "urn:xmpp:sasl:2 mechanism",
  "urn:xmpp:fast:0 mechanism",
  "http://jabber.org/features/compress method",
  "http://jabber.org/protocol/compress method",
  "urn:xmpp:stream-limits:0 max-bytes",
  "urn:xmpp:stream-limits:0 idle-seconds",
  "urn:xmpp:time tzo",
  "urn:xmpp:time utc",
]);

export function isProtocolText(namespace: string, name: string): boolean {
  return protocolTexts.has(`${namespace} ${name}`);
}

/** Texts of errors that this server makes, where it is the one who speaks. */
export function isErrorText(namespace: string, name: string): boolean {
  return name === "text" && (namespace === streamErrorNamespace || namespace === stanzaErrorNamespace || namespace === sasl);
}

/** Attributes that are no person's words. */
const protocolAttributes = new Set([
  "to", "from", "by", "id", "type", "xml:lang", "version", "ver", "node", "hash", "algo", "jid", "subscription", "ask", "approved",
  "h", "previd", "max", "resume", "location", "mechanism", "code", "stamp", "seconds", "var", "category", "action", "sid",
  "affiliation", "role", "queryid", "complete", "stable", "index", "count", "since",
]);

export function isProtocolAttribute(name: string): boolean {
  return name === "xmlns" || name.startsWith("xmlns:") || protocolAttributes.has(name);
}
