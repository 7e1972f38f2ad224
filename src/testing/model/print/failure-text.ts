/** What does not hold, as the message of a failing test has it: what is needed to see it and to see it again, and no more than a screen of it. */
import type { AnyModel } from "../machine-model.ts";
import type { Counterexample, Verdict } from "../verdict.ts";
import { conversationOf, ruleText, visible } from "./conversation.ts";
import { foundHow, optionsAgain } from "./verdict-text.ts";

/** Lines of the conversation; its end is where the rule breaks. */
const conversationMax = 25;
/** Problems that are named. */
const problemsMax = 20;

/** Without a line break at the end. Pure. */
export function failureText(verdict: Verdict, model: AnyModel): string {
  const { machine, counterexample, problems, seed, runs } = verdict;
  return [
    `${machine}: something does not hold`,
    ...(counterexample === undefined ? problemLines(problems) : [
      `  ✗ ${ruleText(counterexample.invariant)}`,
      `    ${visible(counterexample.problem)}`,
      `  ${foundHow(counterexample)}:`,
      `    ${scriptText(counterexample, model)}`,
    ]),
    ...(runs === 0 ? [] : [`  seed: ${seed}`]),
    `  again: assertMachine with ${optionsAgain(verdict)}`,
    ...(counterexample === undefined ? [] : ["", ...lastLines(counterexample, model)]),
  ].join("\n");
}

function problemLines(problems: readonly string[]): readonly string[] {
  const shown = problems.slice(0, problemsMax).map((problem) => `  ✗ ${visible(problem)}`);
  return problems.length > problemsMax ? [...shown, `  … ${problems.length - problemsMax} more`] : shown;
}

/** `plain: stream.opened, link.lost` */
function scriptText({ script: { start, events } }: Counterexample, { starts }: AnyModel): string {
  const told = events.length === 0 ? "told nothing" : events.map(({ type }) => type).join(", ");
  return visible(`${starts[start]?.name ?? start}: ${told}`);
}

function lastLines({ script, steps }: Counterexample, model: AnyModel): readonly string[] {
  const [head = "", ...lines] = conversationOf({ script, steps }, model).split("\n");
  const left = lines.length + 1 - conversationMax;
  const shown = left <= 0 ? lines : [`  … ${left + 1} lines before; conversationOf says them all`, ...lines.slice(left + 1)];
  return [head, ...shown].map((line) => `  ${line}`.trimEnd());
}
