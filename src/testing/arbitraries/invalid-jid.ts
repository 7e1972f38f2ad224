/** Texts that are no addresses, each with the rule that it breaks. */
import fc from "fast-check";
import { domainText, localText, resourceText } from "./jid-parts.ts";

/** A text that is no address, and why. */
export interface InvalidJid {
  readonly text: string;
  /** `a localpart of 1,024 bytes (RFC 7622 section 3.3)`. */
  readonly why: string;
}

/** Texts that RFC 7622 allows nobody to take for a JID: one rule is broken, and everything else is right. */
export function invalidJid(): fc.Arbitrary<InvalidJid> {
  return fc.constantFrom(...mistakes).chain(({ why, text }) => text.map((text) => ({ text, why })));
}

interface Mistake {
  readonly why: string;
  readonly text: fc.Arbitrary<string>;
}

const [local, domain, resource] = [localText(true), domainText(true), resourceText(false)];

const mistakes: readonly Mistake[] = [
  { why: "nothing at all (RFC 7622 section 3.1)", text: fc.constant("") },
  { why: "no domainpart (RFC 7622 section 3.2)", text: fc.tuple(local, fc.constantFrom("", "/orchard")).map(([local, rest]) => `${local}@${rest}`) },
  { why: "an empty localpart (RFC 7622 section 3.3)", text: domain.map((domain) => `@${domain}`) },
  { why: "an empty resourcepart (RFC 7622 section 3.4)", text: fc.tuple(local, domain).map(([local, domain]) => `${local}@${domain}/`) },
  { why: "a second @ before the resourcepart (RFC 7622 section 3.2)", text: fc.tuple(local, local, domain).map((parts) => parts.join("@")) },
  inLocal("a character that a localpart excludes (RFC 7622 section 3.3.1)", fc.constantFrom(..."\"&':<>")),
  inLocal("a space in a localpart (RFC 7622 section 3.3)", fc.constantFrom(" ", "\u00A0", "\u3000")),
  inLocal("a symbol in a localpart (RFC 7622 section 3.3)", fc.constantFrom("♚", "😀", "①", "ﬁ", "™")),
  inLocal("letters of both directions in a localpart (RFC 5893 section 2)", fc.constantFrom("אa", "aש", "bا")),
  inLocal("a character out of its context (RFC 5892 appendix A)", fc.constantFrom("\u200D", "\u200C", "b\u00B7b")),
  anywhere("a control character (RFC 8264 section 4)", fc.constantFrom("\u0000", "\t", "\n", "\u007F", "\u0085", "\u202E")),
  anywhere("a code point that is not assigned (RFC 8264 section 9.10)", fc.constantFrom("\u0378", "\uFFFF", "\u{E0080}")),
  anywhere("half a surrogate pair (RFC 7622 section 3.1)", fc.constantFrom("\uD800", "\uDFFF")),
  { why: "a localpart of more than 1,023 bytes (RFC 7622 section 3.3)", text: long(["l".repeat(1_024), "é".repeat(512), "中".repeat(342)], (long) => `${long}@example.org`) },
  { why: "a resourcepart of more than 1,023 bytes (RFC 7622 section 3.4)", text: long(["r".repeat(1_024), "é".repeat(512)], (long) => `example.org/${long}`) },
  { why: "a space at the begin of a resourcepart (RFC 7622 section 3.5)", text: resource.map((resource) => `romeo@example.org/ ${resource}`.slice(0, 1_000)) },
  { why: "an empty label (RFC 7622 section 3.2)", text: fc.constantFrom("romeo@.", "romeo@a..b", "romeo@.example", "example.org..") },
  { why: "a label of more than 63 octets (RFC 7622 section 3.2)", text: long(["d".repeat(64), "ü".repeat(63)], (long) => `romeo@${long}.example`) },
  { why: "a domain name of more than 253 octets (RFC 7622 section 3.2)", text: fc.constant(`romeo@${`${"d".repeat(62)}.`.repeat(4)}dd`) },
  { why: "a hyphen at an end of a label (RFC 5890 section 2.3.1)", text: fc.constantFrom("-a.example", "a-.example", "romeo@-", "ä-.example") },
  { why: "what no label holds (RFC 5890 section 2.3.1)", text: fc.constantFrom("_xmpp.example", "a b.example", "a!b", "example.org:5222", "♥.example") },
  { why: "an A-label that encodes nothing (RFC 5890 section 2.3.1)", text: fc.constantFrom("xn--.example", "xn--99999999.example", "xn--abc-.example") },
  { why: "an address that is none (RFC 7622 section 3.1)", text: fc.constantFrom("[::1", "[]", "[:::]", "[1.2.3.4]", "romeo@[g::]") },
];

function inLocal(why: string, wrong: fc.Arbitrary<string>): Mistake {
  return { why, text: fc.tuple(short(local), wrong, short(local), domain).map(([before, wrong, after, domain]) => `${before}${wrong}${after}@${domain}`) };
}

function anywhere(why: string, wrong: fc.Arbitrary<string>): Mistake {
  const texts = fc.tuple(wrong, fc.constantFrom("local", "domain", "resource")).map(([wrong, part]) => {
    const [local, domain, resource] = (["local", "domain", "resource"] as const).map((name) => (name === part ? `a${wrong}b` : "a"));
    return `${local}@${domain}.example/${resource}`;
  });
  return { why, text: texts };
}

/** The mistake is not to be the length. */
function short(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return part.map((text) => text.slice(0, 20));
}

function long(texts: readonly string[], write: (text: string) => string): fc.Arbitrary<string> {
  return fc.constantFrom(...texts).map(write);
}
