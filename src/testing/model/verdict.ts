/** What a check of a machine came to. Plain JSON, but for the snapshots of a counterexample's steps. */
import type { AnyEventObject } from "xstate";
import type { ModelStep } from "./machine-model.ts";

/** What a check came to: counts, coverage, and the first thing that does not hold. */
export interface Verdict {
  /** Of the machine that was checked. */
  readonly machine: string;
  readonly ok: boolean;
  readonly seed: number;
  /** Scripts that were run; fewer than asked for if one of them failed or somebody interrupted them, none if the exhaustive part failed. */
  readonly runs: number;
  /** Events that were told in them, illegal ones among them. */
  readonly events: number;
  readonly illegalEvents: number;
  /** What was asked for, to make the same scripts again with `seed`, and look at the same states. */
  readonly asked: { readonly runs: number; readonly maxLength: number; readonly exhaustive: boolean; readonly statesMax: number };
  /** Of the exhaustive part. */
  readonly states: number;
  readonly steps: number;
  /** There are more states than `asked.statesMax`: what is said of all states holds of those that were looked at. */
  readonly cutShort: boolean;
  /** `counts`: what `checked` counts. Steps that the rule applied to, if it says itself when it does; otherwise all that it was asked about. */
  readonly invariants: readonly { readonly name: string; readonly source?: string; readonly checked: number; readonly counts: "applied" | "asked" }[];
  readonly coverage: Coverage;
  /** Somebody ended it before all scripts were run: what is said of them holds of those that were. */
  readonly interrupted?: true;
  /** What broke, in its smallest form; undefined where nothing did. */
  readonly counterexample?: Counterexample;
  /** States without a way to the end, and transitions that nothing takes: each a sentence. `ok` is false then. */
  readonly problems: readonly string[];
}

/** How much of a machine was exercised. */
export interface Coverage {
  /**
   * Every transition of the machine, with the number of scripts in which it was taken and whether the exhaustive part took it. `legal`: it
   * was taken in a life in which nothing had happened but what a host could tell.
   */
  readonly transitions: readonly { readonly id: string; readonly scripts: number; readonly exhaustive: boolean; readonly legal: boolean }[];
  /** By guard and transition that has it (`isArmed in closing/timer.expired/0`): whether it was seen to hold and to fail. */
  readonly guards: readonly { readonly id: string; readonly held: boolean; readonly failed: boolean }[];
  /**
   * Consecutive transitions: those that were taken in scripts, and how many there can be according to the exhaustive part; 0 where that was
   * left out, for then nobody knows.
   */
  readonly pairs: { readonly taken: number; readonly possible: number };
}

/** What a machine is told from its start on, one event after the other. */
export interface Script {
  /** Which of the model's starts. */
  readonly start: number;
  readonly events: readonly AnyEventObject[];
}

/** A rule that is broken, and the shortest script that was found to break it. */
export interface Counterexample {
  readonly invariant: { readonly name: string; readonly source?: string };
  readonly problem: string;
  readonly script: Script;
  /** The same, as they were taken; the last one breaks the rule. */
  readonly steps: readonly ModelStep[];
  /** What makes fast-check run the same again. `path` is empty where the exhaustive part found it, which needs no seed. */
  readonly seed: number;
  readonly path: string;
  /** Scripts until the first one failed, and how often it was made smaller: 0 both where the exhaustive part found it. */
  readonly runs: number;
  readonly shrinks: number;
}
