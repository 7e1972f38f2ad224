/** Presence as a client sends it. */
import type { Device } from "./device.ts";
import { capsOf } from "./item-book.ts";
import type { Scene } from "./scene.ts";

const shows = ["", "<show>away</show>", "<show>dnd</show>", "<show>chat</show>", "<show>xa</show>"] as const;

/** `show`: 0..4. */
export function makeAvailable(scene: Scene, device: Device, priority: number, show = 0): void {
  const { sitting } = device;
  if (sitting === undefined || device.isLeaving) return;
  const content = `${shows[show] ?? ""}${priority === 0 ? "" : `<priority>${priority}</priority>`}${capsOf(device.uses)}`;
  sitting.priority = priority;
  device.send(scene.presences.write(sitting, { isAvailable: true, content }));
}

export function makeUnavailable(scene: Scene, device: Device): void {
  if (device.sitting !== undefined && !device.isLeaving) device.send(scene.presences.write(device.sitting, { isAvailable: false }));
}

export function direct(scene: Scene, device: Device, to: string, isAvailable: boolean): void {
  if (device.sitting !== undefined && !device.isLeaving) device.send(scene.presences.write(device.sitting, { isAvailable, to }));
}

export function probe(device: Device, to: string): void {
  if (device.sitting === undefined) return;
  device.sitting.probed.add(to.split("/", 1)[0]!);
  device.send({ text: `<presence type='probe' to='${to}'/>` });
}
