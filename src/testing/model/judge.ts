/** Rules held against what happened: the first one that is broken, and how often each applied. */
import { brief } from "./check-options.ts";
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
    return after.status === "error" ? `it is in error: ${messageOf((after as { readonly error: unknown }).error)}` : undefined;
  },
};

/** Its methods throw TypeError where a rule answers something else than a sentence or nothing: that is no breach, the rule is wrong. */
export class Judge {
  readonly invariants: readonly Invariant[];
  /** How often each was held against something: where it says when it applies, only those times. */
  readonly checked: number[];
  /** Whether what follows counts: what is tried to make a counterexample smaller does not. */
  counting = true;
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
    const witnesses = this.#lifelong.map(([index, begin]) => [index, this.#witness(index, begin)] as const);
    for (const [place, step] of steps.entries()) {
      for (const [index, witness] of witnesses) {
        const problem = this.#ask(index, witness, step, true, place >= from);
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

  /** `lifelong`: it is told the step also where it does not apply. */
  #ask(index: number, check: (step: ModelStep) => unknown, step: ModelStep, lifelong = false, counts = true): string | undefined {
    const { name, when } = this.invariants[index]!;
    let applies: unknown = true;
    let said: unknown;
    try {
      if (when !== undefined) applies = when(step);
      if (applies === true || lifelong) said = check(step);
    } catch (error) {
      said = `the rule itself threw: ${messageOf(error)}`;
    }
    if (typeof applies !== "boolean") throw new TypeError(`rule ${brief(name)}: when: expected true or false, got ${brief(applies)}`);
    if (said !== undefined && (typeof said !== "string" || said === "")) throw new TypeError(`rule ${brief(name)}: expected a sentence or undefined, got ${brief(said)}`);
    if (counts && applies && this.counting) this.checked[index]! += 1;
    return said;
  }

  #witness(index: number, begin: NonNullable<Invariant["life"]>): (step: ModelStep) => unknown {
    let witness: unknown;
    try {
      witness = begin();
    } catch (error) {
      return () => {
        throw error;
      };
    }
    if (typeof witness === "function") return witness as (step: ModelStep) => unknown;
    throw new TypeError(`rule ${brief(this.invariants[index]!.name)}: life: expected a function that is told each step, got ${brief(witness)}`);
  }

  #breach(index: number, problem: string, step: number): Breach {
    const { name, source } = this.invariants[index]!;
    return { invariant: { name, ...(source === undefined ? {} : { source }) }, problem, step };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
