/** What becomes of a world that broke a rule: it is made smaller, saved, and shown. */
import { caseVersion, saveCase, type SavedCase } from "./case-file.ts";
import { minimise, type Minimised } from "./minimise.ts";
import type { WorldPlan } from "../world/plan.ts";
import type { Played } from "./messages.ts";
import type { PlayingChild } from "./playing-child.ts";
import { excerptOf } from "./excerpt.ts";
import { count, firstLines, momentOf, planLines } from "./report.ts";
import { ruleOfSameness, type FailedSeed } from "./tally.ts";

/** Lines of the plan that are shown; the saved case has all. */
const planLinesMax = 25;
/** Real time for one of the smaller worlds, at most: if what is broken is that it never ends, each costs so much. */
const deadlineMsMax = 10_000;

export interface FailureOptions {
  readonly children: readonly PlayingChild[];
  /** 0 leaves the world as it is. */
  readonly minimiseMs: number;
  /** Real time for a world. */
  readonly deadlineMs: number;
  /** So many people in one room, where the seeds are of such worlds. */
  readonly room: number | undefined;
  readonly isOver: () => boolean;
  readonly folder: () => string;
  readonly onProgress: (line: string) => void;
}

export interface ToldFailure {
  readonly lines: readonly string[];
  /** Of the saved case, if there is one. */
  readonly path?: string;
}

export async function tellFailure({ seed, first }: FailedSeed, options: FailureOptions): Promise<ToldFailure> {
  const alone = `play it: ${playing(seed, options.room)}`;
  const unsaved = (why: string): ToldFailure => ({ lines: [...head(first, seed), `${why}, so there is no case to save`, alone] });
  if (first.rule === ruleOfSameness) return unsaved("one world alone does not show this");
  const [child] = options.children;
  const plan = await child!.planOf(seed);
  const report = plan && (await child!.play(plan));
  if (plan === undefined || report === undefined) return unsaved(options.isOver() ? "interrupted before it was played again" : "its plan cannot be made");
  if (!isBroken(report, first.rule)) return unsaved("the rule held when the world was played again; perhaps it hangs on worlds played before in the same process");
  const smaller = await smallerOf(plan, report, first.rule, options);
  const problem = smaller.report.problems.find(({ rule }) => rule === first.rule)!;
  const { transcript, problems } = smaller.report;
  const [path, ...saved] = save(options.folder, { version: caseVersion, ...problem, found: seed, plan: smaller.plan, transcript });
  const lines = [
    ...head(problem, seed),
    `${smaller.how}:`,
    ...firstLines(planLines(smaller.plan), planLinesMax).map((line) => `  ${line}`),
    "what was said and done, around what went wrong:",
    ...excerptOf(transcript, [first.rule, ...problems.map(({ rule }) => rule)]).map((line) => `  ${line}`),
    ...saved,
    path === undefined ? alone : `play it: npm run simulate -- --replay ${path}`,
  ];
  return path === undefined ? { lines } : { lines, path };
}

/** The command by which the world of a seed is played. */
export function playing(seed: number, room: number | undefined): string {
  return `npm run simulate -- ${room === undefined ? "" : `--room ${room} `}--seed ${seed}`;
}

interface Smaller {
  readonly plan: WorldPlan;
  readonly report: Played;
  /** How it was come by, for people. */
  readonly how: string;
}

async function smallerOf(plan: WorldPlan, report: Played, rule: string, options: FailureOptions): Promise<Smaller> {
  const before = count(plan.happenings.length, "happening");
  if (options.minimiseMs === 0) return { plan, report, how: `as it was found, with ${before}` };
  const { plan: best, report: found, played, isDone } = await minimiseIn(plan, rule, options);
  const rest = isDone ? "" : options.isOver() ? "; interrupted" : "; the time was not enough to try everything";
  if (found === undefined) return { plan, report, how: `not made smaller, with ${before}${rest}` };
  return { plan: best, report: found, how: `made smaller, from ${before} to ${best.happenings.length}, by playing ${count(played, "world")}${rest}` };
}

async function minimiseIn(plan: WorldPlan, rule: string, { children, minimiseMs, deadlineMs, isOver, onProgress }: FailureOptions): Promise<Minimised> {
  const startedMs = performance.now();
  return minimise(plan, {
    rule,
    players: children.map((child) => (plan) => child.play(plan, { deadlineMs: Math.min(deadlineMs, deadlineMsMax) })),
    isOver: () => isOver() || performance.now() - startedMs > minimiseMs,
    onProgress: ({ happenings, devices }, played) => {
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      onProgress(`making it smaller: ${count(happenings.length, "happening")}, ${count(devices.length, "account")}; ${count(played, "world")} played in ${seconds} s`);
    },
  });
}

/** What is known is told in any case: that it cannot be saved is one line more. */
function save(folder: () => string, saved: SavedCase): readonly [path: string | undefined, ...lines: readonly string[]] {
  let place = "";
  try {
    place = folder();
    const path = saveCase(place, saved);
    return [path, `saved: ${path}; all that was said and done is in the .md beside it`];
  } catch (error) {
    return [undefined, `not saved: ${place}: cannot be written into (${(error as NodeJS.ErrnoException).code ?? String(error)}); name another folder with --save`];
  }
}

function isBroken({ problems }: Played, broken: string): boolean {
  return problems.some(({ rule }) => rule === broken);
}

function head({ rule, text, at }: FailedSeed["first"], seed: number): readonly string[] {
  return ["", `BROKEN: ${rule}`, `seed ${seed}, at ${momentOf(at)}:`, ...text.split("\n").map((line) => `  ${line}`)];
}
