/** The elements that negotiation itself sends, as data. */
import type { SaslErrorCondition, StanzaErrorCondition } from "../src/domain/errors.ts";
import { toWire } from "../src/domain/counting.ts";
import { stanzaErrorTypes } from "../src/domain/errors.ts";
import type { ElementData } from "./session-events.ts";

const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
/** XEP-0388. */
export const sasl2Namespace = "urn:xmpp:sasl:2";
const bind = "urn:ietf:params:xml:ns:xmpp-bind";
/** XEP-0198. */
export const managementNamespace = "urn:xmpp:sm:3";
const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** RFC 6120 section 5.4.2.3. */
export const tlsProceed = element("proceed", { xmlns: tls });
/** RFC 6120 section 5.4.2.2. */
export const tlsFailure = element("failure", { xmlns: tls });

/** RFC 6120 section 6.4.3; `data` is base64. */
export const saslChallenge = (data: string): ElementData => element("challenge", { xmlns: sasl }, [data]);

/** RFC 6120 section 6.4.6; `data` is base64, null where the mechanism has none. */
export const saslSuccess = (data: string | null): ElementData =>
  element("success", { xmlns: sasl }, data === null ? [] : [data]);

/** RFC 6120 section 6.4.5. */
export function saslFailure(condition: SaslErrorCondition, text: string | null): ElementData {
  const children: ElementData[] = [element(condition, {})];
  if (text !== null) children.push(element("text", { "xml:lang": "en" }, [text]));
  return element("failure", { xmlns: sasl }, children);
}

/** XEP-0388 section 2.5; `data` is base64. */
export const sasl2Challenge = (data: string): ElementData => element("challenge", { xmlns: sasl2Namespace }, [data]);

/** XEP-0388 section 2.6.2: the conditions are those of RFC 6120 section 6.5. */
export function sasl2Failure(condition: SaslErrorCondition, text: string | null): ElementData {
  const children: ElementData[] = [element(condition, { xmlns: sasl })];
  if (text !== null) children.push(element("text", { "xml:lang": "en" }, [text]));
  return element("failure", { xmlns: sasl2Namespace }, children);
}

/** RFC 6120 section 7.6.1. */
export const bindResult = (id: string, fullJid: string): ElementData =>
  element("iq", { xmlns: "jabber:client", type: "result", id }, [
    element("bind", { xmlns: bind }, [element("jid", {}, [fullJid])]),
  ]);

/** RFC 6120 sections 7.6.2 and 7.7.2. */
export function bindError(id: string, condition: StanzaErrorCondition, text: string): ElementData {
  return element("iq", { xmlns: "jabber:client", type: "error", id }, [
    // RFC 6120 section 7.7.2.2 shows this one as something that the client can mend.
    element("error", { type: condition === "conflict" ? "modify" : stanzaErrorTypes[condition] }, [
      element(condition, { xmlns: stanzas }),
      element("text", { xmlns: stanzas, "xml:lang": "en" }, [text]),
    ]),
  ]);
}

/** XEP-0198 section 6. `h` where the session that was to be resumed is known to be gone (section 5). */
export const managementFailure = (condition: StanzaErrorCondition, h: number | null = null): ElementData =>
  element("failed", { xmlns: managementNamespace, ...(h === null ? {} : { h: String(toWire(h)) }) }, [element(condition, { xmlns: stanzas })]);

function element(
  name: string,
  attrs: Readonly<Record<string, string>>,
  children: readonly (ElementData | string)[] = [],
): ElementData {
  return { name, attrs, children };
}
