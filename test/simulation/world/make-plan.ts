/** Draws worlds: most are small and dense, some are large; some calm, some with everything that can go wrong. */
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { choicesMax } from "./choice.ts";
import type { Happening, HappeningKind, WorldPlan } from "./plan.ts";

export type WorldSize = "small" | "medium" | "large";

const devicesMax = 50;

/** How often something happens in a minute: `act` and `misbehave` for each device, the others for the world. Of `use` there is somewhat less than of `act`. */
interface Profile {
  readonly act: number;
  readonly misbehave: number;
  readonly link: number;
  readonly server: number;
}

const calm: Profile = { act: 12, misbehave: 0, link: 0, server: 0 };

/** `weight`: how often a world has this profile. */
const profiles: readonly (Profile & { readonly weight: number })[] = [
  { ...calm, weight: 2 },
  { ...calm, link: 6, weight: 4 },
  { ...calm, link: 1, server: 2, weight: 4 },
  { ...calm, link: 4, server: 1, weight: 4 },
  { ...calm, misbehave: 2, weight: 2 },
  { act: 8, misbehave: 1, link: 4, server: 2, weight: 4 },
  { act: 30, misbehave: 1, link: 12, server: 8, weight: 3 },
];

const accountsOf: Readonly<Record<WorldSize, readonly [least: number, most: number]>> = { small: [2, 3], medium: [4, 8], large: [12, 30] };
const minutesOf: Readonly<Record<WorldSize, readonly [least: number, most: number]>> = { small: [1, 4], medium: [2, 5], large: [2, 4] };

/** The same seed always gives the same plan. Without a size most worlds are small. */
export function planWorld(seed: number, size?: WorldSize): WorldPlan {
  const random = new SeededRandom(seed, "plan");
  const chosen = size ?? (random.chance(0.85) ? "small" : random.chance(0.8) ? "medium" : "large");
  const devices = devicesOf(random, random.whole(...accountsOf[chosen]));
  const count = devices.reduce((sum, count) => sum + count, 0);
  const lengthMs = 60_000 * random.whole(...minutesOf[chosen]);
  const profile = weighted(random, profiles);
  const slowest = random.pick([5, 20, 80, 400]);
  const commit = random.pick([2, 10, 40, 200, 400]);
  return {
    seed,
    accounts: devices.length,
    devices,
    lengthMs,
    network: { delayMs: [random.whole(0, 3), slowest] },
    disk: { commitMs: [1, commit] },
    ...withRooms(new SeededRandom(seed, "rooms"), profile.act, count, lengthMs, happeningsOf(random, profile, count, lengthMs)),
  };
}

/** Drawn for themselves: a world without rooms is as it was before there were any. */
function withRooms(random: SeededRandom, act: number, devices: number, lengthMs: number, others: readonly Happening[]): Pick<WorldPlan, "rooms" | "happenings"> {
  if (random.chance(0.4)) return { happenings: others };
  const own: Happening[] = [];
  adder(random, devices, lengthMs, own)("room", act * devices);
  return { rooms: random.whole(1, 2), happenings: [...others, ...own].toSorted((a, b) => a.at - b.at) };
}

/**
 * One room that everybody enters at once: the server dies in the middle of that and of what is said then, its disk fails, many read slowly,
 * and a part of them is gone at one moment. The same seed and number always give the same plan.
 */
export function planCrowd(seed: number, occupants: number): WorldPlan {
  const random = new SeededRandom(seed, "crowd");
  const lengthMs = 60_000;
  const happenings: Happening[] = [];
  const add = (at: number, kind: HappeningKind, device = 0, choice = random.next32()): void => {
    happenings.push({ at: Math.min(at, lengthMs - 1), kind, device, choice });
  };
  const anyone = () => random.whole(0, occupants - 1);
  const [kill, killAtCommit, lost, kept, slow] = [1, 3, 5, 6, 7] as const;
  add(random.whole(500, 3_500), "server", 0, random.pick([kill, killAtCommit]));
  const slowReaders = Math.ceil(occupants / 20);
  for (let left = slowReaders; left > 0; left -= 1) add(random.whole(2_000, 50_000), "link", anyone());
  for (const from of [8_000, 22_000, 36_000]) {
    const at = from + random.whole(0, 3_000);
    for (let left = random.whole(10, 25); left > 0; left -= 1) add(at + random.whole(0, 400), "room", anyone());
    add(at + random.whole(0, 500), "server", 0, random.pick([kill, killAtCommit, lost, kept, slow]));
  }
  const [first, gone] = [anyone(), Math.ceil(occupants / 4)];
  const partingAt = random.whole(45_000, 50_000);
  for (let index = 0; index < gone; index += 1) add(partingAt, "link", (first + index) % occupants, 0);
  for (let left = random.whole(10, 25); left > 0; left -= 1) add(random.whole(5_000, lengthMs), "room", anyone());
  return {
    seed, accounts: occupants, devices: Array.from({ length: occupants }, () => 1), lengthMs, rooms: 1, isCrowd: true,
    network: { delayMs: [0, random.pick([5, 40])] }, disk: { commitMs: [1, random.pick([5, 40])] },
    happenings: happenings.toSorted((a, b) => a.at - b.at),
  };
}

function devicesOf(random: SeededRandom, accounts: number): readonly number[] {
  const devices: number[] = [];
  for (let left = devicesMax; devices.length < accounts && left > 0; ) {
    const count = Math.min(left, random.chance(0.5) ? 1 : random.chance(0.85) ? 2 : 3);
    devices.push(count);
    left -= count;
  }
  return devices;
}

/** They come in bursts, so that things happen while others are under way. */
function happeningsOf(random: SeededRandom, profile: Profile, devices: number, lengthMs: number): readonly Happening[] {
  const happenings: Happening[] = [];
  const add = adder(random, devices, lengthMs, happenings);
  add("act", profile.act * devices);
  add("misbehave", profile.misbehave * devices);
  add("link", profile.link * Math.max(1, devices / 4));
  add("server", profile.server);
  add("use", profile.act * devices * 0.6);
  return happenings.toSorted((a, b) => a.at - b.at);
}

/** Adds so many of a kind, as many a minute. */
function adder(random: SeededRandom, devices: number, lengthMs: number, happenings: Happening[]): (kind: HappeningKind, perMinute: number) => void {
  const minutes = lengthMs / 60_000;
  const bursts = Array.from({ length: Math.max(2, Math.round(minutes * 4)) }, () => random.whole(0, lengthMs - 1));
  return (kind, perMinute) => {
    const count = Math.round(perMinute * minutes * (0.5 + random.fraction()));
    for (let left = count; left > 0; left -= 1) {
      const isInBurst = random.chance(0.5);
      const at = isInBurst ? Math.min(lengthMs - 1, random.pick(bursts) + random.whole(0, 300)) : random.whole(0, lengthMs - 1);
      happenings.push({ at, kind, device: random.whole(0, devices - 1), choice: random.next32() * (choicesMax / 2 ** 32) + random.whole(0, choicesMax / 2 ** 32 - 1) });
    }
  };
}

function weighted<Thing extends { readonly weight: number }>(random: SeededRandom, things: readonly Thing[]): Thing {
  let place = random.whole(0, things.reduce((sum, { weight }) => sum + weight, 0) - 1);
  return things.find(({ weight }) => (place -= weight) < 0)!;
}
