/** Stanzas within stanzas (XEP-0297): copies of messages, and what an archive has kept. */
import { delayElement } from "./delay.ts";
import type { Element } from "./element.ts";
import { clientNamespace, el } from "./stanza.ts";

export const forwardNamespace = "urn:xmpp:forward:0";

/**
 * A stanza, for the element of the protocol that forwards it; the stanza itself stays as it is, and is not its child. undefined: the
 * place of one that is there no more. `at`: when the server received it, in ms since 1970 (XEP-0297 section 3.2, rule 2); none for what
 * is forwarded as it comes.
 */
export function forwarded(stanza: Element | undefined, at?: number): Element {
  const delay = at === undefined ? undefined : delayElement(at);
  return el("forwarded", { xmlns: forwardNamespace }, delay, stanza === undefined ? undefined : ownCopy(stanza));
}

/** It has to name its namespace, which would else be that around it (XEP-0297 section 3.2, rule 3). */
function ownCopy(stanza: Element): Element {
  const copy = el(stanza.name, { ...stanza.attrs, xmlns: stanza.getNS() ?? clientNamespace });
  copy.children = [...stanza.children];
  return copy;
}
