/** What is wrong with a configuration, said once for all its faults. */

export interface ConfigProblem {
  /** `listen.c2s.port`, or the name of a file. */
  readonly path: string;
  /** What is wrong, with the value: `expected 1–65535, got 70000`. */
  readonly message: string;
  /** Where the value comes from: `flag --port`; undefined where the message tells. */
  readonly source: string | undefined;
  /** What to do, where the message alone does not tell. */
  readonly fix: string | undefined;
}

/** The configuration cannot be used. The message has one line for each problem. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }

  /** Whether the command line alone is to blame. */
  get isUsage(): boolean {
    return this.problems.every((problem) => problem.source?.startsWith("flag ") ?? false);
  }
}

export function describeProblem({ path, message, source, fix }: ConfigProblem): string {
  return `${path}: ${message}${source === undefined ? "" : ` (${source})`}${fix === undefined ? "" : `; ${fix}`}`;
}
