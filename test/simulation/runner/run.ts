/** The two things that the command does: worlds seed by seed, or one that was saved. */
import { readCase } from "./case-file.ts";
import { playing, tellFailure, type ToldFailure } from "./failure.ts";
import { PlayingChild, type Place } from "./playing-child.ts";
import { playSeeds } from "./play-seeds.ts";
import { Progress } from "./progress.ts";
import { lastLine, momentOf, planLines, progressLine, summary } from "./report.ts";
import type { FailedSeed, Tally } from "./tally.ts";

/** Without any word of how many. */
const seedsByDefault = 100;
/** Different rules whose worlds are made smaller, at most. */
const toldMax = 10;
const interrupted = 130;

export interface Flags {
  readonly seeds?: number;
  readonly seed?: number;
  readonly room?: number;
  readonly minutes?: number;
  readonly from: number;
  readonly jobs: number;
  readonly keepGoing?: boolean;
  readonly deadline: number;
  readonly minimise: number;
  readonly save?: string;
  readonly replay?: string;
  readonly json?: boolean;
}

export interface RunParts {
  readonly flags: Flags;
  readonly place: Place;
  readonly print: (line: string) => void;
  readonly stop: AbortSignal;
  /** Where cases are saved; asked only if there is one. */
  readonly folder: () => string;
}

/** The answer is the exit status. */
export async function runSeeds({ flags, place, print, stop, folder }: RunParts): Promise<number> {
  const { seed, minutes = Infinity } = flags;
  const count = seed === undefined ? (flags.seeds ?? (flags.minutes === undefined ? seedsByDefault : Infinity)) : 1;
  const progress = new Progress();
  return withChildren(flags, flags.jobs, place, stop, async (children) => {
    const untilMs = performance.now() + minutes * 60_000;
    const tally = await playSeeds({
      from: seed ?? flags.from,
      count,
      children,
      goesOn: flags.keepGoing === true,
      isOver: () => stop.aborted || performance.now() >= untilMs,
      onProgress: (tally) => progress.show(() => progressLine(tally, count)),
    });
    const told: (ToldFailure & FailedSeed)[] = [];
    for (const failure of stop.aborted ? [] : toTell(tally, flags.keepGoing === true).slice(0, toldMax)) {
      const one = await tellFailure(failure, {
        children,
        minimiseMs: flags.minimise * 1_000,
        deadlineMs: deadlineOf(flags),
        room: flags.room,
        isOver: () => stop.aborted,
        folder,
        onProgress: (line) => progress.show(() => line),
      });
      progress.clear();
      told.push({ ...failure, ...one });
      if (flags.json !== true) for (const line of one.lines) print(line);
    }
    progress.clear();
    if (flags.json === true) print(JSON.stringify(asJson(tally, told, stop.aborted)));
    else print(["", ...untold(tally, told, flags), ...(stop.aborted ? [`interrupted; ${goOn(tally, flags, count)}`] : []), summary(tally), lastLine(tally)].join("\n"));
    if (stop.aborted) return interrupted;
    return tally.failed.length > 0 ? 1 : 0;
  });
}

/** The answer is the exit status: 0 if every rule holds. */
export async function replayCase(path: string, { flags, place, print, stop }: RunParts): Promise<number> {
  const { rule, plan } = readCase(path);
  return withChildren(flags, 1, place, stop, async ([child]) => {
    const report = await child!.play(plan, { isTold: true });
    if (report === undefined) {
      print(`interrupted; play it again: npm run simulate -- --replay ${path}`);
      return interrupted;
    }
    const { problems, transcript, digest } = report;
    const isSame = problems.some((problem) => problem.rule === rule);
    if (flags.json === true) {
      print(JSON.stringify({ saved: rule, isBroken: isSame, problems, transcript, digest }));
      return problems.length === 0 ? 0 : 1;
    }
    for (const line of [...planLines(plan), "", ...transcript, ""]) print(line);
    for (const { rule, text, at } of problems) print(`BROKEN at ${momentOf(at)}: ${rule}\n${text}\n`);
    const others = problems.length > 0 ? "; but others are broken" : "";
    print(isSame ? `still broken: ${rule}` : `this rule holds now: ${rule}${others}`);
    return problems.length === 0 ? 0 : 1;
  });
}

/** Milliseconds of real time for one world. Everybody in a room is told of everybody: many take long. */
function deadlineOf({ deadline, room = 0 }: Flags): number {
  return (deadline + room) * 1_000;
}

async function withChildren(
  flags: Flags,
  count: number,
  place: Place,
  stop: AbortSignal,
  use: (children: readonly PlayingChild[]) => Promise<number>,
): Promise<number> {
  const children = Array.from({ length: count }, () => new PlayingChild(place, deadlineOf(flags), flags.room));
  const end = (): void => {
    for (const child of children) child.end();
  };
  stop.addEventListener("abort", end);
  process.on("exit", end);
  try {
    return await use(children);
  } finally {
    stop.removeEventListener("abort", end);
    process.off("exit", end);
    end();
  }
}

/**
 * For each rule that was the first to be broken somewhere: the seed with the least to do, in the order of seeds. If the first broken world ended
 * the run, that of the lowest seed, for how many others had begun is chance.
 */
function toTell({ failed }: Tally, goesOn: boolean): readonly FailedSeed[] {
  const sorted = failed.toSorted((a, b) => (goesOn ? a.tasks - b.tasks : 0) || a.seed - b.seed);
  if (!goesOn) return sorted.slice(0, 1);
  const chosen = new Map<string, FailedSeed>();
  for (const failure of sorted) if (!chosen.has(failure.first.rule)) chosen.set(failure.first.rule, failure);
  return [...chosen.values()].toSorted((a, b) => a.seed - b.seed);
}

function untold({ failed }: Tally, told: readonly FailedSeed[], { room }: Flags): readonly string[] {
  const rest = failed.filter(({ seed }) => !told.some((one) => one.seed === seed)).map(({ seed }) => seed).toSorted((a, b) => a - b);
  if (rest.length === 0) return [];
  const which = rest.length === 1 ? "this seed" : "these seeds";
  return [`broken with ${which}${told.length === 0 ? "" : " too"}: ${rest.slice(0, 20).join(", ")}${rest.length > 20 ? " …" : ""}; play one: ${playing(rest[0]!, room)}`];
}

/** How the seeds are played that were not, or not to their end; seeds above the one it begins with may have been played too. */
function goOn({ next }: Tally, { seed, room, from, seeds, minutes, keepGoing, save }: Flags, count: number): string {
  if (next >= (seed ?? from) + count) return "every seed was played";
  const left = seed === undefined ? ["--from", next, ...(seeds === undefined && minutes !== undefined ? [] : ["--seeds", from + count - next])] : ["--seed", seed];
  const same = [...(room === undefined ? [] : ["--room", room]), ...(minutes === undefined ? [] : ["--minutes", minutes]), ...(keepGoing === true ? ["--keep-going"] : []), ...(save === undefined ? [] : ["--save", save])];
  return `go on: npm run simulate -- ${[...left, ...same].join(" ")}`;
}

function asJson(tally: Tally, told: readonly (ToldFailure & FailedSeed)[], isInterrupted: boolean): unknown {
  const { seeds, again, next, clientMs, wallMs, counts, digest, rules, failed } = tally;
  return {
    seeds, again, next, clientMs, wallMs: Math.round(wallMs), counts, digest, isInterrupted,
    problems: rules.map(([rule, seeds]) => ({ rule, seeds })),
    failed: failed.map(({ seed, rules }) => ({ seed, rules })),
    cases: told.map(({ seed, first, path }) => ({ seed, rule: first.rule, text: first.text, path: path ?? null })),
  };
}
