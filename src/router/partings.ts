/**
 * Users who stop or begin to reach each other while they are there: what each side is told of the other, so that nobody goes on
 * seeing who has gone behind a wall, and everybody sees who has come out again.
 *
 * Thousands at once are one step, so everything here is passed over once: people, and what each session has directed to whom.
 */
import type { Account } from "../domain/account.ts";
import { belongsTo, parseJid, type Jid } from "../domain/jid.ts";
import type { Services } from "../service/services.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Contacts } from "./contacts.ts";
import { addressed, isBarred, unavailable, type PresenceOptions } from "./presence.ts";

export function createPartings({ registry, accounts, services, onStale, readKept }: PresenceOptions): Pick<Contacts, "part" | "meet"> {
  const connected = (bareJid: string) => registry.sessions(bareJid).filter(({ connected }) => connected);
  return {
    /** To be called while nothing stands between them yet. Directed presence between them is forgotten, as after its end (RFC 6121 section 4.6.3). */
    part(step, account, people, meant) {
      const ours = connected(account.bare).map(partyOf);
      for (const contact of people) {
        const { bare } = contact;
        if (services.ofContact(bare) !== undefined && account.shows(bare) && meant(contact)) {
          for (const { session } of ours) if (session.available) leaveService(step, services, session, contact);
        }
        const other = accounts.read(step, bare);
        for (const theirs of connected(bare).filter(({ jid }) => meant(jid)).map(partyOf)) {
          for (const our of other === undefined ? [] : ours) {
            tellOfEnd(step, our, account, theirs, other!);
            tellOfEnd(step, theirs, other!, our, account);
          }
          forgetDirected(step, theirs.session, (to) => belongsTo(to, account.bare));
        }
      }
      const bareJids = new Set(people.map(({ bare }) => bare));
      for (const { session } of ours) {
        const lost = session.directed.flatMap((to) => parseJid(to) ?? []).filter((jid) => bareJids.has(jid.bare) && meant(jid));
        for (const to of lost) leaveService(step, services, session, to);
        const texts = new Set(lost.map(({ full }) => full));
        forgetDirected(step, session, (to) => texts.has(to));
      }
    },

    /** To be called when nothing stands between them any more. */
    meet(step, account, people, meant) {
      const ours = connected(account.bare).filter(({ available }) => available);
      for (const contact of people) {
        const text = account.requests.get(contact.bare);
        // RFC 6121 section 3.1.3: it waits for an answer, and has not been shown to who came online meanwhile.
        if (text !== undefined && meant(contact) && !account.blocks(contact)) {
          const request = readKept(account, `request of ${contact.bare}`, text);
          if (request !== undefined) for (const session of ours) session.deliver(step, request);
        }
        if (services.ofContact(contact.bare) !== undefined && meant(contact)) for (const session of ours) showToService(step, services, session, account, contact);
        const other = accounts.read(step, contact.bare);
        if (other === undefined) continue;
        if (account.sees(other.bare) && !other.shows(account.bare)) onStale(step, account, contact);
        for (const b of connected(contact.bare).filter(({ available, jid }) => available && meant(jid))) {
          for (const a of ours) tellEachOther(step, a, account, b, other);
        }
      }
    },
  };
}

/** One of those who part, with the addresses that it has sent directed presence to. */
interface Party {
  readonly session: Session;
  readonly directed: ReadonlySet<string>;
}

function partyOf(session: Session): Party {
  return { session, directed: new Set(session.directed) };
}

/** Unavailable presence of `gone`, if `viewer` has been told of it. */
function tellOfEnd(step: Step, { session: gone, directed }: Party, goneAccount: Account, { session: viewer }: Party, viewerAccount: Account): void {
  if (isBarred(goneAccount, gone.jid, viewerAccount, viewer.jid)) return;
  const { bare, full } = viewer.jid;
  const subscribed = gone.available && viewer.available && goneAccount.shows(bare);
  const reached = directed.has(full) ? full : viewer.available && directed.has(bare) ? bare : undefined;
  const to = subscribed ? bare : reached;
  if (to !== undefined) viewer.deliver(step, addressed(unavailable(gone.jid.full), to));
}

/** What has a domain of its own is told that the session is gone: it has left the room. */
function leaveService(step: Step, services: Services, { jid }: Session, to: Jid): void {
  const element = addressed(unavailable(jid.full), to.full);
  const service = services.get(to.domain);
  if (service !== undefined) services.tell(step, service, { element, kind: "presence", type: "unavailable", id: undefined, from: jid, to });
}

/** A contact at a service sees it again. */
function showToService(step: Step, services: Services, { jid, presence }: Session, account: Account, to: Jid): void {
  if (presence === undefined || !account.shows(to.bare) || account.blocks(to)) return;
  const service = services.get(to.domain);
  if (service !== undefined) services.tell(step, service, { element: addressed(presence, to.full), kind: "presence", type: "available", id: undefined, from: jid, to });
}

/** The presence of each, to the other if that has a subscription to it. */
function tellEachOther(step: Step, a: Session, accountOfA: Account, b: Session, accountOfB: Account): void {
  if (isBarred(accountOfA, a.jid, accountOfB, b.jid)) return;
  if (accountOfA.shows(accountOfB.bare)) tell(step, b, a.presence, accountOfB.bare);
  if (accountOfB.shows(accountOfA.bare) && accountOfA.sees(accountOfB.bare)) tell(step, a, b.presence, accountOfA.bare);
}

function tell(step: Step, viewer: Session, presence: Element | undefined, to: string): void {
  if (presence !== undefined) viewer.deliver(step, addressed(presence, to));
}

function forgetDirected(step: Step, session: Session, isMeant: (to: string) => boolean): void {
  const to = session.directed.filter(isMeant);
  if (to.length > 0) session.tell(step, { type: "presence.undirected", at: step.at, to });
}
