/**
 * What clients have been given of their archives while the same messages wait for them elsewhere too: whoever delivers what waits need
 * not give it twice (XEP-0313 section 6.1.1). In memory only, and only the newest: what is forgotten comes twice.
 */
import { archiveGivenMax } from "../domain/limits.ts";
import type { Session } from "../session/environment.ts";
import type { ArchivedId } from "./archive.ts";

/** When each was archived, by id. */
const given = new WeakMap<Session, ReadonlyMap<string, number>>();

/** Messages that this session was sent from its archive. */
export function noteGiven(session: Session, messages: readonly ArchivedId[]): void {
  const all = [...(given.get(session) ?? []), ...messages.map(({ id, at }) => [id, at] as const)];
  // What waits is newer than most of an archive.
  const newest = all.length <= archiveGivenMax ? all : all.toSorted(([, one], [, other]) => one - other).slice(-archiveGivenMax);
  given.set(session, new Map(newest));
}

export function wasGiven(session: Session, id: string): boolean {
  return given.get(session)?.has(id) === true;
}

/** Nothing waits any more. */
export function forgetGiven(session: Session): void {
  given.delete(session);
}
