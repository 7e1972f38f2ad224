/** What push services say of themselves to the account of a user. */
import { parseJid } from "../domain/jid.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { pubsub } from "./xep-0357-names.ts";
import { serviceShown } from "./xep-0357-return.ts";
import { dropService, pushName, serviceKey } from "./xep-0357-services.ts";

export function heardOfService(passage: Passage): Verdict {
  const { step, stanza, account, house } = passage;
  if (account === undefined || account.states(pushName).size === 0) return undefined;
  if (stanza.kind === "message") return disabledRemotely(passage);
  // Directed presence (RFC 6121 section 4.6): it is trusted as long as that holds.
  if (stanza.kind === "presence" && stanza.type === "available") serviceShown(step, house, account, stanza.from.full);
  return undefined;
}

/** Section 8: that is for the server. */
function disabledRemotely({ step, stanza, account, house }: Passage): Verdict {
  if (account === undefined || stanza.to?.resource !== undefined) return undefined;
  const event = stanza.element.getChild("pubsub", pubsub);
  const { jid, affiliation } = (event?.getChild("affiliation", pubsub)?.attrs ?? {}) as { readonly jid?: string; readonly affiliation?: string };
  if (event === undefined || affiliation !== "none" || parseJid(jid ?? "")?.full !== account.bare) return undefined;
  const key = serviceKey(stanza.from.full, event.attrs["node"] as string | undefined);
  if (account.state(pushName, key) === undefined) return undefined;
  dropService(step, house, account, key);
  return { stop: true, why: "the push service takes no more notifications" };
}
