/** How push services are told that something waits: one notification at a time to each, and the next one says what is so by then. */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { pushBodyCharsMax, pushErrorsMax } from "../domain/limits.ts";
import type { House } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import { isBarred } from "../router/presence.ts";
import type { ServerAnswer } from "../router/requests.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { dataForm, type FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { pubsub, push, summary } from "./xep-0357-names.ts";
import { dropService, pushName, servicesFrom, servicesOf, type PushService } from "./xep-0357-services.ts";

/** The last message that waits. */
export interface Waiting {
  /** Who has sent it. */
  readonly sender: string;
  readonly body: string;
}

export interface Announcement {
  readonly step: Step;
  readonly house: House;
  readonly account: Account;
  /** Of the services that are told. */
  readonly keys: readonly string[];
  readonly last: Waiting;
  /** The session in whose queue it waits; undefined where it is kept for the account. */
  readonly into?: Session;
  /** Only if more waits than the service was told last. */
  readonly onlyMore?: boolean;
}

/** What is going on with one service of an account. */
interface Course {
  /** What it is still to be told of; undefined for nothing. */
  next: { readonly last: Waiting; readonly onlyMore: boolean } | undefined;
  /** It has not answered yet, or is told at the end of this step. */
  isBusy: boolean;
  /** How many messages it was told of since the user was last there. */
  announced: number;
  /** Errors in a row that may pass. */
  errors: number;
}

/** An account that is dropped from memory has nothing under way, or will be told once too often. */
const courses = new WeakMap<Account, Map<string, Course>>();
/** How many of the messages that count are in the queue of a session since its link was lost; or since the server has started. */
const queues = new WeakMap<Session, number>();
/** What operators were told already. */
const mentioned = new WeakMap<House, Set<string>>();

/** Everything that waits for one service in this step is one notification, which leaves when that is on the disk. */
export function announce({ step, house, account, keys, last, into, onlyMore = false }: Announcement): void {
  if (into !== undefined) {
    const before = queues.get(into) ?? 0;
    queues.set(into, before + 1);
    step.ifDiscarded(() => queues.set(into, before));
  }
  for (const key of keys) {
    const course = courseOf(account, key);
    const { next, isBusy } = course;
    course.next = { last, onlyMore: onlyMore && next?.onlyMore !== false };
    step.ifDiscarded(() => Object.assign(course, { next, isBusy }));
    if (isBusy) continue;
    course.isBusy = true;
    step.lastly(() => send(step, house, account, key, course));
  }
}

/** The session's client has what was in its queue, or is about to be sent it. */
export function readQueued(session: Session): void {
  queues.delete(session);
}

/** The user is there: what waits from now on is news. */
export function forgetAnnounced(account: Account): void {
  for (const course of courses.get(account)?.values() ?? []) course.announced = 0;
}

function courseOf(account: Account, key: string): Course {
  let known = courses.get(account);
  if (known === undefined) courses.set(account, (known = new Map()));
  let course = known.get(key);
  if (course !== undefined) return course;
  // Of services that were disabled since.
  for (const [other, { isBusy }] of known) if (!isBusy && account.state(pushName, other) === undefined) known.delete(other);
  known.set(key, (course = { next: undefined, isBusy: false, announced: 0, errors: 0 }));
  return course;
}

/** Tells the service what is so now. */
function send(step: Step, house: House, account: Account, key: string, course: Course): void {
  const { next } = course;
  course.next = undefined;
  course.isBusy = false;
  const service = servicesOf(account).get(key);
  // Section 6: disabled meanwhile.
  if (service === undefined) return void courses.get(account)?.delete(key);
  const count = countFor(account, key, house);
  const to = reachable(step, house, account, service);
  if (next === undefined || to === undefined || count === 0 || (next.onlyMore && count <= course.announced)) return;
  course.isBusy = true;
  course.announced = count;
  const from = parseJid(account.bare)!;
  const payload = publication(service.node, readOptions(house, account, service), summaryOf(count, next.last, house.limits.pushDisclose));
  house.ask(step, { from, to, type: "set", payload }, (step, answer) => answered(step, house, account, key, service, answer));
}

/** Those that are kept for the account, and those in the queue of the session that has enabled the service. */
function countFor(account: Account, key: string, house: House): number {
  const session = house.sessions(account.bare).find((session) => session.hibernating && servicesFrom(session, account).includes(key));
  return (account.meta("offlineMessages") ?? 0) + (session === undefined ? 0 : (queues.get(session) ?? 0));
}

/**
 * Whom to ask; undefined where nobody can be. Neither user must have blocked the other (XEP-0191): what is sent in a user's name is
 * sent by that user.
 */
function reachable(step: Step, house: House, account: Account, { jid }: PushService): Jid | undefined {
  const to = parseJid(jid);
  if (to?.resource === undefined || to.local === undefined || !house.hosts.includes(to.domain)) {
    mention(house, jid, "a push service is out of reach: only one that is connected here as a client, under its full JID, can be notified");
    return undefined;
  }
  if (!house.sessions(to.bare).some(({ resource }) => resource === to.resource)) {
    mention(house, jid, "a push service is not connected: it is not notified until it is");
    return undefined;
  }
  const owner = house.account(step, to.bare);
  const from = parseJid(account.bare)!;
  return owner === undefined || isBarred(account, from, owner, to) ? undefined : to;
}

/** Once each: it is the same for every message. */
function mention(house: House, jid: string, message: string): void {
  let known = mentioned.get(house);
  if (known === undefined) mentioned.set(house, (known = new Set()));
  if (known.has(message)) return;
  known.add(message);
  house.log.warn({ jid }, message);
}

/** Section 7. */
function publication(node: string | undefined, options: Element | undefined, form: Element | undefined): Element {
  const item = el("item", {}, el("notification", { xmlns: push }, form));
  return el("pubsub", { xmlns: pubsub }, el("publish", { node }, item), options && el("publish-options", {}, options));
}

/** Section 9: as much as the operator wants to be known. */
function summaryOf(count: number, { sender, body }: Waiting, disclose: House["limits"]["pushDisclose"]): Element | undefined {
  const fields: readonly FormField[] = [
    { var: "message-count", values: [String(count)] },
    { var: "last-message-sender", values: [sender] },
    { var: "last-message-body", values: [firstChars(body)] },
  ];
  const told = ["nothing", "count", "sender", "body"].indexOf(disclose);
  return told === 0 ? undefined : dataForm("submit", summary, fields.slice(0, told));
}

function readOptions(house: House, account: Account, { jid, options }: PushService): Element | undefined {
  return options === undefined ? undefined : readKept(house.log, account, `publish options for ${jid}`, options);
}

/** Half a surrogate pair would be no text any more. */
function firstChars(text: string): string {
  return text.slice(0, pushBodyCharsMax).replace(/[\uD800-\uDBFF]$/, "");
}

/** Section 7.1. */
function answered(step: Step, house: House, account: Account, key: string, service: PushService, answer: ServerAnswer): void {
  const course = courseOf(account, key);
  course.isBusy = false;
  // Deleted, or dropped from memory, and whatever has come since has a course of its own.
  if (house.account(step, account.bare) !== account) return;
  // Who has not answered may be on its way back.
  const type = "error" in answer ? answer.errorType : undefined;
  if ("result" in answer) course.errors = 0;
  else if (type === "wait") course.errors += 1;
  const isRefused = type !== undefined && type !== "wait";
  if ((isRefused || course.errors >= pushErrorsMax) && servicesOf(account).get(key)?.since === service.since) {
    dropService(step, house, account, key);
    courses.get(account)?.delete(key);
    house.log.info({ jid: account.bare, service: service.jid }, "a push service refuses notifications and is disabled");
    return;
  }
  if (course.next !== undefined) send(step, house, account, key, course);
}
