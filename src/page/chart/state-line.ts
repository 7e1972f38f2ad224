/** The moment in a line of text. */
import { stateName } from "../../../machines/state-name.ts";
import type { Moment } from "../model/contract.ts";

/** `state: connected.available+interested+attached; after presence.changed` */
export function stateLine(moment: Pick<Moment, "snapshot" | "event"> | undefined): string {
  if (moment === undefined || moment.snapshot === null) return "The state is not known yet.";
  const after = moment.event === null ? "" : `; after ${moment.event.type}`;
  return `state: ${stateName(moment.snapshot.value)}${after}`;
}
