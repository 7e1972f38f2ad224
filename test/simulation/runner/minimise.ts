/** Makes a failing world smaller, as long as the same rule is broken: what is left shows the cause. */
import type { WorldPlan } from "../world/plan.ts";
import { Search, type PlayPlan } from "./search.ts";
import { withoutDevices, withoutHappenings } from "./fewer-happenings.ts";
import { earlierAndShorter, fewerDevices, firstMoments, simplerWeather, smallerNumbers } from "./simpler.ts";
import type { Played } from "./messages.ts";

export interface MinimiseOptions {
  /** Candidates are played on all of these at once. How many they are does not change what comes out. */
  readonly players: readonly PlayPlan[];
  readonly rule: string;
  /** Asked before candidates are played: what is smallest then is the result. */
  readonly isOver: () => boolean;
  /** After each candidate. */
  readonly onProgress?: (best: WorldPlan, played: number) => void;
}

export interface Minimised {
  readonly plan: WorldPlan;
  /** What the plan came to; undefined if the rule was not broken when the world was played again, as it was given. */
  readonly report: Played | undefined;
  readonly played: number;
  /** Nothing that was known to try makes it smaller. */
  readonly isDone: boolean;
}

/** Deterministic, unless `isOver` cuts it short: then the result is one that was met on the same way. */
export async function minimise(plan: WorldPlan, options: MinimiseOptions): Promise<Minimised> {
  const search = new Search(plan, options);
  if (!(await search.first([plan]))) return { plan, report: undefined, played: search.played, isDone: false };
  // What is simpler later can make more superfluous that was needed before.
  for (let before; before !== search.best && !search.isOver; ) {
    before = search.best;
    await firstMoments(search);
    await withoutDevices(search);
    await withoutHappenings(search);
    await fewerDevices(search);
    await simplerWeather(search);
    await earlierAndShorter(search);
    await smallerNumbers(search);
  }
  return { plan: search.best, report: search.report, played: search.played, isDone: !search.isOver };
}
