/**
 * How push services are told that something waits: one notification at a time to each, and the next one says what is so by then. What a
 * service has not taken stays due.
 */
import type { Account } from "../domain/account.ts";
import { parseJid } from "../domain/jid.ts";
import { pushErrorsMax } from "../domain/limits.ts";
import type { House } from "../router/extension.ts";
import type { ServerAnswer } from "../router/requests.ts";
import type { Step } from "../step/batch.ts";
import { courseOf, courses, forgetCourse, knownCourse, type Course, type News, type Told } from "./xep-0357-courses.ts";
import { postpone, settle } from "./xep-0357-due.ts";
import { publication, type Waiting } from "./xep-0357-publication.ts";
import { countQueued } from "./xep-0357-queues.ts";
import { mention, reach } from "./xep-0357-reach.ts";
import { dropService, servicesFrom, servicesOf } from "./xep-0357-services.ts";

export interface Announcement {
  readonly step: Step;
  readonly house: House;
  readonly account: Account;
  /** Of the services that are told. */
  readonly keys: readonly string[];
  readonly last: Waiting;
  /** Only if more waits than the service was told last. */
  readonly onlyMore?: boolean;
}

/** Everything that waits for one service in this step is one notification, which leaves when that is on the disk. */
export function announce({ step, house, account, keys, last, onlyMore = false }: Announcement): void {
  const services = servicesOf(account);
  for (const key of keys) {
    const service = services.get(key);
    if (service !== undefined) attempt(step, house, account, courseOf(account, key, service.jid), { last, onlyMore });
  }
}

/** Tells the service at the end of this step, or when it has answered. Without news: what is due already. */
export function attempt(step: Step, house: House, account: Account, course: Course, news?: News): void {
  const { next, underWay, announced } = course;
  course.next = news === undefined ? next : newer(next, news);
  if (course.next === undefined) return;
  step.ifDiscarded(() => Object.assign(course, { next, underWay, announced }));
  if (underWay !== undefined) return;
  course.underWay = "soon";
  step.lastly(() => send(step, house, account, course));
}

/** What is due to it is tried again. */
export function retry(step: Step, house: House, course: Course): void {
  const account = house.account(step, course.user);
  if (account !== undefined && knownCourse(account, course.key) === course) attempt(step, house, account, course);
  else settle(house, course);
}

/** The user is there, and takes what waits for those services; all of them unless told otherwise. What waits from now on is news. */
export function forgetAnnounced(account: Account, keys?: readonly string[]): void {
  if (keys === undefined) archivedAlone.delete(account);
  for (const course of courses(account)) if (keys === undefined || keys.includes(course.key)) course.announced = 0;
}

/** Messages that wait for the user in the archive and nowhere else, since the user was last there. */
const archivedAlone = new WeakMap<Account, number>();

/** Where no message is stored for later there is nothing else to count. */
export function noteArchivedAlone(step: Step, account: Account): void {
  const before = archivedAlone.get(account) ?? 0;
  archivedAlone.set(account, before + 1);
  step.ifDiscarded(() => archivedAlone.set(account, before));
}

function newer(before: News | undefined, { last, onlyMore }: News): News {
  return { last, onlyMore: onlyMore && before?.onlyMore !== false };
}

/** Tells the service what is so now. */
function send(step: Step, house: House, account: Account, course: Course): void {
  const { next, announced, key } = course;
  course.underWay = undefined;
  const service = servicesOf(account).get(key);
  const count = countFor(step, house, account, key);
  // Section 6: disabled meanwhile.
  if (service === undefined) return forget(house, account, course);
  if (next === undefined || count === 0 || (next.onlyMore && count <= announced)) {
    course.next = undefined;
    return settle(house, course);
  }
  const to = reach(step, house, account, service.jid);
  if (to === undefined) return postpone(step, house, course, (step) => retry(step, house, course));
  settle(house, course);
  course.next = undefined;
  course.announced = count;
  const told = (course.underWay = { service, news: next, announced });
  const from = parseJid(account.bare)!;
  const payload = publication(house, account, service, count, next.last);
  house.ask(step, { from, to, type: "set", payload }, (step, answer) => {
    // Else the step that told it has failed: nothing has left.
    if (course.underWay === told) answered(step, house, account, course, told, answer);
  });
}

/** Those that are kept for the account, and those in the queue of the session that has enabled the service. */
function countFor(step: Step, house: House, account: Account, key: string): number {
  const session = house.sessions(account.bare).find((session) => servicesFrom(session, account).includes(key));
  return (account.meta("offlineMessages") ?? 0) + (archivedAlone.get(account) ?? 0) + (session === undefined ? 0 : countQueued(session, step.at));
}

/** Section 7.1. */
function answered(step: Step, house: House, account: Account, course: Course, { service, news, announced }: Told, answer: ServerAnswer): void {
  course.underWay = undefined;
  // Deleted, or dropped from memory, and whatever has come since has a course of its own.
  if (house.account(step, account.bare) !== account) return forget(house, account, course);
  if ("result" in answer) {
    course.errors = 0;
    course.failures = 0;
    return attempt(step, house, account, course);
  }
  const { error, errorType: type } = answer;
  if (type === "wait") course.errors += 1;
  const isRefused = type !== undefined && type !== "wait";
  if ((isRefused || course.errors >= pushErrorsMax) && servicesOf(account).get(course.key)?.since === service.since) {
    dropService(step, house, account, course.key);
    house.log.info({ jid: account.bare, service: service.jid }, "a push service refuses notifications and is disabled");
    return forget(house, account, course);
  }
  // Whoever says nothing may be on its way back.
  if (type === undefined && error === "item-not-found") mention(house, service.jid, "a push service cannot be reached: this server knows no way to its address");
  const { next } = course;
  course.failures += 1;
  course.announced = Math.min(course.announced, announced);
  course.next = next === undefined ? news : newer(news, next);
  // Something has come meanwhile: it is told of that, and no sooner than that of what it has not taken.
  if (next !== undefined) attempt(step, house, account, course);
  else postpone(step, house, course, (step) => retry(step, house, course));
}

function forget(house: House, account: Account, course: Course): void {
  settle(house, course);
  forgetCourse(account, course);
}
