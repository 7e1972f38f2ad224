/** Since when two users have what they have of each other's presence: the facts that led there. */
import { isBlocked } from "../domain/block-list.ts";
import { accountStream, type AccountFact } from "../domain/facts.ts";
import { belongsTo, type Jid } from "../domain/jid.ts";
import { subscriptionStateNames, type SubscriptionState } from "../domain/subscription.ts";
import type { StoredFact } from "../ports.ts";
import { isAccountFact, PastAccount } from "./past-account.ts";
import { evolveSession, type Place, type SessionMoment } from "./session-fold.ts";
import { sessionPast } from "./session-past.ts";
import { factsOf, type HistorySource, sessionsOf } from "./source.ts";
import { sessionName, streamOf } from "./subject.ts";
import { factWords } from "./words.ts";

/** How one account came to hold of the other what it holds now. */
export interface ContactPast {
  readonly account: string;
  readonly contact: string;
  /** The state of the subscription, and the fact that brought it; null if there never was one. */
  readonly since: (Place & { readonly state: SubscriptionState; readonly stateName: string }) | null;
  /** Everything in its log that concerns the other, in order. */
  readonly facts: readonly ContactFact[];
  /** Its sessions that are available, and since when. */
  readonly available: readonly (Place & { readonly jid: string; readonly session: string })[];
}

export interface ContactFact extends Place {
  readonly text: string;
  /** The state since this fact, if that is another one. */
  readonly state: SubscriptionState | null;
  /** Whether the other, bare, is blocked since. */
  readonly blocks: boolean;
}

export async function contactPast(source: HistorySource, user: Jid, contact: Jid): Promise<ContactPast> {
  const account = new PastAccount(user.domain, user.local ?? "");
  const found: { fact: StoredFact; state: SubscriptionState; blocks: boolean }[] = [];
  let state: SubscriptionState = "None";
  for await (const fact of factsOf(source, accountStream(user.domain, user.local ?? ""))) {
    account.take(fact);
    if (!isAccountFact(fact)) continue;
    const before: SubscriptionState = state;
    state = account.known.subscription(contact.bare);
    const blocks = isBlocked(account.known.blocked, contact);
    if (concerns(fact as unknown as AccountFact, contact) || state !== before) found.push({ fact, state, blocks });
  }
  let since: ContactPast["since"] = null;
  let former: SubscriptionState = "None";
  const facts = found.map(({ fact, state, blocks }, index): ContactFact => {
    const { position, at, step } = fact;
    // Between two facts of one step nobody has ever been: the state is that at its end.
    const changed = found[index + 1]?.fact.step !== step && state !== former;
    if (changed) {
      former = state;
      since = { position, at, state, stateName: subscriptionStateNames[state] };
    }
    return { position, at, text: factWords(fact), state: changed ? state : null, blocks };
  });
  return { account: user.bare, contact: contact.bare, since, facts, available: await availableSince(source, user) };
}

async function availableSince(source: HistorySource, { domain, local = "" }: Jid): Promise<ContactPast["available"]> {
  const found: ContactPast["available"][number][] = [];
  for (const session of await sessionsOf(source, domain, local)) {
    if (session.endedAt !== null) continue;
    const moment = await lastMoment(source, streamOf(session));
    if (moment === undefined || moment.available === null || sessionPast(moment).ended) continue;
    found.push({ ...moment.available.since, jid: sessionName(session), session: session.id });
  }
  return found;
}

async function lastMoment(source: HistorySource, stream: string): Promise<SessionMoment | undefined> {
  let moment: SessionMoment | undefined;
  for await (const fact of factsOf(source, stream)) moment = evolveSession(moment, fact).moment;
  return moment;
}

function concerns(fact: AccountFact, contact: Jid): boolean {
  switch (fact.type) {
    case "RosterItemSet":
      return fact.data.item.jid === contact.bare;
    case "RosterItemRemoved":
      return fact.data.jid === contact.bare;
    case "SubscriptionRequested":
    case "SubscriptionRequestSettled":
      return fact.data.from === contact.bare;
    case "ContactsBlocked":
    case "ContactsUnblocked":
      return fact.data.jids.some((jid) => jid === contact.domain || belongsTo(jid, contact.bare));
    default:
      return false;
  }
}
