/** What a client does by itself when it has a session: stream management, copies, the roster, the block list, the first presence, what it has missed. */
import { ask, askForRoster } from "./asking.ts";
import type { Device } from "./device.ts";
import { makeAvailable } from "./presence-acts.ts";
import { enterRooms } from "./room-acts.ts";
import type { Scene } from "./scene.ts";
import { askForCopies, catchUp } from "./use-acts.ts";
import { childOf, type Xml } from "../../support/xml-reader.ts";

export function enter(device: Device, scene: Scene): void {
  const { traits, uses } = device;
  if (traits.management !== "off") device.enable();
  if (uses.copies) askForCopies(scene, device, true);
  if (uses.catchesUp === "before it shows itself") catchUp(scene, device);
  if (traits.fetchesRoster) askForRoster(scene, device, traits.usesVersions ? (device.roster.version ?? "") : undefined);
  if (traits.fetchesBlocks) askForBlocks(scene, device);
  if (traits.becomesAvailable) makeAvailable(scene, device, traits.priority);
  enterRooms(scene, device);
  if (uses.catchesUp === "afterwards") catchUp(scene, device);
}

/** XEP-0191 section 3.2; whoever asks is told of changes from then on. */
export function askForBlocks(scene: Scene, device: Device): void {
  ask(scene, device, {
    type: "get",
    content: "<blocklist xmlns='urn:xmpp:blocking'/>",
    answered: (answer, isResult) => {
      if (isResult) device.blocks = new Set(blockedIn(childOf(answer, "blocklist")));
    },
  });
}

export function blockedIn(list: Xml | undefined): readonly string[] {
  const items = (list?.children ?? []).filter((child): child is Xml => typeof child !== "string");
  return items.map(({ attrs }) => attrs["jid"] ?? "");
}
