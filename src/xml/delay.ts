/** When something was first sent that arrives late (XEP-0203). */
import type { Element } from "./element.ts";
import { el } from "./stanza.ts";

export const delayNamespace = "urn:xmpp:delay";

/** `at`: ms since 1970; `from`: who kept it. */
export function delayElement(at: number, from?: string): Element {
  return el("delay", { xmlns: delayNamespace, from, stamp: new Date(at).toISOString() });
}
