/**
 * What clients have been given of their archives while the same messages wait for them elsewhere too: whoever delivers what waits need
 * not give it twice (XEP-0313 section 6.1.1). In memory only, and only the newest: what is forgotten comes twice.
 */
import { archiveGivenMax } from "../domain/limits.ts";
import type { Session } from "../session/environment.ts";

const given = new WeakMap<Session, Set<string>>();

/** The ids of messages that this session was sent from its archive. */
export function noteGiven(session: Session, ids: readonly string[]): void {
  const all = [...(given.get(session) ?? []), ...ids];
  // Ids are in the order of time; what waits is newer than most of an archive.
  given.set(session, new Set(all.length <= archiveGivenMax ? all : all.toSorted().slice(-archiveGivenMax)));
}

export function wasGiven(session: Session, id: string): boolean {
  return given.get(session)?.has(id) === true;
}

/** Nothing waits any more. */
export function forgetGiven(session: Session): void {
  given.delete(session);
}
