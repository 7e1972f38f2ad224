/** Whether all clients that were there for certain have each message of their user, itself or a copy (XEP-0280 sections 7 and 8). */
import { mayBeCopied } from "./message-form.ts";
import type { Message } from "./message-book.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";

/** Nothing is under way. */
export function checkCopies(scene: Scene): void {
  const online = new Set(scene.devices.flatMap(({ sitting, isOnline }) => (isOnline && sitting !== undefined ? [sitting] : [])));
  for (const message of scene.messages.all) {
    if (!isCopied(scene, message)) continue;
    for (const sitting of scene.sittings) {
      if (!isOwed(sitting, message, online.has(sitting)) || message.copies.includes(sitting) || message.receipts.some((receipt) => receipt.sitting === sitting)) continue;
      const { number, by, to, at } = message;
      scene.problem("XEP-0280 sections 7 and 8: each client that asks for copies has all of its user's messages", `${sitting.device} (${sitting.jid}) has not m${number} of ${by.jid} to ${to}, written at ${at} ms`);
    }
  }
}

function isCopied(scene: Scene, { isAccepted, isVoid, returned, form, by, account, at, type, resource, receipts, copies }: Message): boolean {
  const exists = scene.people.some((person) => person.account === account);
  if (!exists || !isAccepted || isVoid || returned !== undefined || !mayBeCopied(form)) return false;
  if (scene.rights.wasBlocked(by.account, account, at, scene.now())) return false;
  // RFC 6121 section 8.5.3.2: an error, to a session that is no more.
  return type === "chat" || resource === undefined || by.end === undefined || receipts.length + copies.length > 0;
}

function isOwed(sitting: Sitting, { by, account, at, acceptedAt, form }: Message, isOnline: boolean): boolean {
  if (sitting === by || (sitting.account !== by.account && sitting.account !== account)) return false;
  // Of what somebody is at, only the latest waits for who is inactive (XEP-0352).
  if (sitting.isToBlame || (form === "state" && sitting.wasInactive) || !sitting.copying.wasOn(at, acceptedAt)) return false;
  const { end, leftAt } = sitting;
  return isOnline || (end === "read to its end" && leftAt !== undefined && acceptedAt < leftAt);
}
