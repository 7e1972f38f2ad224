/** Who is told when a resource becomes available, changes or leaves, and who may ask (RFC 6121 section 4). */
import type { Account } from "../domain/account.ts";
import { belongsTo, makeJid, parseJid, type Jid } from "../domain/jid.ts";
import { partingWordsCharsMax } from "../domain/limits.ts";
import { sees, shows, type RosterItem } from "../domain/roster.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { PresenceChange, Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Step } from "../step/batch.ts";
import { delayElement } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, type Stanza } from "../xml/stanza.ts";
import type { Sender, Services } from "../service/services.ts";

export interface PresenceOptions {
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly services: Services;
  /**
   * A contact that the user sees turns out not to show itself, or not to exist: the user's subscription ends (section 4.3.2, rule 1).
   * `contact` is bare; `id` is that of the probe by which a client found out.
   */
  readonly onStale: (step: Step, user: Account, contact: Jid, id?: string) => void;
  /** The element of a text that is kept for an account; undefined if it cannot be read. */
  readonly readKept: (account: Account, what: string, text: string) => Element | undefined;
}

export class Presence {
  readonly #registry: Registry;
  readonly #accounts: AccountCache;
  readonly #services: Services;
  readonly #onStale: PresenceOptions["onStale"];
  readonly #readKept: PresenceOptions["readKept"];

  constructor({ registry, accounts, services, onStale, readKept }: PresenceOptions) {
    this.#services = services;
    this.#registry = registry;
    this.#accounts = accounts;
    this.#onStale = onStale;
    this.#readKept = readKept;
  }

  /** Sections 4.2.2, 4.4.2 and 4.5.2. */
  broadcast(step: Step, session: Session, change: PresenceChange): void {
    const { jid } = change;
    const account = this.#accounts.read(step, jid.bare);
    const element = change.element ?? unavailable(jid.full);
    const told = new Set<Session>();
    if (account === undefined) return;
    if (change.available || change.wasAvailable) {
      this.#tellOwn(step, session, change, element, told);
      for (const contact of account.contacts.values()) {
        // Whoever has no session has nobody to tell: a broadcast never loads an account.
        if (shows(contact)) this.#tellAccount(step, element, jid, account, contact.jid, told);
      }
    }
    if (change.available) {
      if (change.initial) this.#welcome(step, session, account);
      return;
    }
    for (const to of change.directed) this.#tellDirected(step, element, jid, account, to, told);
    for (const recipient of told) this.heardFrom(step, recipient, jid, "unavailable");
    const left = !this.#registry.sessions(jid.bare).some((other) => other !== session && other.available);
    if (change.wasAvailable && left) this.#rememberLeaving(step, account, element);
  }

  /** The current presence of each available resource, to a contact (section 3.1.5). */
  show(step: Step, account: Account, contact: Jid): void {
    for (const session of this.#registry.sessions(account.bare)) {
      const { presence } = session;
      if (session.available && presence !== undefined) this.#tellAccount(step, presence, session.jid, account, contact.bare);
    }
  }

  /**
   * Unavailable presence of each resource that the contact has seen, directed presence included (sections 3.2.2 and 4.6.1). The
   * resources stay where they are, so they are still to be told of the end of what the contact has directed to them (section 4.6.3).
   */
  hide(step: Step, account: Account, contact: Jid): void {
    for (const session of this.#registry.sessions(account.bare)) {
      if (!session.connected) continue;
      const { jid } = session;
      const element = unavailable(jid.full);
      const told = new Set<Session>();
      if (session.available) this.#tellAccount(step, element, jid, account, contact.bare, told);
      const directed = session.directed.filter((to) => belongsTo(to, contact.bare));
      for (const to of directed) this.#tellDirected(step, element, jid, account, to, told);
      if (directed.length > 0) session.tell(step, { type: "presence.undirected", at: step.at, to: directed });
    }
  }

  /** A probe that a client sent itself (section 4.3). `contact`: who is probed, undefined if there is no such account. */
  answerProbe(step: Step, session: Session, probe: Stanza & { readonly to: Jid }, contact: Account | undefined): void {
    const { from, to, id } = probe;
    const user = this.#accounts.read(step, from.bare);
    if (user === undefined || (contact !== undefined && isBarred(user, from, contact, to))) return;
    const own = contact === user;
    if (contact === undefined || !(own || contact.shows(from.bare))) {
      const answers = contact === undefined ? [] : this.#directedTo(contact, user, from, to);
      for (const jid of answers) session.deliver(step, el("presence", { xmlns: clientNamespace, from: jid, to: from.full, id }));
      // A request that still waits is not refused by a probe.
      if (answers.length === 0 && user.sees(to.bare)) this.#onStale(step, user, to.toBare(), id);
      return;
    }
    this.#tellProbing(step, session, probe, contact, user);
  }

  /** Section 4.3.2, of an address of a service: what it sees of others is for itself to remember. Whoever is blocked is not answered. */
  answerProbeOfService(step: Step, sender: Sender, probe: Stanza & { readonly to: Jid }, contact: Account | undefined): void {
    const { from, to, id } = probe;
    if (contact?.blocks(from) === true) return;
    if (contact?.shows(from.bare) === true) return this.#tellProbing(step, sender, probe, contact, undefined);
    const answers = contact === undefined ? [] : this.#directedTo(contact, undefined, from, to);
    for (const jid of answers) sender.deliver(step, el("presence", { xmlns: clientNamespace, from: jid, to: from.full, id }));
    // Rule 1. A request that still waits is not refused by a probe.
    if (answers.length > 0 || contact?.requests.has(from.bare) === true) return;
    sender.deliver(step, el("presence", { xmlns: clientNamespace, type: "unsubscribed", from: to.bare, to: from.bare, id }));
  }

  /** Who may see the contact is told of it. `user`: the account that asks, undefined for an address of a service. */
  #tellProbing(step: Step, asker: Sender, { from, to, id }: Stanza & { readonly to: Jid }, contact: Account, user: Account | undefined): void {
    const resources = this.#registry.sessions(contact.bare).filter((resource) => resource.available && user?.blocks(resource.jid) !== true);
    if (to.resource !== undefined) {
      // Section 4.3.2: a probe to a full JID learns that this resource is available, and nothing else.
      const presence = resources.find((resource) => resource.resource === to.resource)?.presence;
      const there = presence !== undefined || this.#directedTo(contact, user, from, to).length > 0;
      const attrs = { id: presence === undefined ? id : presence.attrs["id"], type: there ? undefined : "unavailable" };
      asker.deliver(step, el("presence", { xmlns: clientNamespace, from: to.full, to: from.full, ...attrs }));
      return;
    }
    for (const { presence } of resources) if (presence !== undefined) asker.deliver(step, addressed(presence, from.full));
    if (resources.length > 0) return;
    const left = contact.meta("left");
    const delay = left === undefined ? undefined : delayElement(left.at, contact.bare);
    asker.deliver(step, el("presence", { xmlns: clientNamespace, from: contact.bare, to: from.full, id, type: "unavailable" }, delay));
  }

  /** Directed presence has reached a resource. What promised that it will be told of the end may have gone while this waited (section 4.6.3). */
  reached(step: Step, sender: Session, { from, to, type }: Stanza, recipient: Session): void {
    this.heardFrom(step, recipient, from, type);
    if (to === undefined || type !== "available" || sender.hasDirected(recipient.jid)) return;
    const subscribed = sender.available && recipient.available && this.#accounts.read(step, from.bare)?.shows(to.bare) === true;
    if (!subscribed) sender.tell(step, { type: "presence.directed", at: step.at, to: to.full });
  }

  /** An address that leaves or answers with an error is not told of the end any more (sections 4.6.1 and 4.6.3). */
  heardFrom(step: Step, recipient: Session, from: Jid, type: string): void {
    if (type !== "unavailable" && type !== "error") return;
    if (recipient.directed.includes(from.full)) recipient.tell(step, { type: "presence.undirected", at: step.at, to: from.full });
  }

  /** Section 4.2.2: an entity sees its own presence. */
  #tellOwn(step: Step, session: Session, change: PresenceChange, element: Element, told: Set<Session>): void {
    const { jid } = change;
    for (const own of this.#registry.sessions(jid.bare)) {
      // On its way out of the connected state a session is told nothing any more.
      if (!own.connected) continue;
      if (own.available || own === session) {
        own.deliver(step, addressed(element, jid.bare));
        told.add(own);
      }
      if (change.initial && own !== session && own.presence !== undefined && own.available) {
        session.deliver(step, addressed(own.presence, jid.bare));
      }
    }
  }

  /** To all available resources of an account (sections 4.2.3, 4.4.3 and 4.5.3), unless one has blocked the other. */
  #tellAccount(step: Step, element: Element, from: Jid, sender: Account, to: string, told?: Set<Session>): void {
    const sessions = this.#registry.sessions(to);
    if (sessions.length === 0) return this.#tellService(step, element, from, sender, to);
    const recipient = this.#accounts.read(step, to);
    const copy = addressed(element, to);
    for (const session of sessions) {
      if (session.available && told?.has(session) !== true) this.#give(step, session, copy, from, sender, recipient, told);
    }
  }

  /** Section 4.6.3. An account without sessions has nobody to tell. */
  #tellDirected(step: Step, element: Element, from: Jid, sender: Account, to: string, told: Set<Session>): void {
    const target = parseJid(to);
    if (target === undefined) return;
    if (this.#leaveService(step, element, from, target)) return;
    const recipient = this.#accounts.read(step, target.bare);
    for (const session of this.#registry.sessions(target.bare)) {
      if (!session.connected || told.has(session)) continue;
      const matches = target.resource === undefined ? session.available : session.resource === target.resource;
      if (matches) this.#give(step, session, addressed(element, to), from, sender, recipient, told);
    }
  }

  /** To a contact at a service, which knows itself whom to tell. */
  #tellService(step: Step, element: Element, from: Jid, sender: Account, to: string): void {
    const service = this.#services.ofContact(to);
    const target = service === undefined ? undefined : parseJid(to);
    if (service === undefined || target === undefined || sender.blocks(target)) return;
    const type = String(element.attrs["type"] ?? "available");
    this.#services.tell(step, service, { element: addressed(element, target.full), kind: "presence", type, id: undefined, from, to: target });
  }

  #give(step: Step, to: Session, element: Element, from: Jid, sender: Account, recipient: Account | undefined, told?: Set<Session>): void {
    if (recipient === undefined || isBarred(sender, from, recipient, to.jid)) return;
    to.deliver(step, element);
    told?.add(to);
  }

  /** Whether the address is a service's, which has then been told. Who is gone hears of no error. */
  #leaveService(step: Step, element: Element, from: Jid, to: Jid): boolean {
    const service = this.#services.get(to.domain);
    if (service === undefined) return false;
    this.#services.tell(step, service, { element: addressed(element, to.full), kind: "presence", type: "unavailable", id: undefined, from, to });
    return true;
  }

  /** What a resource is told when it becomes available: whom it sees, and who has asked to see it (sections 4.3.1 and 3.1.3). */
  #welcome(step: Step, session: Session, account: Account): void {
    for (const item of account.contacts.values()) {
      if (!sees(item) && !item.ask) continue;
      const contact = this.#accounts.read(step, item.jid);
      if (contact === undefined) this.#askService(step, account, item);
      if (contact === undefined || !sees(item)) continue;
      if (!contact.shows(account.bare)) this.#onStale(step, account, makeJid(contact.username, contact.host));
      else this.#tellOf(step, session, account, contact);
    }
    for (const [from, stanza] of account.requests) {
      const jid = parseJid(from);
      if (jid === undefined || account.blocks(jid)) continue;
      const request = this.#readKept(account, `request of ${from}`, stanza);
      if (request !== undefined) session.deliver(step, request);
    }
  }

  /** Of a contact at a service: what there is to see (section 4.3.1), and once more what it has not answered (section 3.1.2). */
  #askService(step: Step, account: Account, item: RosterItem): void {
    const from = makeJid(account.username, account.host);
    for (const [type, isDue] of [["probe", sees(item)], ["subscribe", item.ask]] as const) {
      if (isDue) this.#tellService(step, el("presence", { xmlns: clientNamespace, type, from: from.full }), from, account, item.jid);
    }
  }

  #tellOf(step: Step, session: Session, account: Account, contact: Account): void {
    for (const { available, presence, jid } of this.#registry.sessions(contact.bare)) {
      if (!available || presence === undefined || isBarred(contact, jid, account, session.jid)) continue;
      session.deliver(step, addressed(presence, account.bare));
    }
  }

  /** The resources that have sent directed presence to the one who probes (section 4.6.6). */
  #directedTo(contact: Account, user: Account | undefined, from: Jid, to: Jid): readonly string[] {
    return this.#registry
      .sessions(contact.bare)
      .filter((session) => session.connected && session.hasDirected(from) && user?.blocks(session.jid) !== true)
      .filter((session) => to.resource === undefined || session.resource === to.resource)
      .map((session) => session.jid.full);
  }

  #rememberLeaving(step: Step, account: Account, element: Element): void {
    const { host, username } = account;
    const status = firstChars(element.getChildText("status") ?? "", partingWordsCharsMax);
    this.#accounts.change(step, account, { type: "UserLeft", data: { host, username, status } }, false);
  }
}

/** The beginning of a text, at most so many UTF-16 units. Half a surrogate pair would be no text any more. */
function firstChars(text: string, charsMax: number): string {
  return text.slice(0, charsMax).replace(/[\uD800-\uDBFF]$/, "");
}

/** Whether something from one address to another is stopped because one user has blocked the other. */
export function isBarred(sender: Account, from: Jid, recipient: Account, to: Jid): boolean {
  return sender.blocks(to) || recipient.blocks(from);
}

export function unavailable(from: string): Element {
  return el("presence", { xmlns: clientNamespace, type: "unavailable", from });
}

/** The stanza with another `to`; its children are shared. */
export function addressed(presence: Element, to: string): Element {
  const copy = el(presence.name, { ...presence.attrs, to });
  copy.children = presence.children;
  return copy;
}
