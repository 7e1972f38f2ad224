/** What can be simpler in a plan besides its happenings being fewer. Each candidate is less in one respect and more in none, so trying ends. */
import type { Happening, WorldPlan } from "../world/plan.ts";
import { deviceCount } from "./plan-schema.ts";
import type { Search } from "./search.ts";

/** Milliseconds between two happenings, or after the last of them, that are easy to read. */
const easyGapsMs = [100, 1_000, 10_000, 60_000];
const easyDelaysMs = [0, 1, 10, 100];
/** All answers to the first of the questions that a choice decides are below this, with the simplest answers to the rest. */
const smallNumbers = 64;

/** The world ends when the rule was broken, or soon after it. */
export async function firstMoments(search: Search): Promise<void> {
  const { best, report } = search;
  const brokenMs = Math.ceil(Math.min(...(report?.problems.map(({ at }) => at) ?? [])));
  if (brokenMs >= best.lengthMs) return;
  const happenings = best.happenings.filter(({ at }) => at <= brokenMs);
  await search.first([brokenMs, brokenMs + 1_000, best.lengthMs].map((lengthMs) => ({ ...best, happenings, lengthMs: Math.min(lengthMs, best.lengthMs) })));
}

/** First without all accounts and devices with which nothing happens, then one by one. */
export async function fewerDevices(search: Search): Promise<void> {
  const used = new Set(search.best.happenings.filter(({ kind }) => kind !== "server").map(({ device }) => device));
  await search.first([keepDevices(search.best, (device) => used.has(device))]);
  while (await search.first(withoutOneAccount(search.best)));
  while (await search.first(withoutOneDevice(search.best)));
}

/** Delays that are the same each time, and short. */
export async function simplerWeather(search: Search): Promise<void> {
  const both = easyDelaysMs.map((ms) => withDelays(withDelays(search.best, "network", ms), "disk", ms));
  await search.first(both.filter((plan) => isSimpler(plan, search.best)));
  for (const part of ["network", "disk"] as const) {
    const { best } = search;
    const candidates = [...easyDelaysMs, ...delays(best, part)].map((ms) => withDelays(best, part, ms));
    await search.first(candidates.filter((plan) => isSimpler(plan, best)));
  }
}

/** Less time between happenings, and after the last one. */
export async function earlierAndShorter(search: Search): Promise<void> {
  for (const gapMs of easyGapsMs) if (await search.first([withGaps(search.best, () => gapMs)])) break;
  for (let index = 0; index <= search.best.happenings.length; index += 1) {
    const { best } = search;
    const now = gaps(best)[index]!;
    await search.first([...easyGapsMs, ...towards(now)].filter((ms) => ms < now).map((ms) => withGaps(best, (i) => (i === index ? ms : Infinity))));
  }
}

export async function smallerNumbers(search: Search): Promise<void> {
  for (let index = 0; index < search.best.happenings.length; index += 1) {
    await search.first(devicesBelow(search.best, index).map((device) => withHappening(search.best, index, { device })));
    for (let hasFound = true; hasFound; ) {
      const { best } = search;
      const now = best.happenings[index]!.choice;
      const smaller = [...Array.from({ length: smallNumbers }, (_, i) => i), ...towards(now)].filter((choice) => choice < now);
      hasFound = await search.first(smaller.map((choice) => withHappening(best, index, { choice })));
    }
  }
}

function* withoutOneAccount(plan: WorldPlan): Generator<WorldPlan> {
  for (let account = plan.accounts - 1; account >= 0; account -= 1) {
    const first = deviceCount(plan.devices.slice(0, account));
    const count = plan.devices[account]!;
    yield keepDevices(plan, (device) => device < first || device >= first + count);
  }
}

function* withoutOneDevice(plan: WorldPlan): Generator<WorldPlan> {
  for (let gone = deviceCount(plan.devices) - 1; gone >= 0; gone -= 1) yield keepDevices(plan, (device) => device !== gone);
}

/** An account without devices goes too; so does what happened to the devices that go. Those that stay are counted anew. */
function keepDevices(plan: WorldPlan, isKept: (device: number) => boolean): WorldPlan {
  const kept = plan.devices.flatMap((count, account) => Array.from({ length: count }, () => account)).flatMap((account, device) => (isKept(device) ? { account, device } : []));
  const numbers = new Map(kept.map(({ device }, number) => [device, number]));
  const devices = plan.devices.map((_, account) => kept.filter((one) => one.account === account).length).filter((count) => count > 0);
  const happenings = plan.happenings.flatMap((happening): readonly Happening[] => {
    if (happening.kind === "server") return [{ ...happening, device: 0 }];
    const device = numbers.get(happening.device);
    return device === undefined ? [] : [{ ...happening, device }];
  });
  return { ...plan, accounts: devices.length, devices, happenings };
}

type Part = "network" | "disk";

function delays(plan: WorldPlan, part: Part): readonly [number, number] {
  return part === "network" ? plan.network.delayMs : plan.disk.commitMs;
}

function withDelays(plan: WorldPlan, part: Part, ms: number): WorldPlan {
  return part === "network" ? { ...plan, network: { ...plan.network, delayMs: [ms, ms] } } : { ...plan, disk: { ...plan.disk, commitMs: [ms, ms] } };
}

/** In neither part more, at most or in spread; in one of them less. */
function isSimpler(plan: WorldPlan, than: WorldPlan): boolean {
  const parts = (["network", "disk"] as const).map((part) => [delays(plan, part), delays(than, part)] as const);
  const isNoMore = parts.every(([[least, most], [leastThan, mostThan]]) => most <= mostThan && most - least <= mostThan - leastThan);
  return isNoMore && parts.some(([[least, most], [leastThan, mostThan]]) => most < mostThan || most - least < mostThan - leastThan);
}

/** Milliseconds before each happening, and after the last one. */
function gaps({ happenings, lengthMs }: WorldPlan): readonly number[] {
  return [...happenings.map(({ at }) => at), lengthMs].map((at, i) => at - (happenings[i - 1]?.at ?? 0));
}

/** With gaps of at most so many milliseconds. */
function withGaps(plan: WorldPlan, mostMs: (index: number) => number): WorldPlan {
  let at = 0;
  const moments = gaps(plan).map((gapMs, index) => (at += Math.min(gapMs, mostMs(index))));
  return { ...plan, happenings: plan.happenings.map((happening, i) => ({ ...happening, at: moments[i]! })), lengthMs: moments.at(-1)! };
}

function withHappening(plan: WorldPlan, index: number, change: Partial<Happening>): WorldPlan {
  return { ...plan, happenings: plan.happenings.map((happening, i) => (i === index ? { ...happening, ...change } : happening)) };
}

/** Devices with a smaller number with which something happens already; of what is no device's, the first. */
function devicesBelow({ happenings }: WorldPlan, index: number): readonly number[] {
  const { device, kind } = happenings[index]!;
  const used = kind === "server" ? [0] : happenings.flatMap((other) => (other.kind === "server" ? [] : other.device));
  return [...new Set(used)].filter((other) => other < device).toSorted((a, b) => a - b);
}

/** 0, a half of it, three quarters … one less. */
function towards(value: number): readonly number[] {
  const values: number[] = [];
  for (let step = value; step >= 1; step = Math.floor(step / 2)) values.push(value - step);
  return values;
}
