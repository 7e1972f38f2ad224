/** What can happen to a device's link. */
import type { Choice } from "./choice.ts";
import type { Device } from "./device.ts";
import type { Scene } from "./scene.ts";

export function disturbLink(scene: Scene, device: Device, choice: Choice): void {
  const { wire } = device;
  if (wire === undefined || scene.isEnding) return;
  const { link } = wire;
  scene.counts.linkFaults += 1;
  device.isLinkFaulty = true;
  const note = (text: string) => scene.transcript.note(device.name, text);
  const later = (leastMs: number, mostMs: number, task: () => void) => scene.after(choice.between(leastMs, mostMs), task);
  switch (choice.whole(8)) {
    case 0:
    case 1:
      note("its link is cut");
      return link.cut();
    case 2:
      return device.changeNetwork();
    case 3:
      note("its link is half open");
      link.halfOpen();
      // Its client may notice before the server does.
      if (choice.oneIn(2)) later(500, 20_000, () => wire.drop("has noticed that its link is dead"));
      return;
    case 4:
      note("its link stands still");
      link.stall();
      later(200, 30_000, () => link.unstall());
      return;
    case 5:
      note("reads slowly");
      link.readSlowly(choice.between(50, 1_000));
      later(1_000, 20_000, () => link.readSlowly(undefined));
      return;
    case 6:
      note("its link is slow");
      return link.delay([200, choice.between(300, 4_000)]);
    default:
      return device.dropLink("goes out of reach");
  }
}
