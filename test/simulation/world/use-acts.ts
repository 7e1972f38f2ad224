/** What clients do with extensions, as the state of their device allows: one happening, one act. */
import { address, other } from "./acts.ts";
import { ask } from "./asking.ts";
import type { Choice } from "./choice.ts";
import type { Device } from "./device.ts";
import { nodes } from "./item-book.ts";
import { markedForms, type MessageForm } from "./message-form.ts";
import type { Scene } from "./scene.ts";

interface Use {
  /** How often, compared with the others; 0: not now. */
  weight(device: Device): number;
  perform(scene: Scene, device: Device, choice: Choice): void;
}

const always = (weight: number) => () => weight;

const uses: readonly Use[] = [
  { weight: always(6), perform: (scene, device, choice) => say(scene, device, choice, "plain") },
  { weight: always(3), perform: (scene, device, choice) => say(scene, device, choice, choice.pick(markedForms)!) },
  { weight: always(4), perform: (scene, device, choice) => say(scene, device, choice, "state") },
  { weight: always(4), perform: (scene, device, choice) => scene.items.publish(device, choice.pick(nodes)!, choice.oneIn(4)) },
  { weight: ({ sitting }) => (sitting?.isInactive === true ? 3 : 4), perform: (_, device) => device.setInactive(device.sitting?.isInactive === false) },
  { weight: ({ sitting }) => (sitting?.copying.isWanted === true ? 1 : 2), perform: (scene, device) => askForCopies(scene, device, device.sitting?.copying.isWanted === false) },
  { weight: always(2), perform: (scene, device) => catchUp(scene, device) },
  { weight: always(1), perform: (scene, device, choice) => scene.archives.read(device, { after: undefined, isBackwards: choice.oneIn(2), pageSize: choice.pick([20, 3, 7])! }) },
];

export function use(scene: Scene, device: Device, choice: Choice): void {
  // Who is not there does nothing of this.
  if (device.sitting === undefined) return;
  choice.weighted(uses.map((one) => ({ weight: one.weight(device), one })))?.one.perform(scene, device, choice);
}

/** XEP-0280 sections 4 and 5. */
export function askForCopies(scene: Scene, device: Device, isWanted: boolean): void {
  const { sitting } = device;
  if (sitting === undefined || device.isLeaving) return;
  const confirmed = sitting.copying.ask(isWanted, scene.now());
  ask(scene, device, {
    type: "set",
    content: `<${isWanted ? "enable" : "disable"} xmlns='urn:xmpp:carbons:2'/>`,
    answered: (_, isResult) => {
      if (isResult) confirmed(scene.now());
      else scene.problem("XEP-0280 sections 4 and 5: who asks for copies, or for none, is granted that", device.name);
    },
  });
}

/** XEP-0313 section 6.3: what came since this device was there last; all, where it has never been. */
export function catchUp(scene: Scene, device: Device): void {
  scene.archives.read(device, { after: device.archivedUntil, isBackwards: false, pageSize: device.uses.pageSize });
}

/** To one resource more often than to all of an account. */
function say(scene: Scene, device: Device, choice: Choice, form: MessageForm): void {
  if (device.sitting === undefined) return;
  const to = choice.oneIn(3) ? other(scene, device, choice).account : address(scene, device, choice);
  // A state without a body is of type chat (XEP-0085 section 4).
  const type = form !== "state" && choice.oneIn(4) ? "normal" : "chat";
  device.send(scene.messages.write(device.sitting, type, to, "plain", form));
}
