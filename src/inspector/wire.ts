/** What goes over a session's link, as XML text that may be shown. */
import type { Element } from "../xml/element.ts";
import type { StreamHeader } from "../xml/link.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { escapeAttribute, serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { streamNamespace } from "./protocol-texts.ts";
import { redact, withheldSecret } from "./redact.ts";

export interface Wire {
  readonly direction: "in" | "out";
  readonly xml: string;
  /** Of the original; of what is shown, where something is a secret. */
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
  const { xml, secret } = redact(element, { bodies, direction: "in" });
  return { direction: "in", xml, chars: secret ? xml.length : serialise(element, clientNamespace).length };
}

export function endCame(): Wire {
  return { direction: "in", xml: endTag, chars: endTag.length };
}

/** `text`: a header, an end tag, or one element, as this server has written it. */
export function textWritten(text: string, bodies: boolean): Wire {
  return isFrame(text) ? { direction: "out", xml: text, chars: text.length } : elementWritten(text, bodies);
}

const endTag = "</stream:stream>";

function isFrame(text: string): boolean {
  return text.startsWith("<?xml ") || text.startsWith("<stream:stream ") || text === endTag;
}

function elementWritten(text: string, bodies: boolean): Wire {
  let element: Element;
  try {
    element = restoreElement(text);
  } catch {
    // Nothing that cannot be read is shown.
    return { direction: "out", xml: withheldSecret, chars: withheldSecret.length };
  }
  const { xml, secret } = redact(element, { bodies, direction: "out" });
  const shown = element.attrs["xmlns"] === streamNamespace ? prefixed(xml, element.name) : xml;
  return { direction: "out", xml: shown, chars: secret ? shown.length : text.length };
}

/** An element of the stream as it is on the wire, where the header has declared the prefix. */
function prefixed(xml: string, name: string): string {
  return xml.replace(` xmlns="${streamNamespace}"`, "").replace(`<${name}`, `<stream:${name}`).replace(/<\/([^<>]+)>$/, "</stream:$1>");
}
