/** What a check is asked for. What makes no sense is refused: a check that looks at nothing would find that everything holds. */
import { inspect } from "node:util";

export interface CheckOptions {
  /** Generated scripts. Default: 1,000; 0 leaves them out. */
  readonly runs?: number;
  /** Makes the same scripts again. Default: another one each time. */
  readonly seed?: number;
  /** Of a counterexample: goes straight to it, with the seed that it was found with. */
  readonly path?: string;
  /** Events of a script at most. Default: 60. */
  readonly maxLength?: number;
  /** Whether every state is looked at too. Default: true. */
  readonly exhaustive?: boolean;
  /** States at most; more are a problem of their own. Default: 2,000: the session has about 400. */
  readonly statesMax?: number;
  /** Told now and then how far it is: of the exhaustive part the states found so far, of the scripts how many were run. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a check is. */
export type Progress =
  | { readonly phase: "states"; readonly done: number }
  | { readonly phase: "scripts"; readonly done: number; readonly total: number };

export const defaults = { runs: 1_000, maxLength: 60, exhaustive: true, statesMax: 2_000 } as const;

/** Throws TypeError or RangeError, which name the option, what it was, and what it can be. */
export function requireOptions(options: CheckOptions): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`options: expected an object, got ${brief(options)}; leave them out for ${brief(defaults)}`);
  const { runs = defaults.runs, seed, path = "", maxLength, exhaustive = defaults.exhaustive, statesMax, onProgress } = options;
  requireWhole("runs", runs, 0);
  if (maxLength !== undefined) requireWhole("maxLength", maxLength, 1);
  if (statesMax !== undefined) requireWhole("statesMax", statesMax, 1);
  if (seed !== undefined) requireNumber("seed", seed, Number.isFinite(seed), "a number, as a verdict names it", "another one each time");
  if (typeof exhaustive !== "boolean") throw new TypeError(`option exhaustive: expected true or false, got ${brief(exhaustive)}; leave it out for true`);
  if (onProgress !== undefined && typeof onProgress !== "function") throw new TypeError(`option onProgress: expected a function, got ${brief(onProgress)}; leave it out to be told nothing`);
  if (typeof path !== "string" || !/^(?:\d+(?::\d+)*)?$/.test(path)) throw new TypeError(`option path: expected the path of a counterexample, such as "8:1", got ${brief(path)}; leave it out to try all scripts`);
  if (path !== "" && seed === undefined) throw new TypeError(`option path: ${brief(path)} says nothing without the seed that it was found with; give seed too, or leave it out`);
  if (runs === 0 && !exhaustive) throw new RangeError("options runs: 0 and exhaustive: false leave nothing to be checked; give 1 run or more, or leave out exhaustive: false");
}

/** As an error shows what it was given: one line, cut short. */
export function brief(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 5, maxStringLength: 60 }).replaceAll(/\s+/g, " ");
  return text.length > briefMax ? `${text.slice(0, briefMax)}…` : text;
}

const briefMax = 120;
/** What fast-check counts by. */
const wholeMax = 2 ** 31 - 1;

function requireWhole(name: "runs" | "maxLength" | "statesMax", value: unknown, min: number): void {
  const isWhole = Number.isInteger(value) && (value as number) >= min && (value as number) <= wholeMax;
  requireNumber(name, value, isWhole, `a whole number from ${min} to ${wholeMax}`, String(defaults[name]));
}

function requireNumber(name: string, value: unknown, isRight: boolean, expected: string, otherwise: string): void {
  const Wrong = typeof value === "number" ? RangeError : TypeError;
  if (!isRight) throw new Wrong(`option ${name}: expected ${expected}, got ${brief(value)}; leave it out for ${otherwise}`);
}
