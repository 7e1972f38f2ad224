/** Who has to do with the nodes of an account: affiliations, explicit subscriptions, and contacts as they come and go. */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { shows, type StoredRosterItem } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { retrieveFault, type Guarded } from "./access.ts";
import { audienceAmong, audienceOf, isReached, jidOf, subscribersAt, type Recipient } from "./audience.ts";
import { subscriptionEvent, tell } from "./events.ts";
import { fault, limited, noNode, type Fault } from "./faults.ts";
import type { NodeHost } from "./host.ts";
import type { LastItems } from "./last-items.ts";
import { nodesWanted, type Affiliation, type SubscriptionState } from "./node.ts";
import {
  affiliationOf, affiliationsOf, allSubscriptions, hasRoomForPeople, removePeople, subscribersOf, subscriptionOf, subscriptionsOf, subscriptionsOfUser, writePerson,
  type Subscription,
} from "./people-rows.ts";
import { requestForm } from "./requests.ts";
import { readConfig } from "./rows.ts";
import { SubscribedAccounts } from "./subscribed-accounts.ts";
import { decideSubscribe, lapsed, subscriptionLimit, tooMany, unsubscribeFault } from "./subscribing.ts";

export interface PeopleOptions {
  readonly host: NodeHost;
  readonly last: LastItems;
  /** Somebody may have the items of a node now, or may not any more. */
  readonly accessChanged: (change: AccessChange) => void;
}

/** Who may have the items of a node may be others than before, from this step on. */
export interface AccessChange {
  readonly step: Step;
  readonly account: Account;
  readonly node: string;
}

export interface AffiliationChange {
  readonly bareJid: string;
  /** none: not any more. */
  readonly affiliation: Exclude<Affiliation, "owner">;
}

export interface SubscriptionChange {
  readonly jid: Jid;
  readonly state: SubscriptionState | "none";
}

export type Subscribed = { readonly state: SubscriptionState } | Fault;

export class People {
  readonly #host: NodeHost;
  readonly #last: LastItems;
  readonly #accessChanged: (change: AccessChange) => void;
  readonly #subscribed: SubscribedAccounts;

  constructor({ host, last, accessChanged }: PeopleOptions) {
    this.#host = host;
    this.#last = last;
    this.#accessChanged = accessChanged;
    this.#subscribed = new SubscribedAccounts(host);
  }

  affiliation(account: Account, node: string, bareJid: string): Affiliation {
    return affiliationOf(account, node, bareJid);
  }

  /** By bare JID; the owner is not among them. */
  affiliations(account: Account, node: string): ReadonlyMap<string, Affiliation> {
    return affiliationsOf(account, node);
  }

  /** By JID, as it was subscribed. */
  subscriptions(account: Account, node: string): ReadonlyMap<string, SubscriptionState> {
    return subscriptionsOf(account, node);
  }

  /** The subscriptions of one user to all nodes of the account. */
  subscriptionsOfUser(account: Account, bareJid: string): readonly Subscription[] {
    return subscriptionsOfUser(account, bareJid);
  }

  /**
   * For each what is wrong with it, in their order; those with which nothing is are made, and who is let in is sent the last item. The
   * owner stays the owner.
   */
  setAffiliations(step: Step, account: Account, id: string, changes: readonly AffiliationChange[]): readonly (Fault | undefined)[] {
    const node = guarded(account, id);
    if (node === undefined) return changes.map(() => noNode);
    const fresh: Session[] = [];
    let isChanged = false;
    const faults = changes.map(({ bareJid, affiliation }) => {
      if (bareJid === account.bare) return fault("not-acceptable", "the owner of an account owns its nodes");
      const before = affiliationOf(account, id, bareJid);
      if (before === affiliation) return undefined;
      if (before === "none" && !hasRoomForPeople(account, "affiliations")) return limited("stateKeysMax", fault("resource-constraint", "these are too many affiliations"));
      const known = this.#reachedAmong(step, account, node, bareJid);
      writePerson(this.#host.setState, step, account, "affiliations", id, bareJid, affiliation === "none" ? null : affiliation);
      this.endLapsed(step, account, node, bareJid);
      for (const session of this.#reachedAmong(step, account, node, bareJid)) if (!known.has(session)) fresh.push(session);
      isChanged = true;
      return undefined;
    });
    if (fresh.length > 0) this.#introduce(account, [id], fresh);
    if (isChanged) this.#accessChanged({ step, account, node: id });
    return faults;
  }

  /** XEP-0060 section 6.1. Resolves later where there is room only if something of what the user has is over. */
  subscribe(step: Step, account: Account, id: string, jid: Jid, from: Jid): Subscribed | Promise<Subscribed> {
    const user = this.#host.account(step, from.bare);
    const node = guarded(account, id);
    const choice = decideSubscribe(account, node, jid, from);
    if ("fault" in choice || node === undefined) return "fault" in choice ? choice : noNode;
    if (choice.isOld) return choice;
    if (user !== undefined && !this.#subscribed.hasRoom(user, account.bare)) {
      return this.#subscribed.isUntidy(step, user) ? this.#subscribeLater(step, account, id, jid, from, user) : tooMany("subscribedAccountsMax");
    }
    if (user !== undefined) this.#subscribed.begun(step, user, account.bare);
    this.#set(step, account, node, jid, choice.state);
    if (choice.state === "subscribed") this.#introduceSubscribers(account, id, [jid]);
    if (choice.state === "pending") this.#ask(step, account, id, jid.full, this.#owners(account));
    if (node.config.notify_sub) this.#tellOwner(step, account, node, jid, choice.state);
    return choice;
  }

  async #subscribeLater(step: Step, { bare }: Account, id: string, jid: Jid, from: Jid, user: Account): Promise<Subscribed> {
    const cause = step.id;
    await this.#subscribed.tidy(step, user);
    return this.#host.run(cause, (later) => {
      const account = this.#host.account(later, bare);
      return account === undefined ? noNode : this.subscribe(later, account, id, jid, from);
    });
  }

  /** XEP-0060 section 6.2. */
  unsubscribe(step: Step, account: Account, id: string, jid: Jid, from: Jid): Fault | undefined {
    const node = guarded(account, id);
    const refused = unsubscribeFault(account, node, jid, from);
    if (refused !== undefined || node === undefined) return refused ?? noNode;
    this.#set(step, account, node, jid, "none");
    if (node.config.notify_sub) this.#tellOwner(step, account, node, jid, "none");
    return undefined;
  }

  /**
   * The owner subscribes somebody who sees its presence, answers a request to, or ends a subscription; who has subscribed is told
   * (XEP-0060 sections 8.6 and 8.8). For each what is wrong with it, in their order; those with which nothing is are made.
   */
  setSubscriptions(step: Step, account: Account, id: string, changes: readonly SubscriptionChange[]): readonly (Fault | undefined)[] {
    const node = guarded(account, id);
    if (node === undefined) return changes.map(() => noNode);
    const fresh: Jid[] = [];
    const faults = changes.map(({ jid, state }) => {
      const before = subscriptionOf(account, id, jid.full) ?? "none";
      if (before === state) return undefined;
      const limit = before === "none" ? subscriptionLimit(account, id, jid.bare) : undefined;
      if (limit !== undefined) return limited(limit, fault("resource-constraint", "these are too many subscriptions"));
      // One publication would else be a thousand messages to people who have nothing to do with the owner.
      if (before === "none" && jid.bare !== account.bare && !account.shows(jid.bare)) return fault("not-acceptable", "who does not see the owner's presence has to ask for it");
      // Before it: afterwards it may be nobody's any more.
      const recipients = subscribersAt(this.#host, step, account, node, jid, true);
      this.#set(step, account, node, jid, state);
      tell(this.#host, step, account, node.config, recipients, subscriptionEvent(id, jid.full, state));
      if (state === "subscribed") fresh.push(jid);
      return undefined;
    });
    if (fresh.length > 0) this.#introduceSubscribers(account, id, fresh);
    return faults;
  }

  /** Shows a resource of the owner, which became available, the requests that wait for an answer. */
  showRequests(step: Step, account: Account, session: Session): void {
    for (const { node, jid, state } of allSubscriptions(account)) {
      if (state === "pending") this.#ask(step, account, node, jid, [{ session, account, to: session.jid }]);
    }
  }

  /**
   * A contact has another subscription or other groups than before: its subscriptions end where it has no right to them any more, and
   * it is sent the last item of what it may see now (XEP-0163 section 7.1, XEP-0060 section 12.1).
   */
  contactChanged(step: Step, account: Account, jid: Jid, before: StoredRosterItem | undefined): void {
    for (const id of new Set(subscriptionsOfUser(account, jid.bare).map(({ node }) => node))) {
      const node = guarded(account, id);
      if (node !== undefined) this.endLapsed(step, account, node, jid.bare);
    }
    if (!account.shows(jid.bare)) return;
    const isOpened = (id: string): boolean => {
      const node = guarded(account, id);
      if (node === undefined || retrieveFault(account, node, { from: jid }) !== undefined) return false;
      return before === undefined || !shows(before) || retrieveFault(account, node, { from: jid, item: before }) !== undefined;
    };
    for (const session of this.#host.sessions(jid.bare)) {
      if (!session.connected || !session.available) continue;
      const nodes = nodesWanted(this.#host.features(session)).filter(isOpened);
      if (nodes.length > 0) this.#introduce(account, nodes, [session]);
    }
  }

  /** Nobody has to do with a node that goes. */
  forgetNode(step: Step, account: Account, id: string): void {
    const users = [...subscribersOf(account, id)];
    removePeople(this.#host.setState, step, account, id);
    for (const bare of users) this.#subscribed.ended(step, account, bare);
  }

  /** The sessions that are notified of a node now. */
  reached(step: Step, account: Account, node: Guarded): ReadonlySet<Session> {
    return new Set(audienceOf(this.#host, step, account, node).map(({ session }) => session));
  }

  /** Sends the last item to those who are reached now and were not before. */
  introduce(step: Step, account: Account, node: Guarded, before: ReadonlySet<Session>): void {
    const fresh = [...this.reached(step, account, node)].filter((session) => !before.has(session));
    if (fresh.length > 0) this.#introduce(account, [node.id], fresh);
  }

  /** Ends the subscriptions that have no right to the node any more, and tells who had them. */
  endLapsed(step: Step, account: Account, node: Guarded, bareJid?: string): void {
    for (const { jid } of lapsed(account, node, bareJid)) {
      const parsed = parseJid(jid);
      const recipients = subscribersAt(this.#host, step, account, node, parsed, true);
      writePerson(this.#host.setState, step, account, "subscriptions", node.id, jid, null);
      if (parsed !== undefined) this.#subscribed.ended(step, account, parsed.bare);
      tell(this.#host, step, account, node.config, recipients, subscriptionEvent(node.id, jid, "none"));
    }
  }

  #reachedAmong(step: Step, account: Account, node: Guarded, bareJid: string): ReadonlySet<Session> {
    return new Set(audienceAmong(this.#host, step, account, node, bareJid).map(({ session }) => session));
  }

  #introduce(account: Account, nodes: readonly string[], sessions: readonly Session[]): void {
    const host = this.#host;
    this.#last.introduce(account, nodes, (step, owner, node) =>
      sessions.flatMap((session) => {
        const reader = session.connected ? host.account(step, session.jid.bare) : undefined;
        return reader !== undefined && isReached(host, owner, node, reader, session) ? [{ session, account: reader, to: session.jid }] : [];
      }));
  }

  #introduceSubscribers(account: Account, node: string, jids: readonly Jid[]): void {
    this.#last.introduce(account, [node], (step, owner, now) => {
      const subscribed = jids.filter(({ full }) => subscriptionOf(owner, now.id, full) === "subscribed");
      return subscribed.flatMap((jid) => subscribersAt(this.#host, step, owner, now, jid));
    });
  }

  #set(step: Step, account: Account, { id }: Guarded, jid: Jid, state: SubscriptionState | "none"): void {
    writePerson(this.#host.setState, step, account, "subscriptions", id, jid.full, state === "none" ? null : state);
    if (state === "none") this.#subscribed.ended(step, account, jid.bare);
  }

  #tellOwner(step: Step, account: Account, node: Guarded, jid: Jid, state: SubscriptionState | "none"): void {
    tell(this.#host, step, account, node.config, this.#owners(account), subscriptionEvent(node.id, jid.full, state));
  }

  #ask(step: Step, account: Account, node: string, jid: string, owners: readonly Recipient[]): void {
    const from = jidOf(account);
    const [kind, type] = ["message", "normal"] as const;
    for (const { session, to } of owners) {
      const id = this.#host.nextId();
      const element = el(kind, { xmlns: clientNamespace, type, id, from: from.full, to: to.full }, requestForm(node, jid));
      this.#host.deliver(step, { element, kind, type, id, from, to }, account, session);
    }
  }

  #owners(account: Account): readonly Recipient[] {
    const sessions = this.#host.sessions(account.bare).filter(({ connected, available }) => connected && available);
    return sessions.map((session) => ({ session, account, to: session.jid }));
  }
}

/** What decisions look at of a node: without its items, which cost more the more there are. */
function guarded(account: Account, id: string): Guarded | undefined {
  const config = readConfig(account, id);
  return config === undefined ? undefined : { id, config };
}
