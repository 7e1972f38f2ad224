/** What all worlds of a run came to. */
import { createHash } from "node:crypto";
import type { WorldProblem } from "../world/plan.ts";
import { noCounts, type Played } from "./messages.ts";

/** The problem of a world that was played twice and did not come to the same. It cannot be made smaller by playing it. */
export const ruleOfSameness = "The same plan always comes to the same";

export interface FailedSeed {
  readonly seed: number;
  /** What went wrong first. */
  readonly first: WorldProblem;
  /** All rules that were broken, each once. */
  readonly rules: readonly string[];
  /** What was done until then: the less, the sooner it is made smaller. */
  readonly tasks: number;
}

export class Tally {
  readonly startedMs = performance.now();
  readonly failed: FailedSeed[] = [];
  readonly counts: Record<string, number> = { ...noCounts };
  seeds = 0;
  /** Worlds that were played a second time, to see that they come to the same. */
  again = 0;
  clientMs = 0;
  readonly #ahead = new Set<number>();
  #next: number;
  #endedMs: number | undefined;
  #digest = 0n;

  /** `from`: the first seed. */
  constructor(from: number) {
    this.#next = from;
  }

  /** The lowest seed that has not come to its end: who was interrupted goes on from there. */
  get next(): number {
    return this.#next;
  }

  add(seed: number, { problems, clientMs, counts, digest }: Played): void {
    this.seeds += 1;
    this.#ahead.add(seed);
    while (this.#ahead.delete(this.#next)) this.#next += 1;
    this.clientMs += clientMs;
    for (const [name, count] of Object.entries(counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
    const rules = [...new Set(problems.map(({ rule }) => rule))];
    if (problems[0] !== undefined) this.failed.push({ seed, first: problems[0], rules, tasks: counts.tasks });
    // A sum, because worlds do not end in the order of their seeds.
    this.#digest = BigInt.asUintN(64, this.#digest + createHash("sha256").update(JSON.stringify([seed, digest, rules])).digest().readBigUInt64BE());
  }

  addUnlike(seed: number, digest: string, second: Played): void {
    const text = `played once the digest was ${digest}, played again it was ${second.digest}${second.problems.map(({ text }) => `\n${text}`).join("")}`;
    this.failed.push({ seed, first: { rule: ruleOfSameness, text, at: 0 }, rules: [ruleOfSameness], tasks: second.counts.tasks });
  }

  end(): void {
    this.#endedMs ??= performance.now();
  }

  get wallMs(): number {
    return (this.#endedMs ?? performance.now()) - this.startedMs;
  }

  /** Of everything that was said in all worlds: the same seeds always give the same. */
  get digest(): string {
    return this.#digest.toString(16).padStart(16, "0");
  }

  /** How many seeds broke each rule, the most broken first. */
  get rules(): readonly (readonly [rule: string, seeds: number])[] {
    const seeds = new Map<string, number>();
    for (const rule of this.failed.flatMap(({ rules }) => rules)) seeds.set(rule, (seeds.get(rule) ?? 0) + 1);
    return [...seeds].toSorted((a, b) => b[1] - a[1]);
  }
}
