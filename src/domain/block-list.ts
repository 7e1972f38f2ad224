/** Whom a user has blocked (XEP-0191): the list itself is known here, the protocol is not. */
import type { Jid } from "./jid.ts";

/**
 * Whether an address is meant by one of the list (XEP-0191 section 6): a full JID means itself, a bare JID all that it has,
 * a domain every address of it, a domain with a resource just itself.
 */
export function isBlocked(blocked: ReadonlyMap<string, unknown>, jid: Jid): boolean {
  if (blocked.size === 0) return false;
  return blocked.has(jid.full) || blocked.has(jid.bare) || blocked.has(jid.domain);
}
