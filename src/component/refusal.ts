/** How a component is told that its stream is over. */
import type { Clock, Ids } from "../ports.ts";
import type { Link, StreamFault } from "../xml/link.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";

export function streamErrorText({ condition, text }: StreamFault): string {
  const xmlns = "urn:ietf:params:xml:ns:xmpp-streams";
  const reason = text === "" ? undefined : el("text", { xmlns, "xml:lang": "en" }, text);
  return serialise(el("stream:error", {}, el(condition, { xmlns }), reason), clientNamespace);
}

/** For one that comes while nobody can be served (RFC 6120 section 4.9.3.17): it reads why, and connects again. */
export function turnAway(link: Link, { clock, ids, closingMs }: { readonly clock: Clock; readonly ids: Ids; readonly closingMs: number }): void {
  const header = link.headerText({ id: ids.next(), from: undefined, to: undefined, version: undefined, lang: undefined });
  link.write([header, streamErrorText({ condition: "resource-constraint", text: "the server is recovering; try again in a moment" }), link.footerText]);
  link.end();
  clock.at(clock.now() + closingMs, () => link.destroy());
}
