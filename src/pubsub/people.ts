/** Who has to do with the nodes of an account: affiliations, explicit subscriptions, and contacts as they come and go. */
import type { Account } from "../domain/account.ts";
import { belongsTo, parseJid, type Jid } from "../domain/jid.ts";
import { nodeSubscriptionsPerUserMax } from "../domain/limits.ts";
import { shows, type StoredRosterItem } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { retrieveFault } from "./access.ts";
import { audienceOf, isReached, jidOf, subscribersAt, type Recipient } from "./audience.ts";
import { subscriptionEvent, tell } from "./events.ts";
import { fault, noNode, type Fault } from "./faults.ts";
import type { NodeHost } from "./host.ts";
import type { LastItems } from "./last-items.ts";
import { nodesWanted, type Affiliation, type Node, type SubscriptionState } from "./node.ts";
import { requestForm } from "./requests.ts";
import {
  affiliationOf, affiliationsOf, allSubscriptions, hasRoomForPeople, nodeIds, readNode, subscriptionOf, subscriptionsOf, writePerson, type Subscription,
} from "./rows.ts";
import { decideSubscribe, lapsed, unsubscribeFault } from "./subscribing.ts";

export class People {
  readonly #host: NodeHost;
  readonly #last: LastItems;

  constructor(host: NodeHost, last: LastItems) {
    this.#host = host;
    this.#last = last;
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

  /** Those to all nodes of the account. */
  allSubscriptions(account: Account): readonly Subscription[] {
    return allSubscriptions(account);
  }

  /** `affiliation` none: not any more. The owner stays the owner. */
  setAffiliation(step: Step, account: Account, id: string, bareJid: string, affiliation: Exclude<Affiliation, "owner">): Fault | undefined {
    const node = readNode(account, id);
    if (node === undefined) return noNode;
    if (bareJid === account.bare) return fault("not-acceptable", "the owner of an account owns its nodes");
    const before = affiliationOf(account, id, bareJid);
    if (before === affiliation) return undefined;
    if (before === "none" && !hasRoomForPeople(account, "affiliations")) return fault("resource-constraint", "these are too many affiliations");
    const known = this.reached(step, account, node);
    writePerson(this.#host.setState, step, account, "affiliations", id, bareJid, affiliation === "none" ? null : affiliation);
    this.endLapsed(step, account, node, bareJid);
    this.introduce(step, account, node, known);
    return undefined;
  }

  /** XEP-0060 section 6.1. */
  subscribe(step: Step, account: Account, id: string, jid: Jid, from: Jid): { readonly state: SubscriptionState } | Fault {
    const node = readNode(account, id);
    const choice = decideSubscribe(account, node, jid, from);
    if ("fault" in choice || node === undefined) return "fault" in choice ? choice : noNode;
    if (!choice.isOld) this.#set(step, account, node, jid, choice.state);
    if (!choice.isOld && choice.state === "pending") this.#ask(step, account, id, jid.full, this.#owners(account));
    if (!choice.isOld && node.config.notify_sub) this.#tellOwner(step, account, node, jid, choice.state);
    return { state: choice.state };
  }

  /** XEP-0060 section 6.2. */
  unsubscribe(step: Step, account: Account, id: string, jid: Jid, from: Jid): Fault | undefined {
    const node = readNode(account, id);
    const refused = unsubscribeFault(account, node, jid, from);
    if (refused !== undefined || node === undefined) return refused ?? noNode;
    this.#set(step, account, node, jid, "none");
    if (node.config.notify_sub) this.#tellOwner(step, account, node, jid, "none");
    return undefined;
  }

  /** The owner subscribes somebody, answers a request to, or ends a subscription; who has subscribed is told (XEP-0060 sections 8.6 and 8.8). */
  setSubscription(step: Step, account: Account, id: string, jid: Jid, state: SubscriptionState | "none"): Fault | undefined {
    const node = readNode(account, id);
    if (node === undefined) return noNode;
    const before = subscriptionOf(account, id, jid.full) ?? "none";
    if (before === state) return undefined;
    const others = [...subscriptionsOf(account, id).keys()].filter((text) => belongsTo(text, jid.bare));
    const isTooMuch = others.length >= nodeSubscriptionsPerUserMax || !hasRoomForPeople(account, "subscriptions");
    if (before === "none" && isTooMuch) return fault("resource-constraint", "these are too many subscriptions");
    // Before it: afterwards it may be nobody's any more.
    const recipients = subscribersAt(this.#host, step, account, node, jid, true);
    this.#set(step, account, node, jid, state);
    tell(this.#host, step, account, node.config, recipients, subscriptionEvent(id, jid.full, state));
    return undefined;
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
    const opened: string[] = [];
    for (const id of nodeIds(account)) {
      const node = readNode(account, id);
      if (node === undefined) continue;
      this.endLapsed(step, account, node, jid.bare);
      const had = before !== undefined && shows(before) && retrieveFault(account, node, { from: jid, item: before }) === undefined;
      if (!had && account.shows(jid.bare) && retrieveFault(account, node, { from: jid }) === undefined) opened.push(id);
    }
    if (opened.length === 0) return;
    for (const session of this.#host.sessions(jid.bare)) {
      if (!session.connected || !session.available) continue;
      const wanted = new Set(nodesWanted(this.#host.features(session)));
      const nodes = opened.filter((id) => wanted.has(id));
      if (nodes.length > 0) this.#introduce(account, nodes, [session]);
    }
  }

  /** The sessions that are notified of a node now. */
  reached(step: Step, account: Account, node: Pick<Node, "id" | "config">): ReadonlySet<Session> {
    return new Set(audienceOf(this.#host, step, account, node).map(({ session }) => session));
  }

  /** Sends the last item to those who are reached now and were not before. */
  introduce(step: Step, account: Account, node: Pick<Node, "id" | "config">, before: ReadonlySet<Session>): void {
    const fresh = [...this.reached(step, account, node)].filter((session) => !before.has(session));
    if (fresh.length > 0) this.#introduce(account, [node.id], fresh);
  }

  /** Ends the subscriptions that have no right to the node any more, and tells who had them. */
  endLapsed(step: Step, account: Account, node: Node, bareJid?: string): void {
    for (const text of lapsed(account, node, bareJid)) {
      const recipients = subscribersAt(this.#host, step, account, node, parseJid(text), true);
      writePerson(this.#host.setState, step, account, "subscriptions", node.id, text, null);
      tell(this.#host, step, account, node.config, recipients, subscriptionEvent(node.id, text, "none"));
    }
  }

  #introduce(account: Account, nodes: readonly string[], sessions: readonly Session[]): void {
    const host = this.#host;
    this.#last.introduce(account, nodes, (step, owner, node) =>
      sessions.flatMap((session) => {
        const reader = session.connected ? host.account(step, session.jid.bare) : undefined;
        return reader !== undefined && isReached(host, owner, node, reader, session) ? [{ session, account: reader, to: session.jid }] : [];
      }));
  }

  #set(step: Step, account: Account, node: Node, jid: Jid, state: SubscriptionState | "none"): void {
    const host = this.#host;
    writePerson(host.setState, step, account, "subscriptions", node.id, jid.full, state === "none" ? null : state);
    if (state !== "subscribed") return;
    this.#last.introduce(account, [node.id], (step, owner, now) =>
      subscriptionOf(owner, now.id, jid.full) === "subscribed" ? subscribersAt(host, step, owner, now, jid) : []);
  }

  #tellOwner(step: Step, account: Account, node: Node, jid: Jid, state: SubscriptionState | "none"): void {
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
