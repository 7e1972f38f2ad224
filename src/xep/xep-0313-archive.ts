/**
 * The archive of each user's messages: what is kept there, and under which ids. Reading it is xep-0313-query.ts, and what its user
 * wants kept is xep-0313-preferences.ts.
 *
 * What this server refuses at once, because there is no such account or its user has blocked the sender, is in nobody's archive: the
 * sender has been told so, and nobody else has seen it (XEP-0313 section 6.1).
 */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import type { Extension, House } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, type Stanza } from "../xml/stanza.ts";
import { stanzaIdElement } from "../xml/stanza-id.ts";
import { wantsArchived } from "./xep-0313-preferences.ts";
import { archiveNamespace as xmlns, describeForm, metadata, metadataElement, query } from "./xep-0313-query.ts";

const hints = "urn:xmpp:hints";

export const archive: Extension = {
  name: "archive",
  specification: {
    id: "XEP-0313",
    version: "1.1.3",
    title: "Message Archive Management",
  },
  accountFeatures: [xmlns, `${xmlns}#extended`, `${xmlns}#groupchat-field`],
  iq: [
    { xmlns, name: "query", types: ["set"], at: ["account"], handle: query },
    { xmlns, name: "query", types: ["get"], at: ["account"], handle: describeForm },
    { xmlns, name: "metadata", types: ["get"], at: ["account"], handle: metadata },
  ],
  inlineBinding: { prepare },
  phases: { archive: keep },
};

/** XEP-0386 section 3.2: how the archive stands at the very moment of binding. */
async function prepare({ account, house }: { readonly account: Account; readonly house: House }): Promise<() => Element | undefined> {
  const last = account.meta("archiveLast");
  const ends = await house.archive.ends(account);
  // Whatever came in between is not in it: then nothing is said, and the client asks.
  return () => (account.meta("archiveLast") === last ? metadataElement(ends) : undefined);
}

/** In the sender's archive and in the addressee's, once if they are the same; the addressee's id goes on with the message. */
function keep(passage: Passage): Verdict {
  const { step, stanza, account, house } = passage;
  const { element, from, to } = stanza;
  if (account === undefined || to === undefined || !isWorthKeeping(stanza)) return undefined;
  const archived = new Map<string, string>();
  // The addressee's id is not the sender's to see (XEP-0313 section 3.5): this is the message as it was sent.
  let text: string | undefined;
  const add = (owner: Account | undefined, other: Jid): void => {
    if (owner === undefined || !wantsArchived(owner, other)) return;
    text ??= serialise(element);
    archived.set(owner.bare, house.archive.add(step, owner, { with: other, text }));
  };
  add(house.account(step, from.bare), to);
  if (account.bare !== from.bare) add(account, from);
  const id = archived.get(account.bare);
  if (id !== undefined) element.cnode(stanzaIdElement(account.bare, id));
  passage.archived = archived;
  return undefined;
}

/**
 * XEP-0313 section 6.1.1, with what the sender thinks of it (XEP-0334 section 4). A room has an archive of its own for what is said
 * there, and errors are never kept.
 */
function isWorthKeeping({ kind, type, element }: Stanza): boolean {
  if (kind !== "message" || type === "error" || type === "groupchat") return false;
  if (hasHint(element, "no-store") || hasHint(element, "no-permanent-store")) return false;
  if (hasHint(element, "store")) return true;
  return (type === "chat" || type === "normal") && element.getChild("body", clientNamespace) !== undefined;
}

function hasHint(message: Stanza["element"], name: string): boolean {
  return message.getChild(name, hints) !== undefined;
}
