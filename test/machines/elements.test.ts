import { describe, expect, it } from "vitest";
import { bindError, bindResult, managementFailure, saslChallenge, saslFailure, saslSuccess, tlsFailure, tlsProceed } from "../../machines/session-elements.ts";
import type { ElementData } from "../../machines/session-events.ts";

/** As the examples of the specifications write it; nothing here needs an escape. */
function xml({ name, attrs, children }: ElementData): string {
  const written = Object.entries(attrs).map(([key, value]) => ` ${key}='${value}'`).join("");
  const inner = children.map((child) => (typeof child === "string" ? child : xml(child))).join("");
  return inner === "" ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`;
}

const tls = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
const stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
const iq = (type: string) => `<iq xmlns='jabber:client' type='${type}' id='tn281v37'>`;
const words = `<text ${stanzas} xml:lang='en'>in use</text>`;

describe.each([
  ["RFC 6120 section 5.4.2.3 proceed", tlsProceed, `<proceed ${tls}/>`],
  ["RFC 6120 section 5.4.2.2 failure", tlsFailure, `<failure ${tls}/>`],
  ["RFC 6120 section 6.4.3 challenge", saslChallenge("cj1h"), `<challenge ${sasl}>cj1h</challenge>`],
  ["RFC 6120 section 6.4.6 success", saslSuccess("dj1y"), `<success ${sasl}>dj1y</success>`],
  ["RFC 6120 section 6.4.6 success without data", saslSuccess(null), `<success ${sasl}/>`],
  ["RFC 6120 section 6.4.5 failure", saslFailure("not-authorized", null), `<failure ${sasl}><not-authorized/></failure>`],
  [
    "RFC 6120 section 6.5 failure with words",
    saslFailure("account-disabled", "Call 212-555-1212"),
    `<failure ${sasl}><account-disabled/><text xml:lang='en'>Call 212-555-1212</text></failure>`,
  ],
  [
    "RFC 6120 section 7.6.1 bound resource",
    bindResult("tn281v37", "juliet@im.example.com/4db06f06"),
    `${iq("result")}<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>juliet@im.example.com/4db06f06</jid></bind></iq>`,
  ],
  [
    "RFC 6120 section 7.6.2.1 resource constraint",
    bindError("tn281v37", "resource-constraint", "in use"),
    `${iq("error")}<error type='wait'><resource-constraint ${stanzas}/>${words}</error></iq>`,
  ],
  [
    "RFC 6120 section 7.7.2.2 conflict, which the client can mend",
    bindError("tn281v37", "conflict", "in use"),
    `${iq("error")}<error type='modify'><conflict ${stanzas}/>${words}</error></iq>`,
  ],
  [
    "XEP-0198 section 3 failed",
    managementFailure("unexpected-request"),
    `<failed xmlns='urn:xmpp:sm:3'><unexpected-request ${stanzas}/></failed>`,
  ],
  [
    "XEP-0198 section 5 failed, with what was handled",
    managementFailure("item-not-found", 2 ** 32 + 7),
    `<failed xmlns='urn:xmpp:sm:3' h='7'><item-not-found ${stanzas}/></failed>`,
  ],
])("%s", (_, element, text) => {
  it(`is ${text}`, () => {
    expect(xml(element)).toBe(text);
  });
});
