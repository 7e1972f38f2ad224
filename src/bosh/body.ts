/** The `<body/>` wrapper (XEP-0124 section 6, XEP-0206 section 2), both ways. What comes is a stranger's: every attribute is checked here. */
import type { Element } from "../xml/element.ts";
import { standalone } from "../xml/framing.ts";
import { NS_CLIENT, NS_STREAMS } from "../xml/namespaces.ts";
import { escapeAttribute } from "../xml/serialise.ts";
import type { BoshCondition } from "../../machines/bosh-events.ts";

export const NS_BOSH = "http://jabber.org/protocol/httpbind";
const NS_XBOSH = "urn:xmpp:xbosh";

/** What every body says. */
export interface Body {
  readonly rid: number;
  readonly sid: string | undefined;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly lang: string | undefined;
  /** Of XMPP. */
  readonly version: string | undefined;
  readonly restart: boolean;
  readonly terminate: boolean;
  /** Seconds; undefined where it does not ask to pause. */
  readonly pause: number | undefined;
  readonly ack: number | undefined;
  readonly wait: number | undefined;
  readonly hold: number | undefined;
  /** Of BOSH. */
  readonly ver: string | undefined;
  /** In canonical form, as first-level elements of a stream. */
  readonly payloads: readonly Element[];
  /** Of the whole body. */
  readonly bytes: number;
}

/** undefined: it is no body that can be understood (condition bad-request). */
export function readBody(element: Element, bytes: number): Body | undefined {
  if (element.name !== "body" || element.getNS() !== NS_BOSH) return undefined;
  const attrs = element.attrs as Readonly<Record<string, string | undefined>>;
  const rid = whole(attrs["rid"]);
  const numbers = [attrs["pause"], attrs["ack"], attrs["wait"], attrs["hold"]];
  const payloads = payloadsOf(element);
  if (rid === undefined || rid === 0 || payloads === undefined) return undefined;
  const [pause, ack, wait, hold] = numbers.map(whole);
  if (numbers.some((text, index) => text !== undefined && [pause, ack, wait, hold][index] === undefined)) return undefined;
  const { restart, version } = xbosh(element);
  return {
    rid, sid: attrs["sid"], to: attrs["to"], from: attrs["from"], lang: attrs["xml:lang"], version, restart: restart === "true" || restart === "1",
    terminate: attrs["type"] === "terminate", pause, ack, wait, hold, ver: attrs["ver"], payloads, bytes,
  };
}

/** XEP-0124 section 14.1: up to 2^53 - 1; everything that is counted here is as small. */
function whole(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Attributes of that namespace, whatever their prefix. */
function xbosh({ attrs }: Element): { readonly restart?: string; readonly version?: string } {
  const prefixes = Object.keys(attrs).filter((name) => name.startsWith("xmlns:") && attrs[name] === NS_XBOSH).map((name) => name.slice("xmlns:".length));
  const values = prefixes.flatMap((prefix) => ["restart", "version"].flatMap((name) => {
    const value: unknown = attrs[`${prefix}:${name}`];
    return typeof value === "string" ? [[name, value]] : [];
  }));
  return Object.fromEntries(values) as { restart?: string; version?: string };
}

function payloadsOf(body: Element): readonly Element[] | undefined {
  const payloads: Element[] = [];
  for (const child of body.children) {
    if (typeof child === "string") {
      if (child.trim() !== "") return undefined;
      continue;
    }
    const payload = child as Element;
    payload.parent = null;
    if (payload.attrs["xmlns"] === undefined) {
      // XEP-0206 section 2: many clients take the content namespace for a part of this one.
      if (!["message", "presence", "iq"].includes(payload.name)) return undefined;
      payload.attrs["xmlns"] = NS_CLIENT;
    }
    payloads.push(payload);
  }
  return payloads;
}

/** `attributes`: those of the wrapper; undefined are left out. `payloads`: elements as they stand within a stream. */
export function bodyText(attributes: Readonly<Record<string, string | number | undefined>>, payloads: readonly string[] = []): string {
  const names = payloads.some((text) => text.startsWith("<stream:")) ? { "xmlns:stream": NS_STREAMS } : {};
  const all = { xmlns: NS_BOSH, ...names, ...attributes };
  const text = Object.entries(all).map(([name, value]) => (value === undefined ? "" : ` ${name}='${escapeAttribute(String(value))}'`)).join("");
  const inside = payloads.map(standalone).join("");
  return inside === "" ? `<body${text}/>` : `<body${text}>${inside}</body>`;
}

/** XEP-0124 section 17.2; without a condition the session is over in order (section 13). */
export function terminateText(condition: BoshCondition | null, payloads: readonly string[] = []): string {
  return bodyText({ type: "terminate", condition: condition ?? undefined }, payloads);
}

/** XEP-0124 section 17.3. */
export const askAgainText = bodyText({ type: "error" });

/** The attributes of a session's first answer in the namespace of XEP-0206 (section 4). */
export const xboshAttributes = { "xmlns:xmpp": NS_XBOSH, "xmpp:version": "1.0", "xmpp:restartlogic": "true" } as const;
