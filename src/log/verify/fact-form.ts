/** Each fact by itself: whether it is one, and whether this refrain can read it. */

import type { StoredFact } from "../../ports.ts";
import { toFact, type FactRow } from "../rows.ts";
import { factVersions } from "../upcasts.ts";
import { misshapen } from "./fact-shape.ts";
import { fixes, type Report } from "./findings.ts";

/** Steps whose facts may still come: those of one batch lie close together. */
const stepsRemembered = 4_096;

export class FactForm {
  readonly #report: Report;
  /** The cause of each step that was seen lately. */
  #causes = new Map<string, string | null>();
  #position = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** undefined for one that cannot be read. */
  read(row: FactRow): StoredFact | undefined {
    const thing = `position ${row.position} (${row.type} ${row.version} of ${row.stream})`;
    const wrong = (problem: string, fix: string = fixes.salvage): undefined => void this.#report({ thing, problem, fix });
    if (row.position <= this.#position) wrong(`expected a position above ${this.#position}`);
    this.#position = row.position;
    if (!isStream(row.stream)) wrong(`expected a stream server, account/HOST/USER, session/HOST/ID, room/HOST/ROOM or invitation/HOST/ID, got ${JSON.stringify(row.stream)}`);
    if (row.at < 0 || row.version < 1 || row.v < 1 || row.step === "") wrong("expected a time, a version and a step");
    const known = factVersions.get(row.type);
    if (known === undefined) return wrong(`${row.type} is a type of fact that this refrain does not know`, fixes.newer);
    if (row.v > known) return wrong(`expected version ${known} of its data at the latest, got ${row.v}`, fixes.newer);
    this.#checkStep(row, wrong);
    try {
      const fact = toFact(row);
      const problem = misshapen(fact.stream, fact.type, fact.data);
      return problem === undefined ? fact : wrong(problem);
    } catch (error) {
      return wrong(`its data cannot be read (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  /** All facts of a step follow from one input. */
  #checkStep({ step, cause }: FactRow, wrong: (problem: string) => void): void {
    const known = this.#causes.get(step);
    if (known !== undefined && known !== cause) wrong(`its step ${step} came of ${known ?? "no other"}, and of ${cause ?? "no other"}`);
    if (cause === step) wrong("its step is its own cause");
    if (this.#causes.size >= stepsRemembered) this.#causes = new Map([...this.#causes].slice(stepsRemembered / 2));
    this.#causes.set(step, cause);
  }
}

export function isStream(stream: string): boolean {
  return /^(?:server|(?:account|session|room|invitation)\/[^/]+\/[^/]+)$/u.test(stream);
}
