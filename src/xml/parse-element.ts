/** One element from text: read by the parser that reads clients, so nothing passes that a stream could not carry. */
import { outboxBytesHardMax, xmlLimitsAuthenticated, type XmlLimits } from "../domain/limits.ts";
import type { Element } from "./element.ts";
import type { StreamFault } from "./link.ts";
import { XmlStreamParser } from "./parser.ts";

const header = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/**
 * The one first-level element that `text` holds, white space around it aside; in `jabber:client` where it declares no namespace.
 * For what a person wrote: at most as large as a client may send. Throws SyntaxError with what is wrong.
 */
export function parseElement(text: string): Element {
  return parse(text, xmlLimitsAuthenticated);
}

/**
 * The same for what this server has serialised and kept. It was within the limits when it came in; that it is larger now, with
 * every namespace spelled out and every apostrophe escaped, must not make it unreadable. Throws SyntaxError as `parseElement` does.
 */
export function restoreElement(text: string): Element {
  return parse(text, unlimited);
}

/**
 * The same for what another server has kept, or says that it has, and clients of this one will be given: anything that a client
 * could have brought here, however it is written, and nothing that would end the stream of who reads it. Throws SyntaxError.
 */
export function adoptElement(text: string): Element {
  return parse(text, adopted);
}

const { depthMax, attributesMax, nameBytesMax, elementsMax } = xmlLimitsAuthenticated;
/** Kept text spells out what the client's left to its context, and may say when it was kept. */
const adopted: XmlLimits = {
  stanzaBytesMax: outboxBytesHardMax / 2,
  depthMax: 2 * depthMax,
  attributesMax: 4 * attributesMax,
  nameBytesMax,
  elementsMax: 2 * elementsMax,
};

const unlimited: XmlLimits = {
  stanzaBytesMax: Number.POSITIVE_INFINITY,
  depthMax: Number.POSITIVE_INFINITY,
  attributesMax: Number.POSITIVE_INFINITY,
  nameBytesMax: Number.POSITIVE_INFINITY,
  elementsMax: Number.POSITIVE_INFINITY,
};

function parse(text: string, limits: XmlLimits): Element {
  const elements: Element[] = [];
  let fault: StreamFault | undefined;
  let ended = false;
  const parser = new XmlStreamParser(
    {
      opened: () => {},
      element: (element) => elements.push(element),
      ended: () => (ended = true),
      failed: (found) => (fault = found),
    },
    limits,
  );
  // Half a surrogate pair would be replaced on the way to bytes.
  if (/\p{Surrogate}/u.test(text)) throw refusal("it holds half a surrogate pair", text);
  parser.write(Buffer.from(header));
  parser.write(Buffer.from(text));
  if (ended) throw refusal("it closes the stream", text);
  parser.write(Buffer.from("</stream:stream>"));
  if (fault !== undefined) throw refusal(`${fault.condition}: ${fault.text}`, text);
  const [element, ...others] = elements;
  if (element === undefined || others.length > 0 || !ended) throw refusal(`it holds ${elements.length} whole elements`, text);
  return element;
}

function refusal(why: string, text: string): SyntaxError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new SyntaxError(`expected the text of one element, but ${why}; got ${JSON.stringify(shown)}`);
}
