/** Ids that an account, or a room, gives to what it was sent (XEP-0359). */
import type { Element } from "./element.ts";
import { el } from "./stanza.ts";

export const stanzaIdNamespace = "urn:xmpp:sid:0";

/** `by`: the bare JID of who gives the id. */
export function stanzaIdElement(by: string, id: string): Element {
  return el("stanza-id", { xmlns: stanzaIdNamespace, by, id });
}

/** The id that `by` has given to a stanza; undefined if there is none. */
export function stanzaIdOf(stanza: Element, by: string): string | undefined {
  const found = stanza.getChildren("stanza-id", stanzaIdNamespace).find(({ attrs }) => attrs["by"] === by);
  return found?.attrs["id"] as string | undefined;
}
