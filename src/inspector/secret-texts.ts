/** What of a stanza is never shown, whatever is asked for. */
import { formNamespace, saslNamespace } from "./protocol-texts.ts";

/** Elements, attributes and fields of forms with such names hold secrets, whatever their namespace. */
const secretNames = /passw|passphrase|passcode|^pass$|^pin$|pwd|secret|token|digest|credential|nonce|key/i;

export function isSecretName(name: string): boolean {
  return secretNames.test(name);
}

/** Of an element that holds a secret: what it is. An attribute of any other name may be the secret itself. */
export function isShownOfSecret(attribute: string): boolean {
  return attribute === "xmlns" || attribute === "type" || attribute === "mechanism" || attribute === "var";
}

/** Namespaces whose texts are secrets, but for those of these elements. */
const secretNamespaces: ReadonlyMap<string, readonly string[]> = new Map([
  // RFC 6120 section 6: `auth`, `response`, `challenge`, `success`.
  [saslNamespace, ["mechanisms", "mechanism", "failure", "text"]],
  // XEP-0388 section 2.
  ["urn:xmpp:sasl:2", ["authentication", "mechanism", "inline", "authenticate", "authorization-identifier", "failure", "text"]],
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
