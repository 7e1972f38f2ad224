/** What generated scripts exercise of a machine: always the same ones, so that a picture of it can be pinned. */
import { checkMachine } from "../src/testing/model/check-machine.ts";
import { asAnyModel, type AnyModel } from "../src/testing/model/machine-model.ts";
import { boshModel } from "../src/testing/model/bosh-model.ts";
import { roomModel } from "../src/testing/model/room-model.ts";
import { sessionModel } from "../src/testing/model/session-model.ts";
import { subscriptionModel } from "../src/testing/model/subscription-model.ts";
import type { Verdict } from "../src/testing/model/verdict.ts";
import type { Plan, Box, Line, Mark } from "./plan.ts";

/** Few enough that the pictures are drawn at once, and so many that the numbers mean something. */
export const exercisedRuns = 500;
export const exercisedSeed = 1;

export interface Exercised {
  /** Of the scripts. */
  readonly verdict: Verdict;
  /** Of the exhaustive part. */
  readonly whole: Verdict;
  /** In how many scripts each transition was taken, by its name. */
  readonly scripts: ReadonlyMap<string, number>;
}

export const exercisedSession = once(() => exercised(asAnyModel(sessionModel)));
export const exercisedSubscription = once(() => exercised(asAnyModel(subscriptionModel)));
export const exercisedRoom = once(() => exercised(asAnyModel(roomModel)));
export const exercisedBosh = once(() => exercised(asAnyModel(boshModel)));

/** Whether the rules hold is tested elsewhere. */
function exercised(model: AnyModel): Exercised {
  const bare = { ...model, invariants: [] };
  const verdict = checkMachine(bare, [], { runs: exercisedRuns, seed: exercisedSeed, exhaustive: false });
  const whole = checkMachine(bare, [], { runs: 0 });
  return { verdict, whole, scripts: new Map(verdict.coverage.transitions.map(({ id, scripts }) => [id, scripts])) };
}

/** Each line of the plan with the number of scripts that took its transition. */
export function markedPlan(plan: Plan, scripts: ReadonlyMap<string, number>): Plan {
  const marked = (line: Line): Line => {
    const mark = markOf(line.transitions.map((id) => scripts.get(id) ?? 0));
    return mark === undefined ? line : { ...line, mark };
  };
  const box = (each: Box): Box => ({
    ...each,
    notes: each.notes.map((note) => ({ ...note, lines: note.lines.map(marked) })),
    children: each.children.map(box),
  });
  return {
    ...plan,
    way: plan.way.map(box),
    ends: plan.ends.map(box),
    arrows: plan.arrows.map((arrow) => ({ ...arrow, lines: arrow.lines.map(marked) })),
  };
}

/** Where a line stands for several transitions, from the least of them to the most, in the colour of the least. */
function markOf(counts: readonly number[]): Mark | undefined {
  if (counts.length === 0) return undefined;
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return { text: least === most ? String(least) : `${least}–${most}`, heat: heatOf(least) };
}

/** Bounds in scripts, from which on a transition counts as taken so often. */
export const heatBounds = { seldom: 1, some: exercisedRuns / 100, often: exercisedRuns / 10, mostly: exercisedRuns / 2 } as const;

function heatOf(count: number): Mark["heat"] {
  if (count >= heatBounds.mostly) return "mostly";
  if (count >= heatBounds.often) return "often";
  if (count >= heatBounds.some) return "some";
  return count >= heatBounds.seldom ? "seldom" : "never";
}

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
