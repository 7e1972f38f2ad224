/** The page beside the pictures: the same machines in words, for readers and for search. */
import type { Chart, ChartState, ChartTransition } from "./chart.ts";
import type { Message } from "./contract.ts";
import { code, codes, table } from "./markdown.ts";
import { eventName, lineOf } from "./plan.ts";

export interface Described {
  readonly chart: Chart;
  /** One sentence on what the machine is. */
  readonly about: string;
  /** What each guard asks, by its name. */
  readonly guards: Readonly<Record<string, string>>;
  /** Where it is written, from the root of the project. */
  readonly source: string;
  readonly told: readonly Message[];
  readonly asked: readonly Message[];
}

export function pageOf(machines: readonly Described[]): string {
  return [
    "<!-- Generated from machines/ by `npm run diagrams`: change the machines, not this page. -->",
    "# The machines",
    "Drawn from the code that runs. An arrow or a line names an event and, in brackets, the guard that lets it happen; `else` is taken when " +
      "no guard before it holds. A dot points to the state that is entered first. A state writes its own ways to an end (→) inside its box, " +
      "and where arrows would be too many its ways back as well; *any state* holds where a state has no answer of its own. Where a state ignores much, one line counts it; the tables have each. " +
      "Each picture is also there as Mermaid source and as plain data with every position. How often the checks take each transition is on [a page of its own](coverage.md).",
    ...machines.flatMap(machineSections),
    "",
  ].join("\n\n").replace(/\n+$/, "\n");
}

function machineSections({ chart, about, guards, source, told, asked }: Described): string[] {
  const { id } = chart;
  return [
    `## ${id}`,
    `${about} Source: [${source}](../${source}) · [Mermaid](${id}.mmd) · [layout](${id}.layout.json)`,
    pictureOf(id),
    `### ${id}: states`,
    table(["State", "Tags", "Meaning", "Does"], chart.states.map((state) => stateRow(chart, state))),
    `### ${id}: what it is told`,
    table(["Event", "Carries", "Meaning", "Answered in"], told.map((event) => [...messageCells(event), answeredIn(chart, event.name)])),
    `### ${id}: what it asks for`,
    table(["Effect", "Carries", "Meaning"], asked.map(messageCells)),
    ...guardSection(chart, guards),
    `### ${id}: every transition`,
    `<details><summary>${chart.transitions.length} transitions, in the order in which they are tried</summary>`,
    table(["State", "Event", "Guard", "Goes to", "Actions"], chart.transitions.map(transitionRow)),
    "</details>",
  ];
}

/** In the colours that its reader has chosen. */
function pictureOf(id: string): string {
  return [
    "<picture>",
    `  <source media="(prefers-color-scheme: dark)" srcset="${id}.dark.svg">`,
    `  <img src="${id}.light.svg" alt="Statechart of the ${id} machine">`,
    "</picture>",
  ].join("\n");
}

function guardSection(chart: Chart, guards: Readonly<Record<string, string>>): string[] {
  const rows = Object.entries(guards).map(([name, words]) => [code(name), words, askedIn(chart, name)]);
  return rows.length === 0 ? [] : [`### ${chart.id}: guards`, table(["Guard", "Holds when", "Asked for"], rows)];
}

function askedIn(chart: Chart, guard: string): string {
  return codes([...new Set(chart.transitions.filter((transition) => transition.guard === guard).map(({ event }) => eventName(event)))]);
}

function stateRow(chart: Chart, state: ChartState): string[] {
  const parent = chart.states.find(({ path }) => path === state.parent);
  const region = parent?.kind === "parallel" ? `A region of ${code(parent.path === "" ? chart.id : parent.path)}.` : "";
  const does = [
    ...(state.entry.length === 0 ? [] : [`on entry ${codes(state.entry)}`]),
    ...(state.exit.length === 0 ? [] : [`on exit ${codes(state.exit)}`]),
  ];
  const name = state.path === "" ? "the whole machine" : code(state.path);
  return [name, codes(state.tags), [region, state.description ?? ""].filter((words) => words !== "").join(" "), does.join("; ")];
}

function messageCells({ name, fields, meaning }: Message): string[] {
  return [code(name), codes(fields), meaning];
}

function answeredIn(chart: Chart, event: string): string {
  const states = new Set(chart.transitions.filter((transition) => transition.event === event).map(({ source }) => source));
  return [...states].map((path) => (path === "" ? "any state" : code(path))).join(", ");
}

function transitionRow(transition: ChartTransition): string[] {
  const { source, event, targets, actions, ignored } = transition;
  const { guard } = lineOf(transition);
  const where = ignored ? "ignored" : "stays";
  return [
    source === "" ? "any state" : code(source),
    code(eventName(event)),
    guard === null ? "" : guard === "else" ? "else" : code(guard),
    targets.length === 0 ? where : codes(targets),
    codes(actions),
  ];
}
