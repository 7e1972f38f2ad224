/** Facts and events as they may be shown. */
import type { SessionEvent } from "../../machines/session-events.ts";
import type { RosterItem } from "../domain/roster.ts";
import { withhold } from "../history/withheld.ts";
import type { Json, StoredFact } from "../ports.ts";
import { withheld } from "./redact.ts";

/** `bodies`: whether people's words are shown. */
export function showFact(fact: StoredFact, bodies: boolean): StoredFact {
  if (fact.type === "SessionTold") {
    const data = fact.data as { readonly event: Json; readonly state: Json };
    const event = showEvent(data.event as unknown as SessionEvent) as unknown as Json;
    return event === data.event ? fact : { ...fact, data: { ...data, event } };
  }
  if (bodies) return fact;
  return fact.type === "RosterItemSet" ? withoutNames(fact) : withhold(fact);
}

/** What SASL exchanges (RFC 6120 section 6.4) may be as good as a password, whatever else is shown. */
export function showEvent(event: SessionEvent): SessionEvent {
  switch (event.type) {
    case "sasl.challenged":
      return { ...event, data: withheld(event.data) };
    case "sasl.succeeded":
      return event.data === null ? event : { ...event, data: withheld(event.data) };
    default:
      return event;
  }
}

/** What a user calls others. */
function withoutNames(fact: StoredFact): StoredFact {
  const data = fact.data as unknown as { readonly item: RosterItem };
  const { item } = data;
  const name = item.name === "" ? "" : withheld(item.name);
  return { ...fact, data: { ...data, item: { ...item, name, groups: item.groups.map(withheld) } } as unknown as Json };
}
