/** The same as a sequence diagram in Mermaid's language, which many editors and forges draw by themselves. */
import { stateName } from "../../../../machines/state-name.ts";
import { mermaidText, shortenedLines } from "../../../history/export/mermaid-text.ts";
import type { AnyModel } from "../machine-model.ts";
import { type Conversation, isTimed, ruleText, sinceStart, timeOf } from "./conversation.ts";
import { type Said, wordsOf } from "./words.ts";

/** Pure; ends with a line break. */
export function sequenceDiagramOf(told: Conversation, model: AnyModel): string {
  const words = wordsOf(model);
  const timed = isTimed(told);
  const idOf = (name: string) => `P${words.participants.indexOf(name) + 1}`;
  const arrow = ({ from, to, text, ends }: Said) => `${idOf(from)}${ends === true ? "--x" : "->>"}${idOf(to)}: ${mermaidText(text)}`;
  const self = idOf(words.self);
  const met = new Set([words.participants[0]!, words.self]);
  const lines: string[] = [];
  let state = "";
  for (const step of told.steps) {
    const at = timeOf(step, model);
    const all = [...(step.event === undefined ? [] : [words.event(step.event)]), ...step.effects.map((effect) => words.effect(effect, at))];
    for (const each of all) met.add(each.from).add(each.to);
    lines.push(...all.map(arrow));
    const now = stateName(step.after.value);
    if (now !== state) lines.push(`Note over ${self}: ${mermaidText(now)}${timed ? `<br/>${sinceStart(at, model)}` : ""}`);
    state = now;
  }
  const { invariant, problem } = told;
  const participants = words.participants.filter((name) => met.has(name));
  const whole = [participants[0]!, participants.at(-1)!].map(idOf).join(",");
  if (invariant !== undefined) lines.push(`Note over ${whole}: ✗ ${[ruleText(invariant), problem ?? ""].flatMap(wrapped).map((line) => mermaidText(line)).join("<br/>")}`);
  return [
    "sequenceDiagram",
    ...participants.map((name) => `  participant ${idOf(name)} as ${name}`),
    ...shortenedLines(lines, whole).map((line) => `  ${line}`),
    "",
  ].join("\n");
}

const noteCharsMax = 70;

/** At blanks. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < noteCharsMax) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
