/** XML streams whose every element stands alone, as a document (RFC 7395 section 3.3): their headers, and what an element needs for that. */
import { NS_CLIENT, NS_STREAMS } from "./namespaces.ts";
import type { StreamHeader } from "./link.ts";
import { escapeAttribute } from "./serialise.ts";

export const NS_FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";

/** RFC 7395 section 3.4. */
export function framedHeader({ id, from, to, version, lang }: StreamHeader): string {
  const attributes = Object.entries({ id, from, to, version, "xml:lang": lang })
    .map(([name, value]) => (value === undefined ? "" : ` ${name}='${escapeAttribute(value)}'`))
    .join("");
  return `<open xmlns='${NS_FRAMING}'${attributes}/>`;
}

/** RFC 7395 section 3.6. */
export const framedFooter = `<close xmlns='${NS_FRAMING}'/>`;

/** First-level elements that stand in the content namespace, and are written without it within a stream. */
const stanzas = ["<message", "<presence", "<iq"];

/** RFC 7395 section 3.3.3: `text`, an element as it stands within a stream, with the namespaces that the stream's header declares there. */
export function standalone(text: string): string {
  if (text.startsWith("<stream:")) return declaring(text, text.search(/[\s/>]/), ` xmlns:stream='${NS_STREAMS}'`);
  const name = stanzas.find((start) => text.startsWith(start));
  if (name === undefined) return text;
  const tag = text.slice(0, text.indexOf(">") + 1);
  // An attribute's value has no ">" in it where this server writes it.
  return " />".includes(text[name.length]!) && !declaresDefault(tag) ? declaring(text, name.length, ` xmlns='${NS_CLIENT}'`) : text;
}

/** Attribute by attribute: what a stranger has written into one can look like another. */
function declaresDefault(tag: string): boolean {
  return tag.includes(" xmlns=") && /^<[^\s/>]+(?: [^\s="']+=(?:"[^"]*"|'[^']*'))*? xmlns=/.test(tag);
}

function declaring(text: string, at: number, declaration: string): string {
  return `${text.slice(0, at)}${declaration}${text.slice(at)}`;
}
