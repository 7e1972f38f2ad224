/** Which of the events that machines are told are counted for the operator. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { count, type Tally } from "../step/tally.ts";

export function tallyEvent(tally: Tally, event: SessionEvent): void {
  switch (event.type) {
    case "resume.granted":
      tally.resumed += 1;
      return;
    case "resume.refused":
      return count(tally.resumptionsRefused, event.condition);
    case "stream.failed":
      return count(tally.streamErrors, event.condition);
    case "sasl.failed":
      return count(tally.loginsFailed, event.condition);
  }
}
