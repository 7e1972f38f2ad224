/**
 * Who has to do with the nodes of an account, beside its owner: affiliations and subscriptions, each of them a row of its own. There may be
 * a thousand, so they are found by node and by user.
 */
import type { Account } from "../domain/account.ts";
import { stateKeysMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import type { Affiliation, SubscriptionState } from "./node.ts";
import { PeopleIndex, type Tie } from "./people-index.ts";
import { itemKey, nodeSpaces, type SetState } from "./rows.ts";

export type Subscription = Tie<SubscriptionState>;

/** By bare JID; the owner is not among them. */
export function affiliationsOf(account: Account, id: string): ReadonlyMap<string, Affiliation> {
  return new Map(indexOf(account, "affiliations").ofNode(id).map(({ jid, state }) => [jid, state]));
}

export function affiliationOf(account: Account, id: string, bareJid: string): Affiliation {
  if (bareJid === account.bare) return "owner";
  return known("affiliations", account.state(nodeSpaces.affiliations, itemKey(id, bareJid))) ?? "none";
}

/** By JID, as it was subscribed: bare or full. */
export function subscriptionsOf(account: Account, id: string): ReadonlyMap<string, SubscriptionState> {
  return new Map(indexOf(account, "subscriptions").ofNode(id).map(({ jid, state }) => [jid, state]));
}

export function subscriptionOf(account: Account, id: string, jid: string): SubscriptionState | undefined {
  return known("subscriptions", account.state(nodeSpaces.subscriptions, itemKey(id, jid)));
}

/** The bare JIDs of those who have subscribed to a node with any of their addresses. */
export function subscribersOf(account: Account, id: string): Iterable<string> {
  return indexOf(account, "subscriptions").usersAt(id);
}

/** The subscriptions of one user to all nodes of the account; to one of them, where it is named. */
export function subscriptionsOfUser(account: Account, bareJid: string, id?: string): readonly Subscription[] {
  return indexOf(account, "subscriptions").ofUser(bareJid, id);
}

/** Those to all nodes of the account. */
export function allSubscriptions(account: Account): readonly Subscription[] {
  return indexOf(account, "subscriptions").all();
}

/** Whether another affiliation or subscription of the account can be kept. */
export function hasRoomForPeople(account: Account, kind: Kind): boolean {
  return account.states(nodeSpaces[kind]).size < stateKeysMax;
}

/** `value` null: none any more. */
export function writePerson<Of extends Kind>(
  setState: SetState, step: Step, account: Account, kind: Of, id: string, jid: string, value: States[Of] | null,
): void {
  const index = indexOf(account, kind);
  setState(step, account, nodeSpaces[kind], itemKey(id, jid), value);
  index.set(id, jid, value ?? undefined);
  index.mark = account.stateMark(nodeSpaces[kind]);
}

/** Nobody has to do with a node that goes. */
export function removePeople(setState: SetState, step: Step, account: Account, id: string): void {
  const prefix = itemKey(id, "");
  for (const space of [nodeSpaces.affiliations, nodeSpaces.subscriptions]) {
    // What cannot be read is in no index, and goes too.
    for (const key of account.states(space).keys()) if (key.startsWith(prefix)) setState(step, account, space, key, null);
  }
}

interface States {
  readonly affiliations: "member" | "outcast";
  readonly subscriptions: SubscriptionState;
}

type Kind = keyof States;

const values: { readonly [Of in Kind]: readonly States[Of][] } = { affiliations: ["member", "outcast"], subscriptions: ["subscribed", "pending"] };

/** What cannot be read is not there: an import may have brought anything. */
function known<Of extends Kind>(kind: Of, value: unknown): States[Of] | undefined {
  return values[kind].find((each) => each === value);
}

const indexes: { readonly [Of in Kind]: WeakMap<Account, PeopleIndex<States[Of]>> } = { affiliations: new WeakMap(), subscriptions: new WeakMap() };

/** As the rows are now. It is made anew where something else than `writePerson` has changed them: a step that failed, above all. */
function indexOf<Of extends Kind>(account: Account, kind: Of): PeopleIndex<States[Of]> {
  const space = nodeSpaces[kind];
  const mark = account.stateMark(space);
  const before = indexes[kind].get(account);
  if (before?.mark === mark) return before;
  const index = new PeopleIndex<States[Of]>(mark);
  for (const [key, value] of account.states(space)) {
    const slash = key.indexOf("/");
    const state = known(kind, value);
    if (state !== undefined && slash !== -1) index.set(nodeOf(key.slice(0, slash)), key.slice(slash + 1), state);
  }
  indexes[kind].set(account, index);
  return index;
}

/** See `itemKey`. */
function nodeOf(escaped: string): string {
  return escaped.replaceAll("%2F", "/").replaceAll("%25", "%");
}
