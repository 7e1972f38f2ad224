/** What becomes of a world that broke a rule: it is made smaller, saved, and shown. */
import { saveCase, caseVersion, type SavedCase } from "./case-file.ts";
import { minimise, type Minimised } from "./minimise.ts";
import type { PlayingChild } from "./playing-child.ts";
import { momentOf, planLines, someLines } from "./report.ts";
import { ruleOfSameness, type FailedSeed } from "./tally.ts";

/** Lines of the plan and of the transcript that are shown; the saved case has all. */
const linesShown = 60;
/** Real time for one of the smaller worlds, at most: if what is broken is that it never ends, each costs so much. */
const deadlineMsMax = 10_000;

export interface FailureOptions {
  readonly children: readonly PlayingChild[];
  readonly minimiseMs: number;
  /** Real time for a world. */
  readonly deadlineMs: number;
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
  const plan = options.minimiseMs > 0 && first.rule !== ruleOfSameness ? await options.children[0]!.planOf(seed) : undefined;
  const alone = `npm run simulate -- --seed ${seed}`;
  if (plan === undefined) return { lines: [...head(first, seed), `play it: ${alone}`] };
  const smaller = await minimiseIn(plan, first.rule, options);
  const { report } = smaller;
  if (report === undefined) {
    return { lines: [...head(first, seed), `the rule held when the world was played again; perhaps it hangs on worlds played before in the same process: ${alone}`] };
  }
  const problem = report.problems.find(({ rule }) => rule === first.rule)!;
  const saved: SavedCase = { version: caseVersion, ...problem, found: seed, plan: smaller.plan, transcript: report.transcript };
  const path = saveCase(options.folder(), saved);
  return {
    path,
    lines: [
      ...head(problem, seed),
      `made smaller, from ${plan.happenings.length} happenings to ${smaller.plan.happenings.length}, by playing ${smaller.played} worlds${smaller.isDone ? "" : "; the time was not enough to try everything"}:`,
      ...someLines(planLines(smaller.plan), linesShown, "first").map((line) => `  ${line}`),
      "what was said and done:",
      ...someLines(report.transcript, linesShown, "last").map((line) => `  ${line}`),
      `saved: ${path} (and .md)`,
      `play it: npm run simulate -- --replay ${path}`,
    ],
  };
}

async function minimiseIn(plan: SavedCase["plan"], rule: string, { children, minimiseMs, deadlineMs, isOver, onProgress }: FailureOptions): Promise<Minimised> {
  const startedMs = performance.now();
  return minimise(plan, {
    rule,
    players: children.map((child) => (plan) => child.play(plan, { deadlineMs: Math.min(deadlineMs, deadlineMsMax) })),
    isOver: () => isOver() || performance.now() - startedMs > minimiseMs,
    onProgress: ({ happenings, devices }, played) => {
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      onProgress(`making it smaller: ${happenings.length} happenings, ${devices.length} accounts; ${played} worlds played in ${seconds} s`);
    },
  });
}

function head({ rule, text, at }: FailedSeed["first"], seed: number): readonly string[] {
  return ["", `BROKEN: ${rule}`, `seed ${seed}, at ${momentOf(at)}:`, ...text.split("\n").map((line) => `  ${line}`)];
}
