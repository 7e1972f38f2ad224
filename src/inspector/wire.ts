/** What goes over a session's link, as XML text that may be shown. */
import type { Element } from "../xml/element.ts";
import type { StreamHeader } from "../xml/link.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { escapeAttribute, serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { redact, withheld } from "./redact.ts";

export interface Wire {
  readonly direction: "in" | "out";
  readonly xml: string;
  /** Of the original. */
  readonly chars: number;
}

export function headerCame({ to, from, id, version, lang }: StreamHeader): Wire {
  const attributes = Object.entries({ to, from, id, version, "xml:lang": lang })
    .map(([name, value]) => (value === undefined ? "" : ` ${name}="${escapeAttribute(value)}"`))
    .join("");
  const xml = `<stream:stream${attributes}>`;
  return { direction: "in", xml, chars: xml.length };
}

export function elementCame(element: Element, bodies: boolean): Wire {
  return { direction: "in", xml: redact(element, { bodies, direction: "in" }), chars: serialise(element, clientNamespace).length };
}

export function endCame(): Wire {
  return { direction: "in", xml: endTag, chars: endTag.length };
}

/** `text`: a header, an end tag, or one element, as this server has written it. */
export function textWritten(text: string, bodies: boolean): Wire {
  return { direction: "out", xml: isFrame(text) ? text : elementWritten(text, bodies), chars: text.length };
}

const endTag = "</stream:stream>";

function isFrame(text: string): boolean {
  return text.startsWith("<?xml ") || text.startsWith("<stream:stream ") || text === endTag;
}

function elementWritten(text: string, bodies: boolean): string {
  let element: Element;
  try {
    element = restoreElement(text);
  } catch {
    // Nothing that cannot be read is shown.
    return withheld(text);
  }
  if (element.attrs["xmlns"] === streamNamespace) {
    // As it is on the wire, where the header has declared the prefix.
    const namespaced = redact(element, { bodies, direction: "out" });
    return namespaced.replace(` xmlns="${streamNamespace}"`, "").replace(`<${element.name}`, `<stream:${element.name}`).replace(/<\/([^<>]+)>$/, "</stream:$1>");
  }
  return redact(element, { bodies, direction: "out" });
}

const streamNamespace = "http://etherx.jabber.org/streams";
