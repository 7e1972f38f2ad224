/** Whether rooms are to everybody what they are, when nothing is under way: who is there and how, and what was said, in one order. */
import { RoomSource } from "../../../src/log/room-source.ts";
import type { Device } from "./device.ts";
import type { RoomReading } from "./room-archive.ts";
import type { Seen, Stay, Visit } from "./room-visit.ts";
import type { Word } from "./room-words.ts";
import type { Scene } from "./scene.ts";

const same = "XEP-0045 section 7: all occupants have the same view of who is there, and it is that of the room";
const ghost = "XEP-0045 section 11.1: nobody is in a room who is nowhere";
const answered = "XEP-0045 section 7.4: a word is heard by its speaker too, or refused";
const everyWord = "XEP-0045 section 7.4: everybody in the room hears each word once, in one order";
const kept = "XEP-0313 section 6.1.2: what was said in a room is in its archive, once, in the order in which it was heard";
const old = "XEP-0045 section 7.2.13: history is what was said last before somebody came";

/** Messages that a room gives to a newcomer where nobody has chosen another number. */
const historyLength = 20;
/** Occupants whose views are compared whole with each other's, where they are many. */
const shownMax = 5;

/** Who is in the rooms, as the disk has it and as clients have it. */
export async function checkPlaces(scene: Scene): Promise<void> {
  const source = new RoomSource(scene.disk.store);
  for (const jid of scene.rooms.rooms) {
    const [name = "", host = ""] = jid.split("@");
    const room = await source.load({ host, room: name });
    const there = new Map<string, Seen>();
    for (const [nick, { role, presences }] of room?.occupants ?? []) {
      const [full = "", presence = ""] = Object.entries(presences).at(-1) ?? [];
      const mark = Number(/<status>o(\d+)<\/status>/.exec(presence)?.[1] ?? 0);
      there.set(nick, { role, affiliation: room!.affiliationOf(full.split("/", 1)[0]!), mark });
      for (const session of Object.keys(presences)) {
        if (!scene.devices.some(({ sitting, isOnline }) => isOnline && sitting?.jid === session)) scene.problem(ghost, `${session} is in ${jid} as ${nick}`);
      }
    }
    let told = 0;
    for (const { sitting, name: device, isOnline } of scene.devices) {
      if (sitting === undefined || sitting.isToBlame || !isOnline) continue;
      const visit = scene.rooms.visit(sitting, jid);
      const nick = room?.nickOf(sitting.jid);
      if (visit.nick !== nick) scene.problem(same, `${device} believes to be in ${jid} as ${visit.nick ?? "nobody"}, and is there as ${nick ?? "nobody"}`);
      else if (nick !== undefined && !isSame(visit.view, there) && (told += 1) <= shownMax) scene.problem(same, `${device} sees in ${jid} ${differences(visit.view, there)}`);
    }
  }
}

/** Of sessions that live: each of their words has come back or was refused. */
export function checkEchoes(scene: Scene, devices: readonly Device[]): void {
  for (const { sitting, name } of devices) {
    if (sitting === undefined || sitting.isToBlame) continue;
    for (const room of scene.rooms.rooms) {
      const [word] = scene.rooms.unanswered(sitting, room);
      if (word !== undefined) scene.problem(answered, `${name}: r${word.number} in ${room}, said at ${word.at} ms`);
    }
  }
}

/** `readings`: the archive of one room, as several have read it just now, and nothing is under way. */
export function checkWords(scene: Scene, room: string, readings: readonly RoomReading[]): void {
  const [reading] = readings;
  if (reading === undefined) return;
  const ids = reading.entries.map(({ id }) => id).join(" ");
  for (const other of readings) if (other.entries.map(({ id }) => id).join(" ") !== ids) scene.problem(kept, `${room} is another for ${other.device} than for ${reading.device}`);
  const order = new Map<Word, number>();
  for (const [place, { id, word }] of reading.entries.entries()) {
    if (word === undefined) continue;
    if (order.has(word)) scene.problem(kept, `${room}: r${word.number} is there twice`);
    if (word.archiveId !== undefined && word.archiveId !== id) scene.problem(kept, `${room}: r${word.number} is there as ${id}, and was heard as ${word.archiveId}`);
    if (word.refused !== undefined || word.isVoid) scene.problem(kept, `${room}: r${word.number} is there, and was ${word.isVoid ? "not handled" : `refused with ${word.refused}`}`);
    order.set(word, place);
  }
  for (const word of scene.rooms.words) {
    if (word.room !== room || word.kind === "whisper" || order.has(word)) continue;
    if (word.hearers.size > 0) scene.problem(kept, `${room}: r${word.number} was heard, and is not there`);
  }
  const all = [...order.keys()];
  const online = new Set(scene.devices.flatMap(({ isOnline, sitting }) => (isOnline && sitting !== undefined ? [sitting] : [])));
  for (const visit of scene.rooms.visits) {
    if (visit.room !== room || visit.sitting.isToBlame) continue;
    for (const stay of visit.stays) checkStay(scene, visit, stay, all, order, online.has(visit.sitting) && visit.stay === stay);
  }
}

/** What was heard in a stay is a part of what was said, without a gap; and what was told as old is what came right before it. `isThere`: still. */
function checkStay(scene: Scene, { sitting, room }: Visit, stay: Stay, all: readonly Word[], order: ReadonlyMap<Word, number>, isThere: boolean): void {
  const { live, history, asked, subject } = stay;
  if (subject === undefined) return;
  const whose = `${sitting.device} (${sitting.jid}) in ${room}`;
  const begin = live[0] === undefined ? undefined : order.get(live[0]);
  if (live.length > 0 && begin === undefined) return;
  const wrong = live.findIndex((word, index) => all[begin! + index] !== word);
  if (wrong >= 0) return scene.problem(everyWord, `${whose}: r${live[wrong]!.number} came where r${all[begin! + wrong]?.number} is next`);
  const end = (begin ?? 0) + live.length;
  if (isThere && live.length > 0 && end !== all.length) return scene.problem(everyWord, `${whose}: r${all[end]!.number} was said after all that came, and it is still there`);
  const bodies = all.filter(({ kind }) => kind === "word");
  const until = begin === undefined ? (isThere ? undefined : -1) : begin;
  // Of who heard nothing and left it is not known when that was.
  if (until === -1) return;
  const before = (until === undefined ? bodies : all.slice(0, until).filter(({ kind }) => kind === "word")).slice(-Math.min(asked ?? historyLength, historyLength));
  const expected = (asked ?? historyLength) === 0 ? [] : before;
  const isRight = expected.length === history.length && expected.every((word, index) => history[index] === word);
  const show = (words: readonly Word[]) => words.map(({ number }) => `r${number}`).join(" ");
  if (!isRight) scene.problem(old, `${whose}: it was told [${show(history)}], and it was [${show(expected)}]`);
  const subjects = (until === undefined ? all : all.slice(0, until)).filter(({ kind }) => kind === "subject");
  if ((subjects.at(-1)?.number ?? 0) !== subject) scene.problem("XEP-0045 section 7.2.15: the subject ends what a newcomer is told", `${whose}: r${subject}, and it was r${subjects.at(-1)?.number ?? 0}`);
}

/** In rooms that end with their last occupant nobody can read what was said before: only that nobody heard it in another order. */
export function checkOrders(scene: Scene, room: string): void {
  const heard = scene.rooms.visits.filter((visit) => visit.room === room && !visit.sitting.isToBlame).map((visit) => ({ visit, words: visit.stays.flatMap(({ live }) => live) }));
  for (const [index, one] of heard.entries()) {
    const places = new Map(one.words.map((word, place) => [word, place]));
    for (const other of heard.slice(index + 1)) {
      let last = -1;
      for (const word of other.words) {
        const place = places.get(word);
        if (place === undefined) continue;
        if (place < last) return scene.problem(everyWord, `${other.visit.sitting.device} and ${one.visit.sitting.device} heard r${word.number} in ${room} in another order`);
        last = place;
      }
    }
  }
}

function isSame(one: ReadonlyMap<string, Seen>, other: ReadonlyMap<string, Seen>): boolean {
  return one.size === other.size && [...one].every(([nick, { role, affiliation, mark }]) => {
    const seen = other.get(nick);
    return seen?.role === role && seen.affiliation === affiliation && seen.mark === mark;
  });
}

function differences(is: ReadonlyMap<string, Seen>, should: ReadonlyMap<string, Seen>): string {
  const one = (seen: Seen | undefined): string => (seen === undefined ? "nobody" : `${seen.role}/${seen.affiliation} o${seen.mark}`);
  return [...new Set([...is.keys(), ...should.keys()])]
    .filter((nick) => one(is.get(nick)) !== one(should.get(nick)))
    .slice(0, 5)
    .map((nick) => `${nick} as ${one(is.get(nick))}, and it is ${one(should.get(nick))}`)
    .join("; ");
}
