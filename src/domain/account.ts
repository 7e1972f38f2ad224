/** An account in memory: its rows, and what they say of contacts, requests and blocks. Changed by facts alone. */
import type { Json } from "./json.ts";
import { applyAccountFact, type AccountMeta, type AccountRows } from "./account-rows.ts";
import { AccountStates, stateId } from "./account-states.ts";
import { isBlocked } from "./block-list.ts";
import type { AccountFact } from "./facts.ts";
import type { Jid } from "./jid.ts";
import { rosterBytesMax, rosterItemsMax } from "./limits.ts";
import { rosterItemBytes, sees, shows, type RosterItem, type StoredRosterItem } from "./roster.ts";
import { fillRows, UndoableRows, type RowMaps } from "./row-maps.ts";
import { subscriptionState, type SubscriptionState } from "./subscription.ts";

type Maps = RowMaps<AccountRows>;

export class Account {
  readonly host: string;
  readonly username: string;
  /** `username@host`. */
  readonly bare: string;
  /** The ticket of the last binding change: what reads the account must not leave before it is durable. */
  ticket = 0;
  /** The ticket of the last change of any kind: until it is durable, the store knows less than this. */
  lastTicket = 0;
  readonly #states = new AccountStates();
  readonly #maps: Maps = { contact: new Map(), removal: new Map(), request: new Map(), block: new Map(), state: this.#states, meta: new Map() };

  /** `rows` are those of the read model, whose keys are `KIND/ID`. */
  constructor(host: string, username: string, rows: Iterable<{ readonly key: string; readonly value: Json }> = []) {
    this.host = host;
    this.username = username;
    this.bare = `${username}@${host}`;
    fillRows(this.#maps, rows);
  }

  /** Contacts by bare JID. */
  get contacts(): ReadonlyMap<string, StoredRosterItem> {
    return this.#maps.contact;
  }

  /** Requests that wait for an answer, as XML text, by the bare JID of who asks. */
  get requests(): ReadonlyMap<string, string> {
    return this.#maps.request;
  }

  /** The JIDs that the user has blocked. */
  get blocked(): ReadonlyMap<string, true> {
    return this.#maps.block;
  }

  /** Contacts that were removed, and at which version of the roster; in no order. */
  get removals(): ReadonlyMap<string, number> {
    return this.#maps.removal;
  }

  meta<Name extends keyof AccountMeta>(name: Name): AccountMeta[Name] | undefined {
    return this.#maps.meta.get(name) as AccountMeta[Name] | undefined;
  }

  /** A small value that an extension keeps; undefined if there is none. A space is the extension's name. */
  state(space: string, key: string): Json | undefined {
    return this.#states.get(stateId(space, key));
  }

  /** All of them of one space, by key; in no order. Whoever holds it sees what becomes of them, as far as there are some. */
  states(space: string): ReadonlyMap<string, Json> {
    return this.#states.space(space);
  }

  /** Another number after each change of what is in a space, for those who keep something that follows from it; 0 where there is nothing. */
  stateMark(space: string): number {
    return this.#states.mark(space);
  }

  /** The spaces in which there is a state. */
  get stateSpaces(): Iterable<string> {
    return this.#states.spaces();
  }

  /** Whether the roster can take this item, which may be there already. */
  hasRoomFor(item: RosterItem): boolean {
    const known = this.contacts.get(item.jid);
    if (known === undefined && this.contacts.size >= rosterItemsMax) return false;
    const others = (this.meta("rosterBytes") ?? 0) - (known === undefined ? 0 : rosterItemBytes(known));
    return others + rosterItemBytes(item) <= rosterBytesMax;
  }

  /** A version of the roster as clients see it: opaque, and never the same for an account that was made anew (RFC 6121 section 2.6). */
  rosterVersion(version: number = this.meta("rosterVersion") ?? 0): string {
    return `${(this.meta("createdAt") ?? 0).toString(36)}-${version}`;
  }

  /** The number of a version that `rosterVersion` made; undefined if it made no such one. */
  parseRosterVersion(text: string): number | undefined {
    const version = Number(/^[0-9a-z]+-(0|[1-9]\d{0,15})$/.exec(text)?.[1] ?? Number.NaN);
    return this.rosterVersion(version) === text ? version : undefined;
  }

  /** The state of the subscription between the user and a contact, by the contact's bare JID. */
  subscription(contact: string): SubscriptionState {
    const item = this.contacts.get(contact);
    return subscriptionState({
      subscription: item?.subscription ?? "none",
      pendingOut: item?.ask === true,
      pendingIn: this.requests.has(contact),
    });
  }

  /** Whether the user sees the presence of this bare JID. */
  sees(bareJid: string): boolean {
    return sees(this.contacts.get(bareJid));
  }

  /** Whether the user shows its presence to this bare JID: a subscription from or both. Blocking is another matter. */
  shows(bareJid: string): boolean {
    return shows(this.contacts.get(bareJid));
  }

  /**
   * Whether the user has blocked this address. Never an address of the user's own, nor the server's: whatever the list says,
   * a user's resources reach each other (XEP-0191 section 5, note) and the server that keeps the list.
   */
  blocks(jid: Jid): boolean {
    return isBlocked(this.blocked, jid) && jid.bare !== this.bare && jid.bare !== this.host;
  }

  /** Returns the way back, for a step that fails. */
  apply(fact: AccountFact, at: number): () => void {
    const table = new UndoableRows(this.#maps);
    applyAccountFact(table, fact, at);
    return () => table.undo();
  }
}
