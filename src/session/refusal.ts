import type { Step } from "../step/batch.ts";
import { mayBeAnswered, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { Session } from "./environment.ts";

/** Answers a stanza of `session` with an error, to its full JID also where the stanza was the account's (RFC 6120 section 8.1.1.1). */
export function refuse(session: Session, step: Step, stanza: Stanza, fault: StanzaFault): void {
  const from = session.connected ? session.jid : stanza.from;
  if (mayBeAnswered(stanza)) session.deliver(step, stanzaError({ ...stanza, from }, fault));
}
