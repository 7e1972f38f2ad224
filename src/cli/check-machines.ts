/** `refrain check`: machines are checked one after the other, and what came of it is said and saved. */
import { liveRandom } from "../live.ts";
import type { Random } from "../ports.ts";
import { checkMachine } from "../testing/model/check-machine.ts";
import type { Progress as Phase } from "../testing/model/check-options.ts";
import { asAnyModel, type AnyModel } from "../testing/model/machine-model.ts";
import { verdictText } from "../testing/model/print/verdict-text.ts";
import { sessionModel } from "../testing/model/session-model.ts";
import { subscriptionModel } from "../testing/model/subscription-model.ts";
import type { Verdict } from "../testing/model/verdict.ts";
import { jsonOf, Saved } from "./check-case.ts";
import { Progress } from "./export-progress.ts";
import { countText } from "./sizes.ts";
import { note, print, SaidError, style } from "./terminal.ts";

/** Those that the server runs by. */
export const shippedModels: readonly AnyModel[] = [asAnyModel(sessionModel), asAnyModel(subscriptionModel)];

export interface CheckAsked {
  readonly runs: number;
  /** undefined: another one each time. */
  readonly seed: number | undefined;
  /** A folder for what was found. */
  readonly save: string | undefined;
  /** Files that are there already are replaced. */
  readonly force: boolean;
  readonly json: boolean;
}

/** Rejects with SaidError if something does not hold, with UsageError if it cannot be saved. */
export async function checkMachines(models: readonly AnyModel[], { runs, seed = anySeed(liveRandom), save, force, json }: CheckAsked): Promise<void> {
  const saved = save === undefined ? undefined : await Saved.open(save, force);
  const progress = new Progress();
  const verdicts: Verdict[] = [];
  try {
    for (const model of models) {
      const verdict = checkMachine(model, [], { runs, seed, onProgress: (phase) => progress.show(`${model.name}: ${phaseText(phase)}`) });
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
  const ok = verdicts.every((verdict) => verdict.ok);
  if (json) print(JSON.stringify({ ok, verdicts: verdicts.map(jsonOf) }, null, 2));
  for (const file of saved?.files ?? []) note(`${file}: written`);
  if (!ok) throw new SaidError("something does not hold");
}

/** What was found without scripts is found again without a seed. */
function againText({ machine, seed, counterexample }: Verdict, runs: number): string {
  const isScripted = counterexample === undefined ? runs > 0 : counterexample.path !== "";
  return `refrain check --machine ${machine} --runs ${isScripted ? `${runs} --seed ${seed}` : "0"}`;
}

function phaseText(phase: Phase): string {
  if (phase.phase === "states") return `${countText(phase.done)} states`;
  return `${countText(phase.done)} of ${countText(phase.total)} scripts`;
}

/** 32 bits, as fast-check takes them. */
function anySeed(random: Random): number {
  return Buffer.from(random.bytes(4)).readInt32LE();
}

const codes = { good: "32", bad: "31", title: "1" } as const;

export function paint(text: string, as: keyof typeof codes): string {
  return style(codes[as], text, process.stdout);
}
