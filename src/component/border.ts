/** What a component may send: its stanzas, checked and prepared (XEP-0114 section 3). */
import { parseJid, type Jid } from "../domain/jid.ts";
import { stanzaMistake, typeOf } from "../session/border.ts";
import type { Element } from "../xml/element.ts";
import type { StreamFault } from "../xml/link.ts";
import { clientNamespace, stanzaKindOf, type Stanza, type StanzaFault } from "../xml/stanza.ts";

export type Addressed = Stanza & { readonly to: Jid };

export type CheckedElement =
  | { readonly stanza: Addressed; readonly fault?: undefined }
  /** It goes back; `to` is left out where it is no JID. */
  | { readonly stanza: Stanza; readonly fault: StanzaFault }
  /** The stream cannot go on. */
  | { readonly streamFault: StreamFault };

/** A first-level element of an open stream. */
export function checkComponentStanza(element: Element, domain: string): CheckedElement {
  const kind = element.attrs["xmlns"] === clientNamespace ? stanzaKindOf(element) : undefined;
  if (kind === undefined) return failed("unsupported-stanza-type", `<${element.name}/> is not understood here`);
  const { from: rawFrom, to: rawTo, id } = element.attrs as Readonly<Record<string, string | undefined>>;
  // RFC 6120 section 4.9.3.7, as between servers.
  if (!rawFrom || !rawTo) return failed("improper-addressing", "every stanza of a component has 'from' and 'to'");
  const from = parseJid(rawFrom);
  if (from === undefined) return failed("improper-addressing", "the address in 'from' is no JID");
  // RFC 6120 section 4.9.3.9.
  if (from.domain !== domain) return failed("invalid-from", `this component sends from addresses of ${domain}`);
  const to = parseJid(rawTo);
  const stanza = { element, kind, type: typeOf(element, kind), id, from };
  if (to === undefined) return { stanza: { ...stanza, to }, fault: { condition: "jid-malformed", text: "the address in 'to' is no JID" } };
  Object.assign(element.attrs, { from: from.full, to: to.full });
  const fault = stanzaMistake({ ...stanza, to });
  return fault === undefined ? { stanza: { ...stanza, to } } : { stanza: { ...stanza, to }, fault };
}

function failed(condition: StreamFault["condition"], text: string): { readonly streamFault: StreamFault } {
  return { streamFault: { condition, text } };
}
