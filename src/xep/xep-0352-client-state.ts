/**
 * Client state: while nobody looks at a client, what only tells the latest of something waits, and of that the latest alone. Whatever
 * is more than that is delivered at once, after all that waits, so nothing is ever out of order. No other entity hears of it (section 6).
 */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import { sessionStateBytesMax } from "../domain/limits.ts";
import { sees } from "../domain/roster.ts";
import type { Extension, House, Outgoing, SessionLinkLost, SessionResumed } from "../router/extension.ts";
import { addressed, isBarred, unavailable } from "../router/presence.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { Held, subjectOf } from "./xep-0352-held.ts";

const xmlns = "urn:xmpp:csi:0";
const name = "client-state";

export const clientState: Extension = {
  name,
  specification: {
    id: "XEP-0352",
    version: "1.0.0",
    title: "Client State Indication",
    missing: [
      "Operators cannot choose what is held back (section 3.2).",
      "Events of personal eventing that wait for an inactive client are in memory: if the server is killed meanwhile, a client that resumes its stream does not get them.",
    ],
  },
  // Section 4.1.
  streamFeature: ({ stage }) => (stage === "authenticated" ? el("csi", { xmlns }) : undefined),
  elements: [
    { xmlns, names: ["inactive"], handle: ({ step, session }) => deactivate(step, session) },
    { xmlns, names: ["active"], handle: ({ step, session }) => activate(step, session) },
  ],
  holdsBack,
  linkLost: ({ step, session }: SessionLinkLost) => activate(step, session),
  sessionResumed,
};

/** Of sessions whose clients have said in this process that they are inactive. */
const inactive = new WeakMap<Session, Waiting>();

interface Waiting {
  readonly held: Held;
  /** What waited is being delivered. */
  passing: boolean;
  /** Full JIDs whose end waits, in a session that outlives a crash: nothing else would tell of it afterwards. */
  readonly gone: Set<string>;
}

/** Section 4.2. What is held is in memory; that something may be is recorded with the session. */
function deactivate(step: Step, session: Session): void {
  if (inactive.has(session)) return;
  inactive.set(session, { held: new Held(), passing: false, gone: new Set() });
  step.ifDiscarded(() => inactive.delete(session));
  record(step, session, []);
}

/** Whoever loses its link is active from then on (section 5.2): its queue takes what waits, and is on the disk. */
function activate(step: Step, session: Session): void {
  const waiting = inactive.get(session);
  if (waiting === undefined) return;
  flush(step, session, waiting);
  inactive.delete(session);
  step.ifDiscarded(() => inactive.set(session, waiting));
  if (session.connected) session.tell(step, { type: "extension.changed", at: step.at, name, value: { active: true } });
}

function holdsBack({ step, session, element }: Outgoing): boolean {
  const waiting = inactive.get(session);
  if (waiting === undefined || waiting.passing) return false;
  const subject = subjectOf(element);
  if (subject !== undefined && remembersEnd(step, session, waiting, element) && waiting.held.add(step, subject, element)) return true;
  flush(step, session, waiting);
  return false;
}

function flush(step: Step, session: Session, waiting: Waiting): void {
  const stanzas = waiting.held.take(step);
  waiting.passing = true;
  try {
    for (const element of stanzas) session.deliver(step, element, { copy: true, why: "it waited for an inactive client" });
  } finally {
    waiting.passing = false;
  }
  if (waiting.gone.size > 0) setGone(step, session, waiting, []);
}

/** Returns false where there is no room. */
function remembersEnd(step: Step, session: Session, waiting: Waiting, { name: kind, attrs }: Element): boolean {
  if (kind !== "presence" || attrs["type"] !== "unavailable" || !session.keeps) return true;
  const gone = [...new Set([...waiting.gone, String(attrs["from"])])];
  if (gone.length === waiting.gone.size) return true;
  if (Buffer.byteLength(JSON.stringify({ active: false, gone })) > sessionStateBytesMax) return false;
  setGone(step, session, waiting, gone);
  return true;
}

function setGone(step: Step, session: Session, waiting: Waiting, gone: readonly string[]): void {
  const before = [...waiting.gone];
  const set = (jids: readonly string[]) => {
    waiting.gone.clear();
    for (const jid of jids) waiting.gone.add(jid);
  };
  set(gone);
  step.ifDiscarded(() => set(before));
  record(step, session, gone);
}

function record(step: Step, session: Session, gone: readonly string[]): void {
  session.tell(step, { type: "extension.changed", at: step.at, name, value: { active: false, gone } });
}

/** Section 5.2: it is active. What was held when the process died is told as it is now. */
function sessionResumed({ step, session, house }: SessionResumed): void {
  if (inactive.has(session)) return activate(step, session);
  const state = session.extensions[name] as { readonly active?: boolean; readonly gone?: readonly string[] } | undefined;
  if (state?.active !== false) return;
  session.tell(step, { type: "extension.changed", at: step.at, name, value: { active: true } });
  const account = house.account(step, session.jid.bare);
  if (account === undefined) return;
  const shown = new Map([...directedTo(session, account, house, step), ...(session.available ? seenBy(session, account, house, step) : [])]);
  for (const jid of state.gone ?? []) if (!shown.has(jid)) session.deliver(step, addressed(unavailable(jid), account.bare));
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
