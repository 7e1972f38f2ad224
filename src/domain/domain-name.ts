/** The domainpart of a JID: an IP literal or an internationalized domain name (RFC 7622 section 3.2). */

import { toASCII, toUnicode } from "tr46";
import { preparedTextLengthMax } from "./limits.ts";
import { contextsAllowed, followsBidiRule, hasRightToLeft, lowerCased, widthMapped } from "./precis.ts";
import { idnaProperty } from "./precis-tables.ts";

/**
 * Enforces the rules for a domainpart: NR-LDH labels and U-labels in lower case, A-labels turned into U-labels, no dot
 * at the end. undefined: not a domainpart. The answer is its own answer.
 */
export function prepareDomain(text: string): string | undefined {
  if (text.length <= labelBytesMax && plainDomain.test(text)) return text;
  if (text.length > preparedTextLengthMax) return undefined;
  // RFC 7622 section 3.2: the dot at the end goes before anything else is done.
  const name = text.replace(/[.\u3002\uFF0E\uFF61]$/, "");
  return name.startsWith("[") ? ipLiteral(name) : internationalName(mapped(name));
}

/** RFC 1034 limits an encoded name to 255 octets, which leaves this much for the labels and the dots between them. */
const nameBytesMax = 253;
const labelBytesMax = 63;
/** RFC 7622 section 3.2: of a domainpart. A name cannot reach it: 253 octets of A-labels are less in U-labels. */
const literalBytesMax = 1_023;
/** As many labels of one letter fit. */
const labelsMax = 127;

/** Lower-case ASCII in which every rule can be seen at once; an IPv4 address is of this form as well. */
const plainDomain = /^[0-9a-z]+(?:[.-][0-9a-z]+)*$/;

/** RFC 7622 section 3.1, "IP-literal", all ASCII: the address in lower case, a zone as it is. */
function ipLiteral(text: string): string | undefined {
  const [, address, zone = ""] = /^\[([!-$&-\\^-~]+)(%25(?:[\w.~-]|%[0-9A-Fa-f]{2})+)?\]$/.exec(text) ?? [];
  if (address === undefined || text.length > literalBytesMax) return undefined;
  const lower = address.toLowerCase();
  const future = zone === "" && /^v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+$/.test(lower);
  return future || isIpv6(lower) ? `[${lower}${zone}]` : undefined;
}

function isIpv6(address: string): boolean {
  const halves = address.split("::");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const endsInIpv4 = ipv4.test(groups.at(-1) ?? "") && !address.endsWith(":");
  const words = endsInIpv4 ? groups.slice(0, -1) : groups;
  if (!words.every((word) => /^[0-9a-f]{1,4}$/.test(word))) return false;
  const count = words.length + (endsInIpv4 ? 2 : 0);
  return halves.length === 2 ? count <= 7 : halves.length === 1 && count === 8;
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Case, width, normalization, ideographic full stop: the order that RFC 7622 section 3.2.2 takes from RFC 5895.
 * Capitals that are valid in a U-label, those of Cherokee, stay as they are.
 */
function mapped(name: string): string {
  const lower = name.replaceAll(/\p{Changes_When_Lowercased}/gu, (char) =>
    idnaProperty(char) === "PVALID" ? char : lowerCased(char),
  );
  return widthMapped(lower).normalize("NFC").replaceAll("\u3002", ".");
}

interface Label {
  readonly unicode: string;
  readonly ascii: string;
}

function internationalName(name: string): string | undefined {
  const parts = name.split(".");
  if (parts.length > labelsMax) return undefined;
  const labels: Label[] = [];
  let asciiBytes = parts.length - 1;
  for (const part of parts) {
    const label = readLabel(part);
    if (label === undefined) return undefined;
    asciiBytes += label.ascii.length;
    labels.push(label);
  }
  if (asciiBytes > nameBytesMax) return undefined;
  const unicode = labels.map((label) => label.unicode);
  // RFC 5893 section 2: one RTL label puts all labels of the name under the rule.
  if (unicode.some(hasRightToLeft) && !unicode.every(followsBidiRule)) return undefined;
  return unicode.join(".");
}

function readLabel(text: string): Label | undefined {
  if (/[^\0-\x7F]/.test(text)) return readULabel(text);
  if (text.startsWith("xn--")) return readALabel(text);
  return nrLdhLabel.test(text) ? { unicode: text, ascii: text } : undefined;
}

/** RFC 5890 section 2.3.2.2, in lower case. */
const nrLdhLabel = /^(?!..--)[0-9a-z](?:[-0-9a-z]{0,61}[0-9a-z])?$/;

/** RFC 5891 sections 4.2 and 4.4, of what is in NFC. */
function readULabel(text: string): Label | undefined {
  // Each code point takes at least one octet of an A-label after "xn--"; beyond that no encoding is worth trying.
  if (text.length > 2 * labelBytesMax) return undefined;
  if (/^(?:-|..--|\p{M})|-$/u.test(text) || !Array.from(text).every(isIdna) || !contextsAllowed(text)) return undefined;
  const ascii = toASCII(text);
  return ascii === null || ascii.length > labelBytesMax ? undefined : { unicode: text, ascii };
}

/** RFC 5890 section 2.3.2.1: an A-label is what its U-label is encoded to, which excludes what is not in NFC. */
function readALabel(text: string): Label | undefined {
  if (text.length > labelBytesMax) return undefined;
  const decoded = toUnicode(text);
  const label = decoded.error ? undefined : readULabel(decoded.domain);
  return label?.ascii === text ? label : undefined;
}

function isIdna(char: string): boolean {
  const property = idnaProperty(char);
  return property === "PVALID" || property === "CONTEXTJ" || property === "CONTEXTO";
}
