/** What holds when all is quiet, as new sessions are told it, and what follows from it for who sees whom. */
import { childOf, type Xml } from "../../support/xml-reader.ts";
import { itemsOf, pushed, type Contact, type Roster } from "../../support/contacts.ts";
import type { Connection } from "./connection.ts";
import { blockListGet, rosterGet, type Play } from "./play.ts";

export interface Outcome {
  readonly play: Play;
  /** By bare JID, as those after. */
  readonly rosters: ReadonlyMap<string, Roster>;
  readonly blocked: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Asks with new sessions, which are not available and leave again. */
export async function outcomeOf(play: Play): Promise<Outcome> {
  const rosters = new Map<string, Roster>();
  const blocked = new Map<string, ReadonlySet<string>>();
  for (const [user, account] of play.accounts.entries()) {
    const reader = await play.enter(user, "reader");
    const known = rosterAt(play.connections.find((connection) => connection.bare === account)!.received, 1);
    reader.send(rosterGet("whole") + blockListGet);
    await reader.caughtUp();
    const roster = rosterAt(reader.received)!;
    rosters.set(account, roster);
    blocked.set(account, blockListAt(reader.received));
    if (known?.ver !== undefined) await checkChanges(reader, known, roster);
    await reader.end("close");
  }
  return { play, rosters, blocked };
}

/** RFC 6121 section 2.6.3: an old roster and what has changed since make the new one. */
async function checkChanges(reader: Connection, known: Roster, whole: Roster): Promise<void> {
  const before = reader.received.length;
  reader.send(rosterGet("changes", known.ver));
  await reader.caughtUp();
  const roster = rosterAt(reader.received.slice(before), Number.POSITIVE_INFINITY, known)!;
  const [is, should] = [showRoster(roster), showRoster(whole)];
  if (is !== should) throw new Error(`${reader.bare}: version ${known.ver} with what changed since is [${is}] and not [${should}]`);
}

/**
 * The roster that a client has after some stanzas: the answer that it was given and the pushes that followed it, at most so many.
 * `known` is what it has if the answer says that nothing but what is pushed has changed.
 */
export function rosterAt(stanzas: readonly Xml[], pushesMax = Number.POSITIVE_INFINITY, known?: Roster): Roster | undefined {
  let roster: Roster | undefined;
  let pushes = 0;
  for (const stanza of stanzas) {
    const query = childOf(stanza, "query");
    const push = pushed(stanza);
    if (stanza.name === "iq" && stanza.attrs["type"] === "result" && (query?.xmlns === "jabber:iq:roster" || stanza.attrs["id"] === "changes")) {
      roster = query === undefined ? known : { ver: query.attrs["ver"], items: itemsOf(query) };
    } else if (push !== undefined && roster !== undefined && pushes++ < pushesMax) {
      const others = roster.items.filter(({ jid }) => jid !== push.item.jid);
      roster = { ver: push.ver, items: push.item.subscription === "remove" ? others : [...others, push.item] };
    }
  }
  return roster;
}

/** The list that a client was given, with the changes that followed it (XEP-0191 sections 3.3 to 3.5). */
export function blockListAt(stanzas: readonly Xml[]): ReadonlySet<string> {
  let list = new Set<string>();
  for (const stanza of stanzas) {
    const [change] = stanza.name === "iq" ? stanza.children.filter((child): child is Xml => typeof child !== "string") : [];
    if (change === undefined || change.xmlns !== "urn:xmpp:blocking") continue;
    const jids = change.children.flatMap((item) => (typeof item === "string" ? [] : [item.attrs["jid"] ?? ""]));
    if (change.name === "blocklist") list = new Set(jids);
    else if (change.name === "block") list = new Set([...list, ...jids]);
    else if (change.name === "unblock") list = jids.length === 0 ? new Set() : new Set([...list].filter((jid) => !jids.includes(jid)));
  }
  return list;
}

export function showRoster({ ver, items }: Roster): string {
  return `${ver}: ${items.map((item) => JSON.stringify(item)).toSorted().join(" ")}`;
}

export function contactIn(outcome: Outcome, account: string, contact: string): Contact | undefined {
  return outcome.rosters.get(account)?.items.find(({ jid }) => jid === contact);
}

/** Whether one account's presence is for another, blocks aside. */
export function shows(outcome: Outcome, account: string, to: string): boolean {
  const subscription = contactIn(outcome, account, to)?.subscription;
  return account === to || subscription === "from" || subscription === "both";
}

/** Whether one of two full JIDs has blocked the other (XEP-0191 section 6). */
export function isBarred({ blocked }: Outcome, one: string, other: string): boolean {
  if (bareOf(one) === bareOf(other)) return false;
  const blocks = (by: string, jid: string) => [...(blocked.get(bareOf(by)) ?? [])].some((block) => covers(block, jid));
  return blocks(one, other) || blocks(other, one);
}

export function covers(block: string, jid: string): boolean {
  return block === jid || block === bareOf(jid) || block === jid.slice(jid.indexOf("@") + 1).split("/")[0];
}

export function bareOf(jid: string): string {
  return jid.split("/")[0]!;
}
