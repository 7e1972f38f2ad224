/** Whether each archive has every message that has to be in it, once and in the order in which clients have seen them (XEP-0313 section 3.1). */
import type { Reading } from "./archive-book.ts";
import { mayBeArchived } from "./message-form.ts";
import type { Message } from "./message-book.ts";
import type { Scene } from "./scene.ts";

const whole = "XEP-0313 section 6.1: each message is in the archives of both sides, once";
const order = "XEP-0313 section 3.1: an archive is in the order in which messages were sent and received";
const missed = "XEP-0313 section 4.1.3: what comes after an id is exactly what was missed";

/** `all`: the archive as it is now, and nothing is under way. */
export function checkArchive(scene: Scene, all: Reading): void {
  const { account, entries } = all;
  const places = new Map<number, number>();
  for (const [place, { number }] of entries.entries()) {
    if (number < 0) continue;
    if (places.has(number)) scene.problem(whole, `${account}: m${number} is there as ${place} and as ${places.get(number)}`);
    places.set(number, place);
  }
  for (const [place, { stamp }] of entries.entries()) {
    if (place > 0 && stamp < entries[place - 1]!.stamp) scene.problem(order, `${account}: ${stamp} comes after ${entries[place - 1]!.stamp}`);
  }
  for (const message of scene.messages.all) checkMessage(scene, all, message, places.get(message.number));
  for (const { account: of, heard, device } of scene.sittings) {
    if (of === account) checkOrder(scene, account, places, heard, `in which they came to ${device}`);
  }
  for (const by of scene.sittings) {
    const sent = scene.messages.all.filter((message) => message.by === by).map(({ number }) => number);
    checkOrder(scene, account, places, sent, `in which ${by.device} sent them`);
  }
  for (const reading of scene.archives.readings) if (reading.account === account) checkReading(scene, reading, all, places);
}

function checkMessage(scene: Scene, { account, entries }: Reading, message: Message, place: number | undefined): void {
  const { number, by, archiveIds } = message;
  if (account !== by.account && account !== message.account) return;
  const what = `${account}: m${number} of ${by.device} to ${message.to}, written at ${message.at} ms`;
  if (place === undefined && mustBeThere(scene, message)) scene.problem(whole, `${what}, is not there`);
  if (place === undefined) return;
  if (!mayBeThere(scene, message)) scene.problem("XEP-0313 section 6.1: what nobody was given, or nobody is to keep, is in no archive", what);
  const known = archiveIds.get(account);
  if (known !== undefined && known !== entries[place]!.id) scene.problem("XEP-0313 section 3.5: a message has one id in an archive", `${what}, came as ${known}, and is ${entries[place]!.id}`);
}

function mustBeThere(scene: Scene, message: Message): boolean {
  const { isAccepted, receipts, copies, returned, form, by, account, at, type, resource } = message;
  const exists = scene.people.some((person) => person.account === account);
  if (!exists || returned !== undefined || !mayBeArchived(form)) return false;
  if (receipts.length + copies.length > 0) return true;
  if (!isAccepted || scene.rights.wasBlocked(by.account, account, at, scene.now())) return false;
  // RFC 6121 section 8.5.3.2: an error, to a session that is no more.
  return type === "chat" || resource === undefined || by.end === undefined;
}

function mayBeThere(scene: Scene, { isVoid, returned, form, account }: Message): boolean {
  return !isVoid && returned === undefined && mayBeArchived(form) && scene.people.some((person) => person.account === account);
}

function checkOrder(scene: Scene, account: string, places: ReadonlyMap<number, number>, numbers: readonly number[], what: string): void {
  let last = -1;
  for (const number of numbers) {
    const place = places.get(number);
    if (place === undefined) continue;
    if (place < last) return scene.problem(order, `${account}: m${number} is ${place}, and what was before it in the order ${what} is ${last}`);
    last = place;
  }
}

/** Nothing between, and all that its client could know to have been there. */
function checkReading(scene: Scene, { device, account, after, entries, askedAt }: Reading, { entries: all }: Reading, places: ReadonlyMap<number, number>): void {
  const begin = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const what = `${device}, at ${askedAt} ms, after ${after ?? "nothing"}`;
  if (after !== undefined && begin === 0) return scene.problem(missed, `${what}: ${account} has no such id any more`);
  const wrong = entries.findIndex(({ id }, index) => all[begin + index]?.id !== id);
  if (wrong >= 0) scene.problem(missed, `${what}: came m${entries[wrong]!.number}, and there is m${all[begin + wrong]?.number}`);
  for (const { number, acceptedAt, receipts } of scene.messages.all) {
    const place = places.get(number);
    if (place === undefined || place < begin + entries.length) continue;
    if (acceptedAt < askedAt || receipts.some(({ at }) => at < askedAt)) scene.problem(missed, `${what}: m${number} did not come, which was there before`);
  }
}
