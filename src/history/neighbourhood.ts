/** Facts near a place in the log, and those of them that belong together: of one step, and of the steps that led to it. */
import type { StoredFact } from "../ports.ts";
import type { HistorySource } from "./source.ts";

/** What led to something is seldom further away. */
const before = 2_000;
/** The facts of one batch are next to each other. */
const after = 500;

export class Neighbourhood {
  readonly #byStep = new Map<string, StoredFact[]>();

  constructor(facts: Iterable<StoredFact>) {
    for (const fact of facts) {
      const known = this.#byStep.get(fact.step);
      if (known === undefined) this.#byStep.set(fact.step, [fact]);
      else known.push(fact);
    }
  }

  /** In the order in which they were recorded. */
  ofStep(step: string | null): readonly StoredFact[] {
    return step === null ? [] : (this.#byStep.get(step) ?? []);
  }

  /** The steps that led to this one, the first cause first; those that left no fact here end the chain. */
  causesOf(cause: string | null): readonly (readonly StoredFact[])[] {
    const chain: (readonly StoredFact[])[] = [];
    const seen = new Set<string>();
    for (let step = cause; step !== null && !seen.has(step); ) {
      seen.add(step);
      const facts = this.ofStep(step);
      if (facts.length === 0) break;
      chain.unshift(facts);
      step = facts[0]!.cause;
    }
    return chain;
  }
}

export async function neighbourhood(source: HistorySource, position: number): Promise<Neighbourhood> {
  const facts: StoredFact[] = [];
  for (let last = Math.max(0, position - before); last < position + after; ) {
    const page = await source.allFacts(last);
    if (page.length === 0) break;
    facts.push(...page);
    last = page.at(-1)!.position;
  }
  return new Neighbourhood(facts);
}
