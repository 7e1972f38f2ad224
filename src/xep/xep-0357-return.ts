/** A push service is there, or shows itself, that was not: it is told what is due. */
import type { Account } from "../domain/account.ts";
import { belongsTo } from "../domain/jid.ts";
import { pushCatchUpMax, pushCatchUpMs } from "../domain/limits.ts";
import type { House } from "../router/extension.ts";
import type { Step } from "../step/batch.ts";
import { courses, type Course } from "./xep-0357-courses.ts";
import { dueFor } from "./xep-0357-due.ts";
import { attempt, retry } from "./xep-0357-notify.ts";

/** The client with this full JID: for all users, in portions. */
export function serviceAppeared(step: Step, house: House, jid: string): void {
  catchUp(step, house, dueFor(house, jid));
}

function catchUp(step: Step, house: House, due: readonly Course[]): void {
  for (const course of due.slice(0, pushCatchUpMax)) retry(step, house, course);
  // Each once, whatever comes of it: those that fail again have a time of their own.
  const rest = due.slice(pushCatchUpMax);
  if (rest.length > 0) house.later(step, pushCatchUpMs, (step) => catchUp(step, house, rest));
}

/** The user of this bare JID, or of this full one, shows itself to another user. */
export function serviceShown(step: Step, house: House, account: Account, jid: string): void {
  for (const course of courses(account)) if (belongsTo(course.jid, jid)) attempt(step, house, account, course);
}
