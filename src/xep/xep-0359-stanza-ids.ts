/** Stanza ids that can be relied on: nobody but this server says under which id one of its accounts knows a stanza. */
import { parseJid } from "../domain/jid.ts";
import type { Extension } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { stanzaIdNamespace as xmlns } from "../xml/stanza-id.ts";

export const stanzaIds: Extension = {
  name: "stanza-ids",
  specification: { id: "XEP-0359", version: "0.7.0", title: "Unique and Stable Stanza IDs" },
  serverFeatures: [xmlns],
  accountFeatures: [xmlns],
  phases: { stamp: strip },
};

/**
 * XEP-0359 section 3, rule 2, for all accounts at once: an id that any of them would give is this server's to give. What others say of
 * themselves stays, and so does the sender's own `<origin-id/>` (rule 3).
 */
function strip({ stanza, house }: Passage): Verdict {
  const { element, kind } = stanza;
  // The children of an iq are not about it.
  if (kind === "iq") return undefined;
  const isForged = (child: (typeof element.children)[number]): boolean => {
    if (typeof child === "string" || child.name !== "stanza-id" || child.getNS() !== xmlns) return false;
    // White space around an address makes it none, but a careless reader may not mind.
    const by = parseJid(String(child.attrs["by"] ?? "").trim());
    return by !== undefined && house.hosts.includes(by.domain);
  };
  if (element.children.some(isForged)) element.children = element.children.filter((child) => !isForged(child));
  return undefined;
}
