/** What people do in rooms, as the state of their device allows: one happening, one act. */
import type { Choice } from "./choice.ts";
import type { Device } from "./device.ts";
import { makeAvailable, makeUnavailable } from "./presence-acts.ts";
import type { Visit } from "./room-visit.ts";
import type { Scene } from "./scene.ts";

interface RoomAct {
  /** How often, compared with the others; 0: not now. */
  weight(visit: Visit): number;
  perform(scene: Scene, device: Device, visit: Visit, choice: Choice): void;
}

const inside = (weight: number) => (visit: Visit) => (visit.isIn ? weight : 0);
const moderating = (weight: number) => ({ isIn, role }: Visit) => (isIn && role === "moderator" ? weight : 0);

const acts: readonly RoomAct[] = [
  { weight: ({ isIn }) => (isIn ? 1 : 30), perform: (scene, device, { room }, choice) => scene.rooms.enter(device, room, nickOf(scene, device, choice), choice.pick([undefined, 0, 3])) },
  { weight: ({ isIn }) => (isIn ? 20 : 1), perform: (scene, device, { room }) => scene.rooms.say(device, room, "word") },
  { weight: inside(4), perform: (scene, device, { room }, choice) => { for (let left = choice.between(2, 8); left > 0; left -= 1) scene.rooms.say(device, room, "word"); } },
  { weight: inside(5), perform: (scene, device, visit, choice) => whisper(scene, device, visit, choice) },
  { weight: inside(4), perform: (scene, device, visit, choice) => scene.rooms.show(device, visit, nickOf(scene, device, choice)) },
  { weight: inside(3), perform: (scene, device, visit) => scene.rooms.show(device, visit, visit.nick ?? "") },
  { weight: inside(4), perform: (scene, device, visit) => scene.rooms.leave(device, visit) },
  { weight: inside(2), perform: (scene, device) => makeUnavailable(scene, device) },
  { weight: inside(2), perform: (scene, device, { room }) => scene.rooms.say(device, room, "subject") },
  { weight: () => 2, perform: (scene, device, { room }, choice) => scene.rooms.readings.read(device, room, choice.pick([5, 1, 20])!) },
  { weight: moderating(6), perform: (scene, device, visit, choice) => scene.rooms.change(device, visit.room, `<item nick='${someone(visit, choice)}' role='${choice.pick(["none", "visitor", "participant", "moderator"])!}'/>`) },
  { weight: moderating(5), perform: (scene, device, { room }, choice) => scene.rooms.change(device, room, `<item jid='${choice.pick(scene.people)!.account}' affiliation='${choice.pick(affiliations)!}'/>`) },
  { weight: ({ isIn, view, nick }) => (isIn && view.get(nick ?? "")?.affiliation === "owner" ? 2 : 0), perform: (scene, device, visit, choice) => scene.rooms.configure(device, visit, { "muc#roomconfig_moderatedroom": choice.pick(["0", "0", "1"])! }) },
  { weight: ({ isLocked }) => (isLocked ? 10 : 0), perform: (scene, device, visit) => scene.rooms.open(device, visit) },
  { weight: ({ sitting: { shown } }) => (shown === undefined ? 5 : 0), perform: (scene, device) => makeAvailable(scene, device, 0) },
];

/** Most keep what is needed for the others to have something to do. */
const affiliations = ["none", "none", "member", "admin", "owner", "outcast"] as const;

export function actInRoom(scene: Scene, device: Device, choice: Choice): void {
  const room = choice.pick(scene.rooms.rooms);
  if (device.isAway) return device.come();
  if (device.sitting === undefined || device.isLeaving || room === undefined) return;
  const visit = scene.rooms.visit(device.sitting, room);
  choice.weighted(acts.map((one) => ({ weight: one.weight(visit), one })))?.one.perform(scene, device, visit, choice);
}

/** What a client does by itself when it has a session. */
export function enterRooms(scene: Scene, device: Device): void {
  for (const [index, room] of scene.rooms.rooms.entries()) {
    if (device.uses.rooms[index] === true) scene.rooms.enter(device, room, device.person.name, undefined);
  }
}

/** Mostly its user's name, which other devices of the same user have too; now and then somebody else's. */
function nickOf({ people }: Scene, { name, person }: Device, choice: Choice): string {
  return choice.oneIn(6) ? choice.pick(people)!.name : choice.pick([person.name, name.replace("/", " "), `${person.name} II`])!;
}

function someone({ view }: Visit, choice: Choice): string {
  return choice.pick([...view.keys()]) ?? "nobody";
}

function whisper(scene: Scene, device: Device, visit: Visit, choice: Choice): void {
  scene.rooms.say(device, visit.room, "whisper", someone(visit, choice));
}
