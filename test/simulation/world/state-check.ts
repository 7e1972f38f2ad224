/** Whether everybody knows the latest of what somebody is at, although of what waits for an inactive client only that is told (XEP-0352 section 3.2). */
import type { Message } from "./message-book.ts";
import type { Scene } from "./scene.ts";

/** Nobody is inactive, and nothing is under way. */
export function checkStates(scene: Scene): void {
  const latest = new Map<string, Message>();
  for (const message of scene.messages.all) {
    if (message.form === "state" && message.resource !== undefined && message.isAccepted && !message.isVoid) latest.set(`${message.by.number}>${message.to}`, message);
  }
  for (const { number, by, to, account, at, receipts } of latest.values()) {
    const reader = scene.devices.find(({ sitting, isOnline }) => isOnline && sitting?.jid === to)?.sitting;
    if (reader === undefined || reader.isToBlame || reader.askedAt > at - bindMs) continue;
    if (scene.rights.wasBlocked(by.account, account, at, scene.now()) || receipts.some(({ sitting }) => sitting === reader)) continue;
    scene.problem("XEP-0352 section 3.2: of what waits the latest comes", `${reader.device} (${to}) has not m${number}, which says what ${by.jid} was at last, written at ${at} ms`);
  }
}

/** Milliseconds that a bind may take from when it is asked for. */
const bindMs = 25_000;
