/** What a session may have seen of the addresses of a component. */
import type { Account } from "../domain/account.ts";
import { parseJid } from "../domain/jid.ts";
import { sees } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Sight } from "./domain.ts";

/** Contacts that it is subscribed to, and to whom it has sent directed presence: a gateway's room answers with its occupants. */
export function sightsOf({ jid, available, connected, directed }: Session, account: Account | undefined, domain: string): readonly Sight[] {
  if (!connected) return [];
  const contacts = available && account !== undefined ? [...account.contacts.values()].filter(sees).map(({ jid }) => jid) : [];
  const seen = new Set([...contacts, ...directed].filter((text) => parseJid(text)?.domain === domain));
  return [...seen].map((from) => ({ from, to: jid.full }));
}
