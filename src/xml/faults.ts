/** The stream errors that bytes alone can earn, each at the section that names it. */
import type { XmlLimits } from "../domain/limits.ts";
import type { LimitName } from "../domain/refusals.ts";
import type { StreamFault } from "./link.ts";

/** RFC 6120 section 11.3: the bytes are no XML, or no XML with namespaces. */
export const notWellFormed = (text: string): StreamFault => ({ condition: "not-well-formed", text });

/** RFC 6120 section 11.1: XML, but a part of it that XMPP forbids. */
export const restrictedXml = (text: string): StreamFault => ({ condition: "restricted-xml", text });

/** RFC 6120 section 4.9.3.22: another encoding, or UTF-8 against its rules. */
export const unsupportedEncoding = (text: string): StreamFault => ({ condition: "unsupported-encoding", text });

/** RFC 6120 section 4.9.3.14: one of the limits of this server; the text names it. */
export const policyViolation = (text: string, limit: LimitName): StreamFault => ({ condition: "policy-violation", text, limit });

/** The same for the bytes of a stanza; `where`: what else is to be said of them. */
export function stanzaTooLarge({ stanzaBytesMax, stanzaBytesSetting }: XmlLimits, where = ""): StreamFault {
  const limit = stanzaBytesSetting ?? "stanzaBytesMax";
  return policyViolation(`more than ${stanzaBytesMax} bytes in one stanza${where} (${limit})`, limit);
}

/** RFC 6120 section 4.9.3.1: XML that no stream can hold at this place. */
export const badFormat = (text: string): StreamFault => ({ condition: "bad-format", text });

/** RFC 6120 section 4.9.3.10. */
export const invalidNamespace = (text: string): StreamFault => ({ condition: "invalid-namespace", text });

/** RFC 6120 section 4.9.3.2. */
export const badNamespacePrefix = (text: string): StreamFault => ({ condition: "bad-namespace-prefix", text });
