/** What a check came to, to be read: coverage, how often each rule applied, and what breaks one. */
import { defaults } from "../check-options.ts";
import type { AnyModel } from "../machine-model.ts";
import type { Counterexample, Coverage, Verdict } from "../verdict.ts";
import { conversationOf, ruleText, visible } from "./conversation.ts";
import { sequenceDiagramOf } from "./sequence-diagram.ts";

/** How a verdict is written. */
export interface VerdictTextOptions {
  /** How the same is run again: a command. Default: the options of `checkMachine`. */
  readonly again?: string;
  /** For what stands out, where it is shown: `good`, `bad` or `title`. Default: as it is. */
  readonly paint?: (text: string, as: "good" | "bad" | "title") => string;
}

/** Of what is missing, lines that are shown. */
const missingMax = 20;

/** Without a line break at the end. Pure. */
export function verdictText(verdict: Verdict, model: AnyModel, options: VerdictTextOptions = {}): string {
  const paint = options.paint ?? ((text) => text);
  const { machine, ok, counterexample, problems } = verdict;
  const lines = [
    `${paint(machine, "title")}: ${headOf(verdict, paint)}`,
    ...(counterexample === undefined ? [] : ["", ...failureLines(counterexample, model, paint)]),
    ...(problems.length === 0 ? [] : ["", ...problems.map((problem) => `  ${paint("✗", "bad")} ${visible(problem)}`)]),
    ...(ok && !verdict.interrupted ? [] : ["", `  again: ${options.again ?? `checkMachine with ${optionsAgain(verdict)}`}`, ""]),
    ...countLines(verdict),
    ...coverageLines(verdict, model),
    ...invariantLines(verdict.invariants),
  ];
  return lines.join("\n");
}

function headOf(verdict: Verdict, paint: NonNullable<VerdictTextOptions["paint"]>): string {
  if (!verdict.ok) return paint("something does not hold", "bad");
  return verdict.interrupted ? "interrupted; until then everything held" : paint("everything holds", "good");
}

/** What was found without scripts needs none; what a script showed is found by it at once. */
export function optionsAgain({ seed, asked: { runs, maxLength, exhaustive, statesMax }, counterexample }: Verdict): string {
  const length = maxLength === defaults.maxLength ? {} : { maxLength };
  const states = { ...(exhaustive ? {} : { exhaustive }), ...(statesMax === defaults.statesMax ? {} : { statesMax }) };
  const again =
    counterexample === undefined ? { ...(runs === 0 ? { runs } : { seed, runs, ...length }), ...states }
    : counterexample.path === "" ? { runs: 0, ...states }
    : { seed, path: counterexample.path, ...length, exhaustive: false };
  return `{ ${Object.entries(again).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ")} }`;
}

function failureLines(found: Counterexample, model: AnyModel, paint: NonNullable<VerdictTextOptions["paint"]>): readonly string[] {
  const { invariant, problem, script, steps } = found;
  return [
    `  ${paint("✗", "bad")} ${ruleText(invariant)}`,
    `    ${visible(problem)}`,
    `    ${foundHow(found)}:`,
    "",
    ...indented(conversationOf({ script, steps }, model)),
    "",
    "    the same as a diagram (Mermaid):",
    "",
    ...indented(sequenceDiagramOf(found, model).trimEnd()),
  ];
}

export function foundHow({ path, runs, shrinks, script }: Counterexample): string {
  const told = script.events.length === 1 ? "one event" : `${script.events.length} events`;
  if (path === "") return `found by telling every state everything; no way there is shorter than ${told}`;
  return `found by script ${number(runs)}, made smaller ${shrinks === 1 ? "once" : `${number(shrinks)} times`}, to ${told}`;
}

function indented(text: string): readonly string[] {
  return text.split("\n").map((line) => `    ${line}`.trimEnd());
}

function countLines({ runs, asked, interrupted, events, illegalEvents, seed, states, steps, cutShort }: Verdict): readonly string[] {
  const scripts = interrupted ? `${number(runs)} of ${counted(asked.runs, "script")}` : counted(runs, "script");
  const illegal = illegalEvents === 0 ? "" : `, ${number(illegalEvents)} of them such as no host tells`;
  return [
    runs === 0 && !interrupted ? "  no scripts" : `  ${scripts} with ${counted(events, "event")}${illegal}; seed ${seed}`,
    ...(states === 0 ? [] : [`  ${counted(states, "state")}, ${cutShort ? "not all that can be reached: it was cut short," : "all that can be reached,"} and ${cutShort ? "" : "the "}${counted(steps, "step")} between them`]),
  ];
}

function coverageLines({ coverage: { transitions, guards, pairs }, runs, cutShort }: Verdict, { illegal }: AnyModel): readonly string[] {
  const missed = transitions.filter(({ scripts, exhaustive }) => scripts === 0 && !exhaustive);
  const unscripted = transitions.filter(({ scripts, exhaustive }) => scripts === 0 && exhaustive);
  const untold = illegal === undefined ? [] : transitions.filter(({ scripts, exhaustive, legal }) => (scripts > 0 || exhaustive) && !legal);
  const taken = `${transitions.length - missed.length - untold.length} of ${transitions.length}`;
  const oneSided = guards.filter(({ held, failed }) => !held || !failed);
  return [
    `  transitions taken: ${taken}${unscripted.length === 0 || runs === 0 ? "" : `, ${unscripted.length} of them by no script`}`,
    ...missing(missed.map(({ id }) => `never taken: ${id}`)),
    ...missing(untold.map(({ id }) => `only by what no host tells: ${id}`)),
    `  guards seen to hold and to fail: ${guards.length - oneSided.length} of ${guards.length}`,
    ...missing(oneSided.map(({ id, held, failed }) => `${id}: ${held ? "never failed" : failed ? "never held" : "never asked"}`)),
    `  pairs of consecutive transitions by scripts: ${shareOf(pairs, cutShort)}`,
  ];
}

/** Of how many, only the exhaustive part can tell. */
export function shareOf({ taken, possible }: Coverage["pairs"], cutShort: boolean): string {
  if (possible === 0) return number(taken);
  return cutShort ? `${number(taken)} of ${number(possible)} or more` : `${number(taken)} of ${number(possible)} (${percent(taken, possible)})`;
}

function missing(lines: readonly string[]): readonly string[] {
  const shown = lines.slice(0, missingMax).map((line) => `    - ${line}`);
  return lines.length > missingMax ? [...shown, `    - … ${lines.length - missingMax} more`] : shown;
}

function invariantLines(invariants: Verdict["invariants"]): readonly string[] {
  const width = Math.max(0, ...invariants.map(({ checked }) => number(checked).length));
  const unused = invariants.filter(({ checked }) => checked === 0);
  return [
    ...(unused.length === 0 ? [] : [`  rules of which nothing is known: ${unused.length} of ${invariants.length}`]),
    ...missing(unused.map((rule) => `never ${rule.counts}: ${ruleText(rule)}`)),
    "  rules, and how often each applied, or was asked where it does not say when it applies",
    ...invariants.map((rule) => `    ${number(rule.checked).padStart(width)}  ${rule.counts.padEnd("applied".length)}  ${ruleText(rule)}`),
  ];
}

function percent(part: number, whole: number): string {
  // Never rounded up to all of them.
  return `${Math.floor((100 * part) / whole)} %`;
}

function counted(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `1,234,567`, wherever it is run. */
function number(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
