/**
 * How a world ends: faults end, everybody who can comes back, and when nothing is under way any more, what there is must be what there
 * should be.
 */
import { playAftermath } from "./aftermath.ts";
import { ask, askForRoster } from "./asking.ts";
import type { Device } from "./device.ts";
import { askForBlocks } from "./entering.ts";
import { playCoda } from "./coda.ts";
import { checkMessages } from "./message-check.ts";
import { makeAvailable } from "./presence-acts.ts";
import { playRooms } from "./room-ending.ts";
import { checkReplays } from "./replay-check.ts";
import { checkRosters, fetchAll } from "./roster-check.ts";
import type { Scene } from "./scene.ts";
import { checkSeen } from "./seen-check.ts";
import type { ServerFaults } from "./server-faults.ts";

/** Milliseconds of simulated time for each of these, at most. */
const upMs = 120_000;
const backMs = 180_000;
const restMs = 400_000;
const quietMs = 120_000;
/** Milliseconds without a byte after which nothing is under way. */
const silenceMs = 6_000;
const stepMs = 500;

export interface Stage {
  /** Lets so much time pass. */
  advance(ms: number): Promise<void>;
}

export async function end(scene: Scene, stage: Stage, faults: ServerFaults): Promise<void> {
  scene.isEnding = true;
  faults.heal();
  const until = async (what: string, maxMs: number, holds: () => boolean): Promise<boolean> => {
    for (const from = scene.now(); !holds(); await stage.advance(stepMs)) {
      if (scene.now() - from < maxMs) continue;
      scene.problem("A world comes to rest when its faults have ended", `waited ${maxMs / 1_000} s until ${what}, in vain`);
      return false;
    }
    return true;
  };
  const quiet = () => {
    const from = scene.now();
    const isSilent = () => scene.now() - Math.max(from, scene.transcript.lastAt) >= silenceMs && !scene.disk.isCommitting;
    const isSent = ({ wire }: Device) => wire === undefined || wire.link.bufferedBytes === 0;
    return until("nothing is said", quietMs, () => isSilent() && scene.devices.every(isSent));
  };

  // A commit that has become slow may fail yet.
  await until("the disk is at rest", upMs, () => !scene.disk.isCommitting);
  if (!(await until("the server is up", upMs, () => faults.isSettled && scene.server.server.observation !== undefined))) return;
  const devices = homecomers(scene);
  for (const device of scene.devices) {
    // Who has said to have what never came is without it.
    if (device.sitting?.isToBlame === true) device.forget();
    device.calmLink();
    if (devices.includes(device)) device.come();
    else device.leave();
  }
  const missing = () => devices.filter(({ isOnline, sitting }) => !isOnline || sitting === undefined || sitting.counting === "asked");
  if (!(await until(`all are back`, backMs, () => missing().length === 0))) return;
  // Of those who are gone for good the server learns in time.
  const others = () => [...(scene.server.server.observation?.summaries() ?? [])].filter(({ address }) => address === null).length;
  const live = () => [...(scene.server.server.observation?.summaries() ?? [])].length;
  if (!(await until("sessions without a client have ended", restMs, () => others() === 0 && live() === devices.length))) return;
  // What has waited comes now, and what it says is the latest.
  for (const device of devices) device.setInactive(false);
  if (!(await quiet()) || missing().length > 0) return;
  const rest = { faults, quiet: async () => (await until("all are there", backMs, () => faults.isSettled && missing().length === 0)) && quiet() };
  if (scene.isCrowd) {
    for (const { sitting } of devices) sitting?.settled();
    await playRooms(scene, rest, devices);
    return;
  }
  checkSeen(scene);
  if (scene.hasProblem) return;

  for (const device of devices) {
    if (!device.roster.isCurrent) askForRoster(scene, device, device.traits.usesVersions ? (device.roster.version ?? "") : undefined);
    if (device.blocks === undefined) askForBlocks(scene, device);
    makeAvailable(scene, device, 0);
  }
  await quiet();
  const fetched = fetchAll(scene, devices);
  for (const device of devices) ask(scene, device, { type: "get", to: scene.domain, content: "<ping xmlns='urn:xmpp:ping'/>" });
  await quiet();
  for (const device of devices) {
    device.ask();
    device.acknowledge();
  }
  await quiet();
  for (const { sitting } of devices) sitting?.settled();
  checkSeen(scene);
  checkRosters(scene, fetched);
  checkAnswers(scene, devices);
  await checkMessages(scene);
  await checkReplays(scene);
  if (scene.hasProblem) return;
  await playRooms(scene, rest, devices);
  if (scene.hasProblem) return;
  await playCoda(scene, rest, devices);
  if (scene.hasProblem) return;
  await playAftermath(scene, rest, devices);
  if (scene.hasProblem) return;
  for (const device of devices) device.leave();
  await quiet();
  await stop(scene, until, faults);
}

/** All that can be online together: of those that ask for the same resource, one. */
function homecomers(scene: Scene): readonly Device[] {
  return scene.people.flatMap(({ devices }) =>
    devices.filter(({ traits: { resource } }, index) => resource === null || devices.findIndex(({ traits }) => traits.resource === resource) === index),
  );
}

/** What the server itself was asked is answered. */
function checkAnswers(scene: Scene, devices: readonly Device[]): void {
  for (const { sitting, name } of devices) {
    for (const [id, { to, at }] of sitting?.asked ?? []) {
      const isServers = to === undefined || !to.includes("/");
      if (isServers) scene.problem("RFC 6120 section 8.2.3: an iq is answered", `${name}: ${id} to ${to ?? "the own account"}, asked at ${at} ms`);
    }
  }
}

async function stop(scene: Scene, until: (what: string, maxMs: number, holds: () => boolean) => Promise<boolean>, faults: ServerFaults): Promise<void> {
  let hasStopped = false;
  void faults.stop().then(() => (hasStopped = true));
  await until("the server has stopped", upMs, () => hasStopped);
  if (scene.server.isUp) scene.server.kill();
}
