/** Plays worlds seed by seed, on several children at once. */
import type { PlayingChild } from "./playing-child.ts";
import { Tally } from "./tally.ts";

/** One of so many worlds is played again, if there is time in another process than the first time. */
export const againEvery = 50;

export interface SeedsOrder {
  readonly from: number;
  /** How many; Infinity if only `isOver` ends it. */
  readonly count: number;
  readonly children: readonly PlayingChild[];
  /** Also after a world that failed. Otherwise only worlds that have begun are played to their end. */
  readonly goesOn: boolean;
  /** Asked before each world. */
  readonly isOver: () => boolean;
  readonly onProgress: (tally: Tally) => void;
}

export async function playSeeds(order: SeedsOrder): Promise<Tally> {
  const tally = new Tally(order.from);
  const jobs = new Jobs(order, tally);
  await Promise.all(order.children.map(async (child) => {
    for (let job = jobs.next(child); job !== undefined; job = jobs.next(child)) {
      const played = await child.play(job.seed);
      if (played === undefined) return;
      if (job.digest === undefined) {
        tally.add(job.seed, played);
        if (job.seed % againEvery === 0 && played.problems.length === 0) jobs.playAgain(job.seed, played.digest, child);
      } else {
        tally.again += 1;
        if (job.digest !== played.digest) tally.addUnlike(job.seed, job.digest, played);
      }
      order.onProgress(tally);
    }
  }));
  tally.end();
  return tally;
}

interface Job {
  readonly seed: number;
  /** What it came to the first time. */
  readonly digest?: string;
}

class Jobs {
  readonly #order: SeedsOrder;
  readonly #tally: Tally;
  readonly #again: { readonly seed: number; readonly digest: string; readonly by: PlayingChild }[] = [];
  #next: number;

  constructor(order: SeedsOrder, tally: Tally) {
    this.#order = order;
    this.#tally = tally;
    this.#next = order.from;
  }

  next(child: PlayingChild): Job | undefined {
    const { from, count, children, goesOn, isOver } = this.#order;
    if (isOver() || (!goesOn && this.#tally.failed.length > 0)) return undefined;
    const hasSeeds = this.#next - from < count;
    const again = this.#again.findIndex(({ by }) => by !== child || !hasSeeds || children.length === 1);
    if (again >= 0) return this.#again.splice(again, 1)[0];
    if (!hasSeeds) return undefined;
    this.#next += 1;
    return { seed: this.#next - 1 };
  }

  playAgain(seed: number, digest: string, by: PlayingChild): void {
    this.#again.push({ seed, digest, by });
  }
}
