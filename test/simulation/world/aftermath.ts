/**
 * What is looked at last, when nothing is under way: what waits while nobody looks at a client and what does not (XEP-0352), what clients
 * know of items and copies, what archives hold, and that the last two are the same after one more crash.
 */
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { other } from "./acts.ts";
import { checkArchive } from "./archive-check.ts";
import type { Reading } from "./archive-book.ts";
import { Choice } from "./choice.ts";
import type { CodaStage } from "./coda.ts";
import { checkCopies } from "./copy-check.ts";
import type { Device } from "./device.ts";
import { nodes } from "./item-book.ts";
import { checkItems, fetchItems } from "./item-check.ts";
import { checkMessages } from "./message-check.ts";
import { makeAvailable } from "./presence-acts.ts";
import type { Scene } from "./scene.ts";
import { checkSeen } from "./seen-check.ts";
import { checkStates } from "./state-check.ts";

/** Larger worlds have no pause. */
const devicesMax = 8;
const actsMax = 20;

/** `devices`: all that are online. */
export async function playAftermath(scene: Scene, stage: CodaStage, devices: readonly Device[]): Promise<void> {
  const random = scene.randomOf("aftermath");
  // Whose client has not taken what was sent for too long is given no more than others can be sure of: it comes anew.
  for (const device of devices) if (device.sitting?.isToBlame === true) device.forget();
  if (!(await stage.quiet())) return;
  if (devices.length <= devicesMax) await pause(scene, stage, devices, random);
  if (scene.hasProblem) return;
  await lookAtAll(scene, stage, devices, random);
  if (scene.hasProblem) return;
  stage.faults.killNow(random.whole(0, 500));
  if (await stage.quiet()) await lookAtAll(scene, stage, devices, random);
}

/** Some are inactive, and others go on; perhaps the server dies over it. */
async function pause(scene: Scene, stage: CodaStage, devices: readonly Device[], random: SeededRandom): Promise<void> {
  for (const device of devices) {
    makeAvailable(scene, device, 0);
    if (random.chance(0.6)) device.setInactive(true);
  }
  for (let left = random.whole(5, actsMax); left > 0; left -= 1) {
    act(scene, random.pick(devices), random);
    if (random.chance(0.2) && !(await stage.quiet())) return;
  }
  if (!(await stage.quiet())) return;
  settle(devices);
  if (!(await stage.quiet())) return;
  // Whatever waits, no message does.
  await checkMessages(scene);
  checkCopies(scene);
  if (scene.hasProblem) return;
  if (random.chance(0.3)) {
    stage.faults.killNow(random.whole(0, 500));
    if (!(await stage.quiet())) return;
  }
  for (const device of devices) device.setInactive(false);
  if (!(await stage.quiet())) return;
  checkSeen(scene);
  checkStates(scene);
}

function act(scene: Scene, device: Device, random: SeededRandom): void {
  const { sitting } = device;
  if (sitting === undefined) return;
  const someone = other(scene, device, new Choice(random.next32()));
  const to = random.pick([someone.account, ...someone.devices.flatMap((one) => one.sitting?.jid ?? [])]);
  switch (random.whole(0, 4)) {
    case 0:
      return makeAvailable(scene, device, 0, random.whole(0, 4));
    case 1:
      return scene.items.publish(device, random.pick(nodes), random.chance(0.3));
    case 2:
    case 3:
      return device.send(scene.messages.write(sitting, "chat", to, "while nobody looks", "state"));
    default:
      return device.send(scene.messages.write(sitting, "chat", to, "while nobody looks"));
  }
}

/** What was sent is known to have arrived. */
function settle(devices: readonly Device[]): void {
  for (const device of devices) {
    device.ask();
    device.acknowledge();
    device.sitting?.settled();
  }
}

async function lookAtAll(scene: Scene, stage: CodaStage, devices: readonly Device[], random: SeededRandom): Promise<void> {
  for (const device of devices) makeAvailable(scene, device, 0);
  if (!(await stage.quiet())) return;
  settle(devices);
  if (!(await stage.quiet())) return;
  const items = fetchItems(scene, devices);
  const archives = scene.people.map(({ account }) => readBothWays(scene, devices.filter(({ person, sitting }) => person.account === account && sitting?.isToBlame === false), random));
  if (!(await stage.quiet())) return;
  checkItems(scene, items, devices);
  checkCopies(scene);
  for (const [index, { forwards, backwards }] of archives.entries()) {
    const { account, devices: own } = scene.people[index]!;
    if (!own.some((device) => devices.includes(device) && device.sitting?.isToBlame === false)) continue;
    const [one, another] = [forwards, backwards].map((reading) => reading?.entries.map(({ id }) => id).join(" "));
    if (forwards === undefined || one !== another) scene.problem("XEP-0313 section 4.3: forwards and backwards an archive is the same", `${account}: [${one}] and [${another}]`);
    else checkArchive(scene, forwards);
  }
}

/** The answers are there when it is quiet again. */
function readBothWays(scene: Scene, devices: readonly Device[], random: SeededRandom): { forwards?: Reading; backwards?: Reading } {
  const read: { forwards?: Reading; backwards?: Reading } = {};
  if (devices.length === 0) return read;
  const plan = { after: undefined, pageSize: random.pick([5, 10, 20]) };
  scene.archives.read(random.pick(devices), { ...plan, isBackwards: false, done: (reading) => (read.forwards = reading) });
  scene.archives.read(random.pick(devices), { ...plan, isBackwards: true, done: (reading) => (read.backwards = reading) });
  return read;
}
