/**
 * Client state: while nobody looks at a client, what only tells the latest of something waits, and of that the latest alone. Whatever
 * is more than that is delivered at once, after all that waits, so nothing is ever out of order. No other entity hears of it (section 6).
 */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { sees } from "../domain/roster.ts";
import type { Extension, House, Outgoing, SessionLinkLost, SessionResumed } from "../router/extension.ts";
import type { HouseLimits } from "../router/house.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { addressed, isBarred, unavailable } from "../router/presence.ts";
import { sessionState } from "../router/session-state.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { subjectOf, type Subject } from "./xep-0352-subject.ts";

const xmlns = "urn:xmpp:csi:0";

type State = {
  readonly active: boolean;
  /** In logs of before such stanzas were recorded: full JIDs whose end waited. */
  readonly gone?: readonly string[];
};

const state = sessionState<State>({
  initial: { active: true },
  read: (recorded) => (typeof (recorded as Partial<State> | null)?.active === "boolean" ? (recorded as State) : undefined),
});

export const clientState: Extension = {
  name: "client-state",
  specification: {
    id: "XEP-0352",
    version: "1.0.0",
    title: "Client State Indication",
  },
  // Section 4.1. Where nothing is held back there is nothing to say it for.
  streamFeature: ({ stage }, house) => (stage === "authenticated" && holdsSomething(house) ? el("csi", { xmlns }) : undefined),
  inlineBinding: { feature: xmlns, offered: holdsSomething, enable: ({ step, session, element }) => begin(step, session, element) },
  elements: [
    { xmlns, names: ["inactive"], handle: ({ step, session }) => deactivate(step, session) },
    { xmlns, names: ["active"], handle: ({ step, session }) => activate(step, session) },
  ],
  sessionState: state,
  phases: { hold: passed },
  holdsBack,
  linkLost: ({ step, session }: SessionLinkLost) => activate(step, session),
  sessionResumed,
};

/** Whether it waits, which is for the operator to say (section 3.2). */
const choices = { presence: "holdPresence", "chat state": "holdChatStates", event: "holdEvents" } as const satisfies Record<Subject["kind"], keyof HouseLimits>;

/** Sessions whose clients have said in this process that they are inactive. */
const inactive = new WeakSet<Session>();

function holdsSomething({ limits }: House): boolean {
  return Object.values(choices).some((choice) => limits[choice]);
}

/** XEP-0386 section 3.2: the session begins so. */
function begin(step: Step, session: Session, { name }: Element): undefined {
  if (name === "inactive") deactivate(step, session);
}

/** Section 4.2. */
function deactivate(step: Step, session: Session): void {
  if (inactive.has(session)) return;
  inactive.add(session);
  step.ifDiscarded(() => inactive.delete(session));
  record(step, session, false);
}

/** Whoever loses its link is active from then on (section 5.2): its queue takes what waits. */
function activate(step: Step, session: Session): void {
  if (!inactive.delete(session)) return;
  step.ifDiscarded(() => inactive.add(session));
  flush(step, session);
  if (session.connected) record(step, session, true);
}

function holdsBack({ step, session, element, house }: Outgoing): boolean {
  if (!inactive.has(session)) return false;
  const subject = isOwnEnd(element, session) ? undefined : subjectOf(element);
  if (subject !== undefined && house.limits[choices[subject.kind]]) {
    const { kind, key } = subject;
    // That somebody has left nobody would tell of after a crash, nor a room who is in it.
    const rebuilt = kind === "presence" && element.attrs["type"] !== "unavailable" && isOfAccount(element, house);
    if (session.holdBack(step, element, { subject: `${kind} ${key}`, rebuilt })) return true;
  }
  flush(step, session);
  return false;
}

function isOfAccount({ attrs }: Element, { hosts }: House): boolean {
  const domain = parseJid(String(attrs["from"]))?.domain;
  return domain !== undefined && hosts.includes(domain);
}

/** Whom it has seen until then it has to forget, since it is not told any more who of them leaves: nothing may take the place of this. */
function isOwnEnd({ name, attrs }: Element, session: Session): boolean {
  return name === "presence" && attrs["type"] === "unavailable" && attrs["from"] === session.jid.full;
}

/**
 * A chat state that a client never acknowledged is of a moment that has passed, and nobody else is given it (XEP-0085 section 5.8): an
 * inactive client that was sent it too has it already, or a later one.
 */
function passed({ givenBack, stanza }: Passage): Verdict {
  if (givenBack !== true || subjectOf(stanza.element)?.kind !== "chat state") return undefined;
  return { stop: true, why: "a chat state that was not acknowledged in its time" };
}

function flush(step: Step, session: Session): void {
  session.deliverHeldBack(step, "it waited for an inactive client");
}

/** After a crash it tells whether there may be presence that was held back. */
function record(step: Step, session: Session, active: boolean): void {
  state.set(step, session, { active });
}

/** Section 5.2: it is active. Presence that was held when the process died is told as it is now. */
function sessionResumed({ step, session, house }: SessionResumed): void {
  if (inactive.has(session)) return activate(step, session);
  const { active, gone = [] } = state.of(session);
  if (active) return;
  record(step, session, true);
  const account = house.account(step, session.jid.bare);
  if (account === undefined) return;
  const shown = new Map([...directedTo(session, account, house, step), ...(session.available ? seenBy(session, account, house, step) : [])]);
  for (const jid of gone) if (!shown.has(jid)) session.deliver(step, addressed(unavailable(jid), account.bare));
  for (const presence of shown.values()) session.deliver(step, presence);
}

/** The presence that subscriptions show, and that of the user's own resources (RFC 6121 sections 4.2.2 and 4.3.1), by full JID. */
function seenBy(session: Session, account: Account, house: House, step: Step): readonly (readonly [string, Element])[] {
  const subscribed = [...account.contacts.values()].filter(sees).flatMap(({ jid }) => house.account(step, jid) ?? []);
  return [account, ...subscribed.filter((contact) => contact.shows(account.bare))].flatMap((contact) =>
    house.sessions(contact.bare).flatMap(({ available, presence, jid }) =>
      available && presence !== undefined && !isBarred(contact, jid, account, session.jid) ? [[jid.full, addressed(presence, account.bare)] as const] : []));
}

/** As a probe would be told of it (RFC 6121 section 4.3.2): what directed presence said is not kept. */
function directedTo(session: Session, account: Account, house: House, step: Step): readonly (readonly [string, Element])[] {
  return house.directedTo(account.bare).flatMap((user) => {
    const other = house.account(step, user.bare);
    const barred = (jid: Jid) => other === undefined || isBarred(other, jid, account, session.jid);
    const reaching = house.sessions(user.bare).filter((from) => from.hasDirected(session.jid) && !barred(from.jid));
    return reaching.map(({ jid }) => [jid.full, el("presence", { xmlns: clientNamespace, from: jid.full, to: session.jid.full })] as const);
  });
}
