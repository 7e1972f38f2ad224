/**
 * Two users who stop or begin to reach each other while both are there: what each side is told of the other, so that
 * nobody goes on seeing who has gone behind a wall, and everybody sees who has come out again.
 */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { addressed, isBarred, unavailable, type PresenceOptions } from "./presence.ts";

/** Whether an address of the contact's is one of those in question. */
export type Meant = (contact: Jid) => boolean;

export class Partings {
  readonly #registry: Registry;
  readonly #accounts: AccountCache;
  readonly #onStale: PresenceOptions["onStale"];

  constructor({ registry, accounts, onStale }: PresenceOptions) {
    this.#registry = registry;
    this.#accounts = accounts;
    this.#onStale = onStale;
  }

  /** To be called while nothing stands between them yet. Directed presence between them is forgotten, as after its end (RFC 6121 section 4.6.3). */
  part(step: Step, account: Account, contact: Jid, meant: Meant): void {
    const other = this.#accounts.read(step, contact.bare);
    const ours = this.#connected(account.bare);
    const theirs = this.#connected(contact.bare).filter(({ jid }) => meant(jid));
    for (const [a, b] of other === undefined ? [] : pairs(ours, theirs)) {
      tellOfEnd(step, a, account, b, other!);
      tellOfEnd(step, b, other!, a, account);
    }
    for (const session of ours) forgetDirected(step, session, (to) => to.bare === contact.bare && meant(to));
    for (const session of theirs) forgetDirected(step, session, (to) => to.bare === account.bare);
  }

  /** To be called when nothing stands between them any more. */
  meet(step: Step, account: Account, contact: Jid, meant: Meant): void {
    const ours = this.#connected(account.bare).filter(({ available }) => available);
    const request = account.requests.get(contact.bare);
    // RFC 6121 section 3.1.3: it waits for an answer, and has not been shown to who came online meanwhile.
    if (request !== undefined && meant(contact) && !account.blocks(contact)) {
      for (const session of ours) session.deliver(step, restoreElement(request));
    }
    const other = this.#accounts.read(step, contact.bare);
    if (other === undefined) return;
    if (account.sees(other.bare) && !other.shows(account.bare)) this.#onStale(step, account, other);
    const theirs = this.#connected(contact.bare).filter(({ available, jid }) => available && meant(jid));
    for (const [a, b] of pairs(ours, theirs)) {
      if (isBarred(account, a.jid, other, b.jid)) continue;
      if (account.shows(other.bare)) tell(step, b, a.presence, other.bare);
      if (other.shows(account.bare) && account.sees(other.bare)) tell(step, a, b.presence, account.bare);
    }
  }

  #connected(bareJid: string): readonly Session[] {
    return this.#registry.sessions(bareJid).filter(({ connected }) => connected);
  }
}

/** Unavailable presence of `gone`, if `viewer` has been told of it. */
function tellOfEnd(step: Step, gone: Session, goneAccount: Account, viewer: Session, viewerAccount: Account): void {
  if (isBarred(goneAccount, gone.jid, viewerAccount, viewer.jid)) return;
  const { bare, full } = viewer.jid;
  const subscribed = gone.available && viewer.available && goneAccount.shows(bare);
  const directed = gone.directed.includes(full) ? full : viewer.available && gone.directed.includes(bare) ? bare : undefined;
  const to = subscribed ? bare : directed;
  if (to !== undefined) viewer.deliver(step, addressed(unavailable(gone.jid.full), to));
}

function tell(step: Step, viewer: Session, presence: Element | undefined, to: string): void {
  if (presence !== undefined) viewer.deliver(step, addressed(presence, to));
}

function forgetDirected(step: Step, session: Session, matches: (to: Jid) => boolean): void {
  for (const to of session.directed) {
    const jid = parseJid(to);
    if (jid !== undefined && matches(jid)) session.tell(step, { type: "presence.undirected", at: step.at, to });
  }
}

function pairs(ours: readonly Session[], theirs: readonly Session[]): readonly (readonly [Session, Session])[] {
  return ours.flatMap((a) => theirs.map((b) => [a, b] as const));
}
