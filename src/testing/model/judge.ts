/** Rules held against what happened: the first one that is broken, and how often each was asked. */
import type { Invariant, ModelStep } from "./machine-model.ts";

/** A rule that does not hold, and where. */
export interface Breach {
  readonly invariant: { readonly name: string; readonly source?: string };
  /** What is wrong, in a sentence. */
  readonly problem: string;
  /** The index of the step that broke it. */
  readonly step: number;
}

/** Holds for every machine. */
export const answersInvariant: Invariant = {
  name: "The machine answers every event without an error.",
  step: ({ thrown, after }) => {
    if (thrown !== undefined) return `it threw: ${thrown}`;
    return after.status === "error" ? `it is in error: ${String((after as { readonly error: unknown }).error)}` : undefined;
  },
};

export class Judge {
  readonly invariants: readonly Invariant[];
  /** How often each was held against something. */
  readonly checked: number[];
  readonly #stepwise: readonly (readonly [index: number, check: (step: ModelStep) => string | undefined])[];
  readonly #lifelong: readonly (readonly [index: number, begin: NonNullable<Invariant["life"]>])[];

  constructor(invariants: readonly Invariant[]) {
    this.invariants = [answersInvariant, ...invariants];
    this.checked = this.invariants.map(() => 0);
    this.#stepwise = this.invariants.flatMap(({ state, step }, index) => [
      ...(state === undefined ? [] : [[index, ({ after }: ModelStep) => state(after)] as const]),
      ...(step === undefined ? [] : [[index, step] as const]),
    ]);
    this.#lifelong = this.invariants.flatMap(({ life }, index) => (life === undefined ? [] : [[index, life] as const]));
  }

  /** Rules about one state or one step; lives are not looked at. */
  ofStep(step: ModelStep, place: number): Breach | undefined {
    for (const [index, check] of this.#stepwise) {
      const problem = this.#ask(index, check, step);
      if (problem !== undefined) return this.#breach(index, problem, place);
    }
    return undefined;
  }

  /** Rules about a whole life, from its start. `from`: earlier steps were seen to be right in another life that began the same. */
  ofLife(steps: readonly ModelStep[], from = 0): Breach | undefined {
    const witnesses = this.#lifelong.map(([index, begin]) => [index, begin()] as const);
    for (const [place, step] of steps.entries()) {
      for (const [index, witness] of witnesses) {
        const problem = this.#ask(index, witness, step, place >= from);
        if (problem !== undefined) return this.#breach(index, problem, place);
      }
    }
    return undefined;
  }

  /** All rules, over a whole life: the first step that breaks one. */
  ofScript(steps: readonly ModelStep[]): Breach | undefined {
    const life = this.ofLife(steps);
    const end = life?.step ?? steps.length - 1;
    for (const [place, step] of steps.entries()) {
      if (place > end) break;
      const breach = this.ofStep(step, place);
      if (breach !== undefined) return breach;
    }
    return life;
  }

  #ask(index: number, check: (step: ModelStep) => string | undefined, step: ModelStep, counts = true): string | undefined {
    if (counts) this.checked[index]! += 1;
    try {
      return check(step);
    } catch (error) {
      return `the rule itself threw: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #breach(index: number, problem: string, step: number): Breach {
    const { name, source } = this.invariants[index]!;
    return { invariant: { name, ...(source === undefined ? {} : { source }) }, problem, step };
  }
}
