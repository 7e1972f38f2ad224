/** What the sessions that one stanza is delivered to are told of it. */
import type { DeliveryNote, Session } from "../session/environment.ts";
import { SharedStanza } from "../session/shared-stanza.ts";
import type { House } from "./house.ts";

/**
 * A stanza for several sessions has one disposition all the same: where one of them does not count stanzas it was written, and that is
 * all that can be known; where all count, the first acknowledgement is every session's.
 */
export function noteFor(recipients: readonly Session[], house: Pick<House, "nextId">, why: string): DeliveryNote {
  if (recipients.length < 2) return { why };
  return recipients.every(({ keeps }) => keeps) ? { why, shared: new SharedStanza(house.nextId()) } : { why, copy: true };
}
