/** Facts and events as they may be shown. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { inspectorWireCharsMax } from "../domain/limits.ts";
import type { RosterItem } from "../domain/roster.ts";
import { dataOf, eventOf } from "../history/session-fold.ts";
import { withhold } from "../history/withheld.ts";
import type { Json, StoredFact } from "../ports.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { redact, withheld, withheldSecret } from "./redact.ts";

/** `bodies`: whether people's words are shown. Secrets never are, nor more than `inspectorWireCharsMax` characters of one text. */
export function showFact(fact: StoredFact, bodies: boolean): StoredFact {
  if (fact.type === "SessionTold") {
    const told = eventOf(fact);
    const event = showEvent(told);
    return event === told ? fact : { ...fact, data: { ...dataOf(fact, "SessionTold"), event: event as unknown as Json } };
  }
  if (bodies) return showKept(fact);
  return fact.type === "RosterItemSet" ? withoutNames(fact) : withhold(fact);
}

/** What SASL exchanges (RFC 6120 section 6.4) may be as good as a password, whatever else is shown. */
export function showEvent(event: SessionEvent): SessionEvent {
  switch (event.type) {
    case "sasl.challenged":
      return { ...event, data: withheldSecret };
    case "sasl.succeeded":
      return event.data === null ? event : { ...event, data: withheldSecret };
    default:
      return event;
  }
}

/** The members of facts that are elements as text, or may be. */
const keptXml: ReadonlyMap<string, string> = new Map([["AccountDataSet", "value"], ["AccountStateSet", "value"], ["SubscriptionRequested", "stanza"]]);

/** What clients keep with the server is shown as what they send: a bookmark, say, has a password. */
function showKept(fact: StoredFact): StoredFact {
  const name = keptXml.get(fact.type);
  const data = fact.data as { readonly [name: string]: Json };
  if (name === undefined || !Object.hasOwn(data, name)) return fact;
  return { ...fact, data: { ...data, [name]: showValue(data[name]!) } };
}

function showValue(value: Json): Json {
  if (typeof value === "string") return value.trimStart().startsWith("<") ? showXml(value) : value.slice(0, inspectorWireCharsMax);
  if (Array.isArray(value)) return value.map(showValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, showValue(part)]));
}

function showXml(text: string): string {
  try {
    return redact(restoreElement(text), { bodies: true, direction: "in" }).xml;
  } catch {
    // Nothing that cannot be read is shown.
    return withheldSecret;
  }
}

/** What a user calls others. */
function withoutNames(fact: StoredFact): StoredFact {
  const data = fact.data as unknown as { readonly item: RosterItem };
  const { item } = data;
  const name = item.name === "" ? "" : withheld(item.name);
  return { ...fact, data: { ...data, item: { ...item, name, groups: item.groups.map(withheld) } } as unknown as Json };
}
