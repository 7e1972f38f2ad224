/** The roster: a user's list of contacts, and the user's subscription to each (RFC 6121 section 2). */
import { seesContact, showsToContact, subscriptionParts, type SubscriptionParts, type SubscriptionState } from "./subscription.ts";

/** One contact. */
export type RosterItem = {
  /** Prepared; bare for people, though a client may list any address. */
  readonly jid: string;
  /** What the user calls the contact; empty for nothing. */
  readonly name: string;
  /** Not empty, each once, in the order of the client. */
  readonly groups: readonly string[];
  readonly subscription: SubscriptionParts["subscription"];
  /** The user has asked for the contact's presence and waits for an answer: `ask='subscribe'`. */
  readonly ask: boolean;
  /** The user has approved the contact's request before there is one (section 3.4). */
  readonly approved: boolean;
};

/** A contact as the server keeps it. */
export type StoredRosterItem = RosterItem & {
  /** The roster's version when the item last changed, from 1. */
  readonly version: number;
};

/** A contact that the user has not listed. */
export function newRosterItem(jid: string): RosterItem {
  return { jid, name: "", groups: [], subscription: "none", ask: false, approved: false };
}

/** The item in another state of its subscription. */
export function withSubscription(item: RosterItem, state: SubscriptionState, approved: boolean): RosterItem {
  const { subscription, pendingOut } = subscriptionParts[state];
  const { jid, name, groups } = item;
  return { jid, name, groups, subscription, ask: pendingOut, approved };
}

/** Bytes that an item takes in a roster as XML, or a few less. Its subscription makes no difference. */
export function rosterItemBytes({ jid, name, groups }: RosterItem): number {
  const groupBytes = groups.reduce((bytes, group) => bytes + groupElementBytes + escapedBytes(group), 0);
  return itemElementBytes + escapedBytes(jid) + escapedBytes(name) + groupBytes;
}

const itemElementBytes = 96;
const groupElementBytes = 16;

/** UTF-8, and the longest that each character can be as XML. */
function escapedBytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code > 0xffff ? 4 : code > 0x7ff ? 3 : code > 0x7f ? 2 : "&<>'\"".includes(character) ? 6 : 1;
  }
  return bytes;
}

/** Whether two items show a client the same; versions aside. */
export function sameRosterItem(a: RosterItem, b: RosterItem): boolean {
  return (
    a.jid === b.jid && a.name === b.name && a.subscription === b.subscription && a.ask === b.ask && a.approved === b.approved &&
    a.groups.length === b.groups.length && a.groups.every((group, index) => group === b.groups[index])
  );
}

/** Whether the user sees this contact's presence. */
export function sees(item: RosterItem | undefined): boolean {
  return item !== undefined && seesContact(item.subscription);
}

/** Whether this contact sees the user's presence. */
export function shows(item: RosterItem | undefined): boolean {
  return item !== undefined && showsToContact(item.subscription);
}
