/** The smallest failing world that is known, and the trying of others. */
import { planSchema } from "./plan-schema.ts";
import type { WorldPlan } from "../world/plan.ts";
import type { Played } from "./messages.ts";

/** undefined if it could not be played. */
export type PlayPlan = (plan: WorldPlan) => Promise<Played | undefined>;

export interface SearchOptions {
  readonly players: readonly PlayPlan[];
  readonly rule: string;
  readonly isOver: () => boolean;
  readonly onProgress?: (best: WorldPlan, played: number) => void;
}

export class Search {
  readonly #options: SearchOptions;
  readonly #tried = new Set<string>();
  #best: WorldPlan;
  #report: Played | undefined;
  #played = 0;
  #isOver = false;

  constructor(plan: WorldPlan, options: SearchOptions) {
    this.#best = plan;
    this.#options = options;
  }

  get best(): WorldPlan {
    return this.#best;
  }

  /** What the best came to; undefined until something has failed. */
  get report(): Played | undefined {
    return this.#report;
  }

  get played(): number {
    return this.#played;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The first candidate that breaks the rule becomes the best. They are played some at once, but taken in their order.
   * What is no plan, and what was tried before, is passed over. False if there is none, or if the time is over.
   */
  async first(candidates: Iterable<WorldPlan>): Promise<boolean> {
    const { players, isOver } = this.#options;
    const untried = this.#untried(candidates);
    for (;;) {
      this.#isOver ||= isOver();
      if (this.#isOver) return false;
      const batch = take(untried, players.length);
      if (batch.length === 0) return false;
      const reports = await Promise.all(batch.map((plan, i) => this.#play(players[i]!, plan)));
      const found = reports.findIndex((report) => report?.problems.some(({ rule }) => rule === this.#options.rule));
      // Those behind it are tried again if they come again: so many or few at once lead the same way.
      for (const plan of found < 0 ? batch : batch.slice(0, found)) this.#tried.add(JSON.stringify(plan));
      if (found < 0) continue;
      this.#best = batch[found]!;
      this.#report = reports[found];
      return true;
    }
  }

  async #play(play: PlayPlan, plan: WorldPlan): Promise<Played | undefined> {
    const report = await play(plan);
    this.#played += 1;
    this.#options.onProgress?.(this.#best, this.#played);
    return report;
  }

  *#untried(candidates: Iterable<WorldPlan>): Generator<WorldPlan, undefined> {
    for (const plan of candidates) {
      const text = JSON.stringify(plan);
      const isBest = this.#report !== undefined && text === JSON.stringify(this.#best);
      if (!isBest && !this.#tried.has(text) && planSchema.safeParse(plan).success) yield plan;
    }
  }
}

/** By hand: `for … of` would end the generator. */
function take(plans: Generator<WorldPlan, undefined>, count: number): readonly WorldPlan[] {
  const taken: WorldPlan[] = [];
  while (taken.length < count) {
    const next = plans.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}
