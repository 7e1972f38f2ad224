/** Whether a session of a damaged log can go on from what is left of its stream. */
import type { SessionJudgement } from "../log/salvage/mend-sessions.ts";
import type { StoredFact } from "../ports.ts";
import { HistoryError } from "./errors.ts";
import { evolveSession, type Fold, type SessionMoment } from "./session-fold.ts";
import { contextProblem } from "./session-form.ts";

/** Every fact that is left, in order. Where versions are missing the fold begins again at the next snapshot. */
export function judgeSession(facts: readonly StoredFact[]): SessionJudgement {
  const doubted: number[] = [];
  let [moment, version, problem]: [SessionMoment | undefined, number, string | undefined] = [undefined, 0, undefined];
  let sound: number | undefined;
  for (const fact of facts) {
    const before = fact.version === version + 1 ? moment : undefined;
    version = fact.version;
    try {
      const next = evolveSession(before, fact);
      const agrees = next.disagreements.length === 0;
      if (!agrees) doubted.push(fact.version);
      moment = mustBeSound(agrees ? next : evolveSession(undefined, fact), fact);
      if (moment !== undefined && fact.type === "SessionSnapshotTaken") sound = fact.version;
      if (!agrees) problem = "its facts do not agree with each other";
      else if (moment === undefined) problem ??= "no snapshot is left of it";
      else if (fact.type === "SessionSnapshotTaken") problem = undefined;
    } catch (error) {
      moment = undefined;
      problem = error instanceof HistoryError ? error.message : `its fact ${fact.version} cannot be folded (${String(error)})`;
    }
  }
  return { doubted, problem, sound };
}

function mustBeSound({ moment }: Fold, { stream, position }: StoredFact): SessionMoment | undefined {
  const problem = moment && contextProblem(moment.machine.context, stream.split("/")[1] ?? "");
  if (problem !== undefined) throw new HistoryError(`position ${position} of the log: ${problem}`);
  return moment;
}
