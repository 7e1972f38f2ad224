/**
 * Presence subscriptions (RFC 6121 section 3): the table of appendix A decides, and here everything that follows from a decision
 * is done in its order. Both ends are accounts of this server, so both change in one step.
 */
import type { Account } from "../domain/account.ts";
import { makeJid, type Jid } from "../domain/jid.ts";
import { rosterItemsMax, subscriptionRequestCharsMax, subscriptionRequestsMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import { newRosterItem, sameRosterItem, withSubscription } from "../domain/roster.ts";
import {
  decideSubscription,
  seesContact,
  showsToContact,
  subscriptionParts,
  type SubscriptionOutcome,
  type SubscriptionType,
} from "../domain/subscription.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";
import type { Services } from "../service/services.ts";
import type { Presence } from "./presence.ts";
import type { Announce, Rosters } from "./rosters.ts";

export interface SubscriptionOptions {
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly rosters: Rosters;
  readonly presence: Presence;
  readonly services: Services;
  readonly refused: CountRefusal;
}

export class Subscriptions {
  readonly #registry: Registry;
  readonly #accounts: AccountCache;
  readonly #rosters: Rosters;
  readonly #presence: Presence;
  readonly #services: Services;
  readonly #refused: CountRefusal;

  constructor({ registry, accounts, rosters, presence, services, refused }: SubscriptionOptions) {
    this.#refused = refused;
    this.#registry = registry;
    this.#accounts = accounts;
    this.#rosters = rosters;
    this.#presence = presence;
    this.#services = services;
  }

  /**
   * What a user sends: `element` is stamped with both bare JIDs. `contact` is undefined where there is no such account, or none here;
   * then only the user's side changes. Returns what is wrong with it; nothing has happened then.
   */
  outbound(step: Step, user: Account, to: Jid, contact: Account | undefined, type: SubscriptionType, element: Element): StanzaFault | undefined {
    const before = user.subscription(to.bare);
    const item = user.contacts.get(to.bare);
    const outcome = decideSubscription("outbound", type, before, item?.approved === true);
    if (item === undefined && needsItem(outcome) && !user.hasRoomFor(newRosterItem(to.bare))) {
      return { condition: "resource-constraint", text: "the roster is full", limit: user.contacts.size >= rosterItemsMax ? "rosterItemsMax" : "rosterBytesMax" };
    }
    // Said whoever is asked: what depended on the contact would tell who has an account here, and who has blocked whom.
    if (type === "subscribe" && serialise(element).length > subscriptionRequestCharsMax) {
      return tooLong;
    }
    const showed = user.shows(to.bare);
    // Section 3.2.2: while the contact may still know of it.
    if (type === "unsubscribed" && showed) this.#presence.hide(step, user, to);
    const announce = this.#change(step, user, to.bare, outcome);
    const answers = outcome.pass ? this.#pass(step, user, to, contact, type, element) : nothing;
    announce(step);
    if (!showed && user.shows(to.bare)) this.#presence.show(step, user, to);
    answers(step);
    return undefined;
  }

  /** Both see each other from now on, whatever was between them; nothing happens where one has blocked the other, or has no room for a contact. */
  unite(step: Step, a: Account, b: Account): void {
    const sides = [{ user: a, other: b }, { user: b, other: a }];
    if (sides.some(({ user, other }) => user.blocks(jidOf(other)) || !user.hasRoomFor(user.contacts.get(other.bare) ?? newRosterItem(other.bare)))) return;
    const shown = sides.filter(({ user, other }) => !user.shows(other.bare));
    const announcements = sides.map(({ user, other }) => {
      if (user.requests.has(other.bare)) this.#settle(step, user, other.bare);
      const { name, groups, approved } = user.contacts.get(other.bare) ?? newRosterItem(other.bare);
      return this.#rosters.set(step, user, { jid: other.bare, name, groups, approved, subscription: "both", ask: false });
    });
    for (const announce of announcements) announce(step);
    for (const { user, other } of shown) this.#presence.show(step, user, jidOf(other));
  }

  /**
   * Section 2.5.2: removes a contact, and every subscription and request with it. Returns what is to follow the answer to who asked.
   * `contact`: its account, undefined if it has none here.
   */
  remove(step: Step, user: Account, to: Jid, contact: Account | undefined, asker?: Session): Announce {
    // Subscriptions are between bare JIDs; what a client lists besides has none.
    if (to.resource !== undefined) return this.#rosters.remove(step, user, to.full, asker);
    const { subscription, pendingOut, pendingIn } = subscriptionParts[user.subscription(to.bare)];
    if (pendingIn) this.#settle(step, user, to.bare);
    const announce = user.contacts.has(to.bare) ? this.#rosters.remove(step, user, to.bare, asker) : nothing;
    return (step) => {
      if (showsToContact(subscription)) this.#presence.hide(step, user, to);
      if (seesContact(subscription) || pendingOut) {
        this.#pass(step, user, to, contact, "unsubscribe", stanza("unsubscribe", user.bare, to.bare))(step);
      }
      if (showsToContact(subscription) || pendingIn) {
        this.#pass(step, user, to, contact, "unsubscribed", stanza("unsubscribed", user.bare, to.bare))(step);
      }
      announce(step);
    };
  }

  /** Section 4.3.2, rule 1: a probe found that the contact does not show itself, or has no account. `id`: the probe's (section 4.3.2.1). */
  endStale(step: Step, user: Account, contact: Jid, id: string | undefined): void {
    const { bare } = contact;
    const outcome = decideSubscription("inbound", "unsubscribed", user.subscription(bare), user.contacts.get(bare)?.approved === true);
    const announce = this.#change(step, user, bare, outcome);
    const element = el("presence", { xmlns: clientNamespace, type: "unsubscribed", id, from: bare, to: user.bare });
    if (outcome.pass && !user.blocks(contact)) this.#deliver(step, user, "unsubscribed", element);
    announce(step);
  }

  /** What an address of a service sends: `element` has both bare JIDs. Returns what is wrong with it; nothing has happened then. */
  fromService(step: Step, owner: Account, from: Jid, type: SubscriptionType, element: Element): StanzaFault | undefined {
    if (type === "subscribe" && serialise(element).length > subscriptionRequestCharsMax) return tooLong;
    this.#inbound(step, owner, { bare: from.bare, jid: from, account: undefined }, type, element)(step);
    return undefined;
  }

  /** To the contact's side: an account, an address of a service, or nobody here. Returns what goes back, as `#inbound` does. */
  #pass(step: Step, user: Account, to: Jid, contact: Account | undefined, type: SubscriptionType, element: Element): Announce {
    const jid = jidOf(user);
    if (contact !== undefined) return this.#inbound(step, contact, { bare: user.bare, jid, account: user }, type, element);
    this.#tellService(step, jid, to, type, element);
    return nothing;
  }

  #tellService(step: Step, from: Jid, to: Jid, type: SubscriptionType, element: Element): void {
    const service = this.#services.ofContact(to.bare);
    if (service !== undefined) this.#services.tell(step, service, { element, kind: "presence", type, id: element.attrs["id"] as string | undefined, from, to });
  }

  /** What arrives for `owner`. Returns what goes back, to be called when the sender's side is done. */
  #inbound(step: Step, owner: Account, { bare: from, jid, account: sender }: Peer, type: SubscriptionType, element: Element): Announce {
    step.dependOn(owner.ticket);
    const outcome = decideSubscription("inbound", type, owner.subscription(from), owner.contacts.get(from)?.approved === true);
    if (owner.blocks(jid)) {
      // Who is blocked is neither heard nor answered, and asks for nothing; but what it grants, gives up or takes back is so, that both rosters agree.
      if (type !== "subscribe") this.#change(step, owner, from, outcome)(step);
      return nothing;
    }
    const showed = owner.shows(from);
    const announce = this.#change(step, owner, from, outcome, element);
    if (outcome.pass) this.#deliver(step, owner, type, element);
    announce(step);
    if (showed && !owner.shows(from)) this.#presence.hide(step, owner, jid);
    const { answer } = outcome;
    if (answer === undefined) return nothing;
    const reply = stanza(answer, owner.bare, from);
    const own = jidOf(owner);
    if (sender === undefined) {
      return (step) => {
        this.#tellService(step, own, jid, answer, reply);
        // Section 3.1.5: what a service has seen already is not known here.
        if (owner.shows(from)) this.#presence.show(step, owner, jid);
      };
    }
    return (step) => {
      const blind = !sender.sees(owner.bare);
      this.#inbound(step, sender, { bare: owner.bare, jid: own, account: owner }, answer, reply)(step);
      // Whoever sees the owner from now on is told what there is to see (section 3.1.5); who saw it before knows.
      const sighted = blind && sender.sees(owner.bare);
      if (sighted || (!showed && owner.shows(from))) this.#presence.show(step, owner, jid);
    };
  }

  /** Section 3.1.3: requests go to available resources; the others to interested ones (sections 3.1.6, 3.2.3 and 3.3.3). */
  #deliver(step: Step, owner: Account, type: SubscriptionType, element: Element): void {
    for (const session of this.#registry.sessions(owner.bare)) {
      if (type === "subscribe" ? session.available : session.interested) session.deliver(step, element);
    }
  }

  /** Records what an outcome makes of an account. Returns the announcement of the changed item, if it changed. */
  #change(step: Step, account: Account, contact: string, outcome: SubscriptionOutcome, request?: Element): Announce {
    const { pendingIn } = subscriptionParts[outcome.state];
    const had = account.requests.has(contact);
    const { host, username } = account;
    // Section 3.1.3, security warning: what strangers can make the server keep has a bound. Beyond it a request reaches who is there, and is not kept.
    if (pendingIn && !had && request !== undefined) {
      const data = { host, username, from: contact, stanza: serialise(request) };
      if (account.requests.size < subscriptionRequestsMax) this.#accounts.change(step, account, { type: "SubscriptionRequested", data });
      else this.#refused("subscriptionRequestsMax");
    }
    if (!pendingIn && had) this.#settle(step, account, contact);
    const item = account.contacts.get(contact);
    // Section 3.1.3: a request alone adds nobody to the roster.
    if (item === undefined && !needsItem(outcome)) return nothing;
    const before = item ?? newRosterItem(contact);
    const after = withSubscription(before, outcome.state, outcome.approved);
    if (item !== undefined && sameRosterItem(item, after)) return nothing;
    return this.#rosters.set(step, account, after);
  }

  #settle(step: Step, account: Account, contact: string): void {
    const { host, username } = account;
    this.#accounts.change(step, account, { type: "SubscriptionRequestSettled", data: { host, username, from: contact } });
  }
}

/** Who has sent something, with its account if it has one here. */
interface Peer {
  readonly bare: string;
  readonly jid: Jid;
  readonly account: Account | undefined;
}

const tooLong: StanzaFault = { condition: "policy-violation", text: `a request has at most ${subscriptionRequestCharsMax} characters`, limit: "subscriptionRequestCharsMax" };

function needsItem({ state, approved }: SubscriptionOutcome): boolean {
  const { subscription, pendingOut } = subscriptionParts[state];
  return approved || pendingOut || subscription !== "none";
}

function jidOf({ host, username }: Account): Jid {
  return makeJid(username, host, undefined);
}

function stanza(type: SubscriptionType, from: string, to: string): Element {
  return el("presence", { xmlns: clientNamespace, type, from, to });
}

function nothing(): void {}
