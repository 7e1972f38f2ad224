/** Whether everybody sees exactly those who let it, when nothing is under way (RFC 6121 section 4). */
import type { Device } from "./device.ts";
import { bareOf } from "./presence-book.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";

const rule = "Invariant 13: when nothing is under way, everybody sees exactly those who let it";

/** Only devices that are online; no other session lives. */
export function checkSeen(scene: Scene): void {
  const online = scene.devices.filter(({ isOnline }) => isOnline);
  for (const device of online) if (device.sitting?.shown !== undefined) checkOne(scene, device, device.sitting, online);
}

function checkOne(scene: Scene, device: Device, viewer: Sitting, online: readonly Device[]): void {
  const known = new Set<string>();
  for (const { sitting } of online) {
    if (sitting === undefined) continue;
    known.add(sitting.jid);
    const seen = viewer.seen.get(sitting.jid);
    const isAside = viewer.touched.has(sitting.account) || sitting.touched.has(viewer.account);
    const should = isVisible(scene, sitting, viewer) ? sitting.shown : undefined;
    // What was directed to this one came beside; it may know more and, of the last presence, something else.
    const isRight = isAside ? should === undefined || seen !== undefined || viewer.hidden.has(sitting.jid) : seen === should;
    if (!isRight) scene.problem(rule, `${device.name} (${viewer.jid}) sees ${sitting.jid} as ${shown(seen)}, and should as ${shown(should)}`);
  }
  for (const [jid, seen] of viewer.seen) {
    if (!known.has(jid) && !viewer.touched.has(bareOf(jid))) scene.problem(rule, `${device.name} (${viewer.jid}) sees ${jid} as ${shown(seen)}, which is gone`);
  }
}

function isVisible({ rights }: Scene, by: Sitting, to: Sitting): boolean {
  if (by.shown === undefined) return false;
  return by.account === to.account || (rights.isShown(by.account, to.account) && !rights.isBlocked(by.account, to.account));
}

function shown(number: number | undefined): string {
  return number === undefined ? "nothing" : `p${number}`;
}
