/** All extensions of a server: its own, those in files of the operator, and those that whoever starts it gives; checked against each other. */
import { ConfigError, type ConfigProblem } from "../config/errors.ts";
import type { Extension } from "../router/extension.ts";
import { ownSessionState } from "../router/session-state.ts";
import { conflicts } from "./conflicts.ts";
import { loadFile } from "./file.ts";
import { formProblems } from "./form.ts";
import { guarded } from "./guarded.ts";
import { problemOf, type Given } from "./problem.ts";

export interface Origins {
  readonly own: readonly Extension[];
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly given: readonly Extension[];
}

/** In this order. Rejects with a ConfigError that tells all that is wrong with any of them. */
export async function gatherExtensions({ own, files, given }: Origins): Promise<readonly Extension[]> {
  const loaded: Given<unknown>[] = [];
  const problems = [];
  for (const [index, file] of files.entries()) {
    const outcome = await loadFile(file, `extensions[${index}]`);
    loaded.push(...outcome.given);
    problems.push(...outcome.problems);
  }
  const others = [...loaded, ...given.map((value, index) => ({ value, path: `extensions[${index}]`, source: "given to startServer" }))];
  const wrong = others.map((each) => ({ each, problems: formProblems(each) }));
  const sound = wrong.flatMap(({ each, problems }) => (problems.length === 0 ? [each as Given] : []));
  const known = own.map((value) => ({ value, path: "", source: undefined }));
  problems.push(...wrong.flatMap(({ problems }) => problems), ...conflicts([...known, ...sound]));
  if (problems.length > 0) throw new ConfigError(problems);
  const taken = [...known, ...sound].flatMap(ownStates);
  if (taken.length > 0) throw new ConfigError(taken);
  return [...own, ...sound.map(({ value }) => guarded(value))];
}

/** From here on a session's state is set by its own extension alone: that which has it as its `sessionState`. */
function ownStates(given: Given): readonly ConfigProblem[] {
  const { name, sessionState } = given.value;
  const owner = sessionState === undefined ? name : ownSessionState(sessionState, name);
  return owner === name ? [] : [problemOf(given, ".sessionState", `is that of extension ${owner} already`, "make one for each, with sessionState(…)")];
}
