/** What a client was sent, in words that the story's people and the server have in common, and in the order that the RFC asks for. */
import { childOf, textOf, type Xml } from "../../support/xml-reader.ts";
import { bareOf } from "./actions.ts";

export interface Told {
  readonly kind: "message" | "presence" | "iq";
  /** "" for none; so are the others. */
  readonly type: string;
  readonly from: string;
  readonly to: string;
  /** Of a roster push it is "": the server's own. */
  readonly id: string;
  /** Its content: the mark, a priority, an error, roster items. */
  readonly about: string;
  /** Whom it is about: stanzas about different people may come in any order. */
  readonly lane: string;
}

export function told(kind: Told["kind"], type: string, from: string, to: string, id: string, about: string, lane = bareOf(from)): Told {
  return { kind, type, from, to, id, about, lane };
}

export interface ShownItem {
  readonly jid: string;
  readonly subscription: string;
  readonly ask: boolean;
  readonly approved: boolean;
  readonly name: string;
  readonly groups: readonly string[];
}

/** `juliet none ask approved "m4" {m4}`. */
export function showItem({ jid, subscription, ask, approved, name, groups }: ShownItem): string {
  const words = [jid, subscription, ...(ask ? ["ask"] : []), ...(approved ? ["approved"] : [])];
  return [...words, ...(name === "" ? [] : [`"${name}"`]), ...groups.map((group) => `{${group}}`)].join(" ");
}

/** The same of a received stanza; its addresses are the story's already. */
export function read(xml: Xml): Told {
  const { type = "", from = "", to = "", id = "", ...others } = xml.attrs;
  const surplus = Object.keys(others).filter((name) => name !== "xml:lang");
  const kind = xml.name as Told["kind"];
  const query = childOf(xml, "query");
  if (kind === "iq" && query?.xmlns === "jabber:iq:roster") {
    const items = elementsOf(query).map(itemOf);
    if (type === "set" && items.length === 1) return told(kind, "push", from, to, "", showItem(items[0]!), bareOf(items[0]!.jid));
    return told(kind, type, from, to, id, `roster ${items.map(showItem).toSorted().join("; ")}`);
  }
  const content = [...elementsOf(xml).map(contentOf), ...surplus.map((name) => `${name}=${others[name]}`)];
  return told(kind, type, from, to, id, content.join(" "));
}

function contentOf(child: Xml): string {
  switch (child.name) {
    case "body":
    case "status":
      return `"${textOf(child)}"`;
    case "priority":
      return textOf(child);
    case "delay":
      return "delayed";
    case "error": {
      const condition = elementsOf(child).find(({ name }) => name !== "text");
      return `${child.attrs["type"]} ${condition?.name}`;
    }
    default:
      return `${child.name} "${textOf(child)}"`;
  }
}

function itemOf({ attrs, children }: Xml): ShownItem {
  const groups = children.filter((child): child is Xml => typeof child !== "string").map(textOf);
  return {
    jid: attrs["jid"] ?? "",
    subscription: attrs["subscription"] ?? "?",
    ask: attrs["ask"] === "subscribe",
    approved: attrs["approved"] === "true",
    name: attrs["name"] ?? "",
    groups,
  };
}

function elementsOf(xml: Xml): readonly Xml[] {
  return xml.children.filter((child): child is Xml => typeof child !== "string");
}

/**
 * Lines, those about one person together and in order. The order between people says nothing; nor does that between the resources of
 * one account which are shown or hidden one after the other.
 */
export function inOrder(stanzas: readonly Told[]): readonly string[] {
  const lanes = new Map<string, Told[]>();
  for (const stanza of stanzas) lanes.set(stanza.lane, [...(lanes.get(stanza.lane) ?? []), stanza]);
  return [...lanes].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, lane]) => runsSorted(lane).map(show));
}

function runsSorted(lane: readonly Told[]): readonly Told[] {
  const runs: Told[][] = [];
  for (const stanza of lane) {
    const run = runs.at(-1);
    if (run !== undefined && isOfResource(stanza) && isOfResource(run[0]!)) run.push(stanza);
    else runs.push([stanza]);
  }
  return runs.flatMap((run) => run.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0)));
}

function isOfResource({ kind, type, from }: Told): boolean {
  return kind === "presence" && (type === "" || type === "unavailable") && from.includes("/");
}

function show({ kind, type, from, to, id, about }: Told): string {
  return [kind, type, `${from || "(nobody)"} → ${to || "(nobody)"}`, id === "" ? "" : `#${id}`, about].filter((word) => word !== "").join(" ");
}
