/** The events that warrant a notification (XEP-0357 section 7): somebody has written something that no client of the user is known to have. */
import { pushUnacknowledgedMs } from "../domain/limits.ts";
import type { House, SessionLinkLost, SessionResumed } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { clientNamespace, type Stanza } from "../xml/stanza.ts";
import { announce, forgetAnnounced, noteArchivedAlone } from "./xep-0357-notify.ts";
import { waitingFrom, type Waiting } from "./xep-0357-publication.ts";
import { countQueued, forgetAcknowledged, lastQueued, nextDeadline, noteQueued } from "./xep-0357-queues.ts";
import { enabledBy, pushName, servicesFrom, servicesOf } from "./xep-0357-services.ts";

const carbons = "urn:xmpp:carbons:2";
const forward = "urn:xmpp:forward:0";

/** Nobody was there, and it is kept: every app of the user is woken. */
export function kept({ step, stanza, givenBack, account, house }: Passage): Verdict {
  if (account === undefined || account.states(pushName).size === 0) return undefined;
  const last = waitingIn(stanza, account.bare);
  if (last === undefined) return undefined;
  if ((account.meta("offlineMessages") ?? 0) === 0) noteArchivedAlone(step, account);
  // What was in the queue of a session that is over may have been announced when it came there.
  announce({ step, house, account, keys: [...servicesOf(account).keys()], last, onlyMore: givenBack === true });
  return undefined;
}

/** It goes into the queue of a session. Without a link the app that has enabled its services there is woken at once, else if nobody answers. */
export function queued({ step, stanza, account, recipient, house }: Passage): Verdict {
  if (account === undefined || recipient === undefined || !recipient.keeps || account.states(pushName).size === 0) return undefined;
  // What the user itself has said in a room, under the nick that this client has there too.
  if (stanza.type === "groupchat" && recipient.directed.includes(stanza.from.full)) return undefined;
  const enabled = Object.keys(enabledBy.of(recipient));
  const last = enabled.length === 0 ? undefined : waitingIn(stanza, account.bare);
  if (last === undefined) return undefined;
  // Its client answers: what it was told of before is no measure any more.
  if (forgetAcknowledged(recipient)) forgetAnnounced(account, enabled);
  noteQueued(step, recipient, last);
  if (recipient.hibernating) announce({ step, house, account, keys: servicesFrom(recipient, account), last });
  else watch(step, house, recipient);
  return undefined;
}

/** Section 4 of XEP-0198: whatever its client has not acknowledged may never have come to it. */
export function linkLost({ step, session, house }: SessionLinkLost): void {
  tellOf(step, house, session);
}

/** What its queue held is sent again, over a link that may be no better. */
export function userReturned({ step, session, house }: SessionResumed): void {
  const account = house.account(step, session.jid.bare);
  if (account === undefined) return;
  forgetAnnounced(account);
  forgetAcknowledged(session);
  if (lastQueued(session) !== undefined) watch(step, house, session);
}

/** Sessions that are looked at again. */
const watched = new WeakSet<Session>();

function watch(step: Step, house: House, session: Session, delayMs = pushUnacknowledgedMs): void {
  if (watched.has(session)) return;
  watched.add(session);
  step.ifDiscarded(() => watched.delete(session));
  house.later(step, delayMs, (step) => {
    watched.delete(session);
    if (!session.connected || session.hibernating) return;
    tellOf(step, house, session);
    const deadline = nextDeadline(session, step.at);
    if (deadline !== undefined) watch(step, house, session, deadline - step.at);
  });
}

/** Of what waits in its queue, as far as its services were not told. */
function tellOf(step: Step, house: House, session: Session): void {
  const account = house.account(step, session.jid.bare);
  const count = countQueued(session, step.at);
  const last = lastQueued(session);
  if (account === undefined || count === 0 || last === undefined) return;
  announce({ step, house, account, keys: servicesFrom(session, account), last, onlyMore: true });
}

/** A message that is worth it: somebody has written something. */
function waitingIn({ element, kind, type, from }: Stanza, bare: string): Waiting | undefined {
  if (kind !== "message" || (type !== "chat" && type !== "normal" && type !== "groupchat")) return undefined;
  const body = element.getChild("body", clientNamespace)?.getText() ?? "";
  if (body !== "") return waitingFrom(from.full, body);
  // A copy of what another client of the user was given (XEP-0280 section 7), which nobody but the server makes in the user's name.
  const original = from.full === bare ? element.getChild("received", carbons)?.getChild("forwarded", forward)?.getChild("message") : undefined;
  const copied = original?.getChild("body")?.getText() ?? "";
  return original === undefined || copied === "" ? undefined : waitingFrom(String(original.attrs["from"] ?? ""), copied);
}
