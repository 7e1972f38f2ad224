/** The moment in a line of text. */
import { stateName } from "../../../machines/state-name.ts";
import type { Moment } from "../model/contract.ts";

/** `connected.available+interested+attached`, and what led there: `after presence.changed`, or nothing. */
export function stateLine(moment: Pick<Moment, "snapshot" | "event"> | undefined): readonly [state: string, after: string] {
  if (moment === undefined || moment.snapshot === null) return ["The state is not known yet.", ""];
  return [stateName(moment.snapshot.value), moment.event === null ? "" : `after ${moment.event.type}`];
}
