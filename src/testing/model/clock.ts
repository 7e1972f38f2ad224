/** Time in a script: it passes between events, and an event that says when it happened takes the clock along. */
import type { AnyEventObject } from "xstate";

/** When the next event is told, in milliseconds since 1970, after one that was told at `at` or later. */
export function clockAfter(at: number, event: AnyEventObject): number {
  const told: unknown = event["at"];
  return Math.max(at, typeof told === "number" ? told : at) + betweenEventsMs;
}

const betweenEventsMs = 1_000;
