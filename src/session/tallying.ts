/** What of sessions is counted for the operator: of the events that machines are told, and of the effects that they ask for. */
import { boundWords } from "../../machines/session-endings.ts";
import type { SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import type { LimitName } from "../domain/refusals.ts";
import { count, type Tally } from "../step/tally.ts";

export function tallyEvent(tally: Tally, event: SessionEvent): void {
  switch (event.type) {
    case "resume.granted":
      tally.resumed += 1;
      return;
    case "resume.refused":
      return count(tally.resumptionsRefused, event.condition);
  }
}

export function tallyEffect(tally: Tally, effect: SessionEffect): void {
  if (effect.type !== "close.stream" || effect.condition === null) return;
  count(tally.streamErrors, effect.condition);
  const limit = boundOf.get(effect.text ?? "");
  if (limit !== undefined) tally.refused(limit);
}

/** The bounds that the machine itself keeps, by its words. */
const boundOf: ReadonlyMap<string, LimitName> = new Map([
  [boundWords.logins, "saslTriesMax"],
  [boundWords.binds, "bindTriesMax"],
  [boundWords.negotiation, "session.negotiationTimeoutMs"],
]);
