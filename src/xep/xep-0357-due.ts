/**
 * What push services are still to be told because they were not there, or have not taken it: of each at most one notification, tried again
 * after longer and longer pauses. It is in memory: after a restart the next event tells.
 */
import { pushRetryMs, pushRetryMsMax } from "../domain/limits.ts";
import type { House } from "../router/extension.ts";
import type { Step } from "../step/batch.ts";
import type { Course } from "./xep-0357-courses.ts";

/** By the address of the service; with each the way to call the next attempt off. */
const dues = new WeakMap<House, Map<string, Map<Course, () => void>>>();

export function postpone(step: Step, house: House, course: Course, retry: (step: Step) => void): void {
  settle(house, course);
  let known = dues.get(house);
  if (known === undefined) dues.set(house, (known = new Map()));
  const due = known.get(course.jid) ?? new Map<Course, () => void>();
  known.set(course.jid, due);
  const pauseMs = Math.min(pushRetryMs * 2 ** Math.max(0, course.failures - 1), pushRetryMsMax);
  due.set(course, house.later(step, pauseMs, retry));
}

/** It is told, or there is nothing to tell any more. */
export function settle(house: House, course: Course): void {
  const known = dues.get(house);
  const due = known?.get(course.jid);
  due?.get(course)?.();
  due?.delete(course);
  if (due?.size === 0) known?.delete(course.jid);
}

/** All that one address is still to be told, those that wait longest first. */
export function dueFor(house: House, jid: string): readonly Course[] {
  return [...(dues.get(house)?.get(jid)?.keys() ?? [])];
}
