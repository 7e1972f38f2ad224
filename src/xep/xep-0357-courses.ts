/** What is going on with each push service of an account, in memory. */
import type { Account } from "../domain/account.ts";
import type { Waiting } from "./xep-0357-publication.ts";
import { pushName, type PushService } from "./xep-0357-services.ts";

export interface News {
  readonly last: Waiting;
  /** Only if more waits than the service was told last. */
  readonly onlyMore: boolean;
}

/** A notification that has left. */
export interface Told {
  readonly service: PushService;
  readonly news: News;
  /** How many messages it had been told of before. */
  readonly announced: number;
}

export interface Course {
  /** Whose it is: a bare JID. */
  readonly user: string;
  /** Of the service among those of the user, and its address. */
  readonly key: string;
  readonly jid: string;
  /** What it is still to be told of; undefined for nothing. */
  next: News | undefined;
  /** What it has not answered yet; `soon`: it is told at the end of this step. */
  underWay: Told | "soon" | undefined;
  /** How many messages it was told of since the user was last there. */
  announced: number;
  /** Errors in a row that may pass. */
  errors: number;
  /** Notifications in a row that it has not taken: those errors, and silence. */
  failures: number;
}

/** An account that is dropped from memory has nothing under way any more, and what was due is due with the next event. */
const all = new WeakMap<Account, Map<string, Course>>();

export function courses(account: Account): Iterable<Course> {
  return all.get(account)?.values() ?? [];
}

export function knownCourse(account: Account, key: string): Course | undefined {
  return all.get(account)?.get(key);
}

/** The one that there is, or a new one. */
export function courseOf(account: Account, key: string, jid: string): Course {
  let known = all.get(account);
  if (known === undefined) all.set(account, (known = new Map()));
  let course = known.get(key);
  if (course !== undefined) return course;
  // Of services that were disabled since.
  for (const [other, { underWay, next }] of known) {
    if (underWay === undefined && next === undefined && account.state(pushName, other) === undefined) known.delete(other);
  }
  known.set(key, (course = { user: account.bare, key, jid, next: undefined, underWay: undefined, announced: 0, errors: 0, failures: 0 }));
  return course;
}

export function forgetCourse(account: Account, course: Course): void {
  if (knownCourse(account, course.key) === course) all.get(account)?.delete(course.key);
}
