/**
 * The messages that a session was given and its client has not acknowledged (XEP-0198 section 4), as far as they are worth a notification:
 * in the queue of one that has lost its link, or sent over a link that may be dead.
 */
import { pushUnacknowledgedMs } from "../domain/limits.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Waiting } from "./xep-0357-publication.ts";

interface Queued {
  /** When each of them was given to it, ms since 1970, and its place among all that it was given. */
  readonly given: { readonly at: number; readonly place: number }[];
  last: Waiting;
}

/** A session that is restored begins anew: what was in its queue before is not counted. */
const queues = new WeakMap<Session, Queued>();

/** To be called before it is delivered. */
export function noteQueued(step: Step, session: Session, last: Waiting): void {
  const queued = queues.get(session);
  const entry = { at: step.at, place: session.given + 1 };
  if (queued === undefined) {
    queues.set(session, { given: [entry], last });
    step.ifDiscarded(() => queues.delete(session));
    return;
  }
  const before = queued.last;
  queued.last = last;
  queued.given.push(entry);
  step.ifDiscarded(() => {
    queued.last = before;
    queued.given.pop();
  });
}

/** Forgets what its client has acknowledged since the last look. Returns whether that was something. */
export function forgetAcknowledged(session: Session): boolean {
  const queued = queues.get(session);
  if (queued === undefined) return false;
  const { unacknowledgedFrom } = session;
  const first = unacknowledgedFrom === undefined ? -1 : queued.given.findIndex(({ place }) => place >= unacknowledgedFrom);
  if (first === 0) return false;
  if (first === -1) queues.delete(session);
  else queued.given.splice(0, first);
  return true;
}

/** The last one. */
export function lastQueued(session: Session): Waiting | undefined {
  return queues.get(session)?.last;
}

/** How many of them wait: all without a link; with one, those for which its client has had time enough. */
export function countQueued(session: Session, at: number): number {
  forgetAcknowledged(session);
  const given = queues.get(session)?.given ?? [];
  if (session.hibernating) return given.length;
  return given.filter((entry) => entry.at <= at - pushUnacknowledgedMs).length;
}

/** When its client has had time enough for the next one, ms since 1970; undefined if there is none. */
export function nextDeadline(session: Session, at: number): number | undefined {
  const next = queues.get(session)?.given.find((entry) => entry.at > at - pushUnacknowledgedMs);
  return next === undefined ? undefined : next.at + pushUnacknowledgedMs;
}
