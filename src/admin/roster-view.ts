/** A roster as operators are shown it, and as it goes over the admin socket: in rows, so that no line is long. */
import type { Account } from "../domain/account.ts";
import type { StoredRosterItem } from "../domain/roster.ts";

/** Each list is in the order of its JIDs. */
export interface RosterView {
  /** Whose it is; bare. */
  readonly jid: string;
  /** As clients see it: opaque, another one after each change (RFC 6121 section 2.6). */
  readonly version: string;
  readonly contacts: readonly StoredRosterItem[];
  /** Who asks to see the user's presence and waits for an answer. */
  readonly requests: readonly RosterRequest[];
  /** The JIDs that the user has blocked. */
  readonly blocked: readonly string[];
}

export interface RosterRequest {
  /** Bare. */
  readonly jid: string;
  /** The presence stanza that asks, as XML text. */
  readonly stanza: string;
}

export type RosterRow =
  | { readonly roster: Pick<RosterView, "jid" | "version"> }
  | { readonly contact: StoredRosterItem }
  | { readonly request: RosterRequest }
  | { readonly block: string };

export function rosterView(account: Account): RosterView {
  return {
    jid: account.bare,
    version: account.rosterVersion(),
    contacts: [...account.contacts.values()].toSorted(byJid),
    requests: [...account.requests].map(([jid, stanza]) => ({ jid, stanza })).toSorted(byJid),
    blocked: [...account.blocked.keys()].toSorted(),
  };
}

export function toRosterRows({ jid, version, contacts, requests, blocked }: RosterView): readonly RosterRow[] {
  return [
    { roster: { jid, version } },
    ...contacts.map((contact) => ({ contact })),
    ...requests.map((request) => ({ request })),
    ...blocked.map((block) => ({ block })),
  ];
}

/** What `toRosterRows` made into rows. */
export function fromRosterRows(rows: readonly RosterRow[]): RosterView {
  const head = rows.flatMap((row) => ("roster" in row ? row.roster : []));
  return {
    jid: head[0]?.jid ?? "",
    version: head[0]?.version ?? "",
    contacts: rows.flatMap((row) => ("contact" in row ? row.contact : [])),
    requests: rows.flatMap((row) => ("request" in row ? row.request : [])),
    blocked: rows.flatMap((row) => ("block" in row ? row.block : [])),
  };
}

function byJid(a: { readonly jid: string }, b: { readonly jid: string }): number {
  return a.jid < b.jid ? -1 : a.jid > b.jid ? 1 : 0;
}
