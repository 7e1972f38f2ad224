/** Whether a session of a damaged log can go on from what is left of its stream. */
import type { SessionJudgement } from "../log/salvage/mend-sessions.ts";
import type { StoredFact } from "../ports.ts";
import { HistoryError } from "./errors.ts";
import { evolveSession, type SessionMoment } from "./session-fold.ts";

/** Every fact that is left, in order. Where versions are missing the fold begins again at the next snapshot. */
export function judgeSession(facts: readonly StoredFact[]): SessionJudgement {
  const doubted: number[] = [];
  let [moment, version, problem]: [SessionMoment | undefined, number, string | undefined] = [undefined, 0, undefined];
  for (const fact of facts) {
    const before = fact.version === version + 1 && problem === undefined ? moment : undefined;
    version = fact.version;
    try {
      const next = evolveSession(before, fact);
      moment = next.moment;
      problem = moment === undefined ? "no snapshot is left of it" : undefined;
      if (next.disagreements.length > 0) {
        problem = "its facts do not agree with each other";
        if (fact.type === "SessionSnapshotTaken") doubted.push(fact.version);
      }
    } catch (error) {
      problem = error instanceof HistoryError ? error.message : `its fact ${fact.version} cannot be folded (${String(error)})`;
    }
  }
  return { doubted, problem };
}
