/** Stanzas: the three kinds of element that have a sender and an addressee (RFC 6120 section 8). */
import { stanzaErrorTypes, type StanzaErrorCondition, type StanzaErrorType } from "../domain/errors.ts";
import type { Jid } from "../domain/jid.ts";
import type { LimitName } from "../domain/refusals.ts";
import { Element } from "./element.ts";

export const clientNamespace = "jabber:client";
export const stanzasNamespace = "urn:ietf:params:xml:ns:xmpp-stanzas";

export type StanzaKind = "message" | "presence" | "iq";

/** undefined for what is no stanza. */
export function stanzaKindOf({ name }: Element): StanzaKind | undefined {
  return name === "message" || name === "presence" || name === "iq" ? name : undefined;
}

/** A stanza that passed the border: its addresses are prepared, its type is one that its kind has. */
export interface Stanza {
  readonly element: Element;
  readonly kind: StanzaKind;
  /** Never empty: `normal` for a message without one, `available` for presence without one. */
  readonly type: string;
  readonly id: string | undefined;
  /** The sender, stamped by the server. */
  readonly from: Jid;
  /** undefined: for the server to handle on behalf of the sender (RFC 6120 section 10.3). */
  readonly to: Jid | undefined;
}

export interface StanzaFault {
  readonly condition: StanzaErrorCondition;
  /** English, for a person. */
  readonly text: string;
  /** Where it is not the one that is recommended for the condition. */
  readonly type?: StanzaErrorType;
  /** An application's own condition, beside the general one (RFC 6120 section 8.3.4). */
  readonly detail?: Element;
  /** The number that went before conditions (XEP-0086), where a specification still asks for it. */
  readonly code?: string;
  /** The limit that refuses, for operators. */
  readonly limit?: LimitName | undefined;
}

/** Builds an element; `xmlns` is among the attributes where it differs from that of the parent. Children that are undefined are left out. */
export function el(
  name: string,
  attrs: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (Element | string | undefined)[]
): Element {
  const element = new Element(name);
  for (const [key, value] of Object.entries(attrs)) if (value !== undefined) element.attrs[key] = value;
  for (const child of children) if (child !== undefined) element.cnode(child);
  return element;
}

/** The answer to an iq get or set (RFC 6120 section 8.2.3), from the address that was asked. */
export function iqResult(iq: Stanza, payload?: Element): Element {
  return el(
    "iq",
    { xmlns: clientNamespace, type: "result", id: iq.id ?? "", from: iq.to?.full, to: iq.from.full },
    payload,
  );
}

/** The error that answers a stanza (RFC 6120 section 8.3.1): same kind and id, addresses swapped. */
export function stanzaError(stanza: Pick<Stanza, "kind" | "id" | "from" | "to">, fault: StanzaFault): Element {
  return el(
    stanza.kind,
    {
      xmlns: clientNamespace,
      type: "error",
      // RFC 6120 section 8.3.1, rule 3: an iq's error always has one, empty if need be.
      id: stanza.id ?? (stanza.kind === "iq" ? "" : undefined),
      from: stanza.to?.full,
      to: stanza.from.full,
    },
    errorElement(fault),
  );
}

export function errorElement({ condition, text, type = stanzaErrorTypes[condition], detail, code }: StanzaFault): Element {
  return el(
    "error",
    { code, type },
    el(condition, { xmlns: stanzasNamespace }),
    text === "" ? undefined : el("text", { xmlns: stanzasNamespace, "xml:lang": "en" }, text),
    detail,
  );
}

/** Whether a stanza may be answered with an error: an error or an answer never is (RFC 6120 sections 8.2.3 and 8.3.1). */
export function mayBeAnswered(stanza: Pick<Stanza, "kind" | "type">): boolean {
  return stanza.type !== "error" && !(stanza.kind === "iq" && stanza.type === "result");
}

/** The first child that is an element, which in an iq is its payload. */
export function payloadOf(element: Element): Element | undefined {
  return element.children.find((child): child is Element => typeof child !== "string");
}
