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
    happenings: happeningsOf(random, profile, devices.reduce((sum, count) => sum + count, 0), lengthMs),
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
  const minutes = lengthMs / 60_000;
  const happenings: Happening[] = [];
  const bursts = Array.from({ length: Math.max(2, Math.round(minutes * 4)) }, () => random.whole(0, lengthMs - 1));
  const add = (kind: HappeningKind, perMinute: number): void => {
    const count = Math.round(perMinute * minutes * (0.5 + random.fraction()));
    for (let left = count; left > 0; left -= 1) {
      const isInBurst = random.chance(0.5);
      const at = isInBurst ? Math.min(lengthMs - 1, random.pick(bursts) + random.whole(0, 300)) : random.whole(0, lengthMs - 1);
      happenings.push({ at, kind, device: random.whole(0, devices - 1), choice: random.next32() * (choicesMax / 2 ** 32) + random.whole(0, choicesMax / 2 ** 32 - 1) });
    }
  };
  add("act", profile.act * devices);
  add("misbehave", profile.misbehave * devices);
  add("link", profile.link * Math.max(1, devices / 4));
  add("server", profile.server);
  add("use", profile.act * devices * 0.6);
  return happenings.toSorted((a, b) => a.at - b.at);
}

function weighted<Thing extends { readonly weight: number }>(random: SeededRandom, things: readonly Thing[]): Thing {
  let place = random.whole(0, things.reduce((sum, { weight }) => sum + weight, 0) - 1);
  return things.find(({ weight }) => (place -= weight) < 0)!;
}
