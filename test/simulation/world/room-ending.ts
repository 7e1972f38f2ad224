/** What is looked at of rooms when nothing is under way: who is there, that everybody there hears everybody, and all that again after one more crash. */
import type { CodaStage } from "./coda.ts";
import type { Device } from "./device.ts";
import type { RoomReading } from "./room-archive.ts";
import { checkEchoes, checkOrders, checkPlaces, checkWords } from "./room-check.ts";
import type { Word } from "./room-words.ts";
import type { Scene } from "./scene.ts";

/** Of many, so many speak and read. */
const speakersMax = 12;
const pageSizes = [100, 40, 20] as const;

/** `devices`: all that are online. */
export async function playRooms(scene: Scene, stage: CodaStage, devices: readonly Device[]): Promise<void> {
  if (scene.rooms.rooms.length === 0) return;
  await checkPlaces(scene);
  checkEchoes(scene, devices);
  if (scene.hasProblem || !(await gather(scene, stage, devices)) || !(await speak(scene, stage, devices))) return;
  if (!(await read(scene, stage, devices))) return;
  stage.faults.killNow(scene.randomOf("rooms").whole(0, 500));
  if (!(await stage.quiet())) return;
  await checkPlaces(scene);
  if (scene.hasProblem || !(await gather(scene, stage, devices)) || !(await speak(scene, stage, devices))) return;
  await read(scene, stage, devices);
}

/** Who is in none of a room comes in, if it may. */
async function gather(scene: Scene, stage: CodaStage, devices: readonly Device[]): Promise<boolean> {
  // One after the other where there is no room yet: who makes it has to open it first.
  for (const one of [devices.slice(0, 1), devices.slice(1)]) {
    for (const device of one) {
      for (const room of scene.rooms.rooms) {
        if (device.sitting === undefined) continue;
        const visit = scene.rooms.visit(device.sitting, room);
        if (visit.isLocked) scene.rooms.open(device, visit);
        if (!visit.isIn) scene.rooms.enter(device, room, device.person.name, undefined);
      }
    }
    if (!(await stage.quiet())) return false;
  }
  await checkPlaces(scene);
  return !scene.hasProblem;
}

async function speak(scene: Scene, stage: CodaStage, devices: readonly Device[]): Promise<boolean> {
  const from = scene.rooms.words.length;
  const there = (room: string) => devices.filter(({ sitting }) => sitting !== undefined && !sitting.isToBlame && scene.rooms.visit(sitting, room).isIn);
  for (const room of scene.rooms.rooms) {
    const speakers = there(room).slice(0, speakersMax);
    for (const [index, device] of speakers.entries()) {
      scene.rooms.say(device, room, "word");
      const nick = scene.rooms.visit(speakers[(index + 1) % speakers.length]!.sitting!, room).nick;
      if (nick !== undefined) scene.rooms.say(device, room, "whisper", nick);
    }
  }
  if (!(await stage.quiet())) return false;
  checkEchoes(scene, devices);
  for (const word of scene.rooms.words.slice(from)) {
    if (word.refused !== undefined) continue;
    for (const { sitting, name } of there(word.room)) {
      const isForIt = word.kind !== "whisper" || scene.rooms.visit(sitting!, word.room).nick === word.to;
      if (isForIt && !word.hearers.has(sitting!)) missed(scene, word, name);
    }
  }
  return !scene.hasProblem;
}

function missed(scene: Scene, { number, kind, room, by }: Word, name: string): void {
  const rule = kind === "whisper" ? "XEP-0045 section 7.5: a private message reaches the occupant of that nick, once" : "XEP-0045 section 7.4: everybody in the room hears each word once, in one order";
  scene.problem(rule, `${name} has not heard r${number}, which ${by.device} has said in ${room}`);
}

async function read(scene: Scene, stage: CodaStage, devices: readonly Device[]): Promise<boolean> {
  const readings = new Map<string, RoomReading[]>();
  for (const room of scene.rooms.rooms) {
    const found: RoomReading[] = [];
    readings.set(room, found);
    const readers = devices.filter(({ sitting }) => sitting !== undefined && !sitting.isToBlame && scene.rooms.visit(sitting, room).isIn);
    for (const [index, size] of pageSizes.entries()) {
      const reader = readers[index];
      if (reader !== undefined) scene.rooms.readings.read(reader, room, size, (reading) => found.push(reading));
    }
  }
  if (!(await stage.quiet())) return false;
  for (const [room, found] of readings) {
    if (room === scene.rooms.rooms[0]) checkWords(scene, room, found);
    checkOrders(scene, room);
  }
  return !scene.hasProblem;
}
