/** `refrain check`: machines are checked one after the other, and what came of it is said and saved. */
import { liveClock, liveRandom } from "../live.ts";
import type { Random } from "../ports.ts";
import { checkInTurns } from "../testing/model/check-machine.ts";
import type { Progress as Phase } from "../testing/model/check-options.ts";
import { asAnyModel, type AnyModel } from "../testing/model/machine-model.ts";
import { verdictText } from "../testing/model/print/verdict-text.ts";
import type { Turn } from "../testing/model/run-scripts.ts";
import { boshModel } from "../testing/model/bosh-model.ts";
import { roomModel } from "../testing/model/room-model.ts";
import { sessionModel } from "../testing/model/session-model.ts";
import { subscriptionModel } from "../testing/model/subscription-model.ts";
import type { Verdict } from "../testing/model/verdict.ts";
import { jsonOf, Saved } from "./check-case.ts";
import { Progress } from "./export-progress.ts";
import { countText } from "./sizes.ts";
import { note, print, SaidError, style } from "./terminal.ts";

/** Those that the server runs by. */
export const shippedModels: readonly AnyModel[] = [asAnyModel(sessionModel), asAnyModel(subscriptionModel), asAnyModel(roomModel), asAnyModel(boshModel)];

export interface CheckAsked {
  readonly runs: number;
  /** undefined: another one each time. */
  readonly seed: number | undefined;
  /** A folder for what was found. */
  readonly save: string | undefined;
  /** Files that are there already are replaced. */
  readonly force: boolean;
  readonly json: boolean;
  /** Aborted, the check ends soon, and what was found so far is said and saved. */
  readonly stop?: AbortSignal;
}

/**
 * Says whether all was done: not if it was stopped. Rejects with SaidError if something does not hold, with UsageError if it cannot be saved.
 */
export async function checkMachines(models: readonly AnyModel[], { runs, seed = anySeed(liveRandom), save, force, json, stop }: CheckAsked): Promise<boolean> {
  const saved = save === undefined ? undefined : await Saved.open(save, force);
  const progress = new Progress();
  const verdicts: Verdict[] = [];
  const turn = turnsUntil(stop);
  try {
    for (const model of models) {
      if (verdicts.length > 0 && (await turn()) === "stop") break;
      const verdict = await checkInTurns(model, { runs, seed, onProgress: (phase) => progress.show(`${model.name}: ${phaseText(phase)}`) }, turn);
      progress.clear();
      const again = againText(verdict, runs);
      if (!json) print(`${verdicts.length === 0 ? "" : "\n"}${verdictText(verdict, model, { again, paint })}`);
      verdicts.push(verdict);
      await saved?.add(verdict, model, again);
    }
    await saved?.finish();
  } finally {
    progress.clear();
  }
  const rest = models.slice(verdicts.length);
  const interrupted = rest.length > 0 || verdicts.some((verdict) => verdict.interrupted);
  const ok = verdicts.every((verdict) => verdict.ok);
  if (json) print(JSON.stringify({ ok: ok && !interrupted, ...(interrupted ? { interrupted } : {}), verdicts: verdicts.map(jsonOf) }, null, 2));
  else for (const { name } of rest) print(`\n${paint(name, "title")}: interrupted before it was begun\n  again: ${commandOf(name, runs, seed)}`);
  for (const file of saved?.files ?? []) note(`${file}: written`);
  if (!ok && !interrupted) throw new SaidError("something does not hold");
  return !interrupted;
}

/** Milliseconds between two looks at whether it is to stop: signals wait until then. */
const turnMs = 50;

function turnsUntil(stop: AbortSignal | undefined): Turn {
  let next = liveClock.now() + turnMs;
  return () => {
    if (stop?.aborted === true) return "stop";
    if (liveClock.now() < next) return undefined;
    return new Promise((resolve) => liveClock.soon(() => {
      next = liveClock.now() + turnMs;
      resolve(stop?.aborted === true ? "stop" : undefined);
    }));
  };
}

/** What was found without scripts is found again without a seed. */
function againText({ machine, seed, counterexample }: Verdict, runs: number): string {
  const isScripted = counterexample === undefined ? runs > 0 : counterexample.path !== "";
  return commandOf(machine, isScripted ? runs : 0, seed);
}

function commandOf(machine: string, runs: number, seed: number): string {
  return `refrain check --machine ${machine} --runs ${runs === 0 ? "0" : `${runs} --seed ${seed}`}`;
}

function phaseText(phase: Phase): string {
  if (phase.phase === "states") return `${countText(phase.done)} ${phase.done === 1 ? "state" : "states"}`;
  return `${countText(phase.done)} of ${countText(phase.total)} ${phase.total === 1 ? "script" : "scripts"}`;
}

/** 32 bits, as fast-check takes them. */
function anySeed(random: Random): number {
  return Buffer.from(random.bytes(4)).readInt32LE();
}

const codes = { good: "32", bad: "31", title: "1" } as const;

export function paint(text: string, as: keyof typeof codes): string {
  return style(codes[as], text, process.stdout);
}
